//! Bytes to a message. What a later version added is passed over; what an earlier one lacked stays as it is.

use super::{Message, Visitor};
use prost::encoding::{WireType, decode_key, decode_varint};
use thiserror::Error;

/// Longest row, and most messages within a message: no robot's are longer.
const MAX_ROW: usize = 16_384;
const MAX_MESSAGES: usize = 256;

/// Bytes that are no message.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("message {message}: expected {expected}, found {found}")]
pub struct DecodeError {
    /// Name of the message.
    pub message: &'static str,
    /// What should have been there.
    pub expected: &'static str,
    /// What was.
    pub found: String,
}

/// The message in `bytes`.
pub fn decode<M: Message>(bytes: &[u8]) -> Result<M, DecodeError> {
    let mut message = M::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let wrong = |expected, found: &dyn std::fmt::Display| DecodeError {
            message: M::NAME,
            expected,
            found: found.to_string(),
        };
        let (number, wire) = decode_key(&mut rest).map_err(|error| wrong("a field", &error))?;
        let field = take(&mut rest, wire).map_err(|found| wrong("a whole field", &found))?;
        let mut visitor = Decoder { number, field, error: None };
        message.visit(&mut visitor);
        if let Some(error) = visitor.error {
            return Err(error);
        }
    }
    Ok(message)
}

/// The fields of these numbers as they stand in the bytes of a message.
pub(crate) fn fields_of(bytes: &[u8], numbers: std::ops::RangeInclusive<u32>) -> Vec<u8> {
    let (mut rest, mut found) = (bytes, Vec::new());
    while !rest.is_empty() {
        let begun = rest;
        let Ok((number, wire)) = decode_key(&mut rest) else { break };
        if take(&mut rest, wire).is_err() {
            break;
        }
        if numbers.contains(&number) {
            found.extend_from_slice(&begun[..begun.len() - rest.len()]);
        }
    }
    found
}

enum Field<'a> {
    Varint(u64),
    Bits32(u32),
    Bits64(u64),
    Bytes(&'a [u8]),
}

fn take<'a>(rest: &mut &'a [u8], wire: WireType) -> Result<Field<'a>, String> {
    let len = match wire {
        WireType::Varint => {
            return decode_varint(rest).map(Field::Varint).map_err(|error| error.to_string());
        }
        WireType::ThirtyTwoBit => 4,
        WireType::SixtyFourBit => 8,
        WireType::LengthDelimited => {
            let len = decode_varint(rest).map_err(|error| error.to_string())?;
            usize::try_from(len).unwrap_or(usize::MAX)
        }
        WireType::StartGroup | WireType::EndGroup => return Err("a group".to_owned()),
    };
    let Some((head, tail)) = rest.split_at_checked(len) else {
        return Err(format!("{} bytes of {len}", rest.len()));
    };
    *rest = tail;
    Ok(match (wire, head) {
        (WireType::ThirtyTwoBit, &[a, b, c, d]) => Field::Bits32(u32::from_le_bytes([a, b, c, d])),
        (WireType::SixtyFourBit, &[a, b, c, d, e, f, g, h]) => {
            Field::Bits64(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
        }
        _ => Field::Bytes(head),
    })
}

/// Gives one field to whom it belongs.
struct Decoder<'a> {
    number: u32,
    field: Field<'a>,
    error: Option<DecodeError>,
}

impl<'a> Decoder<'a> {
    fn varint(&mut self, number: u32, name: &'static str, set: impl FnOnce(u64)) {
        if number == self.number {
            match self.field {
                Field::Varint(value) => set(value),
                _ => self.refuse(name, "a whole number"),
            }
        }
    }

    fn delimited(
        &mut self,
        number: u32,
        name: &'static str,
        set: impl FnOnce(&'a [u8]) -> Result<(), DecodeError>,
    ) {
        if number == self.number {
            match self.field {
                Field::Bytes(bytes) => self.error = set(bytes).err(),
                _ => self.refuse(name, "bytes"),
            }
        }
    }

    fn refuse(&mut self, name: &'static str, expected: &'static str) {
        self.error = Some(DecodeError { message: name, expected, found: "another kind of field".to_owned() });
    }
}

fn check_len(name: &'static str, len: usize, most: usize) -> Result<(), DecodeError> {
    if len <= most {
        return Ok(());
    }
    Err(DecodeError { message: name, expected: "a row as long as a robot's", found: format!("{len} values") })
}

/// Adds whole numbers to a row; `len` of them are there already.
fn varints(
    name: &'static str,
    mut bytes: &[u8],
    len: usize,
    mut add: impl FnMut(u64),
) -> Result<(), DecodeError> {
    // Each has one byte that begins with a zero bit: the last.
    check_len(name, len + bytes.iter().filter(|byte| **byte < 0x80).count(), MAX_ROW)?;
    while !bytes.is_empty() {
        let value = decode_varint(&mut bytes).map_err(|error| DecodeError {
            message: name,
            expected: "whole numbers",
            found: error.to_string(),
        })?;
        add(value);
    }
    Ok(())
}

impl Visitor for Decoder<'_> {
    fn u64(&mut self, number: u32, name: &'static str, value: &mut u64) {
        self.varint(number, name, |found| *value = found);
    }

    fn u32(&mut self, number: u32, name: &'static str, value: &mut u32) {
        self.varint(number, name, |found| *value = found as u32);
    }

    fn f32(&mut self, number: u32, name: &'static str, value: &mut f32) {
        if number == self.number {
            match self.field {
                Field::Bits32(bits) => *value = f32::from_bits(bits),
                _ => self.refuse(name, "32 bits"),
            }
        }
    }

    fn f64(&mut self, number: u32, name: &'static str, value: &mut f64) {
        if number == self.number {
            match self.field {
                Field::Bits64(bits) => *value = f64::from_bits(bits),
                _ => self.refuse(name, "64 bits"),
            }
        }
    }

    fn flag(&mut self, number: u32, name: &'static str, value: &mut bool) {
        self.varint(number, name, |found| *value = found != 0);
    }

    fn text(&mut self, number: u32, name: &'static str, value: &mut String) {
        self.delimited(number, name, |bytes| {
            *value = String::from_utf8_lossy(bytes).into_owned();
            Ok(())
        });
    }

    fn bytes(&mut self, number: u32, name: &'static str, value: &mut Vec<u8>) {
        self.delimited(number, name, |bytes| {
            *value = bytes.to_vec();
            Ok(())
        });
    }

    fn u64s(&mut self, number: u32, name: &'static str, value: &mut Vec<u64>) {
        self.delimited(number, name, |bytes| varints(name, bytes, value.len(), |found| value.push(found)));
    }

    fn u32s(&mut self, number: u32, name: &'static str, value: &mut Vec<u32>) {
        self.delimited(number, name, |bytes| {
            varints(name, bytes, value.len(), |found| value.push(found as u32))
        });
    }

    fn f32s(&mut self, number: u32, name: &'static str, value: &mut Vec<f32>) {
        self.delimited(number, name, |bytes| {
            let (words, rest) = bytes.as_chunks::<4>();
            check_len(name, value.len() + words.len(), MAX_ROW)?;
            value.extend(words.iter().map(|word| f32::from_bits(u32::from_le_bytes(*word))));
            if rest.is_empty() {
                return Ok(());
            }
            let found = format!("{} bytes", bytes.len());
            Err(DecodeError { message: name, expected: "four bytes a number", found })
        });
    }

    fn message<M: Message>(&mut self, number: u32, name: &'static str, value: &mut Option<M>) {
        self.delimited(number, name, |bytes| {
            *value = Some(decode(bytes)?);
            Ok(())
        });
    }

    fn messages<M: Message>(&mut self, number: u32, name: &'static str, value: &mut Vec<M>) {
        self.delimited(number, name, |bytes| {
            check_len(name, value.len() + 1, MAX_MESSAGES)?;
            value.push(decode(bytes)?);
            Ok(())
        });
    }
}
