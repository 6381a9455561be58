//! Observations in a file, for `--save-obs` and `--replay-obs`: NumPy's `.npy` format, version 1.0, float32, one row
//! for each tick of the policy.
//!
//! None of it belongs on the loop's thread but [`ObservationSink::put`].

mod error;
mod header;
mod keeper;

pub use error::ObservationFileError;
pub use keeper::{ObservationKeeper, ObservationSink};

use gaitway_filekind::{FileKind, HEAD_BYTES};
use gaitway_platform::files::{self, WholeFile};
use header::Header;
use std::io::{BufReader, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Largest array written or read, bytes: seven hours of 101 numbers at 50 Hz.
pub const MAX_BYTES: u64 = 512 << 20;

/// Bytes read, or kept back before they are written, at a time. A multiple of every number's size.
const BUFFER: usize = 64 << 10;

type Result<T> = std::result::Result<T, ObservationFileError>;

/// Writes observations row by row. Until [`ObservationWriter::finish`] they lie in a file of the same name with `.part`
/// behind it, which can be read all the time: its header says how many rows are in it. A program that is killed leaves
/// that file.
#[derive(Debug)]
pub struct ObservationWriter {
    path: PathBuf,
    whole: WholeFile,
    /// Rows on their way to the file.
    buffer: Vec<u8>,
    width: usize,
    rows: u64,
}

impl ObservationWriter {
    /// Creates the file beside `path`, in which every row will have `width` numbers.
    ///
    /// # Errors
    /// Where the file cannot be made, or no row of that width could be written.
    pub fn create(path: impl Into<PathBuf>, width: usize) -> Result<ObservationWriter> {
        let path = path.into();
        check_size(&path, 1, width, size_of::<f32>())?;
        let created = WholeFile::create(&path);
        let mut whole = created.map_err(|error| ObservationFileError::io(&path, "created", &error))?;
        let written = whole.file().write_all(&Header::float32(0, width));
        written.map_err(|error| ObservationFileError::io(&path, "written", &error))?;
        Ok(ObservationWriter { path, whole, buffer: Vec::with_capacity(BUFFER), width, rows: 0 })
    }

    /// Adds one row; it reaches the disk with many others.
    ///
    /// # Errors
    /// Where the row has another width, the file is full, or the disk is; what was written before stays.
    pub fn write_row(&mut self, row: &[f32]) -> Result<()> {
        if row.len() != self.width {
            return Err(ObservationFileError::Row { expected: self.width, found: row.len() });
        }
        let has_room = check_size(&self.path, self.rows + 1, self.width, size_of::<f32>());
        if let Err(error) = has_room {
            self.flush()?;
            self.whole.leave();
            return Err(error);
        }
        self.buffer.extend(row.iter().flat_map(|number| number.to_le_bytes()));
        self.rows += 1;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// How many rows were added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Where they lie until the end.
    pub fn part(&self) -> &Path {
        self.whole.part()
    }

    /// Puts what was added into the file, and then how many rows there are into its header.
    ///
    /// # Errors
    /// Where the disk is full or gone; the `.part` file stays with the rows before.
    pub fn flush(&mut self) -> Result<()> {
        let header = Header::float32(self.rows, self.width);
        let written = self.whole.file().write_all(&self.buffer);
        let written = written.and_then(|()| self.whole.as_file()?.write_all_at(&header, 0));
        self.buffer.clear();
        written.map_err(|error| {
            self.whole.leave();
            ObservationFileError::io(self.whole.part(), "written", &error)
        })
    }

    /// Writes what there is, and gives the file its name, in place of an older file of that name. Returns the number of
    /// rows.
    ///
    /// # Errors
    /// Where the disk is full or gone; the `.part` file stays.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        let kept = self.whole.keep();
        kept.map_err(|error| ObservationFileError::io(&self.path, "renamed", &error))?;
        Ok(self.rows)
    }
}

/// Observations read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Observations {
    width: usize,
    numbers: Vec<f32>,
}

impl Observations {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.numbers.len() / self.width
    }

    /// True where there is no row.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// One row; `None` past the last.
    pub fn row(&self, index: usize) -> Option<&[f32]> {
        self.numbers.chunks_exact(self.width).nth(index)
    }
}

/// Reads a file whole: `.npy` version 1.0, float32 or float64, in C order, rows of `width` numbers, which must be at
/// least one.
///
/// # Errors
/// Where the file cannot be read, is of another kind, has rows of another width, is cut off, or is larger than
/// [`MAX_BYTES`].
pub fn read_observations(path: &Path, width: usize) -> Result<Observations> {
    let io = |error: std::io::Error| ObservationFileError::io(path, "read", &error);
    let file = files::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    let mut file = BufReader::with_capacity(BUFFER, file);
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(io)?;
    file.rewind().map_err(io)?;
    match FileKind::of(&head) {
        FileKind::Npy | FileKind::Unknown => {}
        found => return Err(ObservationFileError::OtherFile { path: path.to_owned(), found }),
    }
    let (header, header_bytes) = Header::read(&mut file, path)?;
    let (rows, number) = header.check(path, width)?;
    let size = check_size(path, rows, width, number.bytes())?;
    let found = metadata.len().saturating_sub(header_bytes);
    if found != size {
        return Err(ObservationFileError::Length { path: path.to_owned(), expected: size, found });
    }
    let count = size as usize / number.bytes();
    let mut numbers = Vec::new();
    numbers.try_reserve_exact(count).map_err(|error| io(std::io::Error::other(error)))?;
    let mut buffer = vec![0; BUFFER];
    while numbers.len() < count {
        let bytes = ((count - numbers.len()) * number.bytes()).min(BUFFER);
        file.read_exact(&mut buffer[..bytes]).map_err(io)?;
        number.convert(&buffer[..bytes], &mut numbers);
    }
    Ok(Observations { width, numbers })
}

/// Bytes of an array, where it is one and not too large.
fn check_size(path: &Path, rows: u64, width: usize, number_bytes: usize) -> Result<u64> {
    let row = (width as u64).checked_mul(number_bytes as u64).filter(|&bytes| bytes > 0);
    let size = row.and_then(|row| row.checked_mul(rows)).filter(|&size| size <= MAX_BYTES);
    size.ok_or_else(|| ObservationFileError::Size { path: path.to_owned(), rows, width })
}
