//! A serial port of Linux: a servo board on USB, a UART, or a pseudo-terminal.

use crate::clock::{Clock, MonotonicClock};
use crate::exclusive::device_holder;
use crate::port::{OpenError, Port, PortError};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{ControlModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// How long a port that somebody holds is asked for again: the guard of a program that has just died still cuts
/// the torque.
const PATIENCE_NS: u64 = 300_000_000;
/// How often.
const ASK_AGAIN_NS: u64 = 10_000_000;

/// An open serial port, ours alone: 8 data bits, no parity, 1 stop bit, no flow control, nothing translated.
#[derive(Debug)]
pub struct SerialPort {
    /// None once the device is gone: as long as anybody holds it, it comes back under another name.
    file: Option<OwnedFd>,
    path: PathBuf,
    exclusive: bool,
}

impl SerialPort {
    /// Opens the port at `path` with `baud` bits per second and throws away what waits in its queues.
    ///
    /// One program at a time: the device is locked, whichever of its names was used, and on real hardware other
    /// programs cannot even open it. A port that is held is asked for during 300 ms.
    pub fn open(path: &Path, baud: u32) -> Result<SerialPort, OpenError> {
        let failed = |doing, errno| refusal(path, doing, errno);
        let file = take(path)?;
        let before =
            rustix::termios::tcgetattr(&file).map_err(|errno| failed("reading its settings", errno))?;
        let settings = raw(before, baud).map_err(|errno| failed("setting its speed", errno))?;
        rustix::termios::tcsetattr(&file, OptionalActions::Now, &settings)
            .map_err(|errno| failed("changing its settings", errno))?;
        let after =
            rustix::termios::tcgetattr(&file).map_err(|errno| failed("reading its settings", errno))?;
        check_speed(path, baud, after.output_speed())?;
        rustix::termios::tcflush(&file, QueueSelector::IOFlush)
            .map_err(|errno| failed("emptying its queues", errno))?;
        let exclusive = lock_out_others(&file);
        Ok(SerialPort { file: Some(file), path: path.to_owned(), exclusive })
    }

    /// The same open port once more, for the guard: it shares the lock, which ends with the last of them.
    pub fn try_clone_fd(&self) -> Result<OwnedFd, PortError> {
        let file = self.file.as_ref().ok_or(PortError::Gone)?;
        file.try_clone().map_err(|error| PortError::Failed { errno: error.raw_os_error().unwrap_or(0) })
    }

    /// The open device; none once it is gone.
    pub fn file(&self) -> Option<&OwnedFd> {
        self.file.as_ref()
    }

    /// The path it was opened with.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a call that may not wait has done: nothing is not an error. A device that is gone is let go.
    fn done(&mut self, result: Result<usize, Errno>) -> Result<usize, PortError> {
        match result {
            Ok(count) => Ok(count),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(Errno::IO | Errno::NXIO | Errno::NODEV | Errno::PIPE) => {
                self.file = None;
                Err(PortError::Gone)
            }
            Err(errno) => Err(PortError::Failed { errno: errno.raw_os_error() }),
        }
    }
}

impl Drop for SerialPort {
    fn drop(&mut self) {
        if let Some(file) = self.file.as_ref().filter(|_| self.exclusive) {
            // A clone may outlive this one, and then the flag would outlive the port's use.
            let _ = rustix::termios::ioctl_tiocnxcl(file);
        }
    }
}

impl Port for SerialPort {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        let file = self.file.as_ref().ok_or(PortError::Gone)?;
        let result = rustix::io::write(file, bytes);
        self.done(result)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let file = self.file.as_ref().ok_or(PortError::Gone)?;
        // The port waits for one byte (VMIN 1) and was told not to wait, so silence is EAGAIN and the end of the file
        // is a hang-up. With VMIN 0 both would look the same.
        let result = match rustix::io::read(file, buffer) {
            Ok(0) => Err(Errno::IO),
            other => other,
        };
        self.done(result)
    }
}

/// Opens and locks the port; asks again while somebody holds it.
fn take(path: &Path) -> Result<OwnedFd, OpenError> {
    let clock = MonotonicClock::default();
    let give_up_ns = clock.now_ns() + PATIENCE_NS;
    loop {
        match open_and_lock(path) {
            Err(Errno::BUSY | Errno::AGAIN) if clock.now_ns() < give_up_ns => {
                clock.wait_until(clock.now_ns() + ASK_AGAIN_NS);
            }
            result => return result.map_err(|errno| refusal(path, "opening", errno)),
        }
    }
}

/// A lock belongs to the device's one inode, so two links to one device collide.
fn open_and_lock(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())?;
    if !rustix::termios::isatty(&file) {
        return Err(Errno::NOTTY);
    }
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

fn refusal(path: &Path, doing: &'static str, errno: Errno) -> OpenError {
    let path = path.to_owned();
    match errno {
        Errno::NOENT | Errno::NXIO | Errno::NODEV | Errno::IO | Errno::NOTDIR => OpenError::NotFound { path },
        Errno::ACCESS | Errno::PERM | Errno::ROFS => OpenError::Permission { path },
        Errno::NOTTY | Errno::ISDIR => OpenError::NotATerminal { path },
        Errno::BUSY | Errno::AGAIN => OpenError::Busy { holder: device_holder(&path), path },
        errno => OpenError::Failed { path, doing, errno: errno.raw_os_error() },
    }
}

/// The settings of a wire that carries bytes as they are.
fn raw(mut settings: Termios, baud: u32) -> Result<Termios, Errno> {
    if baud == 0 {
        // To a terminal this means: hang up.
        return Err(Errno::INVAL);
    }
    settings.make_raw();
    settings.control_modes -= ControlModes::CSTOPB | ControlModes::PARENB | ControlModes::CRTSCTS;
    settings.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
    settings.special_codes[SpecialCodeIndex::VMIN] = 1;
    settings.special_codes[SpecialCodeIndex::VTIME] = 0;
    settings.set_speed(baud)?;
    Ok(settings)
}

/// A byte of ten bits survives clocks that differ by 2 % on either side; a driver reports the speed it could set.
fn check_speed(path: &Path, asked: u32, found: u32) -> Result<(), OpenError> {
    if asked.abs_diff(found) > asked / 50 {
        return Err(OpenError::Baud { path: path.to_owned(), asked, found });
    }
    Ok(())
}

/// Keeps programs out that know nothing of the lock. Never on a pseudo-terminal: there the flag would stay after us,
/// for as long as the twin keeps its end open.
fn lock_out_others(file: &OwnedFd) -> bool {
    /// Major numbers of the slave ends of pseudo-terminals.
    const PSEUDO_TERMINALS: std::ops::RangeInclusive<u32> = 136..=143;
    let is_hardware = rustix::fs::fstat(file)
        .is_ok_and(|about| !PSEUDO_TERMINALS.contains(&rustix::fs::major(about.st_rdev)));
    is_hardware && rustix::termios::ioctl_tiocexcl(file).is_ok()
}
