//! What the wire thread and the host of the physics leave for each other.

use crate::servo_view::ServoView;
use gaitway_emulators::{Applied, Exchange, Fault, JointState, WireBytes};
use gaitway_platform::histogram::Histogram;
use std::path::PathBuf;

/// Sums since the start.
#[derive(Debug, Clone, Default)]
pub struct TwinStatistics {
    /// Time the wire has carried bits, ns.
    pub busy_ns: u64,
    /// Time the wire was quiet because a servo was about to answer, ns.
    pub waiting_ns: u64,
    /// Bytes the wire has carried.
    pub wire_bytes: WireBytes,
    /// Writes of the program under test, as they arrived in one piece.
    pub transactions: u64,
    /// Programs that have the port open.
    pub users: u32,
    /// From the time a byte has come to the return of the write that hands it over, ns.
    pub lateness: Histogram,
    /// Bytes that nobody read in time, lost as the buffer was full.
    pub lost_bytes: u64,
    /// Faults that struck.
    pub faults: u64,
    /// The last faults that struck, times in ns of the monotonic clock.
    pub fault_log: Vec<Applied>,
}

/// Both directions.
#[derive(Debug)]
pub(super) struct Mailbox {
    /// For the bus: what the joints do, where it is new.
    pub joints: Vec<JointState>,
    pub joints_are_new: bool,
    /// For the bus: what goes wrong now.
    pub faults: Vec<Fault>,
    /// From the bus.
    pub servos: Vec<ServoView>,
    pub statistics: TwinStatistics,
    /// What the wire carried, once the thread has ended.
    pub exchanges: Vec<Exchange>,
    /// The device file, for those who have no link.
    pub port: PathBuf,
}
