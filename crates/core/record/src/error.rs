//! What can be wrong with a recording.

use crate::message::DecodeError;
use gaitway_control::{ControlError, PolicyError};
use gaitway_filekind::FileKind;
use thiserror::Error;

/// What can be wrong with a recording.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The file it is in.
    #[error("recording: {0}")]
    Io(#[from] std::io::Error),
    /// Another kind of file.
    #[error("expected a recording, found {found}")]
    OtherFile {
        /// What it is.
        found: FileKind,
    },
    /// The container.
    #[error("recording: {0}")]
    Container(mcap::McapError),
    /// A message in it.
    #[error("recording: {0}")]
    Message(#[from] DecodeError),
    /// The file was deleted, moved away or replaced while it was written.
    #[error("recording {}: expected the file that is written, found it gone", path.display())]
    Gone {
        /// Where it was.
        path: std::path::PathBuf,
    },
    /// A recording of another program.
    #[error("expected a recording of Gaitway, found an MCAP file without a robot's notes")]
    NotOurs,
    /// Something that should be in it is not.
    #[error("recording: expected {expected}, found {found}")]
    Lacks {
        /// What should be there.
        expected: &'static str,
        /// What is.
        found: String,
    },
    /// Rows of such different lengths that a table of them would be far larger than the file.
    #[error(
        "recording: expected rows of one length, found so many lengths that {file_bytes} bytes make gigabytes"
    )]
    TooMuch {
        /// How long the file is.
        file_bytes: usize,
    },
    /// A part of it was asked for that has no tick.
    #[error("recording: the part has no tick; there are {ticks}, in {length_s:.2} s")]
    EmptyPart {
        /// Ticks of the whole.
        ticks: usize,
        /// Its length, s.
        length_s: f64,
    },
    /// The actuators it is of.
    #[error("recording: {0}")]
    Device(#[from] crate::device::DeviceProblem),
    /// The robot's profile in it.
    #[error("recording: {0}")]
    Profile(#[from] gaitway_model::ProfileError),
    /// Controller, or a keyframe that does not fit it.
    #[error("recording: {0}")]
    Control(#[from] ControlError),
    /// The policy in it.
    #[error("recording: {0}")]
    Policy(#[from] PolicyError),
    /// Profile, contract or settings.
    #[error("recording: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<mcap::McapError> for RecordError {
    fn from(error: mcap::McapError) -> RecordError {
        match error {
            // Its own text says only that it was one.
            mcap::McapError::Io(error) => RecordError::Io(error),
            other => RecordError::Container(other),
        }
    }
}

impl RecordError {
    /// What the person can do about it.
    pub fn hint(&self) -> &str {
        match self {
            RecordError::Device(problem) => &problem.hint,
            RecordError::Io(_) => "make room, or name another folder",
            RecordError::Gone { .. } => {
                "leave the folder in its place while it is recorded, or name another one"
            }
            RecordError::OtherFile { found } => {
                found.remedy().unwrap_or("name a recording of Gaitway, .mcap")
            }
            RecordError::Container(_) => "`gaitway record repair` keeps what is whole of a damaged file",
            RecordError::Message(_) => "the file was changed after it was written; use a copy that was not",
            RecordError::NotOurs => "recordings end in .mcap, and lie in ~/.local/state/gaitway/recordings",
            RecordError::Lacks { .. } | RecordError::TooMuch { .. } => {
                "use a recording that Gaitway made, of this version or an older one"
            }
            RecordError::EmptyPart { .. } => "name a part that is in it",
            RecordError::Control(_) => "replay it with the version it was recorded with",
            RecordError::Policy(_) | RecordError::Profile(_) | RecordError::Json(_) => {
                "its beginning is damaged or made by a later version: use a whole copy, or that version"
            }
        }
    }
}
