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
    /// Why it does not get up, or does not run its policy, although it is asked to.
    pub waits_for: Option<WaitsFor>,
    /// Which source has control, or had it last.
    pub owner: Option<String>,
    /// Name of the client that holds the strongest lease.
    pub lease_holder: Option<String>,
    /// Why the command is what it is: nobody, owner, expired or stopping.
    pub cause: String,
    /// The command by axis, before the policy's own limits.
    pub command: BTreeMap<String, Option<f32>>,
    /// What is added to every command that moves.
    pub trim: Trim,
    /// Unit vector of gravity in the trunk's frame: 0, 0, -1 when it is upright.
    pub projected_gravity: Option<[f32; 3]>,
    /// Angular velocity in the trunk's frame, rad/s.
    pub angular_velocity_rps: Option<[f32; 3]>,
    /// Contacts in the order of `hello`: whether each is on the ground.
    pub contacts: Vec<Option<bool>>,
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

/// What is added to every command that moves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trim {
    /// By axis, in its unit; those that are not zero.
    pub axes: BTreeMap<String, f32>,
    /// Added to the gait's speed.
    pub gait_speed: f32,
}

/// What the safety filter changed of a joint's target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JointLimit {
    /// It lay outside the joint's range.
    Range,
    /// It was further away than the joint may move in a tick.
    Velocity,
    /// It was no finite number: the last goal is held.
    NonFinite,
    /// The robot has fallen: the last goal is held.
    Fallen,
}

/// What a robot that was asked up waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WaitsFor {
    /// What keeps it, in words.
    pub why: String,
    /// The joint, where it is about one.
    pub joint: Option<String>,
    /// What can be done about it.
    pub hint: String,
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
    /// What the policy wants, before the safety filter, rad; null where no policy runs.
    pub target_rad: Option<f32>,
    /// Goal, rad.
    pub goal_rad: Option<f32>,
    /// What the safety filter changed of the target.
    pub limits: Vec<JointLimit>,
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
