//! What a robot remembers of its ticks.

use gaitway_control::arbiter::Decision;
use gaitway_control::supervisor::{Reason, State};
use gaitway_platform::histogram::Histogram;
use gaitway_record::row::Durations;

/// Durations of the parts of a tick.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    /// The common read.
    pub read: Histogram,
    /// From the end of the read to the goals.
    pub compute: Histogram,
    /// Handing the goals to the port.
    pub write: Histogram,
    /// The whole tick, slow read included.
    pub tick: Histogram,
    /// Ticks in which the policy ran.
    pub policy_ticks: u64,
    /// Time of the first tick in which the policy ran, ns of the loop's clock.
    pub first_policy_ns: Option<u64>,
    /// Events nobody fetched in time.
    pub events_lost: u64,
}

impl Statistics {
    /// Counts a tick.
    pub(crate) fn add(&mut self, durations: &Durations) {
        self.read.add(durations.read_ns);
        self.compute.add(durations.compute_ns);
        self.write.add(durations.write_ns);
        self.tick.add(durations.tick_ns);
    }
}

/// What explains a tick, beside the controller's own record.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunRecord {
    /// Number of the tick.
    pub tick: u64,
    /// When it began, ns.
    pub now_ns: u64,
    /// How late it was, ns.
    pub lateness_ns: u64,
    /// Ticks left out before it.
    pub skipped: u64,
    /// And since the start.
    pub skipped_since_start: u64,
    /// What the robot is doing.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// The command, who has control, and why.
    pub decision: Decision,
    /// Age of the IMU's sample, s.
    pub imu_age_s: f32,
}
