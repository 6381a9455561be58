//! A pseudo-terminal for tests: the bus's end, and the path of the program's end.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

/// Longest wait for something that has to happen: only against hanging.
const PATIENCE: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

/// The bus's end of a pseudo-terminal.
pub struct Bus {
    pub file: OwnedFd,
    /// Where a program opens the other end.
    pub path: PathBuf,
}

impl Bus {
    pub fn new() -> Bus {
        let file = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&file).unwrap();
        unlockpt(&file).unwrap();
        rustix::fs::fcntl_setfl(&file, OFlags::NONBLOCK).unwrap();
        let path = PathBuf::from(ptsname(&file, Vec::new()).unwrap().into_string().unwrap());
        Bus { file, path }
    }

    /// Waits until something has arrived and returns it; `None` once no program has the other end open.
    pub fn receive(&self) -> Option<Vec<u8>> {
        self.receive_at_most(4096)
    }

    /// The same, and leaves what is beyond `most` bytes.
    pub fn receive_at_most(&self, most: usize) -> Option<Vec<u8>> {
        let mut buffer = vec![0; most];
        loop {
            match rustix::io::read(&self.file, &mut buffer) {
                Ok(count) => return Some(buffer[..count].to_vec()),
                Err(Errno::IO) => return None,
                Err(Errno::AGAIN) => await_bytes(&self.file),
                Err(errno) => panic!("bus: {errno}"),
            }
        }
    }
}

/// Waits until something can be read, or the other end has closed.
pub fn await_bytes(file: impl AsFd) {
    let mut files = [PollFd::new(&file, PollFlags::IN)];
    assert_eq!(poll(&mut files, Some(&PATIENCE)), Ok(1), "nothing came");
}
