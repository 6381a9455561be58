//! When a tick's numbers were read.

/// When the actuators were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadTimes {
    /// The first byte of the request was sent after this, ns.
    pub begun_ns: u64,
    /// The answers were there, ns.
    pub ended_ns: u64,
}
