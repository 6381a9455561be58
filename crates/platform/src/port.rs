//! A port: bytes to and from a bus, without waiting.

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Bytes to and from a bus. Neither call ever blocks or allocates.
pub trait Port {
    /// Hands over as many of `bytes` as are taken now; returns how many.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError>;
    /// What has arrived, at most `buffer.len()` bytes; 0 where nothing has.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError>;
}

impl<P: Port> Port for &mut P {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        (**self).write(bytes)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        (**self).read(buffer)
    }
}

/// A port that carries nothing any more. Plain numbers, so that the loop thread can keep one.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortError {
    /// The device is gone: unplugged, without power, or the other end of a pseudo-terminal closed.
    #[error("port: expected a connected device, found that it is gone")]
    Gone,
    /// Anything else the system says.
    #[error("port: {}", io::Error::from_raw_os_error(*errno))]
    Failed {
        /// The system's error number.
        errno: i32,
    },
}

impl PortError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            PortError::Gone => {
                "check the plug and the power of the servo board; the port must be opened again"
            }
            PortError::Failed { .. } => "`dmesg` may say more about the device",
        }
    }
}

/// A program that holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its name, as the kernel keeps it; empty where it may not be read.
    pub name: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.is_empty() {
            return write!(f, "process {}", self.pid);
        }
        write!(f, "process {} ({})", self.pid, self.name)
    }
}

/// A port that cannot be opened.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// No such file, or a file with no device behind it.
    #[error("{}: expected a serial port, found no device", path.display())]
    NotFound {
        /// The path asked for.
        path: PathBuf,
    },
    /// The person may not open it.
    #[error("{}: expected leave to read and write, found none", path.display())]
    Permission {
        /// The path asked for.
        path: PathBuf,
    },
    /// Another program drives this bus.
    #[error("{}: expected a free port, found it held by {}", path.display(), name_of(holder.as_ref()))]
    Busy {
        /// The path asked for.
        path: PathBuf,
        /// Who holds it, where the system tells.
        holder: Option<Holder>,
    },
    /// A file of another kind.
    #[error("{}: expected a serial port, found a file of another kind", path.display())]
    NotATerminal {
        /// The path asked for.
        path: PathBuf,
    },
    /// A speed this port does not have.
    #[error("{}: expected {asked} baud, found that the port runs at {found}", path.display())]
    Baud {
        /// The path asked for.
        path: PathBuf,
        /// The speed asked for, bits per second.
        asked: u32,
        /// What the port made of it, bits per second.
        found: u32,
    },
    /// Anything else the system says.
    #[error("{}: {doing}: {}", path.display(), io::Error::from_raw_os_error(*errno))]
    Failed {
        /// The path asked for.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's error number.
        errno: i32,
    },
}

/// Who holds something, in words.
pub fn name_of(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another program".to_owned(), Holder::to_string)
}

impl OpenError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            OpenError::NotFound { .. } => {
                "plug the servo board in; `ls /dev/ttyACM* /dev/ttyUSB* /dev/serial/by-id/*` lists the ports"
                    .into()
            }
            OpenError::Permission { .. } => {
                "join the group that owns it, then log in again: sudo usermod -aG dialout $USER".into()
            }
            OpenError::Busy { holder: Some(holder), .. } => {
                format!("end process {}, then start again", holder.pid)
            }
            OpenError::Busy { path, holder: None } => {
                format!("`sudo fuser -v {}` names the program; end it, then start again", path.display())
            }
            OpenError::NotATerminal { .. } => "give the path of a serial port, such as /dev/ttyACM0".into(),
            OpenError::Baud { .. } => "STS3215 servos leave the factory at 1000000 baud".into(),
            OpenError::Failed { .. } => "`dmesg` may say more about the device".into(),
        }
    }
}
