//! A pad looked at by a tool: everything it says, and what would come of it. Nothing is driven.

use super::device::{AxisNow, Device};
use super::finder::{Finder, INPUTS, event_files};
use super::layouts::{LayoutError, NamedLayout};
use gaitway_contract::Command;
use gaitway_drivers::pad::evdev::Event;
use gaitway_drivers::pad::{Button, Controls, Operator, Reach};
use rustix::fs::{Access, access};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A pad that cannot be looked at.
#[derive(Debug, Error)]
pub enum PadError {
    /// There is none.
    #[error("no pad: expected a gamepad among the {devices} input devices of {INPUTS}, found none")]
    None {
        /// Devices that were looked at.
        devices: usize,
    },
    /// This user may not look at all devices.
    #[error("no pad: {closed} of the {devices} input devices of {INPUTS} may not be read by this user")]
    Closed {
        /// Devices there are.
        devices: usize,
        /// Of these, out of reach.
        closed: usize,
    },
    /// The one that was named cannot be opened.
    #[error("pad {}: {source}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The one that was named is something else.
    #[error("pad {}: expected a gamepad, found another input device", path.display())]
    NoPad {
        /// Which.
        path: PathBuf,
    },
    /// The layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

impl PadError {
    /// Why there is no pad at `path`, or none at all.
    pub(super) fn of_missing(path: Option<&Path>) -> PadError {
        let Some(path) = path else { return none_found() };
        let path = path.to_owned();
        match access(&path, Access::READ_OK) {
            Ok(()) => PadError::NoPad { path },
            Err(errno) => PadError::Open { path, source: errno.into() },
        }
    }

    /// What the person can do about it.
    pub fn hint(&self) -> String {
        let group = "join the group that may: sudo usermod -aG input $USER, then log in again";
        match self {
            PadError::Closed { .. } => group.to_owned(),
            PadError::Open { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                group.to_owned()
            }
            PadError::None { .. } | PadError::Open { .. } => {
                "plug it in, or pair it: bluetoothctl, then `scan on`, and `pair`, `trust`, `connect` its address"
                    .to_owned()
            }
            PadError::NoPad { .. } => {
                "leave the path out: the first pad is found by itself; /proc/bus/input/devices lists them all"
                    .to_owned()
            }
            PadError::Layout(error) => error.hint(),
        }
    }
}

/// What came, and how the pad stands then.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Every event, and what its code is in the layout.
    pub events: Vec<(Event, Option<&'static str>)>,
    /// Sticks, triggers and buttons.
    pub controls: Controls,
    /// Buttons that were pressed.
    pub pressed: Vec<Button>,
    /// What the robot would be asked.
    pub command: Command,
    /// The sticks move the head.
    pub moves_head: bool,
}

/// A pad that somebody looks at.
#[derive(Debug)]
pub struct PadWatch {
    device: Device,
    operator: Operator,
}

impl PadWatch {
    /// The pad `path`, or the first that is found, with `layout` or its own.
    pub fn open(
        path: Option<PathBuf>,
        layout: Option<NamedLayout>,
        reach: Reach,
    ) -> Result<PadWatch, PadError> {
        let found = Finder::new(path.clone(), layout).find();
        let mut device = found.ok_or_else(|| PadError::of_missing(path.as_deref()))?;
        let mut operator = Operator::new(reach);
        operator.take_up(&device.pad.look());
        Ok(PadWatch { device, operator })
    }

    /// What it calls itself; empty where it is no input device.
    pub fn name(&self) -> &str {
        &self.device.name
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.device.path
    }

    /// Name of its layout.
    pub fn layout(&self) -> &str {
        &self.device.layout
    }

    /// Every axis it has, as it stands.
    pub fn axes(&self) -> Vec<AxisNow> {
        self.device.axes()
    }

    /// Waits up to `wait_ns`, a second at most, for something to come. `None` where the pad is gone.
    pub fn wait(&mut self, wait_ns: u64) -> Option<Heard> {
        let mut events = Vec::new();
        if !self.device.take(wait_ns, |event| events.push(event)) {
            return None;
        }
        let events = events.into_iter().map(|event| (event, self.device.pad.meaning(event))).collect();
        let (controls, mut pressed) = (self.device.pad.look(), Vec::new());
        self.operator.update(&controls, |button| pressed.push(button));
        let (values, phase_factor_offset) = (self.operator.command(), self.operator.phase_factor_offset());
        let command = Command { values, phase_factor_offset };
        Some(Heard { events, controls, pressed, command, moves_head: self.operator.moves_head() })
    }
}

/// Why there is none: nobody plugged one in, or it is out of this user's reach.
fn none_found() -> PadError {
    let files = event_files();
    let devices = files.len();
    let closed = files.iter().filter(|path| access(*path, Access::READ_OK).is_err()).count();
    if closed > 0 { PadError::Closed { devices, closed } } else { PadError::None { devices } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_for_who_may_not_and_for_who_has_none() {
        let path = PathBuf::from("/dev/input/event7");
        let open = |kind: io::ErrorKind| PadError::Open { path: path.clone(), source: kind.into() };
        assert!(PadError::None { devices: 3 }.hint().contains("bluetoothctl"));
        assert!(open(io::ErrorKind::NotFound).hint().contains("bluetoothctl"));
        for error in [PadError::Closed { devices: 3, closed: 2 }, open(io::ErrorKind::PermissionDenied)] {
            assert!(error.hint().contains("usermod -aG input"), "{error}");
        }
        assert!(PadError::NoPad { path: path.clone() }.to_string().contains("event7"));
    }
}
