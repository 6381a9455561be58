//! `/dev/input/event*`: which of them are pads, how they stand, and what comes.

use super::layouts::{LayoutError, NamedLayout};
use gaitway_gamepad::evdev::{Event, Events};
use gaitway_gamepad::{AxisRange, Pad};
use gaitway_platform::evdev::{AbsInfo, InputDevice};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bytes read at a time.
const BUFFER: usize = 24 * 64;
/// A pad has at least this button (`BTN_SOUTH`), or is an old joystick (`BTN_TRIGGER`).
const MARKS: [u16; 2] = [0x130, 0x120];

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
    device: InputDevice,
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
        let Ok(device) = InputDevice::open(path) else { return Ok(None) };
        let name = device.name();
        let is_input = name.is_some();
        if is_input && !device.has_button(&MARKS) {
            return Ok(None);
        }
        let name = name.unwrap_or_default();
        let named = match layout {
            Some(layout) => layout.clone(),
            None => NamedLayout::for_device(&name, |code| device.axis(code).is_some())?,
        };
        let mut ranges = named.ranges.clone();
        for (code, range) in &mut ranges {
            if let Some(info) = device.axis(*code) {
                *range = range.between(info.minimum, info.maximum);
            }
        }
        let pad = Pad::new(named.layout.clone(), ranges);
        let events = Events::default();
        let path = path.to_owned();
        let mut device = Device { device, path, name, layout: named.name, is_there: is_input, events, pad };
        device.ask_how_it_stands();
        device.pad.doubt_ends();
        Ok(Some(device))
    }

    /// Waits up to `wait_ns` for something to come, takes it, and hands it out as it came. False where the pad is
    /// gone.
    pub fn take(&mut self, wait_ns: u64, mut heard: impl FnMut(Event)) -> bool {
        let mut bytes = [0; BUFFER];
        let len = match self.device.read(wait_ns, &mut bytes) {
            Ok(None) => return true,
            Ok(Some(0)) | Err(_) => return false,
            Ok(Some(len)) => len,
        };
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

    /// Every axis it has, those of no layout too; none where the kernel does not say.
    pub fn axes(&self) -> Vec<AxisNow> {
        let range = |info: &AbsInfo| AxisRange { min: info.minimum, max: info.maximum };
        self.device
            .axes()
            .map(|(code, info)| AxisNow { code, value: info.value, range: range(&info) })
            .collect()
    }

    fn ask_how_it_stands(&mut self) {
        let Some(down) = self.device.buttons_down() else { return };
        let codes: Vec<u16> = self.pad.axes().collect();
        let axes: BTreeMap<u16, i32> =
            codes.into_iter().filter_map(|code| Some((code, self.device.axis(code)?.value))).collect();
        self.pad.stand_as(&down, &axes);
    }
}
