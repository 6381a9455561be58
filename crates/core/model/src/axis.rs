//! The axes along which a robot can be commanded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One axis of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Forward velocity, m/s.
    Vx,
    /// Leftward velocity, m/s.
    Vy,
    /// Turning rate about the vertical, rad/s, left positive.
    Wz,
    /// Neck pitch, rad.
    NeckPitch,
    /// Head pitch, rad.
    HeadPitch,
    /// Head yaw, rad.
    HeadYaw,
    /// Head roll, rad.
    HeadRoll,
}

impl Axis {
    /// Every axis, in the order of [`Command`].
    pub const ALL: [Axis; 7] =
        [Axis::Vx, Axis::Vy, Axis::Wz, Axis::NeckPitch, Axis::HeadPitch, Axis::HeadYaw, Axis::HeadRoll];

    /// Name as written in contracts and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Axis::Vx => "vx",
            Axis::Vy => "vy",
            Axis::Wz => "wz",
            Axis::NeckPitch => "neck_pitch",
            Axis::HeadPitch => "head_pitch",
            Axis::HeadYaw => "head_yaw",
            Axis::HeadRoll => "head_roll",
        }
    }

    /// The unit this axis is always given in.
    pub fn unit(self) -> &'static str {
        match self {
            Axis::Vx | Axis::Vy => "m/s",
            Axis::Wz => "rad/s",
            _ => "rad",
        }
    }

    /// True for the axes that move the robot over the ground.
    pub fn is_velocity(self) -> bool {
        matches!(self, Axis::Vx | Axis::Vy | Axis::Wz)
    }
}

/// What the robot is asked to do: one value for every axis of [`Axis::ALL`], and how fast its gait shall be.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Command {
    /// Values in the order and units of [`Axis::ALL`].
    pub values: [f32; Axis::ALL.len()],
    /// Added to the speed of the gait clock, one being the contract's: a sprint, or a trim.
    pub phase_factor_offset: f32,
}

impl Command {
    /// A command along the ground; the head stays where it is at rest.
    pub fn velocity(vx_mps: f32, vy_mps: f32, wz_rps: f32) -> Command {
        let mut command = Command::default();
        command.values[..3].copy_from_slice(&[vx_mps, vy_mps, wz_rps]);
        command
    }

    /// The value along one axis.
    pub fn get(&self, axis: Axis) -> f32 {
        self.values[axis as usize]
    }
}
