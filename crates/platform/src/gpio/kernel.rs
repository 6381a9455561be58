//! The kernel's side: structures and requests of linux/gpio.h, version 2.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

const MAX_LINES: usize = 64;
const MAX_ATTRIBUTES: usize = 10;
pub const INPUT: u64 = 1 << 2;
pub const OUTPUT: u64 = 1 << 3;
pub const EDGE_RISING: u64 = 1 << 4;
pub const EDGE_FALLING: u64 = 1 << 5;
pub const PULL_UP: u64 = 1 << 8;

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
    /// A bit for each line, in the order in which they were taken.
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
const SET_VALUES: libc::Ioctl = request(3, 0x0f, size_of::<LineValues>());

/// What a chip calls itself.
pub fn label(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    let mut info = ChipInfo { name: [0; 32], label: [0; 32], lines: 0 };
    // SAFETY: the kernel writes one `gpiochip_info`, which has this layout and lives until the call returns.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), GET_CHIPINFO, &raw mut info) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    let text = info.label.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// Takes lines of a chip, with flags from above; outputs are low.
pub fn take_lines(chip: &File, lines: &[u32], flags: u64) -> io::Result<OwnedFd> {
    let mut asked = LineRequest {
        offsets: [0; MAX_LINES],
        consumer: [0; 32],
        flags,
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

/// Levels of the lines of `mask`, a bit each.
pub fn levels(lines: &OwnedFd, mask: u64) -> io::Result<u64> {
    let mut values = LineValues { bits: 0, mask };
    // SAFETY: the kernel reads and writes one `gpio_v2_line_values`, which has this layout and lives until the call
    // returns.
    let done = unsafe { libc::ioctl(lines.as_raw_fd(), GET_VALUES, &raw mut values) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(values.bits) }
}

/// Sets the lines of `mask`, all at once.
pub fn set_levels(lines: &OwnedFd, mask: u64, bits: u64) -> io::Result<()> {
    let mut values = LineValues { bits, mask };
    // SAFETY: the kernel reads one `gpio_v2_line_values`, which has this layout and lives until the call returns.
    let done = unsafe { libc::ioctl(lines.as_raw_fd(), SET_VALUES, &raw mut values) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_their_structures_are_the_kernels() {
        let known = [0x8044_b401_u32, 0xc250_b407, 0xc010_b40e, 0xc010_b40f];
        let ours = [GET_CHIPINFO, GET_LINE, GET_VALUES, SET_VALUES];
        assert_eq!(ours.map(|request| request as u32), known);
        assert_eq!(std::mem::offset_of!(LineRequest, flags), 288);
        assert_eq!(std::mem::offset_of!(LineRequest, fd), 588);
    }
}
