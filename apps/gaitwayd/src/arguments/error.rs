//! What can be wrong with a command line.

use thiserror::Error;

/// An argument that is not understood, or contradicts another.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgumentError {
    /// A flag nobody knows.
    #[error("{flag}: expected a flag that --help lists, found an unknown one")]
    Unknown {
        /// The flag, as it was written.
        flag: String,
        /// The known one that looks most like it.
        nearest: Option<&'static str>,
    },
    /// A value the flag cannot take, or none where it needs one.
    #[error("{flag}: expected {expected}, found {found}")]
    Value {
        /// The flag.
        flag: &'static str,
        /// What would be right.
        expected: String,
        /// What was given.
        found: String,
        /// The flag as it may be written.
        example: &'static str,
    },
    /// A file that is not there.
    #[error("{flag}: expected a file, found {found}, which is none")]
    NoFile {
        /// The flag.
        flag: &'static str,
        /// The path, in quotes.
        found: String,
    },
    /// An argument that belongs to no flag.
    #[error("expected a flag, found {found:?}")]
    Positional {
        /// The argument.
        found: String,
    },
    /// Two flags that cannot be used together.
    #[error("{flag}: expected no {other} beside it, found both")]
    Conflict {
        /// One flag.
        flag: &'static str,
        /// The other.
        other: &'static str,
    },
    /// Something that is not written as flags are.
    #[error("expected flags and their values, found something else: {problem}")]
    Syntax {
        /// What the parser says.
        problem: String,
    },
}

impl ArgumentError {
    pub(super) fn syntax(error: &lexopt::Error) -> ArgumentError {
        ArgumentError::Syntax { problem: error.to_string() }
    }

    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            ArgumentError::Unknown { nearest: Some(nearest), .. } => format!("did you mean {nearest}?"),
            ArgumentError::Unknown { nearest: None, .. } | ArgumentError::Syntax { .. } => {
                "gaitwayd --help lists every flag".to_owned()
            }
            ArgumentError::Value { example, .. } => format!("write it as in: gaitwayd {example}"),
            ArgumentError::NoFile { .. } => {
                "check the path; it is counted from the folder the program is started in".to_owned()
            }
            ArgumentError::Positional { found } if found.ends_with(".onnx") => {
                format!("pass a policy as --policy {found}")
            }
            ArgumentError::Positional { .. } => {
                "every value stands behind its flag, and one with spaces in quotes; see gaitwayd --help"
                    .to_owned()
            }
            ArgumentError::Conflict { flag, other } => format!("leave {flag} or {other} out"),
        }
    }
}
