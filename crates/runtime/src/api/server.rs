//! The sockets: clients come, are read as far as they have written, and go. Nobody is waited for.

use crate::api::client::{Client, Stream};
use crate::api::leases::LeaseTable;
use crate::api::network::NetworkDoor;
use crate::api::robot::ApiRobot;
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

/// Clients at the same time, and how many of them may come over the network: somebody there must not keep out those on
/// this machine.
const CLIENTS: usize = 32;
const REMOTE_CLIENTS: usize = 16;
/// And how many of these may not have shown yet that they have the key.
const UNKNOWN_CLIENTS: usize = 8;
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
    /// Who was refused, and when.
    leaving: Vec<(UnixStream, u64)>,
}

impl Server {
    fn run(&mut self, end: &End) {
        let clock = MonotonicClock::default();
        while !end.has_come() {
            self.wait(clock.now_ns());
            let now_ns = clock.now_ns();
            self.leaving.retain_mut(|(stream, refused_ns)| {
                let has_ended = matches!(stream.read(&mut [0; 512]), Ok(0));
                !has_ended && now_ns < *refused_ns + LEAVING_NS
            });
            self.welcome_local(now_ns);
            self.welcome_remote(now_ns);
            let mut leases = lock(&self.leases);
            for client in &mut self.clients {
                client.serve(&self.robot, &mut leases, now_ns);
                if client.is_gone() {
                    leases.leave(client.id());
                }
            }
            drop(leases);
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
        while let Ok((mut stream, _)) = self.listener.accept() {
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            if self.clients.len() >= CLIENTS {
                // A connection that ends with something unread ends without a word: what it says next is read first.
                let message = format!("expected at most {CLIENTS} clients, found as many");
                let refusal = Refusal::new(Code::TooManyClients, message, "end another client first");
                let _ = stream.write(Reply::new(None, ReplyBody::Refused(refusal)).to_line().as_bytes());
                if self.leaving.len() < CLIENTS {
                    self.leaving.push((stream, now_ns));
                }
                continue;
            }
            self.take_in(Stream::Local(stream), now_ns);
        }
    }

    /// Those that are too many see their connection end.
    fn welcome_remote(&mut self, now_ns: u64) {
        let count = |is: fn(&Client) -> bool| self.clients.iter().filter(|client| is(client)).count();
        let has_room = count(Client::is_remote) < REMOTE_CLIENTS
            && count(Client::is_unknown) < UNKNOWN_CLIENTS
            && self.clients.len() < CLIENTS;
        let Some(door) = &mut self.door else { return };
        // One at a time: the count is of all before it.
        if let Some((stream, channel)) = door.open(now_ns, has_room) {
            self.take_in(Stream::Remote(stream, Box::new(channel)), now_ns);
        }
    }

    fn take_in(&mut self, stream: Stream, now_ns: u64) {
        let id = lock(&self.leases).welcome();
        self.clients.push(Client::new(id, stream, now_ns));
    }
}

fn lock(leases: &Mutex<LeaseTable>) -> MutexGuard<'_, LeaseTable> {
    leases.lock().unwrap_or_else(PoisonError::into_inner)
}
