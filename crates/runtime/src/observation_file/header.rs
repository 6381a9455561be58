//! The header of a `.npy` file: a magic word, a version, a length, and a Python dictionary written out.

use super::error::ObservationFileError;
use std::io::Read;
use std::path::Path;

const MAGIC: [u8; 6] = *b"\x93NUMPY";
const VERSION: [u8; 2] = [1, 0];
/// Bytes before the dictionary: magic word, version and length.
const PREFIX: usize = 10;
/// Bytes of a header written here, whatever the number of rows: NumPy wants a multiple of 64.
const LENGTH: usize = 128;

/// What the header says of the array.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<u64>,
}

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Float32,
    Float64,
}

impl Number {
    pub fn bytes(self) -> usize {
        match self {
            Number::Float32 => size_of::<f32>(),
            Number::Float64 => size_of::<f64>(),
        }
    }

    /// Adds stored numbers, rounded to float32.
    pub fn convert(self, bytes: &[u8], numbers: &mut Vec<f32>) {
        match self {
            Number::Float32 => {
                numbers.extend(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)));
            }
            Number::Float64 => {
                numbers.extend(bytes.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32));
            }
        }
    }
}

/// What is wrong: what, expected, found.
type Wrong = (&'static str, &'static str, String);

impl Header {
    /// The header of `rows` rows of `width` float32 numbers.
    pub fn float32(rows: u64, width: usize) -> [u8; LENGTH] {
        let dictionary = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
        let mut header = [b' '; LENGTH];
        header[..6].copy_from_slice(&MAGIC);
        header[6..8].copy_from_slice(&VERSION);
        header[8..PREFIX].copy_from_slice(&((LENGTH - PREFIX) as u16).to_le_bytes());
        // The longest two numbers there are leave it below the 117 bytes there is room for.
        header[PREFIX..PREFIX + dictionary.len()].copy_from_slice(dictionary.as_bytes());
        header[LENGTH - 1] = b'\n';
        header
    }

    /// Reads a header; returns its length in bytes, too.
    pub fn read(file: &mut impl Read, path: &Path) -> Result<(Header, u64), ObservationFileError> {
        let wrong = |(what, expected, found): Wrong| ObservationFileError::Header {
            path: path.to_owned(),
            what,
            expected: expected.to_owned(),
            found,
        };
        let prefix = take(file, PREFIX as u64, path)?;
        let rest = prefix.strip_prefix(&MAGIC);
        let Some(&[major, minor, low, high]) = rest.and_then(<[u8]>::first_chunk) else {
            let found = format!("\"{}\"", prefix.escape_ascii());
            return Err(wrong(("first bytes", "those of a .npy file", found)));
        };
        if [major, minor] != VERSION {
            return Err(wrong(("version", "1.0", format!("{major}.{minor}"))));
        }
        let len = u16::from_le_bytes([low, high]);
        let bytes = take(file, u64::from(len), path)?;
        if bytes.len() < usize::from(len) {
            let found = format!("{} bytes", bytes.len());
            return Err(wrong(("header", "as many bytes as it says it has", found)));
        }
        let text = String::from_utf8_lossy(&bytes);
        let header = Dictionary { rest: &text }.header().map_err(wrong)?;
        Ok((header, PREFIX as u64 + u64::from(len)))
    }

    /// How many rows, of which numbers; refused where they are not rows of `width` numbers in C order.
    pub fn check(&self, path: &Path, width: usize) -> Result<(u64, Number), ObservationFileError> {
        let wrong = |what, expected: String, found: String| {
            Err(ObservationFileError::Array { path: path.to_owned(), what, expected, found })
        };
        let number = match self.descr.as_str() {
            "<f4" => Number::Float32,
            "<f8" => Number::Float64,
            other => return wrong("type", "'<f4' or '<f8'".to_owned(), beginning(other)),
        };
        match self.shape[..] {
            _ if self.fortran_order => wrong("order", "rows (C)".to_owned(), "columns (Fortran)".to_owned()),
            [rows, columns] if columns == width as u64 => Ok((rows, number)),
            _ => {
                let lengths: Vec<String> = self.shape.iter().map(u64::to_string).collect();
                wrong("shape", format!("(rows, {width})"), format!("({})", lengths.join(", ")))
            }
        }
    }
}

/// The next `len` bytes, or as many as there are.
fn take(file: &mut impl Read, len: u64, path: &Path) -> Result<Vec<u8>, ObservationFileError> {
    let mut bytes = Vec::new();
    let read = file.take(len).read_to_end(&mut bytes);
    read.map_err(|error| ObservationFileError::io(path, "read", &error))?;
    Ok(bytes)
}

/// A Python dictionary with the three keys of a header, read from its text.
struct Dictionary<'a> {
    rest: &'a str,
}

impl Dictionary<'_> {
    fn header(mut self) -> Result<Header, Wrong> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect("{")?;
        while !self.skip("}") {
            match self.quoted("a key in quotes")?.as_str() {
                "descr" => descr = Some(self.after_colon(Self::descr)?),
                "fortran_order" => fortran_order = Some(self.after_colon(Self::boolean)?),
                "shape" => shape = Some(self.after_colon(Self::shape)?),
                other => return Err(("header", "descr, fortran_order and shape", beginning(other))),
            }
            if !self.skip(",") && !self.rest.trim_start().starts_with('}') {
                return Err(self.wrong(", or }"));
            }
        }
        if !self.rest.trim().is_empty() {
            return Err(self.wrong("its end"));
        }
        let missing = |key: &'static str| ("header", key, "none".to_owned());
        Ok(Header {
            descr: descr.ok_or(missing("descr"))?,
            fortran_order: fortran_order.ok_or(missing("fortran_order"))?,
            shape: shape.ok_or(missing("shape"))?,
        })
    }

    fn after_colon<T>(&mut self, value: fn(&mut Self) -> Result<T, Wrong>) -> Result<T, Wrong> {
        self.expect(":")?;
        value(self)
    }

    /// The type's name; of a structured type, whatever there is, to be refused by its text.
    fn descr(&mut self) -> Result<String, Wrong> {
        if self.rest.trim_start().starts_with('[') {
            return Err(("type of the array", "'<f4' or '<f8'", beginning(self.rest.trim_start())));
        }
        self.quoted("a type in quotes")
    }

    fn boolean(&mut self) -> Result<bool, Wrong> {
        if self.skip("True") { Ok(true) } else { self.expect("False").map(|()| false) }
    }

    fn shape(&mut self) -> Result<Vec<u64>, Wrong> {
        let mut shape = Vec::new();
        self.expect("(")?;
        while !self.skip(")") {
            let rest = self.rest.trim_start();
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let length = rest[..digits].parse().map_err(|_| self.wrong("a whole number of the shape"))?;
            shape.push(length);
            self.rest = &rest[digits..];
            if !self.skip(",") && !self.rest.trim_start().starts_with(')') {
                return Err(self.wrong(", or )"));
            }
        }
        Ok(shape)
    }

    fn quoted(&mut self, expected: &'static str) -> Result<String, Wrong> {
        let rest = self.rest.trim_start();
        let inside = rest.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
        let (inside, rest) = inside.ok_or_else(|| self.wrong(expected))?;
        self.rest = rest;
        Ok(inside.to_owned())
    }

    fn skip(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &'static str) -> Result<(), Wrong> {
        if self.skip(token) { Ok(()) } else { Err(self.wrong(token)) }
    }

    fn wrong(&self, expected: &'static str) -> Wrong {
        ("header", expected, beginning(self.rest.trim_start()))
    }
}

/// The first characters of a text, such that a person may look at them.
fn beginning(text: &str) -> String {
    let shown: String = text.chars().take(24).flat_map(char::escape_debug).collect();
    if shown.is_empty() { "nothing".to_owned() } else { shown }
}
