//! Lines for whoever connects to a Unix socket: how a program beside the loop is looked at.

use crate::clock::{Clock, MonotonicClock};
use crate::worker::{End, Worker};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Between two lines, ns.
const EVERY_NS: u64 = 100_000_000;
/// It looks so often whether somebody came, or whether it shall end, ns.
const LOOK_NS: u64 = 20_000_000;
/// Who looks on at most.
const GUESTS: usize = 8;
const STACK_BYTES: usize = 128 * 1024;

/// The thread; it ends, and the socket goes, when this is dropped.
#[derive(Debug)]
pub struct LinesHost {
    path: PathBuf,
    _worker: Worker,
}

impl LinesHost {
    /// Hands what `line` returns, ten times a second, to all who connect to `path`. A socket nobody listens at any
    /// more is replaced.
    pub fn start(
        path: &Path,
        line: impl FnMut() -> Option<String> + Send + 'static,
    ) -> io::Result<LinesHost> {
        if is_taken(path) {
            return Err(io::Error::new(ErrorKind::AddrInUse, "another program shows itself there"));
        }
        match std::fs::symlink_metadata(path) {
            Ok(about) if about.file_type().is_socket() => std::fs::remove_file(path)?,
            Ok(_) => return Err(io::Error::new(ErrorKind::AlreadyExists, "it is no socket")),
            Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        let worker = Worker::start("status", STACK_BYTES, move |end| serve(&listener, line, end))?;
        Ok(LinesHost { path: path.to_owned(), _worker: worker })
    }
}

impl Drop for LinesHost {
    fn drop(&mut self) {
        // Who connects from now on finds nobody.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// True where somebody listens; never waits for them.
fn is_taken(path: &Path) -> bool {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let knock = || -> Result<(), Errno> {
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)
    };
    // One whose queue is full is there all the same.
    matches!(knock(), Ok(()) | Err(Errno::AGAIN))
}

fn serve(listener: &UnixListener, mut line: impl FnMut() -> Option<String>, end: &End) {
    let clock = MonotonicClock::default();
    let mut guests: Vec<UnixStream> = Vec::new();
    let mut due_ns = clock.now_ns();
    while !end.has_come() {
        clock.wait_until(clock.now_ns() + LOOK_NS);
        if let Ok((guest, _)) = listener.accept()
            && guests.len() < GUESTS
            && guest.set_nonblocking(true).is_ok()
        {
            guests.push(guest);
        }
        if clock.now_ns() < due_ns || guests.is_empty() {
            continue;
        }
        due_ns = clock.now_ns() + EVERY_NS;
        if let Some(line) = line() {
            // Who does not read fast enough, or only half a line, goes.
            guests.retain_mut(|guest| guest.write_all(line.as_bytes()).is_ok());
        }
    }
}
