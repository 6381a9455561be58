//! A message to bytes.

use super::{Message, Visitor};
use prost::encoding::{WireType, encode_key, encode_varint};

/// The bytes of `message`, appended to `out`.
pub fn encode<M: Message>(message: &mut M, out: &mut Vec<u8>) {
    message.visit(&mut Encoder { out });
}

struct Encoder<'a> {
    out: &'a mut Vec<u8>,
}

impl Encoder<'_> {
    fn varint(&mut self, number: u32, value: u64) {
        if value != 0 {
            encode_key(number, WireType::Varint, self.out);
            encode_varint(value, self.out);
        }
    }

    fn delimited(&mut self, number: u32, body: &[u8]) {
        encode_key(number, WireType::LengthDelimited, self.out);
        encode_varint(body.len() as u64, self.out);
        self.out.extend_from_slice(body);
    }

    fn packed(&mut self, number: u32, values: impl ExactSizeIterator<Item = u64>) {
        if values.len() > 0 {
            let mut body = Vec::with_capacity(2 * values.len());
            values.for_each(|value| encode_varint(value, &mut body));
            self.delimited(number, &body);
        }
    }
}

impl Visitor for Encoder<'_> {
    fn u64(&mut self, number: u32, _: &'static str, value: &mut u64) {
        self.varint(number, *value);
    }

    fn u32(&mut self, number: u32, _: &'static str, value: &mut u32) {
        self.varint(number, u64::from(*value));
    }

    fn f32(&mut self, number: u32, _: &'static str, value: &mut f32) {
        // By its bits: a negative zero is no default.
        if value.to_bits() != 0 {
            encode_key(number, WireType::ThirtyTwoBit, self.out);
            self.out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }

    fn f64(&mut self, number: u32, _: &'static str, value: &mut f64) {
        if value.to_bits() != 0 {
            encode_key(number, WireType::SixtyFourBit, self.out);
            self.out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }

    fn flag(&mut self, number: u32, _: &'static str, value: &mut bool) {
        self.varint(number, u64::from(*value));
    }

    fn text(&mut self, number: u32, _: &'static str, value: &mut String) {
        if !value.is_empty() {
            self.delimited(number, value.as_bytes());
        }
    }

    fn bytes(&mut self, number: u32, _: &'static str, value: &mut Vec<u8>) {
        if !value.is_empty() {
            self.delimited(number, value);
        }
    }

    fn u64s(&mut self, number: u32, _: &'static str, value: &mut Vec<u64>) {
        self.packed(number, value.iter().copied());
    }

    fn u32s(&mut self, number: u32, _: &'static str, value: &mut Vec<u32>) {
        self.packed(number, value.iter().map(|value| u64::from(*value)));
    }

    fn f32s(&mut self, number: u32, _: &'static str, value: &mut Vec<f32>) {
        if !value.is_empty() {
            let body: Vec<u8> = value.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect();
            self.delimited(number, &body);
        }
    }

    fn message<M: Message>(&mut self, number: u32, _: &'static str, value: &mut Option<M>) {
        if let Some(message) = value {
            let mut body = Vec::new();
            encode(message, &mut body);
            self.delimited(number, &body);
        }
    }

    fn messages<M: Message>(&mut self, number: u32, _: &'static str, value: &mut Vec<M>) {
        for message in value {
            let mut body = Vec::new();
            encode(message, &mut body);
            self.delimited(number, &body);
        }
    }
}
