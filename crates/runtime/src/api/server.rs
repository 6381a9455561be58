//! The sockets: clients come, are read as far as they have written, and go. Nobody is waited for.

use crate::api::client::{Client, Stream};
use crate::api::leases::LeaseTable;
use crate::api::lines::LineReader;
use crate::api::network::NetworkDoor;
use crate::api::robot::ApiRobot;
use crate::api::session::is_stop;
use gaitway_control::arbiter::Source;
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::exclusive::{BoundPath, ExclusiveError};
use gaitway_platform::worker::{End, Worker};
use gaitway_protocol::{Code, Refusal, Reply, ReplyBody};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clients of this machine at the same time, and those over the network: neither keep the others out.
const LOCAL_CLIENTS: usize = 32;
const REMOTE_CLIENTS: usize = 16;
/// How many of the latter may not have shown yet that they have the key; the oldest of them makes room.
const UNKNOWN_CLIENTS: usize = 8;
/// So many are welcomed before those that are there have their turn.
const WELCOMED: usize = 8;
/// It looks at least so often whether it shall end, ns.
const LOOK_NS: u64 = 50_000_000;
/// Who was refused is listened to for so long, ns.
const LEAVING_NS: u64 = 500_000_000;
const STACK_BYTES: usize = 512 * 1024;

/// The thread; it ends, and the sockets go, when this is dropped.
#[derive(Debug)]
pub struct ApiServer {
    _worker: Worker,
    _path: BoundPath,
}

impl ApiServer {
    /// Serves the local API on the socket `path`, to the user of this process and its group, and over the network at
    /// `door`, where there is one.
    ///
    /// # Errors
    /// Another program listens there, or the system refuses.
    pub fn start(
        path: &Path,
        door: Option<NetworkDoor>,
        robot: ApiRobot,
        leases: Arc<Mutex<LeaseTable>>,
    ) -> Result<ApiServer, ExclusiveError> {
        let failed = |source| ExclusiveError::Failed { path: path.to_owned(), source };
        let bound = BoundPath::claim(path)?;
        let listener = UnixListener::bind(bound.path()).map_err(failed)?;
        std::fs::set_permissions(bound.path(), PermissionsExt::from_mode(0o660)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let mut server = Server { listener, door, robot, leases, clients: Vec::new(), leaving: Vec::new() };
        let worker = Worker::start("local API", STACK_BYTES, move |end| server.run(end)).map_err(failed)?;
        Ok(ApiServer { _worker: worker, _path: bound })
    }
}

struct Server {
    listener: UnixListener,
    door: Option<NetworkDoor>,
    robot: ApiRobot,
    leases: Arc<Mutex<LeaseTable>>,
    clients: Vec<Client>,
    /// Those for whom there was no room.
    leaving: Vec<Leaving>,
}

/// Somebody who was refused. A connection that ends with something unread ends without a word: what they say is read
/// first, and a stop among it is done.
struct Leaving {
    stream: UnixStream,
    refused_ns: u64,
    lines: LineReader,
}

impl Leaving {
    /// False once they have gone, or had their time.
    fn stays(&mut self, leases: &Mutex<LeaseTable>, now_ns: u64) -> bool {
        let mut chunk = [0; 512];
        let read = self.stream.read(&mut chunk);
        let len = read.as_ref().map_or(0, |len| *len);
        let stop = |line: &[u8]| {
            if is_stop(line) {
                lock(leases).stop(Source::Network, None);
            }
        };
        self.lines.take(&chunk[..len], stop);
        !matches!(read, Ok(0)) && now_ns < self.refused_ns + LEAVING_NS
    }
}

impl Server {
    fn run(&mut self, end: &End) {
        let clock = MonotonicClock::default();
        while !end.has_come() {
            self.wait(clock.now_ns());
            let now_ns = clock.now_ns();
            self.leaving.retain_mut(|client| client.stays(&self.leases, now_ns));
            self.welcome_local(now_ns);
            self.welcome_remote(now_ns);
            for client in &mut self.clients {
                // Anew for each: pads wait for it, too.
                let mut leases = lock(&self.leases);
                client.serve(&self.robot, &mut leases, now_ns);
                if client.is_gone() {
                    leases.leave(client.id());
                }
            }
            self.clients.retain(|client| !client.is_gone());
        }
    }

    /// Until somebody has said something, can be told something, or comes.
    fn wait(&self, now_ns: u64) {
        let next = self.clients.iter().map(Client::due_ns).min().unwrap_or(u64::MAX);
        let wait_ns = next.saturating_sub(now_ns).min(LOOK_NS);
        let mut watched = vec![PollFd::new(&self.listener, PollFlags::IN)];
        if let Some(door) = &self.door {
            watched.push(PollFd::new(door, PollFlags::IN));
        }
        for client in &self.clients {
            let unread = if client.has_unread() { PollFlags::OUT } else { PollFlags::empty() };
            watched.push(PollFd::new(client, PollFlags::IN | unread));
        }
        let wait = Timespec { tv_sec: 0, tv_nsec: wait_ns as i64 };
        // Whatever it says, everybody is looked at.
        let _ = poll(&mut watched, Some(&wait));
    }

    fn welcome_local(&mut self, now_ns: u64) {
        for _ in 0..WELCOMED {
            let Ok((mut stream, _)) = self.listener.accept() else { return };
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            let local = self.clients.iter().filter(|client| !client.is_remote()).count();
            if local < LOCAL_CLIENTS {
                self.take_in(Stream::Local(stream), now_ns);
                continue;
            }
            let message = format!("expected at most {LOCAL_CLIENTS} clients, found as many");
            let refusal = Refusal::new(Code::TooManyClients, message, "end another client first");
            let _ = stream.write(Reply::new(None, ReplyBody::Refused(refusal)).to_line().as_bytes());
            if self.leaving.len() < LOCAL_CLIENTS {
                self.leaving.push(Leaving { stream, refused_ns: now_ns, lines: LineReader::default() });
            }
        }
    }

    /// Those that are too many see their connection end.
    fn welcome_remote(&mut self, now_ns: u64) {
        let Some(door) = &mut self.door else { return };
        let has_room = self.clients.iter().filter(|client| client.is_remote()).count() < REMOTE_CLIENTS;
        let mut unknown: Vec<&mut Client> =
            self.clients.iter_mut().filter(|client| client.is_unknown()).collect();
        // One at a time: the count is of all before it.
        let Some((stream, channel)) = door.open(now_ns, has_room || !unknown.is_empty()) else { return };
        if !has_room || unknown.len() >= UNKNOWN_CLIENTS {
            // Clients are in the order in which they came.
            unknown.iter_mut().take(1).for_each(|oldest| oldest.leave());
        }
        self.clients.retain(|client| !client.is_gone());
        self.take_in(Stream::Remote(stream, Box::new(channel)), now_ns);
    }

    fn take_in(&mut self, stream: Stream, now_ns: u64) {
        let id = lock(&self.leases).welcome();
        self.clients.push(Client::new(id, stream, now_ns));
    }
}

fn lock(leases: &Mutex<LeaseTable>) -> MutexGuard<'_, LeaseTable> {
    leases.lock().unwrap_or_else(PoisonError::into_inner)
}
