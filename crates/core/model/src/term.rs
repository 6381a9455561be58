//! Terms of an observation: where a number comes from and what is done to it.

use crate::per_element::PerElement;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something a robot can sense, or that the controller remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Angular velocity of the trunk, rad/s.
    Gyro,
    /// Specific force, m/s²: +9.81 on z when the robot stands. Not gravity, not linear acceleration.
    Accelerometer,
    /// Direction of gravity, length one: (0, 0, -1) when the robot stands; estimated from gyro and accelerometer.
    ProjectedGravity,
    /// The command after the envelope, in the order of the contract's command axes.
    Command,
    /// Joint positions, rad.
    JointPosition,
    /// Joint velocities, rad/s.
    JointVelocity,
    /// The network's output of earlier ticks, after the contract's bounds.
    Action,
    /// The target of earlier ticks that the contract feeds back, rad.
    Target,
    /// Contacts, 0 or 1, in the order of the contract's; left, then right where it names none.
    FootContact,
    /// Cosine and sine of the gait phase; of several phases all cosines, then all sines.
    Phase,
    /// Zero, for the offset to be added to: numbers that are always the same.
    Constant,
    /// Roll, pitch and yaw of the trunk, rad. Roll and pitch are those of the gravity estimate; yaw is the gyro's, summed
    /// since the start, and drifts.
    Euler,
    /// Linear velocity of the trunk, m/s. No robot here can know it.
    BaseVelocity,
    /// Heights of the ground about the robot, m. No robot here can know them.
    HeightScan,
}

impl Source {
    /// Every source.
    pub const ALL: [Source; 14] = [
        Source::Gyro,
        Source::Accelerometer,
        Source::ProjectedGravity,
        Source::Command,
        Source::JointPosition,
        Source::JointVelocity,
        Source::Action,
        Source::Target,
        Source::FootContact,
        Source::Phase,
        Source::Constant,
        Source::Euler,
        Source::BaseVelocity,
        Source::HeightScan,
    ];

    /// Unit of the source before scale and offset.
    pub fn unit(self) -> &'static str {
        match self {
            Source::Gyro | Source::JointVelocity => "rad/s",
            Source::Accelerometer => "m/s2",
            Source::JointPosition | Source::Target | Source::Euler => "rad",
            Source::BaseVelocity => "m/s",
            Source::HeightScan => "m",
            Source::Command => "command",
            Source::ProjectedGravity
            | Source::Action
            | Source::FootContact
            | Source::Phase
            | Source::Constant => "1",
        }
    }

    /// True for what the controller computed in an earlier tick: it does not exist yet in the tick itself.
    pub fn is_feedback(self) -> bool {
        matches!(self, Source::Action | Source::Target)
    }

    /// True for vectors that need a frame.
    pub fn has_frame(self) -> bool {
        matches!(self, Source::Gyro | Source::Accelerometer | Source::ProjectedGravity | Source::BaseVelocity)
    }

    /// Why no robot here has it; `None` for what can be sensed.
    pub fn unknowable(self) -> Option<&'static str> {
        match self {
            Source::BaseVelocity => {
                Some("no sensor measures the trunk's linear velocity, and nothing estimates it")
            }
            Source::HeightScan => Some("no sensor measures the ground about the robot"),
            _ => None,
        }
    }

    /// How many numbers it has, where only the term says so.
    pub(crate) fn width_of_term(self, term: &Term) -> Option<usize> {
        matches!(self, Source::Constant | Source::HeightScan).then_some(term.width as usize)
    }
}

/// The frame a vector is expressed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// x forward, y left, z up, fixed to the trunk.
    Trunk,
    /// Fixed to the ground. No robot here can sense it; a contract that says so is refused by name.
    World,
}

/// What a joint angle is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// From zero.
    #[default]
    Zero,
    /// From the contract's default pose.
    DefaultPose,
}

/// One term: `clip(scale * (source - reference) + offset)`, for each of `history` ticks, newest first.
///
/// Where `scale` or `offset` is a list, it has a number for each element of the term in one tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Name, unique in the contract; errors and records use it.
    pub name: String,
    /// Where the numbers come from.
    pub source: Source,
    /// Unit of the source, written out so that a mismatch can be refused.
    pub unit: String,
    /// Frame of a vector; absent for what has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<Frame>,
    /// What the source is measured from.
    #[serde(default)]
    pub relative_to: Reference,
    /// Which elements of the source, by index, in this order; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elements: Option<Vec<u32>>,
    /// Factor after the reference is taken off.
    #[serde(default = "one")]
    pub scale: PerElement,
    /// Added after the factor.
    #[serde(default = "zero")]
    pub offset: PerElement,
    /// Lowest and highest value, after scale and offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<[f64; 2]>,
    /// How many ticks of the source follow each other, newest first.
    #[serde(default = "one_tick")]
    pub history: u32,
    /// How many ticks old the newest of them is. What the controller computed is at least one tick old.
    #[serde(default)]
    pub lag: u32,
    /// Numbers this term adds to the observation: the source's width times `history`.
    pub width: u32,
}

fn one() -> PerElement {
    PerElement::All(1.0)
}

fn zero() -> PerElement {
    PerElement::All(0.0)
}

impl Term {
    /// The elements of a source of this width that it takes, in order.
    pub fn elements(&self, source_width: usize) -> Vec<usize> {
        match &self.elements {
            Some(elements) => elements.iter().map(|&element| element as usize).collect(),
            None => (0..source_width).collect(),
        }
    }

    /// Factor of the element at `place` of a tick.
    pub fn scale_of(&self, place: usize) -> f64 {
        self.scale.get(place).unwrap_or(1.0)
    }

    /// What is added to the element at `place` of a tick.
    pub fn offset_of(&self, place: usize) -> f64 {
        self.offset.get(place).unwrap_or(0.0)
    }

    /// How many numbers it has in one tick.
    pub fn tick_width(&self) -> usize {
        (self.width / self.history.max(1)) as usize
    }
}

fn one_tick() -> u32 {
    1
}
