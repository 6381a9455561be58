//! The policy contract, schemas 1 and 2: what a policy file must be fed and what its numbers mean.

use crate::golden::Golden;
use crate::history::History;
use crate::network::Network;
use crate::per_element::PerElement;
use crate::term::{Reference, Term};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The schema of contracts that need none of the keys that came with [`SCHEMA_2`].
pub const SCHEMA: &str = "gaitway.contract/1";

/// The schema of contracts with contacts by name, axes beside the standard ones, several inputs, outputs or states,
/// scales by element, histories as one key, several phases, and more.
pub const SCHEMA_2: &str = "gaitway.contract/2";

/// What a policy must be fed and what its numbers mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// [`SCHEMA`], or [`SCHEMA_2`] for a contract that needs it.
    pub schema: String,
    /// Short name, by which `--assume-contract` finds it.
    pub name: String,
    /// One sentence for people.
    pub description: String,
    /// sha256 of the ONNX file without Gaitway's own metadata: the weights this contract describes.
    pub weights_sha256: String,
    /// The robot the policy was trained for.
    pub robot: RobotReference,
    /// Ticks of the policy in a second. The loop may run faster by an integer factor.
    pub policy_rate_hz: u32,
    /// Names of the network's inputs and outputs.
    pub network: Network,
    /// The observation, term by term, in order.
    pub observation: Vec<Term>,
    /// Over how many ticks the whole observation reaches; absent: over those that each term says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// What the network's output means.
    pub action: Action,
    /// Who moves the head.
    pub head_command: HeadCommand,
    /// The gait clock, where the policy has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PhaseClock>,
    /// The command axes, in the order the observation has them, with their envelope.
    pub command: Vec<CommandAxis>,
    /// The contacts, in the order the observation has them; absent: the two of a robot with two feet, left then right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Vec<String>>,
    /// The joints that positions and velocities in the observation are of; absent: those of the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_joints: Option<Vec<ActionJoint>>,
    /// Gains the policy was trained with.
    pub gains: Gains,
    /// Values of every history before the first tick.
    pub reset: Reset,
    /// At least 32 ticks with the observation, action and target they must give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub golden: Option<Golden>,
    /// Where the weights come from, and under which licence.
    pub provenance: Provenance,
}

/// The robot a policy was trained for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RobotReference {
    /// Name of the robot profile.
    pub profile: String,
    /// Hash of what a policy depends on in the profile: names, order, range and default pose of the joints.
    pub profile_sha256: String,
}

/// What the network's output means: `target = reference + scale * action`, then filter, velocity limit and delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What an action commands.
    pub kind: ActionKind,
    /// The joints it commands, in order, with the pose the policy calls default.
    pub joints: Vec<ActionJoint>,
    /// What the action is added to.
    pub relative_to: Reference,
    /// Radians for an action of one.
    pub scale: PerElement,
    /// Lowest and highest action; a value outside is clipped and counted, and remembered as clipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<[f64; 2]>,
    /// Low-pass on the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Fastest a target moves, rad/s, against the target before it; the first against the default pose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub velocity_limit_rps: Option<PerElement>,
    /// Policy ticks by which the target is held back before it goes to the servos.
    #[serde(default)]
    pub delay_ticks: u32,
    /// Which target the observation's `target` source remembers.
    pub fed_back: FedBack,
}

/// What an action commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Positions for the servos' own position loops, rad.
    JointPosition,
    /// Velocities, rad/s.
    JointVelocity,
    /// Torques, N·m.
    JointTorque,
}

/// A joint the policy commands, or observes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionJoint {
    /// Name in the robot profile.
    pub name: String,
    /// Angle of the default pose, rad, exactly as in training.
    pub default_rad: f64,
    /// What an action commands of this joint, where it is another than of the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ActionKind>,
}

/// A filter on the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum Filter {
    /// First order; starts at the first target, not at zero.
    LowPass {
        /// Cut-off frequency, Hz.
        cutoff_hz: f64,
    },
}

/// Which target the observation remembers. Never the result of the safety filter, unless the contract says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FedBack {
    /// After filter and velocity limit, before the head command.
    AfterVelocityLimit,
    /// After the head command, before the safety filter; the delay, which comes in between, is left out.
    AfterHeadCommand,
    /// What was sent to the servos.
    AfterSafetyGate,
}

/// Who moves the head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadCommand {
    /// True where the runtime adds the head command to the policy's targets; false where the policy moves the head.
    pub added_to_target: bool,
    /// Which axis belongs to which joint.
    pub joints: Vec<HeadJoint>,
}

/// A joint that follows a command axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadJoint {
    /// The axis, by name.
    pub axis: String,
    /// The joint, by name.
    pub joint: String,
}

/// The gait clock: φ = 2π·i / period, i advancing by `factor` a tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseClock {
    /// Policy ticks of one gait, which need not be whole.
    pub period_ticks: f64,
    /// Steps of the clock in one tick.
    pub factor: f64,
    /// When in the tick it advances.
    pub advance: PhaseAdvance,
    /// In which ticks it advances.
    pub runs: PhaseRuns,
    /// What the first observation sees, which need not lie on the circle: the cosines, then the sines, of all phases.
    pub first_value: Vec<f64>,
    /// How far ahead each phase is, rad; absent: there is one, which is the clock's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offsets_rad: Option<Vec<f64>>,
    /// By what the clock runs where the policy itself says how fast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<ClockRate>,
}

/// How fast the policy lets its gait clock run: an output's first number, limited, times `factor` a tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockRate {
    /// One of the network's further outputs.
    pub output: String,
    /// Slowest, one being the contract's `factor`.
    pub min: f64,
    /// Fastest.
    pub max: f64,
}

/// When in a tick the gait clock advances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseAdvance {
    /// The first observation sees `first_value`, the n-th sees step n·factor.
    AfterObservation,
    /// The first observation sees step `factor`.
    BeforeObservation,
}

/// In which ticks the gait clock advances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseRuns {
    /// In every tick, whatever the command.
    Always,
    /// Only while a velocity is commanded.
    WhileCommanded,
    /// In every tick, by what the policy's output `rate` asks; it advances after the network has run.
    ByPolicy,
}

/// One axis of the command, with its envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandAxis {
    /// Which axis, by its name in the robot profile.
    pub axis: String,
    /// Its unit, written out.
    pub unit: String,
    /// Lowest value trained.
    pub min: f64,
    /// Highest value trained.
    pub max: f64,
    /// Nearer than this to `idle`, the command is `idle`.
    #[serde(default)]
    pub dead_zone: f64,
    /// Fastest the command may change, units a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_s: Option<f64>,
    /// Value that asks for nothing.
    #[serde(default)]
    pub idle: f64,
}

/// Gains of the joints' position loops: in the units of the servo's own registers, or in SI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gains {
    /// Proportional gain, as the register has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kp: Option<PerElement>,
    /// Derivative gain, as the register has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kd: Option<PerElement>,
    /// Stiffness, N·m/rad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stiffness_nm_per_rad: Option<PerElement>,
    /// Damping, N·m·s/rad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damping_nms_per_rad: Option<PerElement>,
}

/// Values before the first tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// Every remembered action.
    pub action: f64,
    /// Every remembered target.
    pub target: Reference,
    /// Every remembered sensor sample.
    pub sensors: SensorReset,
}

/// How the memory of a sensor starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SensorReset {
    /// All zero, before reference, scale and offset.
    Zero,
    /// Filled with the first sample; command and phase, too.
    FirstSample,
    /// What the observation would take from before the first tick is zero in it, actions and targets, too.
    ZeroObservation,
}

/// Where weights come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Who trained it, with what.
    pub source: String,
    /// SPDX licence of the weights.
    pub licence: String,
}

impl Contract {
    /// Numbers in one observation.
    pub fn observation_len(&self) -> usize {
        let frame = self.observation.iter().map(|term| term.width as usize).sum();
        self.history.as_ref().map_or(frame, |history| history.observation_len(frame))
    }

    /// The terms of the observation, those of a history one by one.
    pub fn terms(&self) -> Cow<'_, [Term]> {
        match &self.history {
            Some(history) => history.terms(&self.observation).into(),
            None => Cow::Borrowed(&self.observation),
        }
    }

    /// The joints that positions and velocities in the observation are of.
    pub fn observed_joints(&self) -> &[ActionJoint] {
        self.observed_joints.as_deref().unwrap_or(&self.action.joints)
    }

    /// How many contacts the observation has.
    pub fn contacts_len(&self) -> usize {
        self.contacts.as_ref().map_or(2, Vec::len)
    }

    /// Numbers in one action.
    pub fn action_len(&self) -> usize {
        self.action.joints.len()
    }

    /// Numbers in all outputs that are read: the action, then the further ones.
    pub fn output_len(&self) -> usize {
        self.action_len() + self.network.further_len()
    }

    /// How many phases its gait clock has.
    pub fn phases_len(&self) -> usize {
        self.phase.as_ref().and_then(|phase| phase.offsets_rad.as_ref()).map_or(1, Vec::len)
    }
}
