//! A number for all joints or other elements, or one for each.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Either one number for all, or a list with one for each, in their order.
#[derive(Debug, Clone, PartialEq)]
pub enum PerElement {
    /// The same for all.
    All(f64),
    /// One for each.
    Each(Vec<f64>),
}

impl PerElement {
    /// The number for element `index`, or `None` past the end of a list.
    pub fn get(&self, index: usize) -> Option<f64> {
        match self {
            PerElement::All(value) => Some(*value),
            PerElement::Each(values) => values.get(index).copied(),
        }
    }

    /// The numbers that are written down.
    pub fn values(&self) -> &[f64] {
        match self {
            PerElement::All(value) => std::slice::from_ref(value),
            PerElement::Each(values) => values,
        }
    }

    /// True where there is a number for exactly `count` elements.
    pub fn fits(&self, count: usize) -> bool {
        match self {
            PerElement::All(_) => true,
            PerElement::Each(values) => values.len() == count,
        }
    }
}

impl From<f64> for PerElement {
    fn from(value: f64) -> PerElement {
        PerElement::All(value)
    }
}

impl Serialize for PerElement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            PerElement::All(value) => value.serialize(serializer),
            PerElement::Each(values) => values.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PerElement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PerElementVisitor)
    }
}

struct PerElementVisitor;

impl<'de> Visitor<'de> for PerElementVisitor {
    type Value = PerElement;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number, or a list with one number for each")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<PerElement, E> {
        Ok(PerElement::All(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<PerElement, E> {
        Ok(PerElement::All(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<PerElement, E> {
        Ok(PerElement::All(value as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PerElement, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(PerElement::Each(values))
    }
}

impl JsonSchema for PerElement {
    fn schema_name() -> Cow<'static, str> {
        "PerElement".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One number for all, or a list with one for each, in their order.",
            "oneOf": [{ "type": "number" }, { "type": "array", "items": { "type": "number" } }]
        })
    }
}
