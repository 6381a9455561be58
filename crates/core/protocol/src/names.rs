//! Words of the protocol that have few values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who a client speaks for. The order is that of strength: a stronger source takes over from a weaker one. Pad and
/// keyboard of the robot are stronger than both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A program that decides by itself.
    Agent,
    /// A person, or a program that a person started.
    Network,
}

/// What the robot shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// No torque, at once and from any pose; the robot drops.
    Off,
    /// No torque; from any pose this is reached softly.
    Limp,
    /// Hold the default pose.
    Stand,
    /// Run the policy.
    Run,
}

/// What can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// State, fault, command and timing.
    Status,
    /// Joints: goals and measurements.
    Joints,
}
