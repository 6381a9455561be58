//! `/dev/input/event*` as the kernel has it: what a device is called, its buttons and axes, and bytes of its events.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

/// Bytes of all buttons, a bit each (`KEY_CNT`).
const KEY_BYTES: usize = 96;
/// Axes there can be (`ABS_CNT`).
const AXES: u16 = 0x40;
const NAME_BYTES: usize = 256;

/// A request that reads `len` bytes of evdev (linux/input.h).
const fn request(number: u8, len: usize) -> libc::Ioctl {
    (2 << 30 | (len as u32) << 16 | (b'E' as u32) << 8 | number as u32) as libc::Ioctl
}
const EV_KEY: u8 = 1;
const EVIOCGNAME: libc::Ioctl = request(0x06, NAME_BYTES);
const EVIOCGKEY: libc::Ioctl = request(0x18, KEY_BYTES);
const EVIOCGBIT_KEY: libc::Ioctl = request(0x20 + EV_KEY, KEY_BYTES);

/// An axis: `struct input_absinfo`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct AbsInfo {
    /// Where it is.
    pub value: i32,
    /// Least of its values.
    pub minimum: i32,
    /// Greatest of its values.
    pub maximum: i32,
    fuzz: i32,
    flat: i32,
    resolution: i32,
}

/// An open input device, or any other file that may say what one does, a pipe say.
#[derive(Debug)]
pub struct InputDevice {
    file: OwnedFd,
}

impl InputDevice {
    /// Opens `path` for reading without waiting.
    pub fn open(path: &Path) -> io::Result<InputDevice> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(InputDevice { file: rustix::fs::open(path, flags, Mode::empty())? })
    }

    /// What it calls itself; None where the file is no input device.
    pub fn name(&self) -> Option<String> {
        let mut name = [0; NAME_BYTES];
        self.ask(EVIOCGNAME, &mut name).then(|| {
            String::from_utf8_lossy(name.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
        })
    }

    /// True where it has one of these buttons.
    pub fn has_button(&self, codes: &[u16]) -> bool {
        let mut keys = [0; KEY_BYTES];
        self.ask(EVIOCGBIT_KEY, &mut keys) && codes.iter().any(|code| is_set(&keys, *code))
    }

    /// Codes of the buttons that are held down; None where the kernel does not say.
    pub fn buttons_down(&self) -> Option<Vec<u16>> {
        let mut keys = [0; KEY_BYTES];
        let known = self.ask(EVIOCGKEY, &mut keys);
        known.then(|| (0..8 * KEY_BYTES as u16).filter(|code| is_set(&keys, *code)).collect())
    }

    /// Axis `code`; None where it has none.
    pub fn axis(&self, code: u16) -> Option<AbsInfo> {
        let mut info = AbsInfo::default();
        let number = 0x40 + u8::try_from(code).ok().filter(|_| code < AXES)?;
        // SAFETY: the kernel writes one `input_absinfo`, whose length is in the request, and it lives until the call
        // returns.
        let done = unsafe {
            libc::ioctl(self.file.as_raw_fd(), request(number, size_of::<AbsInfo>()), &raw mut info)
        };
        // The kernel does not refuse an axis that is not there: it goes from 0 to 0.
        (done >= 0 && info.minimum < info.maximum).then_some(info)
    }

    /// Every axis it has, with its code; none where the kernel does not say.
    pub fn axes(&self) -> impl Iterator<Item = (u16, AbsInfo)> {
        (0..AXES).filter_map(|code| Some((code, self.axis(code)?)))
    }

    /// Waits up to `wait_ns` for bytes of events, and reads them. None where none came, 0 where it has ended.
    pub fn read(&self, wait_ns: u64, into: &mut [u8]) -> io::Result<Option<usize>> {
        let timeout = Timespec { tv_sec: 0, tv_nsec: wait_ns.min(999_999_999) as _ };
        let mut watched = [PollFd::new(&self.file, PollFlags::IN)];
        if poll(&mut watched, Some(&timeout)).unwrap_or(0) == 0 {
            return Ok(None);
        }
        match rustix::io::read(&self.file, into).map_err(io::Error::from) {
            Ok(len) => Ok(Some(len)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks for bytes; false where the file is no input device.
    fn ask<const N: usize>(&self, request: libc::Ioctl, into: &mut [u8; N]) -> bool {
        // SAFETY: every request that comes here reads N bytes at most, as its number says, and they live until the
        // call returns.
        unsafe { libc::ioctl(self.file.as_raw_fd(), request, into.as_mut_ptr()) >= 0 }
    }
}

fn is_set(bits: &[u8], code: u16) -> bool {
    bits.get(usize::from(code / 8)).is_some_and(|byte| byte >> (code % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_the_kernels() {
        let known = [0x8100_4506_u32, 0x8060_4518, 0x8060_4521, 0x8018_4540];
        let ours = [EVIOCGNAME, EVIOCGKEY, EVIOCGBIT_KEY, request(0x40, size_of::<AbsInfo>())];
        assert_eq!(ours.map(|request| request as u32), known);
    }
}
