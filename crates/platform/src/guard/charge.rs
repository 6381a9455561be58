//! What is said between a program and its guards.

/// Most bytes of frames: more than torque-off for every id there can be.
pub(super) const MAX_FRAMES: usize = 4096;
/// What the guard answers when it is ready.
pub(super) const READY: u8 = b'r';
/// What lets it go.
pub(super) const GOODBYE: u8 = b'g';

/// What a guard is told first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    /// How many bytes of frames follow.
    pub frames_bytes: u32,
    /// Which of the guards it is.
    pub slot: u32,
    /// Without a beat for so long the program is frozen, ns.
    pub limit_ns: u64,
}

pub(super) const CHARGE_BYTES: usize = 16;

impl Charge {
    pub fn to_bytes(self) -> [u8; CHARGE_BYTES] {
        let words = u128::from(self.frames_bytes) | u128::from(self.slot) << 32;
        (words | u128::from(self.limit_ns) << 64).to_le_bytes()
    }

    pub fn from_bytes(bytes: [u8; CHARGE_BYTES]) -> Charge {
        let words = u128::from_le_bytes(bytes);
        Charge { frames_bytes: words as u32, slot: (words >> 32) as u32, limit_ns: (words >> 64) as u64 }
    }
}
