//! A pad elsewhere: how it stands, in datagrams. Whoever sends first has it until nothing has come for a while.

use super::{Button, Controls, Mode};

/// Bytes of a datagram: `GWP1`, a number that counts up, six sticks and triggers as signed words, the buttons that are
/// down as bits in the order of [`Button::ALL`], and behind them a bit for each [`Mode`] that is said.
pub const LEN: usize = 22;
/// A stick that is all the way.
const FULL: f32 = 32767.0;
const MAGIC: [u8; 4] = *b"GWP1";
/// A sender that was not heard for so long has let go, ns.
const TIMEOUT_NS: u64 = 500_000_000;

/// Who is heard, and how the pad stands.
#[derive(Debug, Clone)]
pub struct NetworkPad<Sender> {
    sender: Option<Sender>,
    heard_ns: u64,
    sequence: u32,
    controls: Controls,
}

impl<Sender: PartialEq> Default for NetworkPad<Sender> {
    fn default() -> Self {
        NetworkPad { sender: None, heard_ns: 0, sequence: 0, controls: Controls::default() }
    }
}

impl<Sender: PartialEq> NetworkPad<Sender> {
    /// Bytes came. False where they are no such datagram, are older than the last, or are another sender's.
    pub fn take(&mut self, sender: Sender, bytes: &[u8], now_ns: u64) -> bool {
        self.expire(now_ns);
        let Some((sequence, controls)) = decode(bytes) else { return false };
        match &self.sender {
            Some(owner) if *owner != sender => return false,
            // Overtaken on the way: half of all numbers are behind.
            Some(_) if sequence.wrapping_sub(self.sequence) as i32 <= 0 => return false,
            _ => {}
        }
        (self.sender, self.sequence) = (Some(sender), sequence);
        (self.heard_ns, self.controls) = (now_ns, controls);
        true
    }

    /// How it stands; `None` where nobody has it.
    pub fn controls(&mut self, now_ns: u64) -> Option<Controls> {
        self.expire(now_ns);
        self.sender.as_ref().map(|_| self.controls)
    }

    /// Who has it.
    pub fn sender(&self) -> Option<&Sender> {
        self.sender.as_ref()
    }

    fn expire(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.heard_ns) >= TIMEOUT_NS {
            self.sender = None;
        }
    }
}

/// The datagram number `sequence` of a pad that stands so.
pub fn encode(sequence: u32, controls: &Controls) -> [u8; LEN] {
    let Controls { left, right, triggers, mode, held, .. } = controls;
    let mode = match mode {
        None => 0,
        Some(Mode::Walk) => 1,
        Some(Mode::Head) => 2,
    };
    let mut bytes = [0; LEN];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4..8].copy_from_slice(&sequence.to_le_bytes());
    for (word, way) in bytes[8..20].chunks_exact_mut(2).zip([left, right, triggers].into_iter().flatten()) {
        word.copy_from_slice(&((way * FULL).round() as i16).to_le_bytes());
    }
    bytes[20..].copy_from_slice(&(held | mode << Button::ALL.len()).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<(u32, Controls)> {
    let bytes: &[u8; LEN] = bytes.try_into().ok()?;
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let way = |at: usize| (f32::from(word(at) as i16) / FULL).clamp(-1.0, 1.0);
    let held = word(20);
    let mode = match held >> Button::ALL.len() {
        0 => None,
        1 => Some(Mode::Walk),
        2 => Some(Mode::Head),
        _ => return None,
    };
    if bytes[..4] != MAGIC {
        return None;
    }
    let mut controls = Controls {
        left: [way(8), way(10)],
        right: [way(12), way(14)],
        triggers: [way(16).max(0.0), way(18).max(0.0)],
        mode,
        ..Controls::default()
    };
    for (place, button) in Button::ALL.into_iter().enumerate() {
        controls.set(button, held >> place & 1 == 1);
    }
    Some((u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]), controls))
}
