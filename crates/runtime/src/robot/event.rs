//! What the loop has to say, as plain values: whoever drains the ring turns them into words.

use gaitway_control::plausibility::Refused;
use gaitway_control::supervisor::{Change, Obstacle};
use gaitway_control::watch;
use gaitway_platform::port::PortError;
use gaitway_platform::watchdog::Trip;

/// Something worth knowing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// The state changed.
    State(Change),
    /// A fault came or went.
    Fault(watch::Change),
    /// What keeps a limp robot from getting up is another thing than before; `None`: nothing any more.
    Obstacle(Option<Obstacle>),
    /// A servo was found reset, and is led back.
    ServoReset {
        /// Which joint.
        joint: usize,
    },
    /// The table of the wires refused values; at most one line a second.
    Implausible {
        /// The last of them.
        last: Refused,
        /// How many since the last line.
        count: u64,
    },
    /// The port carries nothing any more.
    PortGone(PortError),
    /// Another port took its place.
    PortBack,
    /// Another policy took over.
    PolicyTaken,
    /// The watchdog set the emergency stop.
    Watchdog(Trip),
}

/// An event with its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamped {
    /// When, ns of the loop's clock.
    pub at_ns: u64,
    /// In which tick.
    pub tick: u64,
    /// What.
    pub event: Event,
}
