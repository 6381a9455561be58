//! What shall be shown, said by anybody and read by the thread.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// What shall be shown. Anybody says so without waiting.
#[derive(Debug, Default)]
pub struct ExpressionSlot {
    projector: AtomicBool,
    antennas: [AtomicU32; 2],
    /// When the antennas' pulses rise, and whole periods before and after, ns.
    pub(super) rise_ns: AtomicU64,
}

impl ExpressionSlot {
    /// The projector on where it is off, off where it is on.
    pub fn toggle_projector(&self) {
        self.projector.fetch_xor(true, Ordering::Relaxed);
    }

    /// The antennas, left and right, -1 to 1.
    pub fn set_antennas(&self, antennas: [f32; 2]) {
        self.antennas
            .iter()
            .zip(antennas)
            .for_each(|(to, value)| to.store(value.to_bits(), Ordering::Relaxed));
    }

    /// Pulses rise at that time, ns, and whole periods before and after: where whoever keeps time has nothing to do.
    pub fn rise_at(&self, at_ns: u64) {
        self.rise_ns.store(at_ns, Ordering::Relaxed);
    }

    pub(super) fn is_projector_on(&self) -> bool {
        self.projector.load(Ordering::Relaxed)
    }

    pub(super) fn antennas(&self) -> [f32; 2] {
        [0, 1].map(|side: usize| f32::from_bits(self.antennas[side].load(Ordering::Relaxed)))
    }
}
