//! What can be wrong with a file of reference motions.

use gaitway_filekind::FileKind;
use thiserror::Error;

/// A file of reference motions whose period cannot be read.
#[derive(Debug, Error, Clone, PartialEq)]
#[non_exhaustive]
pub enum ReferenceMotionError {
    /// The file's bytes do not come.
    #[error("reference motions: at byte {at}: cannot be read: {problem}")]
    Io {
        /// Where what could not be read begins.
        at: u64,
        /// What the system says.
        problem: String,
    },
    /// Another kind of file.
    #[error("reference motions: expected a Python pickle, found {found}")]
    OtherFile {
        /// What it is.
        found: FileKind,
    },
    /// Not a pickle, or one that no pickler writes.
    #[error("reference motions: at byte {at}: expected {expected}, found {found}")]
    Syntax {
        /// Where in the file.
        at: u64,
        /// What would be right.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A sound pickle of something else.
    #[error("reference motions: {place}: expected {expected}, found {found}")]
    Value {
        /// Which entry, or the whole file.
        place: String,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Two entries with different gaits.
    #[error("reference motions: entries disagree: {first} has {expected}, {other} has {found}")]
    Disagree {
        /// The first entry.
        first: String,
        /// Its gait.
        expected: String,
        /// The entry that differs.
        other: String,
        /// Its gait.
        found: String,
    },
}

impl ReferenceMotionError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            ReferenceMotionError::Io { .. } => {
                "check that the file can be read to its end, and pass it again"
            }
            ReferenceMotionError::OtherFile { found } => {
                found.remedy().unwrap_or("take polynomial_coefficients.pkl from where it was published")
            }
            ReferenceMotionError::Syntax { .. } => {
                "take polynomial_coefficients.pkl from where it was published, or write it again with pickle.dump"
            }
            ReferenceMotionError::Value { .. } => {
                "pass a dictionary of entries that each have period, fps and nb_steps_in_period as plain numbers, \
                 or leave the file out: the policy's contract has the period"
            }
            ReferenceMotionError::Disagree { .. } => {
                "fit the reference motions again with one period and frame rate: the gait clock has only one"
            }
        }
    }
}
