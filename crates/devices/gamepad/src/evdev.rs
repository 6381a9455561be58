//! The kernel's input events, out of the bytes of `/dev/input/event*`.

use gaitway_hal::pieces::Pieces;

/// Bytes of an event where a long has eight, and where it has four.
pub const EVENT_BYTES: usize = if cfg!(target_pointer_width = "64") { 24 } else { 16 };

const EV_SYN: u16 = 0;
const EV_KEY: u16 = 1;
const EV_ABS: u16 = 3;
const SYN_DROPPED: u16 = 3;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A button.
    Key {
        /// Which: `BTN_*`.
        code: u16,
        /// Down; what the kernel repeats while it is held is no event.
        is_down: bool,
    },
    /// A stick, trigger or hat.
    Axis {
        /// Which: `ABS_*`.
        code: u16,
        /// Where it stands, in its own range.
        value: i32,
    },
    /// Events were lost: how everything stands must be asked.
    Dropped,
}

/// Puts events together from bytes as they come.
#[derive(Debug, Clone, Default)]
pub struct Events {
    pieces: Pieces<EVENT_BYTES>,
}

impl Events {
    /// Takes bytes, and hands out the events they complete.
    pub fn take(&mut self, bytes: &[u8], mut give: impl FnMut(Event)) {
        self.pieces.take(bytes, |raw| {
            // The time comes first: two longs.
            let [.., kind, kind2, code, code2, a, b, c, d] = *raw;
            let (kind, code) = (u16::from_ne_bytes([kind, kind2]), u16::from_ne_bytes([code, code2]));
            let value = i32::from_ne_bytes([a, b, c, d]);
            match (kind, value) {
                (EV_KEY, 0 | 1) => give(Event::Key { code, is_down: value == 1 }),
                (EV_ABS, _) => give(Event::Axis { code, value }),
                (EV_SYN, _) if code == SYN_DROPPED => give(Event::Dropped),
                _ => {}
            }
        });
    }
}
