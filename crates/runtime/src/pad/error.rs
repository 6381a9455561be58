//! A pad that is not there, or cannot be opened, and what to do about it.

use super::inputs::{INPUTS, event_files};
use super::layouts::LayoutError;
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
