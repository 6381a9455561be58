//! Values a pickle has numbered to use them again.

use super::entries::KEYS;
use super::numpy;
use super::value::Value;

/// Most values kept: four for each of a thousand entries.
const LIMIT: usize = 4096;

/// Numbered values, those that can matter again with their content.
///
/// The published file numbers half a million, nearly all of them coefficients; to keep them would take megabytes.
#[derive(Debug)]
pub(super) struct Memo {
    /// By rising number.
    kept: Vec<(u32, Value)>,
    /// One more than the highest number given. Picklers count up, so that every number below was given.
    next: u32,
}

impl Memo {
    pub fn new() -> Memo {
        Memo { kept: Vec::with_capacity(LIMIT), next: 0 }
    }

    /// The number a pickler that counts for itself gives next.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// Numbers a value, which stands on `below`; `false` where there are too many to keep.
    pub fn put(&mut self, number: u32, value: Value, below: Option<&Value>) -> bool {
        self.next = self.next.max(number.saturating_add(1));
        let value = if matters(&value, below) { value } else { Value::Opaque };
        if value.is_opaque() && self.kept.last().is_none_or(|last| last.0 < number) {
            return true;
        }
        match self.kept.binary_search_by_key(&number, |kept| kept.0) {
            Ok(place) => self.kept[place].1 = value,
            Err(_) if value.is_opaque() => {}
            Err(_) if self.kept.len() == LIMIT => return false,
            Err(place) => self.kept.insert(place, (number, value)),
        }
        true
    }

    /// The value with this number; `None` where it was never given.
    pub fn get(&self, number: u32) -> Option<Value> {
        let place = self.kept.binary_search_by_key(&number, |kept| kept.0);
        let known = number < self.next;
        known.then(|| place.map_or(Value::Opaque, |place| self.kept[place].1))
    }
}

/// A number matters where it lies on one of the keys, to be that entry's: the next entry may name the same number.
fn matters(value: &Value, below: Option<&Value>) -> bool {
    match value {
        Value::Text(text) => KEYS.into_iter().chain(numpy::NAMES).any(|name| text.is(name)),
        Value::Number(_) => {
            matches!(below, Some(Value::Text(key)) if KEYS.into_iter().any(|name| key.is(name)))
        }
        Value::MakeScalar | Value::MakeDtype | Value::Encode | Value::Dtype(_) => true,
        _ => false,
    }
}
