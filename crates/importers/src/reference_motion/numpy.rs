//! How numpy's scalars are pickled: recognised by their names and read as data.

use super::value::{Kind, Short, Value};

/// Every text by which a scalar is recognised.
pub(super) const NAMES: [&str; 14] = [
    "numpy.core.multiarray",
    "numpy._core.multiarray",
    "scalar",
    "numpy",
    "dtype",
    "_codecs",
    "encode",
    "latin1",
    "f8",
    "i8",
    "<",
    ">",
    "=",
    "|",
];

/// A type of eight bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dtype {
    pub kind: Kind,
    pub little_endian: bool,
}

impl Dtype {
    /// The number that `bytes` are.
    pub fn number(&self, bytes: [u8; 8]) -> f64 {
        let bits = if self.little_endian { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) };
        match self.kind {
            Kind::Float => f64::from_bits(bits),
            Kind::Integer => bits.cast_signed() as f64,
        }
    }
}

/// What a name in a module stands for; everything that is not part of a scalar is opaque, whatever it would do.
pub(super) fn global(module: &Short, name: &Short) -> Value {
    if name.is("scalar") && (module.is("numpy.core.multiarray") || module.is("numpy._core.multiarray")) {
        Value::MakeScalar
    } else if module.is("numpy") && name.is("dtype") {
        Value::MakeDtype
    } else if module.is("_codecs") && name.is("encode") {
        Value::Encode
    } else {
        Value::Opaque
    }
}

/// What a tuple is part of; opaque where of nothing here.
pub(super) fn tuple(values: &[Value]) -> Value {
    let part = match values {
        [Value::Dtype(dtype), Value::Bytes(bytes) | Value::Text(bytes)] => {
            bytes.eight().map(|bytes| Value::ScalarParts(*dtype, bytes))
        }
        [Value::Text(text), Value::Text(codec)] if codec.is("latin1") => {
            text.eight_of_latin1().map(Value::Encoded)
        }
        [Value::Text(name), _, _] if name.is("f8") => Some(Value::DtypeName(Kind::Float)),
        [Value::Text(name), _, _] if name.is("i8") => Some(Value::DtypeName(Kind::Integer)),
        // A type's state: version, byte order, and what only structured types have.
        [Value::Number(_), Value::Text(order), _, _, _, ..] => match order {
            order if order.is(">") => Some(Value::LittleEndian(false)),
            order if order.is("<") || order.is("=") || order.is("|") => Some(Value::LittleEndian(true)),
            _ => None,
        },
        _ => None,
    };
    part.unwrap_or(Value::Opaque)
}
