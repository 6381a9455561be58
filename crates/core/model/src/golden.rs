//! Golden vectors: what a policy was fed and what came out, made by somebody else's code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fewest golden ticks a contract may carry: more than one gait of the first robot.
pub const MIN_TICKS: usize = 32;

/// Ticks with the observation, action and target they must give.
///
/// The state of a tick is the ticks before it, back to one whose `reset` is true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The program that made them: never the engine they check.
    pub made_by: String,
    /// Largest |a−b| / (1+|b|) that still agrees.
    pub tolerance: f64,
    /// The ticks, in order.
    pub ticks: Vec<GoldenTick>,
}

/// One tick. Joints in the order of the contract's action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoldenTick {
    /// True where every history starts anew before this tick.
    pub reset: bool,
    /// rad/s, trunk frame.
    pub gyro: [f64; 3],
    /// m/s², trunk frame.
    pub accelerometer: [f64; 3],
    /// In the order of the contract's contacts; left, right where it names none.
    pub foot_contact: Vec<f64>,
    /// rad.
    pub joint_position: Vec<f64>,
    /// rad/s.
    pub joint_velocity: Vec<f64>,
    /// The command as requested, in the order of the contract's axes.
    pub command: Vec<f64>,
    /// The observation that must come of it.
    pub observation: Vec<f64>,
    /// The network's output for that observation.
    pub action: Vec<f64>,
    /// The target that is fed back to the next tick, rad.
    pub target: Vec<f64>,
    /// The target that goes to the safety filter, delay and head command included, rad.
    pub sent: Vec<f64>,
}
