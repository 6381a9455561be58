//! The protobuf wire format, as far as splicing and counting need it. Borrows; copies and allocates nothing.

use crate::error::OnnxError;

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    pub number: u64,
    /// The whole field, tag included.
    pub raw: &'a [u8],
    /// What a length-delimited field holds; empty for numbers.
    pub payload: &'a [u8],
}

/// The fields of a message, in file order; ends after the first error.
pub fn fields(message: &[u8]) -> impl Iterator<Item = Result<Field<'_>, OnnxError>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let offset = message.len() - rest.len();
        let field = split_field(&mut rest)
            .ok_or_else(|| OnnxError::Malformed { reason: format!("no valid field at byte {offset}") });
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

/// Appends a length-delimited field.
pub fn push_field(out: &mut Vec<u8>, number: u64, payload: &[u8]) {
    push_varint(out, number << 3 | LENGTH_DELIMITED);
    push_varint(out, payload.len() as u64);
    out.extend_from_slice(payload);
}

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED_32: u64 = 5;

fn split_field<'a>(rest: &mut &'a [u8]) -> Option<Field<'a>> {
    let start = *rest;
    let tag = split_varint(rest)?;
    let number = tag >> 3;
    let payload = match tag & 7 {
        VARINT => split_varint(rest).map(|_| [].as_slice())?,
        FIXED_64 => rest.split_off(..8).map(|_| [].as_slice())?,
        LENGTH_DELIMITED => {
            let len = usize::try_from(split_varint(rest)?).ok()?;
            rest.split_off(..len)?
        }
        FIXED_32 => rest.split_off(..4).map(|_| [].as_slice())?,
        _ => return None,
    };
    let raw = &start[..start.len() - rest.len()];
    (number > 0).then_some(Field { number, raw, payload })
}

fn split_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *rest.split_off_first()?;
        // The tenth byte carries one bit.
        if shift == 63 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
