//! What shall be shown, said by anybody and read by the thread.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Most pulse servos of a robot.
pub const MAX_PULSE_SERVOS: usize = 16;

/// What shall be shown. Anybody says so without waiting.
#[derive(Debug, Default)]
pub struct ExpressionSlot {
    lamps: AtomicBool,
    pulse_servos: [AtomicU32; MAX_PULSE_SERVOS],
    /// When pulses rise, and whole periods before and after, ns.
    pub(super) rise_ns: AtomicU64,
}

impl ExpressionSlot {
    /// The lamps on where they are off, off where they are on.
    pub fn toggle_lamps(&self) {
        self.lamps.fetch_xor(true, Ordering::Relaxed);
    }

    /// The first pulse servos, as many as there are targets, -1 to 1 each.
    pub fn set_pulse_servos(&self, targets: &[f32]) {
        self.pulse_servos
            .iter()
            .zip(targets)
            .for_each(|(to, value)| to.store(value.to_bits(), Ordering::Relaxed));
    }

    /// Pulses rise at that time, ns, and whole periods before and after: where whoever keeps time has nothing to do.
    pub fn rise_at(&self, at_ns: u64) {
        self.rise_ns.store(at_ns, Ordering::Relaxed);
    }

    pub(super) fn are_lamps_on(&self) -> bool {
        self.lamps.load(Ordering::Relaxed)
    }

    pub(super) fn pulse_servos(&self) -> impl Iterator<Item = f32> {
        self.pulse_servos.iter().map(|target| f32::from_bits(target.load(Ordering::Relaxed)))
    }
}
