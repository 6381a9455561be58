//! A pad elsewhere, in datagrams: whoever sends first has it until nothing has come for a while.

use super::key_file::made_up;
use super::reader::tell;
use super::teleop_session::{TeleopSession, TeleopTarget};
use super::{PadEvent, WAITING};
use gaitway_control::arbiter::Source;
use gaitway_gamepad::datagram::{Heard, LEN, NetworkPad};
use gaitway_gamepad::seal::Key;
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::worker::{End, Worker};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// It looks at least so often whether the sender is still there, and says so often what was asked last, ns.
const LOOK_NS: u64 = 20_000_000;
const STACK_BYTES: usize = 128 * 1024;

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct NetworkPadReader {
    address: SocketAddr,
    events: Receiver<PadEvent>,
    _worker: Worker,
}

struct Listener {
    socket: UdpSocket,
    pad: NetworkPad<SocketAddr>,
    session: TeleopSession,
    say: SyncSender<PadEvent>,
    /// Who has the pad, and who had it last.
    sender: Option<SocketAddr>,
    last: Option<SocketAddr>,
    steered_ns: u64,
}

impl NetworkPadReader {
    /// Listens on `address` to whoever has `key`.
    pub fn start(address: SocketAddr, key: Key, steered: TeleopTarget) -> io::Result<NetworkPadReader> {
        let socket = UdpSocket::bind(address)?;
        socket.set_read_timeout(Some(Duration::from_nanos(LOOK_NS)))?;
        socket.set_write_timeout(Some(Duration::from_nanos(LOOK_NS)))?;
        let address = socket.local_addr()?;
        let (say, events) = sync_channel(WAITING);
        let pad = NetworkPad::new(key, made_up()?, steered.reach);
        let session = TeleopSession::new(Source::Network, steered);
        let mut listener = Listener { socket, pad, session, say, sender: None, last: None, steered_ns: 0 };
        let worker = Worker::start("network pad", STACK_BYTES, move |end| listener.run(end))?;
        Ok(NetworkPadReader { address, events, _worker: worker })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What there is to say.
    pub fn events(&self) -> impl Iterator<Item = PadEvent> {
        self.events.try_iter()
    }
}

impl Listener {
    fn run(&mut self, end: &End) {
        let clock = MonotonicClock::default();
        // One byte more than a datagram has, so that a longer one is seen to be longer.
        let mut bytes = [0; LEN + 1];
        while !end.has_come() {
            let came = self.socket.recv_from(&mut bytes).ok();
            let now_ns = clock.now_ns();
            let heard = came.and_then(|(len, sender)| self.hear(sender, &bytes[..len], now_ns));
            // What is not followed, however much of it comes, costs no more than that.
            if heard.is_some_and(|heard| heard.is_followed) || now_ns >= self.steered_ns + LOOK_NS {
                self.steer(now_ns);
            }
        }
    }

    fn hear(&mut self, sender: SocketAddr, bytes: &[u8], now_ns: u64) -> Option<Heard> {
        let heard = self.pad.take(sender, bytes, now_ns, self.session.is_stopped())?;
        if heard.stops {
            self.session.stop(&name_of(sender));
        }
        // An answer that cannot be sent is lost, as on any network: the next is asked for soon.
        let _ = self.socket.send_to(&heard.answer, sender);
        Some(heard)
    }

    fn steer(&mut self, now_ns: u64) {
        self.steered_ns = now_ns;
        let (say, controls, sender) = (&self.say, self.pad.controls(now_ns), self.pad.sender().copied());
        let before = std::mem::replace(&mut self.sender, sender);
        if before.is_some() && before != sender {
            self.session.let_go(now_ns, |event| tell(say, event));
        }
        let (Some(controls), Some(sender)) = (controls, sender) else { return };
        if before != Some(sender) {
            // What it held down all through a hole it pressed before.
            if self.last.replace(sender) == Some(sender) {
                self.session.take_up(&controls);
            }
            self.session.call(&name_of(sender));
            tell(say, PadEvent::Found { name: sender.to_string(), layout: "network".to_owned() });
        }
        self.session.steer(&controls, now_ns, |event| tell(say, event));
    }
}

fn name_of(sender: SocketAddr) -> String {
    format!("remote gamepad {sender}")
}
