//! One client's connection: what comes in pieces goes to its session as lines, what the session answers goes out as far
//! as the client reads.

use crate::api::leases::{ClientId, LeaseTable};
use crate::api::lines::LineReader;
use crate::api::robot::ApiRobot;
use crate::api::secure::SecureChannel;
use crate::api::session::Session;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// Who has not said hello after so long goes, ns, and who has not shown by then that they have the key.
const HELLO_NS: u64 = 5_000_000_000;
const KEY_NS: u64 = 2_000_000_000;
/// Read from a client before the others have their turn, bytes.
const CHUNK_BYTES: usize = 4096;
/// What a client has not read yet, bytes; who leaves more unread goes.
const MAX_UNREAD_BYTES: usize = 256 * 1024;

/// A client of the robot.
#[derive(Debug)]
pub(super) struct Client {
    id: ClientId,
    stream: Stream,
    came_ns: u64,
    lines: LineReader,
    session: Session,
    unread: Vec<u8>,
    is_gone: bool,
}

/// How a client is connected.
#[derive(Debug)]
pub(super) enum Stream {
    /// On this machine.
    Local(UnixStream),
    /// From elsewhere, over a channel that only who has the key opens.
    Remote(TcpStream, Box<SecureChannel>),
}

impl Client {
    /// A client that has come at `now_ns`.
    pub fn new(id: ClientId, stream: Stream, now_ns: u64) -> Client {
        let (lines, session) = (LineReader::default(), Session::new(id));
        Client { id, stream, came_ns: now_ns, lines, session, unread: Vec::new(), is_gone: false }
    }

    /// Its number among the clients.
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// Whether its connection has ended.
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Makes room for another.
    pub fn leave(&mut self) {
        self.is_gone = true;
    }

    /// Whether it came over the network.
    pub fn is_remote(&self) -> bool {
        matches!(self.stream, Stream::Remote(..))
    }

    /// Whether it came over the network and has not shown yet that it has the key.
    pub fn is_unknown(&self) -> bool {
        matches!(&self.stream, Stream::Remote(_, channel) if !channel.is_authenticated())
    }

    /// When its next messages are due, ns.
    pub fn due_ns(&self) -> u64 {
        self.session.due_ns()
    }

    /// Whether it has not read yet all that it was told.
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Reads what it has sent, does it, and tells it what it is to be told. Waits for nothing.
    pub fn serve(&mut self, robot: &ApiRobot, leases: &mut LeaseTable, now_ns: u64) {
        let mut replies = Vec::new();
        self.hear(robot, leases, now_ns, &mut replies);
        if let Some(reply) = self.session.take_changed(robot, leases, now_ns) {
            replies.extend_from_slice(reply.to_line().as_bytes());
        }
        // Who has not read the last message gets the next one instead, when it is due.
        if self.unread.is_empty() {
            for reply in self.session.tell(robot, leases, now_ns) {
                replies.extend_from_slice(reply.to_line().as_bytes());
            }
        } else {
            self.session.miss(now_ns);
        }
        self.say(&replies);
        self.write();
        let patience_ns = if self.is_unknown() { KEY_NS } else { HELLO_NS };
        let is_silent = self.session.name().is_none() && now_ns - self.came_ns > patience_ns;
        self.is_gone |= is_silent || self.unread.len() > MAX_UNREAD_BYTES;
    }

    fn hear(&mut self, robot: &ApiRobot, leases: &mut LeaseTable, now_ns: u64, replies: &mut Vec<u8>) {
        let mut chunk = [0; CHUNK_BYTES];
        let len = match self.stream.read(&mut chunk) {
            Ok(0) => {
                self.is_gone = true;
                // What somebody says last need not end with a newline.
                let session = &mut self.session;
                self.lines.take(b"\n", |line| drop(session.hear(line, robot, leases, now_ns)));
                return;
            }
            Ok(len) => len,
            Err(error) => {
                self.is_gone |= is_final(&error);
                return;
            }
        };
        let mut opened = Vec::new();
        let said = match &mut self.stream {
            Stream::Local(_) => &chunk[..len],
            Stream::Remote(_, channel) => {
                self.is_gone |= channel.take(&chunk[..len], &mut opened, &mut self.unread).is_err();
                &opened
            }
        };
        let session = &mut self.session;
        self.lines.take(said, |line| {
            if let Some(reply) = session.hear(line, robot, leases, now_ns) {
                replies.extend_from_slice(reply.to_line().as_bytes());
            }
        });
    }

    fn say(&mut self, replies: &[u8]) {
        match &mut self.stream {
            Stream::Local(_) => self.unread.extend_from_slice(replies),
            // Before it is open there is nothing to say.
            Stream::Remote(_, channel) if !replies.is_empty() => {
                self.is_gone |= channel.seal(replies, &mut self.unread).is_err();
            }
            Stream::Remote(..) => {}
        }
    }

    fn write(&mut self) {
        while !self.unread.is_empty() {
            match self.stream.write(&self.unread) {
                Ok(0) => break,
                Ok(len) => {
                    self.unread.drain(..len);
                }
                Err(error) => {
                    self.is_gone |= is_final(&error);
                    break;
                }
            }
        }
    }
}

impl Stream {
    fn read(&mut self, chunk: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Stream::Local(stream) => stream.read(chunk),
            Stream::Remote(stream, _) => stream.read(chunk),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Stream::Local(stream) => stream.write(bytes),
            Stream::Remote(stream, _) => stream.write(bytes),
        }
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Local(stream) => stream.as_fd(),
            Stream::Remote(stream, _) => stream.as_fd(),
        }
    }
}

fn is_final(error: &std::io::Error) -> bool {
    !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
