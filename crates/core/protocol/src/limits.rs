//! Numbers both sides keep to.

use std::ops::RangeInclusive;

/// Version of the messages. A robot answers a client of another one with a refusal that names both.
pub const PROTOCOL_VERSION: u32 = 1;
/// Longest line of a client, bytes, its newline included.
pub const MAX_LINE_BYTES: usize = 16 * 1024;
/// Axes a command may name.
pub const MAX_AXES: usize = 16;
/// A lease is asked for, and renewed, for so long, s.
pub const LEASE_SECONDS: RangeInclusive<f64> = 0.1..=10.0;
/// A command may hold for so long from now, ns: a client that falls silent has asked for no more than this.
pub const MAX_DEADLINE_NS: u64 = 1_000_000_000;
/// A trim changes the gait's speed by so much at most.
pub const MAX_GAIT_TRIM: RangeInclusive<f64> = -0.5..=0.5;
/// Fewest messages of a topic in a second.
pub const MIN_RATE_HZ: f64 = 0.1;
/// Most messages of a topic in a second.
pub const MAX_RATE_HZ: f64 = 200.0;
