//! The keys of the terminal as a pad. Whoever reads the terminal drives it: it has no thread of its own.

use super::PadEvent;
use super::teleop_session::{TeleopSession, TeleopTarget};
use gaitway_control::arbiter::Source;
use gaitway_gamepad::keyboard::Keyboard;
use gaitway_platform::clock::{Clock, MonotonicClock};

/// Keys that drive.
#[derive(Debug)]
pub struct KeyboardPad {
    keyboard: Keyboard,
    session: TeleopSession,
    clock: MonotonicClock,
}

impl KeyboardPad {
    /// A keyboard nobody touches.
    pub fn new(steered: TeleopTarget) -> KeyboardPad {
        let session = TeleopSession::new(Source::Terminal, steered);
        KeyboardPad { keyboard: Keyboard::default(), session, clock: MonotonicClock::default() }
    }

    /// A key was typed. False for one that drives nothing.
    pub fn typed(&mut self, byte: u8) -> bool {
        self.keyboard.typed(byte, self.clock.now_ns())
    }

    /// Says what the keys ask for; to be called again well before a fifth of a second has passed. What there is to
    /// say comes back.
    pub fn steer(&mut self) -> Vec<PadEvent> {
        let now_ns = self.clock.now_ns();
        let mut events = Vec::new();
        let controls = self.keyboard.controls(now_ns);
        self.session.steer(&controls, now_ns, |event| events.push(event));
        events
    }
}
