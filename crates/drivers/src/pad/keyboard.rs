//! A keyboard over ssh: keys come as bytes, again and again while they are held, and nobody says when one is let go.

use super::{Button, Controls};

/// A key counts as held for so long after it came, ns. A terminal repeats it every 30 ms or so, but the first time
/// only after a quarter to half a second: so long the first press lasts.
const FIRST_NS: u64 = 600_000_000;
const AGAIN_NS: u64 = 150_000_000;

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Left(usize, i8),
    Right(usize, i8),
    Button(Button),
    /// Everything to the middle.
    Stop,
}

const KEYS: [(u8, Key); 15] = [
    (b'w', Key::Left(1, 1)),
    (b's', Key::Left(1, -1)),
    (b'q', Key::Left(0, -1)),
    (b'e', Key::Left(0, 1)),
    (b'a', Key::Right(0, -1)),
    (b'd', Key::Right(0, 1)),
    (b' ', Key::Button(Button::Pause)),
    (b'h', Key::Button(Button::Head)),
    (b'b', Key::Button(Button::Sound)),
    (b'p', Key::Button(Button::Projector)),
    (b'l', Key::Button(Button::Sprint)),
    (b'+', Key::Button(Button::PhaseUp)),
    (b'-', Key::Button(Button::PhaseDown)),
    (b'\r', Key::Button(Button::Motors)),
    (b'x', Key::Stop),
];

/// How a held key stands.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    since_ns: Option<u64>,
    until_ns: u64,
}

/// The keyboard as a pad.
#[derive(Debug, Clone, Default)]
pub struct Keyboard {
    held: [Held; KEYS.len()],
}

impl Keyboard {
    /// A key was typed at `now_ns`. False for one that means nothing.
    pub fn typed(&mut self, byte: u8, now_ns: u64) -> bool {
        let byte = if byte == b'\n' { b'\r' } else { byte.to_ascii_lowercase() };
        let Some(place) = KEYS.iter().position(|(known, _)| *known == byte) else { return false };
        if KEYS[place].1 == Key::Stop {
            self.held = Default::default();
            return true;
        }
        let held = &mut self.held[place];
        if held.since_ns.is_some() && now_ns < held.until_ns {
            // The rest of the first press counts, or a repetition.
            held.until_ns = held.until_ns.max(now_ns.saturating_add(AGAIN_NS));
        } else {
            *held = Held { since_ns: Some(now_ns), until_ns: now_ns.saturating_add(FIRST_NS) };
        }
        true
    }

    /// How it stands at `now_ns`.
    pub fn controls(&self, now_ns: u64) -> Controls {
        let mut controls = Controls::default();
        for (held, (_, key)) in self.held.iter().zip(KEYS) {
            if held.since_ns.is_none() || now_ns >= held.until_ns {
                continue;
            }
            match key {
                Key::Left(axis, way) => controls.left[axis] += f32::from(way),
                Key::Right(axis, way) => controls.right[axis] += f32::from(way),
                Key::Button(button) => controls.set(button, true),
                Key::Stop => {}
            }
        }
        controls
    }
}
