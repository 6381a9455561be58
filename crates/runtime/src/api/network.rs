//! The way in from the network: a TCP port behind which only who has the pairing key is heard.

use crate::api::secure::SecureChannel;
use gaitway_gamepad::seal::Key;
use gaitway_platform::budget::Budget;
use rustix::net::sockopt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Connections that are answered at once, and in each second from then on: each one costs a key exchange.
const CALLS: u32 = 16;
const CALLS_PER_SECOND: u32 = 8;
/// One that says nothing is asked after so long whether it is still there, and given up after some silence.
const IDLE: Duration = Duration::from_secs(10);
const BETWEEN: Duration = Duration::from_secs(5);
const TIMES: u32 = 3;

/// A port that listens.
#[derive(Debug)]
pub struct NetworkDoor {
    listener: TcpListener,
    key: Key,
    calls: Budget,
}

impl NetworkDoor {
    /// Listens on `address` to whoever has `key`.
    ///
    /// # Errors
    /// The system refuses.
    pub fn listen(address: SocketAddr, key: Key) -> io::Result<NetworkDoor> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(NetworkDoor { listener, key, calls: Budget::new(CALLS, CALLS_PER_SECOND) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system refuses.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The next who calls; one for whom there is no room, or one of too many, is let go.
    pub(super) fn open(&mut self, now_ns: u64, has_room: bool) -> Option<(TcpStream, SecureChannel)> {
        let (stream, _) = self.listener.accept().ok()?;
        if !has_room || !self.calls.take(now_ns) {
            return None;
        }
        set_up(&stream).ok()?;
        Some((stream, SecureChannel::answering(&self.key).ok()?))
    }
}

fn set_up(stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, IDLE)?;
    sockopt::set_tcp_keepintvl(stream, BETWEEN)?;
    Ok(sockopt::set_tcp_keepcnt(stream, TIMES)?)
}

impl AsFd for NetworkDoor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}
