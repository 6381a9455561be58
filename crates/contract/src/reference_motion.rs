//! The gait's period, read from the community's `polynomial_coefficients.pkl` without running anything in it.
//!
//! The file is a Python pickle: a program for a small stack machine, which can name any function and call it. The
//! machine here knows no functions. It reads the file once, as a stream, in memory of a fixed size, and keeps only
//! what can be part of the answer: the numbers `period`, `fps` and `nb_steps_in_period` of every entry. All else
//! becomes a value without content.

mod entries;
mod error;
mod machine;
mod memo;
mod numpy;
mod source;
mod value;

pub use error::ReferenceMotionError;

use machine::Machine;

/// Longest file read, bytes; the published one has 3.1 million.
pub const MAX_BYTES: u64 = 64 << 20;

/// How long a gait of the reference motions takes. Every entry of the file agrees on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaitPeriod {
    /// Time of one gait, s.
    pub period_s: f64,
    /// Frames of the reference motions in a second, Hz.
    pub fps: f64,
    /// Whole frames of one gait, 2 to 1000, cut off as the published reader does: `int(period * fps)`.
    pub ticks: u32,
    /// How many entries the file has.
    pub entries: usize,
}

/// Reads the gait's period. Nothing in the file is run; a file that wants something run is read past it, or refused
/// where the value would have mattered.
///
/// # Errors
/// Every file that is not a dictionary of dictionaries that agree on the period: at which byte or in which entry,
/// what was expected, what was found.
pub fn period_ticks(reader: impl std::io::Read) -> Result<GaitPeriod, ReferenceMotionError> {
    Machine::new(reader).run()?.period()
}
