//! A message as a list of single values, each with its place: what two messages are compared by.

use super::{Message, Visitor};
use std::fmt;

/// One value of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Where it stands: field, or message and field, with a place in square brackets where there are several.
    pub place: String,
    /// What it is.
    pub kind: Kind,
}

/// A value by its bits.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A whole number.
    Whole(u64),
    /// The bits of a number of 32.
    Bits32(u32),
    /// The bits of a number of 64.
    Bits64(u64),
    /// A word.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Whole(value) => write!(f, "{value}"),
            Kind::Bits32(bits) => write!(f, "{:?} (0x{bits:08x})", f32::from_bits(*bits)),
            Kind::Bits64(bits) => write!(f, "{:?} (0x{bits:016x})", f64::from_bits(*bits)),
            Kind::Text(text) => write!(f, "{text:?}"),
            Kind::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
        }
    }
}

/// Every value of `message`, in the order of its fields.
pub fn flatten<M: Message>(message: &mut M) -> Vec<Value> {
    let mut flattener = Flattener { prefix: String::new(), values: Vec::new() };
    message.visit(&mut flattener);
    flattener.values
}

struct Flattener {
    prefix: String,
    values: Vec<Value>,
}

impl Flattener {
    fn add(&mut self, name: &str, kind: Kind) {
        self.values.push(Value { place: format!("{}{name}", self.prefix), kind });
    }

    fn add_all<T: Copy>(&mut self, name: &str, values: &[T], kind: impl Fn(T) -> Kind) {
        for (index, value) in values.iter().enumerate() {
            self.add(&format!("{name}[{index}]"), kind(*value));
        }
    }

    fn within<M: Message>(&mut self, name: &str, message: &mut M) {
        let outside = self.prefix.len();
        self.prefix.push_str(name);
        self.prefix.push('.');
        message.visit(self);
        self.prefix.truncate(outside);
    }
}

impl Visitor for Flattener {
    fn u64(&mut self, _: u32, name: &'static str, value: &mut u64) {
        self.add(name, Kind::Whole(*value));
    }

    fn u32(&mut self, _: u32, name: &'static str, value: &mut u32) {
        self.add(name, Kind::Whole(u64::from(*value)));
    }

    fn f32(&mut self, _: u32, name: &'static str, value: &mut f32) {
        self.add(name, Kind::Bits32(value.to_bits()));
    }

    fn f64(&mut self, _: u32, name: &'static str, value: &mut f64) {
        self.add(name, Kind::Bits64(value.to_bits()));
    }

    fn flag(&mut self, _: u32, name: &'static str, value: &mut bool) {
        self.add(name, Kind::Whole(u64::from(*value)));
    }

    fn text(&mut self, _: u32, name: &'static str, value: &mut String) {
        self.add(name, Kind::Text(value.clone()));
    }

    fn bytes(&mut self, _: u32, name: &'static str, value: &mut Vec<u8>) {
        self.add(name, Kind::Bytes(value.clone()));
    }

    fn u64s(&mut self, _: u32, name: &'static str, value: &mut Vec<u64>) {
        self.add_all(name, value, Kind::Whole);
    }

    fn u32s(&mut self, _: u32, name: &'static str, value: &mut Vec<u32>) {
        self.add_all(name, value, |value| Kind::Whole(u64::from(value)));
    }

    fn f32s(&mut self, _: u32, name: &'static str, value: &mut Vec<f32>) {
        self.add_all(name, value, |value| Kind::Bits32(value.to_bits()));
    }

    fn message<M: Message>(&mut self, _: u32, name: &'static str, value: &mut Option<M>) {
        if let Some(message) = value {
            self.within(name, message);
        }
    }

    fn messages<M: Message>(&mut self, _: u32, name: &'static str, value: &mut Vec<M>) {
        for (index, message) in value.iter_mut().enumerate() {
            self.within(&format!("{name}[{index}]"), message);
        }
    }
}
