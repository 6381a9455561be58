//! The gait's period, read from the community's `polynomial_coefficients.pkl` without running anything in it.
//!
//! The file is a Python pickle: a program for a small stack machine, which can name any function and call it. The
//! machine here knows no functions. It reads the file once, as a stream, in memory of a fixed size, and keeps only
//! what can be part of the answer: the numbers `period`, `fps` and `nb_steps_in_period` of every entry. All else
//! becomes a value without content.

mod entries;
mod error;
mod gait_period;
mod machine;
mod memo;
mod numpy;
mod source;
mod value;

pub use error::ReferenceMotionError;
pub use gait_period::GaitPeriod;
pub use source::MAX_BYTES;

use gaitway_filekind::{FileKind, HEAD_BYTES};
use machine::Machine;
use std::io::Read;

/// Reads the gait's period. Nothing in the file is run; a file that wants something run is read past it, or refused
/// where the value would have mattered.
///
/// # Errors
/// Every file that is not a dictionary of dictionaries that agree on the period: at which byte or in which entry,
/// what was expected, what was found.
pub fn period_ticks(reader: impl Read) -> Result<GaitPeriod, ReferenceMotionError> {
    let mut reader = Remembering { reader, head: Vec::new() };
    let found = Machine::new(&mut reader).run().and_then(|entries| entries.period());
    match (FileKind::of(&reader.head), found) {
        // Pickles of the oldest protocols are text: the machine says which it reads.
        (FileKind::Pickle | FileKind::Text | FileKind::Unknown, found) => found,
        (kind, Err(ReferenceMotionError::Syntax { at: 0, .. })) => {
            Err(ReferenceMotionError::OtherFile { found: kind })
        }
        (_, found) => found,
    }
}

/// A reader whose first bytes are kept, to say what the file is where it is no pickle.
struct Remembering<R> {
    reader: R,
    head: Vec<u8>,
}

impl<R: Read> Read for Remembering<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.reader.read(buffer)?;
        let wanted = HEAD_BYTES.saturating_sub(self.head.len()).min(count);
        self.head.extend_from_slice(&buffer[..wanted]);
        Ok(count)
    }
}
