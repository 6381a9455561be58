//! What a person holds: a gamepad's events, a keyboard's keys, datagrams of a pad elsewhere, and what they mean.
//!
//! ```text
//!  bytes ─► evdev ─► layout ─┐
//!  keys  ─► keyboard ────────┼─► Controls ─► Operator ─► command, and events, once a press
//!  datagrams ─► datagram ────┘
//! ```

pub mod datagram;
pub mod evdev;
pub mod keyboard;
mod layout;
mod operator;
pub mod seal;

pub use layout::{AxisRange, Layout, Pad, Stick};
pub use operator::{Operator, OutOfReach, Reach};

/// Something that is done once a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Button {
    /// Stands where it walks, walks where it stands.
    Pause,
    /// The sticks move the head, or the duck again.
    Head,
    /// A sound.
    Sound,
    /// The lamps, on or off.
    Lamp,
    /// While it is held the gait is faster.
    Sprint,
    /// The gait a little faster from now on.
    PhaseUp,
    /// A little slower.
    PhaseDown,
    /// Limp, or up again.
    Motors,
    /// Emergency stop.
    Stop,
}

impl Button {
    /// Every button.
    pub const ALL: [Button; 9] = [
        Button::Pause,
        Button::Head,
        Button::Sound,
        Button::Lamp,
        Button::Sprint,
        Button::PhaseUp,
        Button::PhaseDown,
        Button::Motors,
        Button::Stop,
    ];

    /// Name in layouts, datagrams and logs.
    pub fn name(self) -> &'static str {
        match self {
            Button::Pause => "pause",
            Button::Head => "head",
            Button::Sound => "sound",
            Button::Lamp => "lamp",
            Button::Sprint => "sprint",
            Button::PhaseUp => "phase_up",
            Button::PhaseDown => "phase_down",
            Button::Motors => "motors",
            Button::Stop => "stop",
        }
    }

    /// The button of this name, or of one it had.
    pub fn named(name: &str) -> Option<Button> {
        let name = if name == "projector" { "lamp" } else { name };
        Button::ALL.into_iter().find(|button| button.name() == name)
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// What the sticks move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The duck.
    Walk,
    /// Its head.
    Head,
}

/// How everything stands: sticks from -1 to 1, right and up positive, triggers from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Controls {
    /// Left stick: right, up.
    pub left: [f32; 2],
    /// Right stick.
    pub right: [f32; 2],
    /// Left and right trigger.
    pub triggers: [f32; 2],
    /// What the sticks move, where who holds them says so every time; else it is as the head button left it.
    pub mode: Option<Mode>,
    held: u16,
    /// Went down since somebody looked, and may be up again.
    pressed: u16,
}

impl Controls {
    /// True while a button is down.
    pub fn is_held(&self, button: Button) -> bool {
        self.held & button.bit() != 0
    }

    /// Presses a button, or lets it go.
    pub fn set(&mut self, button: Button, is_down: bool) {
        if is_down {
            self.held |= button.bit();
        } else {
            self.held &= !button.bit();
        }
    }
}
