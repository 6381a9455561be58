//! The way in from the network: a TCP port behind which only who has the pairing key is heard.

use crate::api::secure::SecureChannel;
use gaitway_gamepad::seal::Key;
use gaitway_platform::budget::Budget;
use rustix::net::sockopt;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// Connections of one address that are answered at once, and in each second from then on: each costs a key exchange.
const CALLS: u32 = 16;
const CALLS_PER_SECOND: u32 = 8;
/// Addresses whose connections are counted.
const ADDRESSES: usize = 256;
/// What was sent and not acknowledged for so long ends a connection, ms: a machine that went out of reach says nothing.
const UNHEARD_MS: u32 = 10_000;
/// One that says nothing, and is told nothing, is asked after so long whether it is still there.
const IDLE: Duration = Duration::from_secs(10);
const BETWEEN: Duration = Duration::from_secs(5);
const TIMES: u32 = 3;

/// A port that listens.
#[derive(Debug)]
pub struct NetworkDoor {
    listener: TcpListener,
    key: Key,
    calls: HashMap<IpAddr, Budget>,
}

impl NetworkDoor {
    /// Listens on `address` to whoever has `key`.
    ///
    /// # Errors
    /// The system refuses.
    pub fn listen(address: SocketAddr, key: Key) -> io::Result<NetworkDoor> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(NetworkDoor { listener, key, calls: HashMap::new() })
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
        let (stream, caller) = self.listener.accept().ok()?;
        if !has_room || !self.may_call(caller.ip(), now_ns) {
            return None;
        }
        set_up(&stream).ok()?;
        Some((stream, SecureChannel::answering(&self.key).ok()?))
    }
}

impl NetworkDoor {
    /// Each address has a budget of its own: one that calls without end does not keep the others out.
    fn may_call(&mut self, caller: IpAddr, now_ns: u64) -> bool {
        if self.calls.len() >= ADDRESSES && !self.calls.contains_key(&caller) {
            self.calls.clear();
        }
        let budget = self.calls.entry(caller).or_insert_with(|| Budget::new(CALLS, CALLS_PER_SECOND));
        budget.take(now_ns)
    }
}

fn set_up(stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    sockopt::set_tcp_user_timeout(stream, UNHEARD_MS)?;
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
