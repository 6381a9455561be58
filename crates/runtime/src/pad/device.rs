//! `/dev/input/event*`: which of them are pads, how they stand, and what comes.

use super::layouts::{LayoutError, NamedLayout};
use gaitway_drivers::pad::evdev::{Event, Events};
use gaitway_drivers::pad::{AxisRange, Pad};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Bytes read at a time.
const BUFFER: usize = 24 * 64;
/// Bytes of all buttons, a bit each (`KEY_CNT`).
const KEY_BYTES: usize = 96;
/// Axes there can be (`ABS_CNT`).
const AXES: u16 = 0x40;
const NAME_BYTES: usize = 256;
/// A pad has at least this button (`BTN_SOUTH`), or is an old joystick (`BTN_TRIGGER`).
const MARKS: [u16; 2] = [0x130, 0x120];

/// A request that reads `len` bytes of evdev (linux/input.h).
const fn request(number: u8, len: usize) -> libc::Ioctl {
    (2 << 30 | (len as u32) << 16 | (b'E' as u32) << 8 | number as u32) as libc::Ioctl
}
const EV_KEY: u8 = 1;
const EVIOCGNAME: libc::Ioctl = request(0x06, NAME_BYTES);
const EVIOCGKEY: libc::Ioctl = request(0x18, KEY_BYTES);
const EVIOCGBIT_KEY: libc::Ioctl = request(0x20 + EV_KEY, KEY_BYTES);

/// `struct input_absinfo`.
#[repr(C)]
#[derive(Default)]
struct AbsInfo {
    value: i32,
    minimum: i32,
    maximum: i32,
    fuzz: i32,
    flat: i32,
    resolution: i32,
}

/// An axis as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AxisNow {
    /// Which: `ABS_*`.
    pub code: u16,
    /// Where it is.
    pub value: i32,
    /// From where to where it goes.
    pub range: AxisRange,
}

/// A pad that is there.
#[derive(Debug)]
pub(super) struct Device {
    file: OwnedFd,
    /// Where it is.
    pub path: PathBuf,
    /// What it calls itself.
    pub name: String,
    /// Name of its layout.
    pub layout: String,
    /// True where somebody is known to be at the other end: a pipe may wait for who writes to it.
    pub is_there: bool,
    events: Events,
    pub pad: Pad,
}

impl Device {
    /// Opens `path`, if it is a pad. What is no input device at all, a pipe say, is taken at its word.
    pub fn open(path: &Path, layout: Option<&NamedLayout>) -> Result<Option<Device>, LayoutError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = rustix::fs::open(path, flags, Mode::empty()) else { return Ok(None) };
        let mut name = [0; NAME_BYTES];
        let is_input = ask(&file, EVIOCGNAME, &mut name);
        if is_input && !is_pad(&file) {
            return Ok(None);
        }
        let name =
            String::from_utf8_lossy(name.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned();
        let named = match layout {
            Some(layout) => layout.clone(),
            None => NamedLayout::for_device(&name, |code| axis(&file, code).is_some())?,
        };
        let mut ranges = named.ranges.clone();
        for (code, range) in &mut ranges {
            if let Some(info) = axis(&file, *code) {
                *range = range.between(info.minimum, info.maximum);
            }
        }
        let pad = Pad::new(named.layout.clone(), ranges);
        let events = Events::default();
        let path = path.to_owned();
        let mut device = Device { file, path, name, layout: named.name, is_there: is_input, events, pad };
        device.ask_how_it_stands();
        device.pad.doubt_ends();
        Ok(Some(device))
    }

    /// Waits up to `wait_ns` for something to come, takes it, and hands it out as it came. False where the pad is
    /// gone.
    pub fn take(&mut self, wait_ns: u64, mut heard: impl FnMut(Event)) -> bool {
        let timeout = Timespec { tv_sec: 0, tv_nsec: wait_ns.min(999_999_999) as _ };
        let mut watched = [PollFd::new(&self.file, PollFlags::IN)];
        if poll(&mut watched, Some(&timeout)).unwrap_or(0) == 0 {
            return true;
        }
        let mut bytes = [0; BUFFER];
        match rustix::io::read(&self.file, &mut bytes) {
            Ok(0) => false,
            Ok(len) => {
                self.is_there = true;
                let (pad, mut is_whole) = (&mut self.pad, true);
                self.events.take(&bytes[..len], |event: Event| {
                    is_whole &= pad.take(event);
                    heard(event);
                });
                if !is_whole {
                    self.ask_how_it_stands();
                }
                true
            }
            Err(errno) => io::Error::from(errno).kind() == io::ErrorKind::WouldBlock,
        }
    }

    /// Every axis it has, those of no layout too; none where the kernel does not say.
    pub fn axes(&self) -> Vec<AxisNow> {
        let known = (0..AXES).filter_map(|code| Some((code, axis(&self.file, code)?)));
        known
            .map(|(code, info)| {
                let range = AxisRange { min: info.minimum, max: info.maximum };
                AxisNow { code, value: info.value, range }
            })
            .collect()
    }

    fn ask_how_it_stands(&mut self) {
        let mut keys = [0; KEY_BYTES];
        if !ask(&self.file, EVIOCGKEY, &mut keys) {
            return;
        }
        let down: Vec<u16> = (0..8 * KEY_BYTES as u16).filter(|code| is_set(&keys, *code)).collect();
        let codes: Vec<u16> = self.pad.axes().collect();
        let axes: BTreeMap<u16, i32> =
            codes.into_iter().filter_map(|code| Some((code, axis(&self.file, code)?.value))).collect();
        self.pad.stand_as(&down, &axes);
    }
}

fn is_pad(file: &OwnedFd) -> bool {
    let mut keys = [0; KEY_BYTES];
    ask(file, EVIOCGBIT_KEY, &mut keys) && MARKS.iter().any(|mark| is_set(&keys, *mark))
}

fn is_set(bits: &[u8], code: u16) -> bool {
    bits.get(usize::from(code / 8)).is_some_and(|byte| byte >> (code % 8) & 1 == 1)
}

fn axis(file: &OwnedFd, code: u16) -> Option<AbsInfo> {
    let mut info = AbsInfo::default();
    let number = 0x40 + u8::try_from(code).ok().filter(|_| code < AXES)?;
    // SAFETY: the kernel writes one `input_absinfo`, whose length is in the request, and it lives until the call
    // returns.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), request(number, size_of::<AbsInfo>()), &raw mut info) };
    // The kernel does not refuse an axis that is not there: it goes from 0 to 0.
    (done >= 0 && info.minimum < info.maximum).then_some(info)
}

/// Asks for bytes; false where the file is no input device.
fn ask<const N: usize>(file: &OwnedFd, request: libc::Ioctl, into: &mut [u8; N]) -> bool {
    // SAFETY: every request that comes here reads N bytes at most, as its number says, and they live until the call
    // returns.
    unsafe { libc::ioctl(file.as_raw_fd(), request, into.as_mut_ptr()) >= 0 }
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
