//! What the machine's stack holds: a value with what can matter of it, small and copied.

use std::fmt;

/// A value of a pickle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    /// Something whose content cannot matter.
    Opaque,
    /// Where a run of values begins.
    Mark,
    /// A number, integers included.
    Number(f64),
    /// Text.
    Text(Short),
    /// Bytes.
    Bytes(Short),
    /// A dictionary, by which of the gaits seen so far it describes.
    Dict(u8),
    /// The function that makes numpy's scalars, known by name and never called.
    MakeScalar,
    /// The class of numpy's types.
    MakeDtype,
    /// The function by which old pickles carry bytes.
    Encode,
    /// What a type of eight bytes is made from.
    DtypeName(Kind),
    /// A type, by its number among those seen.
    Dtype(u8),
    /// The state that tells a type its byte order.
    LittleEndian(bool),
    /// Type and bytes of a scalar.
    ScalarParts(u8, [u8; 8]),
    /// What eight bytes of an old pickle are made from.
    Encoded([u8; 8]),
}

/// What eight bytes mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Float,
    Integer,
}

impl Value {
    /// What it is, for people.
    pub fn describe(&self) -> &'static str {
        match self {
            Value::Opaque => "a value that is not read",
            Value::Mark => "the beginning of a run of values",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::Bytes(_) | Value::Encoded(_) => "bytes",
            Value::Dict(_) => "a dictionary",
            Value::MakeScalar | Value::MakeDtype | Value::Encode => "a function",
            Value::DtypeName(_) | Value::LittleEndian(_) | Value::ScalarParts(..) => "a tuple",
            Value::Dtype(_) => "a numpy type",
        }
    }

    /// True for what may stand for a list, an object or a class, whose content nobody keeps.
    pub fn is_opaque(&self) -> bool {
        *self == Value::Opaque
    }
}

/// A run of bytes, whole up to [`Short::LONGEST`], else its beginning, which is equal to nothing.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Short {
    len: u8,
    bytes: [u8; Short::LONGEST],
}

impl Short {
    /// As long as the longest name that matters.
    pub const LONGEST: usize = "numpy._core.multiarray".len();

    /// The first bytes of a run of `len`, the rest of `bytes` being zero.
    pub fn new(bytes: [u8; Short::LONGEST], len: u64) -> Short {
        Short { len: len.min(Short::LONGEST as u64 + 1) as u8, bytes }
    }

    /// A run of eight bytes.
    pub fn of_eight(eight: [u8; 8]) -> Short {
        let mut bytes = [0; Short::LONGEST];
        bytes[..8].copy_from_slice(&eight);
        Short { len: 8, bytes }
    }

    /// The bytes, or the first of them.
    fn kept(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len).min(Short::LONGEST)]
    }

    /// The whole, or nothing where it is too long.
    pub fn whole(&self) -> Option<&[u8]> {
        (usize::from(self.len) <= Short::LONGEST).then(|| self.kept())
    }

    /// True where it is exactly this text.
    pub fn is(&self, text: &str) -> bool {
        self.whole() == Some(text.as_bytes())
    }

    /// The whole, where it has eight bytes.
    pub fn eight(&self) -> Option<[u8; 8]> {
        self.whole()?.try_into().ok()
    }

    /// Eight bytes from eight characters of Latin-1, which is how old pickles carry bytes.
    pub fn eight_of_latin1(&self) -> Option<[u8; 8]> {
        let text = std::str::from_utf8(self.whole()?).ok()?;
        let mut bytes = [0; 8];
        let mut characters = text.chars();
        for byte in &mut bytes {
            *byte = u8::try_from(characters.next()?).ok()?;
        }
        characters.next().is_none().then_some(bytes)
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.whole().is_some() { "" } else { "…" };
        write!(f, "\"{}{more}\"", self.kept().escape_ascii())
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
