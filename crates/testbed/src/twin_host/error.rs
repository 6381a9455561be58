//! What keeps a twin from being hosted.

use gaitway_emulators::TwinError;
use gaitway_platform::exclusive::ExclusiveError;
use rustix::io::Errno;
use std::path::PathBuf;
use thiserror::Error;

/// A twin that cannot be hosted as asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TwinHostError {
    /// The bus or one of its faults cannot be.
    #[error(transparent)]
    Twin(#[from] TwinError),
    /// A robot without an IMU has no chip to emulate.
    #[error("I2C socket: expected an IMU in the robot's profile, found none")]
    NoImu,
    /// The system gives no pseudo-terminal.
    #[error("no pseudo-terminal: {call} failed: {errno}")]
    Pty {
        /// Which call.
        call: &'static str,
        /// Why.
        errno: Errno,
    },
    /// Something that is no leftover of a twin stands where the link shall be.
    #[error("link {}: expected nothing or a link to a pseudo-terminal, found {found}", path.display())]
    LinkTaken {
        /// Where.
        path: PathBuf,
        /// What stands there.
        found: String,
    },
    /// The link cannot be made.
    #[error("link {}: {error}", path.display())]
    Link {
        /// Where.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The place of a link or of a chip's socket cannot be had.
    #[error(transparent)]
    Taken(#[from] ExclusiveError),
    /// The system starts no thread or gives no socket.
    #[error("{what}: {error}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        error: std::io::Error,
    },
    /// A row with another length than there are servos.
    #[error("{what}: expected {expected} rows, found {found}")]
    Length {
        /// Which rows.
        what: &'static str,
        /// Servos on the bus.
        expected: usize,
        /// Rows given.
        found: usize,
    },
}

impl TwinHostError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            TwinHostError::Twin(error) => error.hint(),
            TwinHostError::NoImu => "leave out what asks for its I2C bus, or add [[imus]] to the profile",
            TwinHostError::Pty { .. } => {
                "is /dev/pts mounted, and /proc/sys/kernel/pty/nr below /proc/sys/kernel/pty/max?"
            }
            TwinHostError::LinkTaken { .. } => "name another path for the link, or remove what stands there",
            TwinHostError::Taken(ExclusiveError::InUse { .. }) => "end that program, or name another path",
            TwinHostError::Taken(_) => "name another path, in a folder that exists and lets this user write",
            TwinHostError::Link { .. } => "the folder of the link must exist and let this user write",
            TwinHostError::System { .. } => "the system is short of something: ulimit -a says of what",
            TwinHostError::Length { .. } => "one row a servo, in the order of the ids at the start",
        }
    }
}
