//! I²C: the kernel's character device, and a socket behind which chips are emulated.

use crate::exclusive::{self, Claim, ExclusiveError, Use};
use rustix::fs::FileType;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// Longest write and read of one transfer.
pub const MAX_BYTES: usize = 64;
/// The emulated bus answers within this, or the chip counts as silent.
const PATIENCE: Duration = Duration::from_millis(200);

/// A bus that cannot be had.
#[derive(Debug, Error)]
pub enum I2cError {
    /// There is none.
    #[error("I2C bus {}: {source}", path.display())]
    Open {
        /// What was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else is there.
    #[error("{}: expected an I2C bus, found {found}", path.display())]
    NotABus {
        /// What was asked for.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// Another program uses it.
    #[error("I2C bus {0}")]
    Exclusive(#[from] ExclusiveError),
}

impl I2cError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        let hint = match self {
            I2cError::Exclusive(error) => return error.hint(),
            I2cError::Open { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "add yourself to the group of the device: sudo usermod -aG i2c $USER, then log in again"
            }
            I2cError::Open { .. } => {
                "switch I2C on (sudo raspi-config nonint do_i2c 0), and see which buses there are: ls /dev/i2c-*"
            }
            I2cError::NotABus { .. } => "name the bus: /dev/i2c-1 on a Raspberry Pi",
        };
        hint.to_owned()
    }
}

/// A bus with chips on it.
pub trait I2c: Send {
    /// Writes to the chip at `address`, then reads without letting the bus go. An error where no chip acknowledges, or
    /// the bus hangs; it takes at most a fraction of a second.
    fn transfer(&mut self, address: u8, write: &[u8], read: &mut [u8]) -> io::Result<()>;
}

/// The bus `path`, for this program alone: two that bring one chip up in turn take it away from each other. Nothing is
/// written yet.
pub fn open(path: &Path) -> Result<Box<dyn I2c>, I2cError> {
    let failed = |source| I2cError::Open { path: path.to_owned(), source };
    let about = rustix::fs::stat(path).map_err(|errno| failed(errno.into()))?;
    match FileType::from_raw_mode(about.st_mode) {
        FileType::Socket => {
            let claim = Claim::of(path, Use::Connect)?;
            let stream = UnixStream::connect(path).map_err(failed)?;
            stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
            Ok(Box::new(EmulatedBus { path: path.to_owned(), stream: Some(stream), _claim: claim }))
        }
        FileType::CharacterDevice => {
            let file = File::options().read(true).write(true).open(path).map_err(failed)?;
            if functions(&file).is_err() {
                return Err(I2cError::NotABus { path: path.to_owned(), found: "another device" });
            }
            exclusive::lock_device(&file, path)?;
            Ok(Box::new(LinuxBus { file }))
        }
        _ => Err(I2cError::NotABus { path: path.to_owned(), found: "a file or folder" }),
    }
}

/// Requests of the kernel's I²C device (linux/i2c-dev.h).
const I2C_FUNCS: libc::Ioctl = 0x0705;
const I2C_RDWR: libc::Ioctl = 0x0707;
const I2C_M_RD: u16 = 1;

#[repr(C)]
struct Message {
    address: u16,
    flags: u16,
    len: u16,
    bytes: *mut u8,
}

#[repr(C)]
struct Messages {
    first: *mut Message,
    count: u32,
}

struct LinuxBus {
    file: File,
}

impl I2c for LinuxBus {
    fn transfer(&mut self, address: u8, write: &[u8], read: &mut [u8]) -> io::Result<()> {
        let mut bytes = [0; MAX_BYTES];
        let sent = bytes.get_mut(..write.len()).ok_or(io::ErrorKind::InvalidInput)?;
        sent.copy_from_slice(write);
        if read.len() > MAX_BYTES {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let address = u16::from(address);
        let message = |flags, bytes: &mut [u8]| Message {
            address,
            flags,
            len: bytes.len() as u16,
            bytes: bytes.as_mut_ptr(),
        };
        let count = if read.is_empty() { 1 } else { 2 };
        let mut messages = [message(0, sent), message(I2C_M_RD, read)];
        let mut request = Messages { first: messages.as_mut_ptr(), count };
        // SAFETY: the request points to `count` messages, each of which points to as many bytes as it says; all of
        // them live until the call returns, and nothing else uses them.
        let done = unsafe { libc::ioctl(self.file.as_raw_fd(), I2C_RDWR, &raw mut request) };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// What the bus can do: that it answers says that it is one.
fn functions(file: &File) -> io::Result<u64> {
    let mut found: libc::c_ulong = 0;
    // SAFETY: the kernel writes one long, which lives until the call returns.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), I2C_FUNCS, &raw mut found) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(found) }
}

/// Request: address, bytes to write, bytes to read, the bytes. Answer: 1 where the chip acknowledged, then the bytes.
struct EmulatedBus {
    path: PathBuf,
    /// None after the other end hung up, until it is there again.
    stream: Option<UnixStream>,
    _claim: Claim,
}

impl I2c for EmulatedBus {
    fn transfer(&mut self, address: u8, write: &[u8], read: &mut [u8]) -> io::Result<()> {
        if self.stream.is_none() {
            let stream = UnixStream::connect(&self.path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            self.stream = Some(stream);
        }
        let done = self.stream.as_mut().map(|stream| exchange(stream, address, write, read));
        match done {
            Some(Ok(is_acknowledged)) if is_acknowledged => Ok(()),
            Some(Ok(_)) => Err(io::Error::from_raw_os_error(libc::ENXIO)),
            Some(Err(error)) => {
                // What is late would be taken for the next answer.
                self.stream = None;
                Err(error)
            }
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

fn exchange(stream: &mut UnixStream, address: u8, write: &[u8], read: &mut [u8]) -> io::Result<bool> {
    let too_long = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let lengths = [u8::try_from(write.len()).map_err(too_long)?, u8::try_from(read.len()).map_err(too_long)?];
    let mut request = vec![address, lengths[0], lengths[1]];
    request.extend_from_slice(write);
    stream.write_all(&request)?;
    let mut acknowledged = [0];
    stream.read_exact(&mut acknowledged)?;
    stream.read_exact(read)?;
    Ok(acknowledged == [1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_bus_is_refused_with_a_remedy() {
        for (path, words) in
            [("/dev/null", "another device"), ("/tmp", "a file or folder"), ("/dev/i2c-77", "No such file")]
        {
            let error = open(Path::new(path)).err().unwrap();
            assert!(error.to_string().contains(words) && !error.hint().is_empty(), "{error}");
        }
    }

    #[test]
    fn the_kernels_structures_have_its_layout() {
        let pointer = size_of::<usize>();
        assert_eq!((size_of::<Message>(), size_of::<Messages>()), (8 + pointer, 2 * pointer));
    }
}
