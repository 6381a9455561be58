//! Lines of the kernel's GPIO character device, version 2 (linux/gpio.h): any board that has one.

mod inputs;
mod kernel;
mod outputs;

pub use inputs::InputLines;
pub use outputs::{CHANGE_BYTES, OutputLines};

use rustix::fs::{FileType, Mode, OFlags};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Chips whose lines are numbered as on a Raspberry Pi's header: the first five, and the fifth.
const HEADERS: [&str; 2] = ["pinctrl-bcm", "pinctrl-rp1"];

/// Lines that cannot be had.
#[derive(Debug, Error)]
pub enum GpioError {
    /// The chip.
    #[error("GPIO {}: {source}", path.display())]
    Chip {
        /// What was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line on it.
    #[error("GPIO {}, lines {lines:?}: {source}", path.display())]
    Lines {
        /// The chip.
        path: PathBuf,
        /// Which.
        lines: Vec<u32>,
        /// What the system said.
        source: io::Error,
    },
}

impl GpioError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            GpioError::Chip { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "add yourself to the group of the device: sudo usermod -aG gpio $USER, then log in again"
            }
            GpioError::Chip { .. } => "see which chips there are: ls /dev/gpiochip*",
            GpioError::Lines { source, .. } if source.raw_os_error() == Some(libc::EBUSY) => {
                "another program has them: gpioinfo says which; end it"
            }
            GpioError::Lines { .. } => "correct the pins in the profile",
        }
    }
}

/// The chip of the board's header, where there is one; else one that this user may not look at, which is told where it
/// is opened.
pub fn header_chip() -> Option<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir("/dev").ok()?.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("gpiochip")));
    paths.sort();
    let is_header = |label: io::Result<String>| {
        label.is_ok_and(|label| HEADERS.iter().any(|header| label.starts_with(header)))
    };
    let is_closed = |path: &&PathBuf| {
        kernel::label(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    let found = paths.iter().find(|path| is_header(kernel::label(path)));
    found.or_else(|| paths.iter().find(is_closed)).cloned()
}

/// What is behind a path.
enum Opened {
    Chip(File),
    /// A pipe is taken at its word.
    Pipe(OwnedFd),
}

/// Opens a chip, or a pipe for `pipe_access`.
fn open(path: &Path, pipe_access: OFlags) -> Result<Opened, GpioError> {
    let failed = |source| GpioError::Chip { path: path.to_owned(), source };
    let about = rustix::fs::stat(path).map_err(|errno| failed(errno.into()))?;
    if FileType::from_raw_mode(about.st_mode) != FileType::Fifo {
        return File::open(path).map(Opened::Chip).map_err(failed);
    }
    let pipe = rustix::fs::open(path, pipe_access | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
    pipe.map(Opened::Pipe).map_err(|errno| failed(errno.into()))
}

/// Takes `lines` of the chip at `path`.
fn take(chip: &File, path: &Path, lines: &[u32], flags: u64) -> Result<OwnedFd, GpioError> {
    kernel::take_lines(chip, lines, flags).map_err(|source| GpioError::Lines {
        path: path.to_owned(),
        lines: lines.to_vec(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_chip_is_refused_with_a_remedy() {
        for path in ["/dev/null", "/dev/gpiochip77"] {
            let inputs = InputLines::open(Path::new(path), &[22, 27]).unwrap_err();
            let outputs = OutputLines::open(Path::new(path), &[24, 23]).unwrap_err();
            for error in [inputs, outputs] {
                assert!(error.to_string().contains(path) && !error.hint().is_empty(), "{error}");
            }
        }
    }
}
