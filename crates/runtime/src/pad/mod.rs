//! Pads: who finds and follows them, and how what they want comes into the mailbox.
//!
//! ```text
//!  /dev/input ─► Finder ─► Device ─┬─► PadReader ───┐
//!  datagrams ─► NetworkPadReader ──┼────────────────┼─► TeleopSession ─► mailbox
//!  keys ─► KeyboardPad ────────────┼────────────────┘
//!                                  └─► PadWatch, for tools: no mailbox
//! ```
//!
//! Pads elsewhere sign what they say with a key in a file ([`key_file`]). What was made limp at the robot they cannot get
//! up again.
//!
//! A pad that is gone asks for nothing: its lease ends, and the robot eases to a stand. A person's own is missed: after a
//! while the robot is told to stand. One elsewhere comes and goes with the programs that hold it.

mod device;
mod error;
mod finder;
mod inputs;
pub mod key_file;
mod keyboard;
mod layouts;
mod network;
mod reader;
mod teleop_session;
mod watch;

pub use device::AxisNow;
pub use error::PadError;
pub use keyboard::KeyboardPad;
pub use layouts::{LayoutError, NamedLayout};
pub use network::NetworkPadReader;
pub use reader::PadReader;
pub use teleop_session::{TeleopTarget, reach, stick_axes};
pub use watch::{Heard, PadWatch};

use crate::robot::mailbox::NotAtTheRobot;
use gaitway_gamepad::Button;
use gaitway_protocol::Refusal;

/// Events that wait until they are fetched.
const WAITING: usize = 256;

/// Something to say about the pad.
#[derive(Debug, Clone, PartialEq)]
pub enum PadEvent {
    /// There is none yet.
    Missing {
        /// Why, as far as is known.
        why: String,
        /// What the person can do about it.
        hint: String,
    },
    /// It is there.
    Found {
        /// What it calls itself.
        name: String,
        /// Name of its layout.
        layout: String,
    },
    /// It is gone.
    Gone,
    /// It has been gone for so long that the robot was told to stand.
    Stands,
    /// A button was pressed.
    Pressed(Button),
    /// A button was pressed elsewhere, and does nothing: only somebody at the robot may do that now.
    Refused(Button, NotAtTheRobot),
    /// Another client has control: what this one asks is not followed.
    Held(Refusal),
    /// So many presses were left out: there were more in a second than a person can press.
    LeftOut(u64),
}
