//! What can be wrong with a file of observations.

use gaitway_filekind::FileKind;
use gaitway_platform::files::remedy;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Observations that cannot be written or read.
#[derive(Debug, Error, Clone, PartialEq)]
#[non_exhaustive]
pub enum ObservationFileError {
    /// The system refuses.
    #[error("{}: cannot be {doing}: {problem}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was to be done with it.
        doing: &'static str,
        /// What the system says.
        problem: String,
        /// What can be done about it.
        remedy: &'static str,
    },
    /// A row of another width.
    #[error("row of observations: expected {expected} numbers, found {found}")]
    Row {
        /// The width the file was created with.
        expected: usize,
        /// The width of the row.
        found: usize,
    },
    /// Rows without numbers, or more than a file may hold.
    #[error("{}: expected 1 byte to 512 MiB of numbers, found {rows} rows of {width}", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// How many rows.
        rows: u64,
        /// How many numbers in each.
        width: usize,
    },
    /// Another kind of file: a pickle, such as the published runtime writes, or none with numbers at all.
    #[error("{}: expected NumPy's .npy format, found {found}", path.display())]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: FileKind,
    },
    /// Not a `.npy` file of version 1.0.
    #[error("{}: {what}: expected {expected}, found {found}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Which part of its header.
        what: &'static str,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A sound `.npy` file with another kind of array.
    #[error("{}: {what} of the array: expected {expected}, found {found}", path.display())]
    Array {
        /// The file.
        path: PathBuf,
        /// Type, order or shape.
        what: &'static str,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
    /// More or fewer numbers than the header says.
    #[error("{}: numbers of the array: expected {expected} bytes, found {found}", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes the header promises.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
}

impl ObservationFileError {
    pub(super) fn io(path: &Path, doing: &'static str, error: &std::io::Error) -> ObservationFileError {
        ObservationFileError::Io {
            path: path.to_owned(),
            doing,
            problem: error.to_string(),
            remedy: remedy(error),
        }
    }

    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            ObservationFileError::Io { remedy, .. } => (*remedy).to_owned(),
            ObservationFileError::Row { .. } => {
                "write every row with the width of the policy's observation".to_owned()
            }
            ObservationFileError::Size { .. } => "record for a shorter time, or split the rows".to_owned(),
            ObservationFileError::OtherFile { path, found: FileKind::Pickle } => format!(
                "convert it, without running what is in it: gaitway record convert {} -o observations.npy",
                path.display()
            ),
            ObservationFileError::OtherFile { found, .. } => {
                found.remedy().unwrap_or("name a .npy file, as gaitwayd --save-obs writes it").to_owned()
            }
            ObservationFileError::Header { .. } | ObservationFileError::Array { .. } => {
                "write it with numpy.save(path, rows.astype(\"float32\")), where rows has one row for each tick, as \
                 wide as the policy's observation"
                    .to_owned()
            }
            ObservationFileError::Length { expected: 0, .. } => {
                "its recording never ended; save numpy.fromfile(path, \"<f4\", offset=128) with the last, incomplete \
                 row cut off and one row for each tick"
                    .to_owned()
            }
            ObservationFileError::Length { .. } => "copy the file again: it is not whole".to_owned(),
        }
    }
}
