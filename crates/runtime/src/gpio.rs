//! Lines of the kernel's GPIO character device, version 2 (linux/gpio.h): any board that has one.

use rustix::fs::FileType;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
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

const MAX_LINES: usize = 64;
const MAX_ATTRIBUTES: usize = 10;
const INPUT: u64 = 1 << 2;
const EDGE_RISING: u64 = 1 << 4;
const EDGE_FALLING: u64 = 1 << 5;
const PULL_UP: u64 = 1 << 8;

#[repr(C)]
struct ChipInfo {
    name: [u8; 32],
    label: [u8; 32],
    lines: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Attribute {
    id: u32,
    padding: u32,
    value: u64,
    mask: u64,
}

#[repr(C)]
struct LineRequest {
    offsets: [u32; MAX_LINES],
    consumer: [u8; 32],
    flags: u64,
    attributes: u32,
    config_padding: [u32; 5],
    attribute: [Attribute; MAX_ATTRIBUTES],
    lines: u32,
    event_buffer: u32,
    padding: [u32; 5],
    fd: i32,
}

#[repr(C)]
struct LineValues {
    bits: u64,
    mask: u64,
}

/// A request of that direction (1 writes, 2 reads, 3 both), number and length.
const fn request(direction: u32, number: u8, len: usize) -> libc::Ioctl {
    (direction << 30 | (len as u32) << 16 | 0xb4 << 8 | number as u32) as libc::Ioctl
}
const GET_CHIPINFO: libc::Ioctl = request(2, 0x01, size_of::<ChipInfo>());
const GET_LINE: libc::Ioctl = request(3, 0x07, size_of::<LineRequest>());
const GET_VALUES: libc::Ioctl = request(3, 0x0e, size_of::<LineValues>());

/// The chip of the board's header, where there is one.
pub fn header_chip() -> Option<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir("/dev").ok()?.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("gpiochip")));
    paths.sort();
    paths
        .into_iter()
        .find(|path| label(path).is_some_and(|label| HEADERS.iter().any(|header| label.starts_with(header))))
}

fn label(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let mut info = ChipInfo { name: [0; 32], label: [0; 32], lines: 0 };
    // SAFETY: the kernel writes one `gpiochip_info`, which has this layout and lives until the call returns.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), GET_CHIPINFO, &raw mut info) };
    let text = info.label.split(|byte| *byte == 0).next().unwrap_or_default();
    (done >= 0).then(|| String::from_utf8_lossy(text).into_owned())
}

/// Input lines with their pull-up, whose edges come as events.
#[derive(Debug)]
pub struct InputLines {
    file: OwnedFd,
    lines: usize,
    is_chip: bool,
}

impl InputLines {
    /// Takes `lines` of the chip `path`. A pipe is taken at its word: it brings the events.
    pub fn open(path: &Path, lines: &[u32]) -> Result<InputLines, GpioError> {
        let failed = |source| GpioError::Chip { path: path.to_owned(), source };
        let about = rustix::fs::stat(path).map_err(|errno| failed(errno.into()))?;
        if FileType::from_raw_mode(about.st_mode) == FileType::Fifo {
            let flags =
                rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
            let file = rustix::fs::open(path, flags, rustix::fs::Mode::empty());
            let file = file.map_err(|errno| failed(errno.into()))?;
            return Ok(InputLines { file, lines: lines.len(), is_chip: false });
        }
        let chip = File::open(path).map_err(failed)?;
        let file = take_lines(&chip, lines).map_err(|source| GpioError::Lines {
            path: path.to_owned(),
            lines: lines.to_vec(),
            source,
        })?;
        Ok(InputLines { file, lines: lines.len(), is_chip: true })
    }

    /// What brings the events.
    pub fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// Which lines are low now; `None` where nobody can say.
    pub fn are_low(&self) -> Option<Vec<bool>> {
        if !self.is_chip {
            return None;
        }
        let mut values = LineValues { bits: 0, mask: (1 << self.lines) - 1 };
        // SAFETY: the kernel reads and writes one `gpio_v2_line_values`, which has this layout and lives until the
        // call returns.
        let done = unsafe { libc::ioctl(self.file.as_raw_fd(), GET_VALUES, &raw mut values) };
        (done >= 0).then(|| (0..self.lines).map(|line| values.bits >> line & 1 == 0).collect())
    }
}

fn take_lines(chip: &File, lines: &[u32]) -> io::Result<OwnedFd> {
    let mut asked = LineRequest {
        offsets: [0; MAX_LINES],
        consumer: [0; 32],
        flags: INPUT | PULL_UP | EDGE_RISING | EDGE_FALLING,
        attributes: 0,
        config_padding: [0; 5],
        attribute: [Attribute::default(); MAX_ATTRIBUTES],
        lines: lines.len() as u32,
        event_buffer: 0,
        padding: [0; 5],
        fd: -1,
    };
    asked.offsets.iter_mut().zip(lines).for_each(|(offset, line)| *offset = *line);
    asked.consumer[..7].copy_from_slice(b"gaitway");
    // SAFETY: the kernel reads and writes one `gpio_v2_line_request`, which has this layout and lives until the call
    // returns.
    let done = unsafe { libc::ioctl(chip.as_raw_fd(), GET_LINE, &raw mut asked) };
    if done < 0 || asked.fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just opened this descriptor for us, and nobody else knows it.
    let file = unsafe { OwnedFd::from_raw_fd(asked.fd) };
    rustix::fs::fcntl_setfl(&file, rustix::fs::OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_their_structures_are_the_kernels() {
        let known = [0x8044_b401_u32, 0xc250_b407, 0xc010_b40e];
        assert_eq!([GET_CHIPINFO, GET_LINE, GET_VALUES].map(|request| request as u32), known);
        assert_eq!(std::mem::offset_of!(LineRequest, flags), 288);
        assert_eq!(std::mem::offset_of!(LineRequest, fd), 588);
    }

    #[test]
    fn what_is_no_chip_is_refused_with_a_remedy() {
        for path in ["/dev/null", "/dev/gpiochip77"] {
            let error = InputLines::open(Path::new(path), &[22, 27]).unwrap_err();
            assert!(error.to_string().contains(path) && !error.hint().is_empty(), "{error}");
        }
    }
}
