//! From a file's bytes to values: what editors do to text is undone or named, and no key counts twice.

use super::error::{ConfigError, Remedy};
use super::fields::shown;
use super::teach;
use gaitway_filekind::FileKind;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// What Windows' editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn parse(bytes: &[u8]) -> Result<Value, ConfigError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let kind = FileKind::of(bytes);
    let is_text = matches!(kind, FileKind::Json | FileKind::Text | FileKind::Unknown);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if is_text && !text.contains('\0') => text,
        Ok(_) | Err(_) if !is_text => return Err(no_configuration(&kind.to_string(), kind.remedy())),
        Ok(_) => return Err(no_configuration("text in UTF-16 without its mark", FileKind::Utf16.remedy())),
        Err(error) => return Err(no_utf8(bytes, error.valid_up_to())),
    };
    match serde_json::from_str::<Tree>(text) {
        Ok(Tree(value)) => Ok(value),
        Err(error) => Err(teach::explain(text, &error)),
    }
}

fn no_configuration(found: &str, remedy: Option<&str>) -> ConfigError {
    let remedy = remedy.map_or(Remedy::Correct, |remedy| Remedy::Do(remedy.to_owned()));
    ConfigError::one("line 1", format!("expected JSON text in UTF-8, found {found}"), remedy)
}

fn no_utf8(bytes: &[u8], at: usize) -> ConfigError {
    let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    let found = bytes.get(at).copied().unwrap_or_default();
    let problem = format!("expected UTF-8, found the byte 0x{found:02x} of another encoding");
    ConfigError::one(&format!("line {line}"), problem, Remedy::Do("save it as UTF-8".to_owned()))
}

/// Any value, in which no object has a key twice: a parser that takes the last of two would pass over the first.
struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(Tree)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Tree(value)) = values.next_element()? {
            array.push(value);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Tree(value))) = entries.next_entry::<String, Tree>()? {
            if object.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format!("the key \"{}\" is there twice", shown(&key))));
            }
        }
        Ok(Value::Object(object))
    }
}
