//! A keyboard over ssh: keys come as bytes, again and again while they are held, and nobody says when one is let go.

use super::{Button, Controls};

/// A key counts as held for so long after it came, ns. A terminal repeats it every 30 ms or so, but the first time
/// only after a quarter to two thirds of a second (X.Org's own 660 ms are the longest): so long the first press lasts.
const FIRST_NS: u64 = 800_000_000;
const AGAIN_NS: u64 = 150_000_000;
/// A stick takes so long from the middle to its end and back, ns: a key knows only all or nothing, a duck that walks
/// better not.
const WAY_NS: u64 = 400_000_000;

/// Bytes of one sequence come within this time, ns: a lone ESC is none.
const ESCAPE_NS: u64 = 50_000_000;
const ESC: u8 = 0x1B;
/// Space, which is left to whoever reads the terminal.
const STOP: u8 = b' ';

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Left(usize, i8),
    Right(usize, i8),
    Button(Button),
}

/// A key, its name, what it is, and in words. Space, `c`, `h` and `?` are left to whoever reads the terminal: the one
/// that stops at once must never be anything else.
const KEYS: [(u8, &str, Key, &str); 14] = [
    (b'w', "w", Key::Left(1, 1), "forward, while held"),
    (b's', "s", Key::Left(1, -1), "back"),
    (b'q', "q", Key::Left(0, -1), "to the left"),
    (b'e', "e", Key::Left(0, 1), "to the right"),
    (b'a', "a", Key::Right(0, -1), "turn left"),
    (b'd', "d", Key::Right(0, 1), "turn right"),
    (b'z', "z", Key::Button(Button::Pause), "stand where it walks, walk where it stands"),
    (b'\r', "enter", Key::Button(Button::Motors), "limp, softly, or up again"),
    (b'p', "p", Key::Button(Button::Head), "these keys move the head, or the duck again"),
    (b'b', "b", Key::Button(Button::Sound), "a sound"),
    (b'x', "x", Key::Button(Button::Lamp), "lamp on or off"),
    (b'l', "l", Key::Button(Button::Sprint), "a faster gait, while held"),
    (b'+', "+", Key::Button(Button::PhaseUp), "the gait a little faster from now on"),
    (b'-', "-", Key::Button(Button::PhaseDown), "a little slower"),
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
    left: [f32; 2],
    right: [f32; 2],
    /// When the sticks last moved, ns.
    moved_ns: u64,
    escape: Escape,
    /// When its last byte came, ns.
    escape_ns: u64,
}

/// A key without a letter, an arrow say, comes as a sequence of bytes that are letters of other keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Escape {
    #[default]
    None,
    /// After ESC.
    Begun,
    /// After `ESC [`, until a final byte; after `ESC O`, which one byte ends.
    Sequence,
}

impl Keyboard {
    /// Every key, by its name, and what it does.
    pub fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
        KEYS.iter().map(|(_, name, _, words)| (*name, *words))
    }

    /// A key was typed at `now_ns`. False for one that means nothing.
    pub fn typed(&mut self, byte: u8, now_ns: u64) -> bool {
        if self.is_escape(byte, now_ns) {
            return true;
        }
        let byte = if byte == b'\n' { b'\r' } else { byte.to_ascii_lowercase() };
        let Some(place) = KEYS.iter().position(|(known, ..)| *known == byte) else { return false };
        let held = &mut self.held[place];
        if held.since_ns.is_some() && now_ns < held.until_ns {
            // The rest of the first press counts, or a repetition.
            held.until_ns = held.until_ns.max(now_ns.saturating_add(AGAIN_NS));
        } else {
            *held = Held { since_ns: Some(now_ns), until_ns: now_ns.saturating_add(FIRST_NS) };
        }
        true
    }

    /// Swallows the sequences of keys that have no letter; never the key that stops at once.
    fn is_escape(&mut self, byte: u8, now_ns: u64) -> bool {
        if now_ns.saturating_sub(self.escape_ns) > ESCAPE_NS {
            self.escape = Escape::None;
        }
        self.escape_ns = now_ns;
        let before = if byte == STOP { Escape::None } else { self.escape };
        self.escape = match (before, byte) {
            (_, ESC) => Escape::Begun,
            (Escape::Begun, b'[' | b'O') => Escape::Sequence,
            (Escape::Sequence, 0x20..=0x3F) => Escape::Sequence,
            _ => Escape::None,
        };
        before != Escape::None || byte == ESC
    }

    /// How it stands at `now_ns`. The sticks are on their way to where the keys have them.
    pub fn controls(&mut self, now_ns: u64) -> Controls {
        let mut controls = Controls::default();
        for (held, (_, _, key, _)) in self.held.iter().zip(KEYS) {
            if held.since_ns.is_none() || now_ns >= held.until_ns {
                continue;
            }
            match key {
                Key::Left(axis, way) => controls.left[axis] += f32::from(way),
                Key::Right(axis, way) => controls.right[axis] += f32::from(way),
                Key::Button(button) => controls.set(button, true),
            }
        }
        let step = now_ns.saturating_sub(self.moved_ns) as f32 / WAY_NS as f32;
        self.moved_ns = now_ns;
        let sticks = self.left.iter_mut().chain(&mut self.right);
        for (stick, wanted) in sticks.zip(controls.left.into_iter().chain(controls.right)) {
            *stick += (wanted - *stick).clamp(-step, step);
        }
        Controls { left: self.left, right: self.right, ..controls }
    }
}
