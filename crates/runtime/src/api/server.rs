//! The socket: clients come, are read as far as they have written, and go. Nobody is waited for.

use crate::api::leases::LeaseTable;
use crate::api::lines::LineReader;
use crate::api::robot::ApiRobot;
use crate::api::session::Session;
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::exclusive::{BoundPath, ExclusiveError};
use gaitway_platform::worker::{End, Worker};
use gaitway_protocol::{Code, Refusal, Reply, ReplyBody};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Clients at the same time.
const CLIENTS: usize = 32;
/// It looks at least so often whether it shall end, ns.
const LOOK_NS: u64 = 50_000_000;
/// Who has not said hello after so long goes, ns.
const HELLO_NS: u64 = 5_000_000_000;
/// Read from a client before the others have their turn, bytes.
const CHUNK_BYTES: usize = 4096;
/// What a client has not read yet, bytes; who leaves more unread goes.
const MAX_UNREAD_BYTES: usize = 256 * 1024;
const STACK_BYTES: usize = 512 * 1024;

/// The thread; it ends, and the socket goes, when this is dropped.
#[derive(Debug)]
pub struct ApiServer {
    _worker: Worker,
    _path: BoundPath,
}

impl ApiServer {
    /// Serves the local API on the socket `path`, to the user of this process and its group.
    ///
    /// # Errors
    /// Another program listens there, or the system refuses.
    pub fn start(
        path: &Path,
        robot: ApiRobot,
        leases: Arc<Mutex<LeaseTable>>,
    ) -> Result<ApiServer, ExclusiveError> {
        let failed = |source| ExclusiveError::Failed { path: path.to_owned(), source };
        let bound = BoundPath::claim(path)?;
        let listener = UnixListener::bind(bound.path()).map_err(failed)?;
        std::fs::set_permissions(bound.path(), PermissionsExt::from_mode(0o660)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let work = move |end: &End| Server { listener, robot, leases, clients: Vec::new() }.run(end);
        let worker = Worker::start("local API", STACK_BYTES, work).map_err(failed)?;
        Ok(ApiServer { _worker: worker, _path: bound })
    }
}

struct Server {
    listener: UnixListener,
    robot: ApiRobot,
    leases: Arc<Mutex<LeaseTable>>,
    clients: Vec<Client>,
}

struct Client {
    id: u64,
    stream: UnixStream,
    came_ns: u64,
    lines: LineReader,
    session: Session,
    unread: Vec<u8>,
    is_gone: bool,
}

impl Server {
    fn run(&mut self, end: &End) {
        let clock = MonotonicClock::default();
        while !end.has_come() {
            self.wait(clock.now_ns());
            let now_ns = clock.now_ns();
            self.welcome(now_ns);
            let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
            for client in &mut self.clients {
                client.serve(&self.robot, &mut leases, now_ns);
                if client.is_gone {
                    leases.leave(client.id);
                }
            }
            drop(leases);
            self.clients.retain(|client| !client.is_gone);
        }
    }

    /// Until somebody has said something, can be told something, or comes.
    fn wait(&self, now_ns: u64) {
        let next = self.clients.iter().map(|client| client.session.due_ns()).min().unwrap_or(u64::MAX);
        let wait_ns = next.saturating_sub(now_ns).min(LOOK_NS);
        let mut watched = vec![PollFd::new(&self.listener, PollFlags::IN)];
        for client in &self.clients {
            let unread = if client.unread.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
            watched.push(PollFd::new(&client.stream, PollFlags::IN | unread));
        }
        let wait = Timespec { tv_sec: 0, tv_nsec: wait_ns as i64 };
        // Whatever it says, everybody is looked at.
        let _ = poll(&mut watched, Some(&wait));
    }

    fn welcome(&mut self, now_ns: u64) {
        while let Ok((mut stream, _)) = self.listener.accept() {
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            if self.clients.len() >= CLIENTS {
                let message = format!("expected at most {CLIENTS} clients, found as many");
                let refusal = Refusal::new(Code::TooManyClients, message, "end another client first");
                // Who does not read this sees the connection end.
                let _ = stream.write(Reply::new(None, ReplyBody::Refused(refusal)).to_line().as_bytes());
                continue;
            }
            let id = self.leases.lock().unwrap_or_else(PoisonError::into_inner).welcome();
            let session = Session::new(id);
            let (lines, unread) = (LineReader::default(), Vec::new());
            self.clients.push(Client { id, stream, came_ns: now_ns, lines, session, unread, is_gone: false });
        }
    }
}

impl Client {
    fn serve(&mut self, robot: &ApiRobot, leases: &mut LeaseTable, now_ns: u64) {
        self.hear(robot, leases, now_ns);
        // Who has not read the last message gets the next one instead, when it is due.
        if let Some(reply) = self.session.take_changed(robot, leases, now_ns) {
            self.unread.extend_from_slice(reply.to_line().as_bytes());
        }
        if self.unread.is_empty() {
            for reply in self.session.tell(robot, leases, now_ns) {
                self.unread.extend_from_slice(reply.to_line().as_bytes());
            }
        } else {
            self.session.miss(now_ns);
        }
        self.write();
        let is_silent = self.session.name().is_none() && now_ns - self.came_ns > HELLO_NS;
        self.is_gone |= is_silent || self.unread.len() > MAX_UNREAD_BYTES;
    }

    fn hear(&mut self, robot: &ApiRobot, leases: &mut LeaseTable, now_ns: u64) {
        let mut chunk = [0; CHUNK_BYTES];
        let len = match self.stream.read(&mut chunk) {
            Ok(0) => {
                self.is_gone = true;
                return;
            }
            Ok(len) => len,
            Err(error) => {
                self.is_gone |= !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted);
                return;
            }
        };
        let (session, unread) = (&mut self.session, &mut self.unread);
        self.lines.take(&chunk[..len], |line| {
            if let Some(reply) = session.hear(line, robot, leases, now_ns) {
                unread.extend_from_slice(reply.to_line().as_bytes());
            }
        });
    }

    fn write(&mut self) {
        while !self.unread.is_empty() {
            match self.stream.write(&self.unread) {
                Ok(0) => break,
                Ok(len) => {
                    self.unread.drain(..len);
                }
                Err(error) => {
                    self.is_gone |= !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted);
                    break;
                }
            }
        }
    }
}
