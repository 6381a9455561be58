//! A pad elsewhere, in datagrams: whoever sends first has it until nothing has come for a while.

use super::PadEvent;
use super::helm::{Helm, Steered};
use crate::clock::{Clock, MonotonicClock};
use crate::worker::{End, Worker};
use gaitway_control::arbiter::Source;
use gaitway_drivers::pad::datagram::{LEN, NetworkPad};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// It looks at least so often whether the sender is still there.
const LOOK: Duration = Duration::from_millis(20);
const STACK_BYTES: usize = 128 * 1024;

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct NetworkPadReader {
    address: SocketAddr,
    events: Receiver<PadEvent>,
    _worker: Worker,
}

impl NetworkPadReader {
    /// Listens on `address`.
    pub fn start(address: SocketAddr, steered: Steered) -> io::Result<NetworkPadReader> {
        let socket = UdpSocket::bind(address)?;
        socket.set_read_timeout(Some(LOOK))?;
        let address = socket.local_addr()?;
        let (say, events) = channel();
        let helm = Helm::new(Source::Network, steered);
        let worker = Worker::start("network pad", STACK_BYTES, move |end| listen(&socket, helm, &say, end))?;
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

fn listen(socket: &UdpSocket, mut helm: Helm, say: &Sender<PadEvent>, end: &End) {
    let clock = MonotonicClock::default();
    let mut pad = NetworkPad::default();
    let mut had_sender = false;
    let mut last = None;
    // One byte more than a datagram has, so that a longer one is seen to be longer.
    let mut bytes = [0; LEN + 1];
    while !end.has_come() {
        if let Ok((len, sender)) = socket.recv_from(&mut bytes) {
            pad.take(sender, &bytes[..len], clock.now_ns());
        }
        let now_ns = clock.now_ns();
        let Some(controls) = pad.controls(now_ns) else {
            if std::mem::take(&mut had_sender) {
                helm.let_go(now_ns);
                let _ = say.send(PadEvent::Gone);
            }
            continue;
        };
        if let (false, Some(sender)) = (had_sender, pad.sender()) {
            had_sender = true;
            // What it held down all through a hole it pressed before.
            if last.replace(*sender) == Some(*sender) {
                helm.take_up(&controls);
            }
            let _ = say.send(PadEvent::Found { name: sender.to_string(), layout: "network".to_owned() });
        }
        helm.steer(&controls, now_ns, |button| {
            let _ = say.send(PadEvent::Pressed(button));
        });
    }
}
