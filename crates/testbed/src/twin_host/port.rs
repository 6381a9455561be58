//! The pseudo-terminal: what the program under test opens, and takes for a USB serial adapter.

use crate::twin_host::error::TwinHostError;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, QueueSelector, ioctl_tiocnxcl, tcflush, tcgetattr, tcsetattr};
use rustix::time::Timespec;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Room for the notices of one look; further ones wait for the next.
const NOTICE_BYTES: usize = 512;

/// One pseudo-terminal, from the side of the twin.
#[derive(Debug)]
pub(super) struct Port {
    master: OwnedFd,
    /// The other side, kept open: programs come and go, and the terminal shall outlive each of them.
    slave: OwnedFd,
    path: PathBuf,
    /// Tells when a program opens or closes it.
    notices: OwnedFd,
    users: u32,
}

impl Port {
    /// A new one: raw, without echo, at `baud` until a program says otherwise.
    pub fn open(baud: u32) -> Result<Port, TwinHostError> {
        let failed = |call| move |errno| TwinHostError::Pty { call, errno };
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).map_err(failed("openpt"))?;
        unlockpt(&master).map_err(failed("unlockpt"))?;
        let slave = ioctl_tiocgptpeer(&master, flags).map_err(failed("TIOCGPTPEER"))?;
        let mut modes = tcgetattr(&slave).map_err(failed("tcgetattr"))?;
        modes.make_raw();
        modes.set_speed(baud).map_err(failed("set_speed"))?;
        tcsetattr(&slave, OptionalActions::Now, &modes).map_err(failed("tcsetattr"))?;
        rustix::io::ioctl_fionbio(&master, true).map_err(failed("FIONBIO"))?;
        let name = ptsname(&master, Vec::new()).map_err(failed("ptsname"))?;
        let notices =
            inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).map_err(failed("inotify_init"))?;
        let watched = WatchFlags::OPEN | WatchFlags::CLOSE_WRITE | WatchFlags::CLOSE_NOWRITE;
        inotify::add_watch(&notices, name.as_c_str(), watched).map_err(failed("inotify_add_watch"))?;
        let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
        Ok(Port { master, slave, path, notices, users: 0 })
    }

    /// The device file that programs open.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Programs that have it open.
    pub fn users(&self) -> u32 {
        self.users
    }

    /// What a program has written; 0 where it has not.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        match rustix::io::read(&self.master, buffer) {
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            result => result,
        }
    }

    /// Hands bytes over; returns how many were taken, which are fewer where nobody reads them.
    pub fn write(&self, bytes: &[u8]) -> usize {
        rustix::io::write(&self.master, bytes).unwrap_or(0)
    }

    /// The baud rate that the program has set; `None` where it hung up with rate 0.
    pub fn baud(&self) -> Option<u32> {
        tcgetattr(&self.master).ok().map(|modes| modes.output_speed()).filter(|&baud| baud > 0)
    }

    /// Takes note of programs that came and went. What one has not read is not left to the next, and an exclusive
    /// use ends with its user even where that was killed: both as with a real adapter.
    pub fn notice_users(&mut self) {
        let mut buffer = [MaybeUninit::uninit(); NOTICE_BYTES];
        let mut notices = inotify::Reader::new(&self.notices, &mut buffer);
        while let Ok(notice) = notices.next() {
            let before = self.users;
            if notice.events().contains(ReadFlags::OPEN) {
                self.users += 1;
            } else if notice.events().intersects(ReadFlags::CLOSE_WRITE | ReadFlags::CLOSE_NOWRITE) {
                self.users = self.users.saturating_sub(1);
            }
            if before.min(self.users) == 0 {
                // Neither can fail on an open terminal.
                let _ = tcflush(&self.slave, QueueSelector::IFlush);
                let _ = ioctl_tiocnxcl(&self.slave);
            }
        }
    }

    /// Sleeps until a program does something, `wake` is written, or the time is up.
    pub fn sleep(&self, wake: BorrowedFd<'_>, timeout_ns: u64) {
        wait(&[self.master.as_fd(), self.notices.as_fd(), wake], timeout_ns);
    }
}

/// Sleeps until one of these can be read or the time is up; a signal only makes it shorter.
pub(super) fn wait(readable: &[BorrowedFd<'_>], timeout_ns: u64) {
    let mut fds: Vec<PollFd<'_>> =
        readable.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let timeout =
        Timespec { tv_sec: (timeout_ns / 1_000_000_000) as i64, tv_nsec: (timeout_ns % 1_000_000_000) as _ };
    let _ = poll(&mut fds, Some(&timeout));
}
