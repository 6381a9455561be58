//! Values of the kind that is expected; every other is written down as a mistake, and reading goes on.

use super::error::{Mistake, Remedy};
use serde_json::{Map, Value};

/// Longest piece of a file in an error, letters.
const SHOWN_LETTERS: usize = 60;
/// A file may hold more mistakes than anybody reads at once.
const MOST_MISTAKES: usize = 40;

/// The mistakes so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub mistakes: Vec<Mistake>,
}

impl Fields {
    pub fn mistake(&mut self, place: &str, problem: String, remedy: Remedy) {
        if self.mistakes.len() < MOST_MISTAKES {
            let place = if place.is_empty() { "the key \"\"".to_owned() } else { shown(place) };
            self.mistakes.push(Mistake { place, problem, remedy });
        }
    }

    /// Nothing where it is no object.
    pub fn object<'a>(&mut self, path: &str, value: &'a Value) -> Option<&'a Map<String, Value>> {
        let object = value.as_object();
        if object.is_none() {
            self.wrong(path, "an object", value);
        }
        object
    }

    /// False where it is neither.
    pub fn boolean(&mut self, path: &str, value: &Value) -> bool {
        value.as_bool().unwrap_or_else(|| {
            self.wrong(path, "true or false", value);
            false
        })
    }

    /// The lower bound where it is no number within them.
    pub fn number(&mut self, path: &str, value: &Value, [low, high]: [f64; 2]) -> f64 {
        let number = value.as_f64().filter(|number| (low..=high).contains(number));
        number.unwrap_or_else(|| {
            self.wrong(path, &format!("a number from {low} to {high}"), value);
            low
        })
    }

    /// A byte, as a number or as text that begins with 0x; nothing where it is none that `fits`.
    pub fn byte(&mut self, path: &str, value: &Value, expected: &str, fits: fn(u8) -> bool) -> Option<u8> {
        let hexadecimal = || u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok();
        let number = value.as_u64().or_else(hexadecimal).and_then(|number| u8::try_from(number).ok());
        let byte = number.filter(|&byte| fits(byte));
        if byte.is_none() {
            self.wrong(path, expected, value);
        }
        byte
    }

    pub fn wrong(&mut self, path: &str, expected: &str, found: &Value) {
        let problem = format!("expected {expected}, found {}{}", shown(&found.to_string()), unquoted(found));
        self.mistake(path, problem, Remedy::Correct);
    }
}

/// JSON has no comments: a key that begins so is one.
pub(super) fn is_comment(key: &str) -> bool {
    key.starts_with('_')
}

/// A piece of the file, cut where it is long, without anything a terminal would act on.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_LETTERS).map(printable).collect();
    if text.chars().nth(SHOWN_LETTERS).is_some() {
        shown.push('…');
    }
    shown
}

fn printable(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter }
}

/// What is in quotes and should not be.
fn unquoted(found: &Value) -> String {
    let Some(text) = found.as_str().map(str::trim) else { return String::new() };
    let spelt = match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => "true",
        "false" | "no" | "off" => "false",
        _ if text.parse::<f64>().is_ok_and(f64::is_finite) => text,
        _ => return String::new(),
    };
    format!(": without quotes, {spelt}")
}
