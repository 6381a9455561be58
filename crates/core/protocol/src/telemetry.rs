//! How a running robot is. What is not known is null.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// State, fault, command and timing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Number of the tick.
    pub tick: u64,
    /// The robot's clock when this was told, ns.
    pub clock_ns: u64,
    /// off, limp, aligning, ready, running or holding.
    pub state: String,
    /// Whether the emergency stop is set.
    pub stopped: bool,
    /// The gravest fault.
    pub fault: Option<FaultStatus>,
    /// Who has control, or had it last.
    pub owner: Option<String>,
    /// Why the command is what it is: nobody, owner, expired or stopping.
    pub cause: String,
    /// The command by axis, before the policy's own limits.
    pub command: BTreeMap<String, Option<f32>>,
    /// Age of the IMU's sample, s.
    pub imu_age_s: Option<f32>,
    /// How late the tick began, ns.
    pub lateness_ns: u32,
    /// How long it took, ns.
    pub tick_ns: u32,
    /// How long of this the computation took, ns.
    pub compute_ns: u32,
    /// Ticks left out since the start.
    pub skipped: u32,
    /// Implausible values that were dropped since the start.
    pub implausible: Implausible,
}

/// Values that no sensor can measure, or no body can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Implausible {
    /// Samples of the IMU.
    pub imu: u32,
    /// Values of servos.
    pub servo: u32,
}

/// A fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultStatus {
    /// Kind.
    pub kind: String,
    /// The joint, where it is one's.
    pub joint: Option<String>,
    /// What can be done about it.
    pub hint: String,
}

/// One joint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JointStatus {
    /// Goal, rad.
    pub goal_rad: Option<f32>,
    /// Angle, rad.
    pub position_rad: Option<f32>,
    /// Its age, s.
    pub age_s: Option<f32>,
    /// Supply, V.
    pub voltage_v: Option<f32>,
    /// Temperature, °C.
    pub temperature_c: Option<f32>,
    /// Current, A.
    pub current_a: Option<f32>,
}
