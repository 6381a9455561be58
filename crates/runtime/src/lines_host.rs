//! Lines for whoever connects to a Unix socket: how a program beside the loop is looked at.

use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::exclusive::{BoundPath, ExclusiveError};
use gaitway_platform::worker::{End, Worker};
use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

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
    _worker: Worker,
    _path: BoundPath,
}

impl LinesHost {
    /// Hands what `line` returns, ten times a second, to all who connect to `path`. A socket nobody listens at any
    /// more is replaced.
    pub fn start(
        path: &Path,
        line: impl FnMut() -> Option<String> + Send + 'static,
    ) -> Result<LinesHost, ExclusiveError> {
        let failed = |source| ExclusiveError::Failed { path: path.to_owned(), source };
        let path = BoundPath::claim(path)?;
        let listener = UnixListener::bind(path.path()).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let work = move |end: &End| serve(&listener, line, end);
        let worker = Worker::start("status", STACK_BYTES, work).map_err(failed)?;
        Ok(LinesHost { _worker: worker, _path: path })
    }
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
