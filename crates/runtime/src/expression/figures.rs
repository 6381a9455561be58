//! How well the thread keeps time.

use gaitway_platform::histogram::{Histogram, Quantiles};

/// How well it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpressionFigures {
    /// Ends of pulses that the thread has timed.
    pub pulse_ends: u64,
    /// How late it was woken to them, ns: so much longer the pulses were than told.
    pub pulse_late_ns: Quantiles,
    /// Times that a line or a channel could not be set.
    pub failures: u64,
}

#[derive(Debug, Default)]
pub(super) struct Measured {
    pub pulse_late: Histogram,
    pub failures: u64,
}
