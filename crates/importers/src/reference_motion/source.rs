//! The bytes of a pickle, one after the other, counted.

use super::error::ReferenceMotionError;
use super::value::Short;
use std::io::{self, BufRead, BufReader, Read};

/// Longest file read, bytes; the published one has 3.1 million.
pub const MAX_BYTES: u64 = 64 << 20;

/// Bytes asked of the reader at a time.
const BUFFER: usize = 8192;

/// A stream of bytes that knows where it stands.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: BufReader<R>,
    at: u64,
}

impl<R: Read> Source<R> {
    pub fn new(reader: R) -> Source<R> {
        Source { reader: BufReader::with_capacity(BUFFER, reader), at: 0 }
    }

    /// How many bytes have been read.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ReferenceMotionError> {
        let mut bytes = [0; N];
        // Nearly always the buffer has them; to go through the reader takes several times as long.
        match self.reader.buffer().first_chunk() {
            Some(there) if self.at < MAX_BYTES - N as u64 => {
                bytes = *there;
                self.reader.consume(N);
                self.at += N as u64;
            }
            _ => self.fill(&mut bytes)?,
        }
        Ok(bytes)
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, ReferenceMotionError> {
        self.array().map(|[byte]| byte)
    }

    /// A number of `N` bytes, the lowest first, `N` at most eight.
    pub fn length<const N: usize>(&mut self) -> Result<u64, ReferenceMotionError> {
        Ok(self.array::<N>()?.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    /// A run of `len` bytes, of which the beginning is kept.
    pub fn short(&mut self, len: u64) -> Result<Short, ReferenceMotionError> {
        self.check(len)?;
        let mut bytes = [0; Short::LONGEST];
        let kept = len.min(Short::LONGEST as u64) as usize;
        self.fill(&mut bytes[..kept])?;
        self.skip(len - kept as u64)?;
        Ok(Short::new(bytes, len))
    }

    /// Text up to the end of the line, of which the beginning is kept.
    pub fn line(&mut self) -> Result<Short, ReferenceMotionError> {
        let mut bytes = [0; Short::LONGEST];
        let mut len = 0u64;
        loop {
            match self.byte()? {
                b'\n' => return Ok(Short::new(bytes, len)),
                byte if len < Short::LONGEST as u64 => bytes[len as usize] = byte,
                _ => {}
            }
            len += 1;
        }
    }

    /// Refuses a length that leads past the longest file.
    pub fn check(&self, len: u64) -> Result<(), ReferenceMotionError> {
        if len <= MAX_BYTES.saturating_sub(self.at) {
            return Ok(());
        }
        Err(ReferenceMotionError::Syntax {
            at: self.at,
            expected: "a file of at most 64 MiB",
            found: format!("{len} more bytes"),
        })
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ReferenceMotionError> {
        self.check(bytes.len() as u64)?;
        let read = self.reader.read_exact(bytes);
        read.map_err(|error| self.failed(&error))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn skip(&mut self, mut len: u64) -> Result<(), ReferenceMotionError> {
        while len > 0 {
            let there = match self.reader.fill_buf() {
                Ok([]) => return Err(self.failed(&io::ErrorKind::UnexpectedEof.into())),
                Ok(bytes) => len.min(bytes.len() as u64),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.failed(&error)),
            };
            self.reader.consume(there as usize);
            self.at += there;
            len -= there;
        }
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> ReferenceMotionError {
        let at = self.at;
        match error.kind() {
            io::ErrorKind::UnexpectedEof => ReferenceMotionError::Syntax {
                at,
                expected: "more bytes",
                found: "the end of the file".to_owned(),
            },
            _ => ReferenceMotionError::Io { at, problem: error.to_string() },
        }
    }
}
