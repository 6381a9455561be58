//! The robot profile: everything about one robot that is data and not code.

mod devices;
mod joint;
mod read;
mod safety;
mod v1;
mod validate;
mod validate_devices;
mod wire;

pub use devices::{Actuators, CommandAxis, Contact, Imu, MAX_CONTACTS, Output, OutputKind};
pub use joint::Joint;
pub use safety::{Clears, FaultKind, FaultRule, Reaction, Start, Stop, Support, THEN_ASK_AGAIN};
pub use wire::{WireLimit, WireValue};

use crate::axis::Axis;
use crate::canonical;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema this build writes. It reads `gaitway.robot/1` too.
pub const SCHEMA: &str = "gaitway.robot/2";

/// The pose that a start goes to, and that contracts are relative to.
pub const DEFAULT_POSE: &str = "default";
/// The pose of a robot that sits down before it goes limp.
pub const SIT_POSE: &str = "sit";

const FILE: &str = "robot profile";

/// Angles by the name of their joint, rad.
pub type Pose = BTreeMap<String, f64>;

/// One robot: joints, limits, gains, mounts, pins and rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobotProfile {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Name by which contracts and people find it.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it can be asked to do.
    #[serde(default = "every_mode", skip_serializing_if = "is_every_mode")]
    pub modes: Vec<Mode>,
    /// Rates of the loop.
    pub rates: Rates,
    /// The actuators and their bus.
    pub actuators: Actuators,
    /// IMUs; that of the trunk is the first.
    #[serde(default)]
    pub imus: Vec<Imu>,
    /// Contacts, in the order of their rows.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// What the robot shows or makes heard.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// Along what it can be commanded, in the order of every row of commands.
    #[serde(default)]
    pub command_axes: Vec<CommandAxis>,
    /// When the safety filter says the robot has fallen; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fall: Option<Fall>,
    /// From limp to the default pose.
    pub start: Start,
    /// From running to limp.
    pub stop: Stop,
    /// How the robot knows that its legs bear its weight; absent: the policy starts, and runs on, in the air too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<Support>,
    /// What is done about what goes wrong; every kind of fault that is not optional has a line.
    pub faults: Vec<FaultRule>,
    /// What the numbers on the wires can be; empty in profiles from before there was such a table: all are believed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wire: Vec<WireLimit>,
    /// What differs from one robot of the kind to another.
    #[serde(default)]
    pub options: Options,
    /// Poses by name: [`DEFAULT_POSE`], and [`SIT_POSE`] where the robot can sit.
    pub poses: BTreeMap<String, Pose>,
    /// The joints, in the order of every vector.
    pub joints: Vec<Joint>,
}

/// What a robot can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Its actuators are given no torque.
    Limp,
    /// It holds its default pose.
    Stand,
    /// Its policy runs.
    Run,
}

fn every_mode() -> Vec<Mode> {
    vec![Mode::Limp, Mode::Stand, Mode::Run]
}

fn is_every_mode(modes: &[Mode]) -> bool {
    modes == every_mode()
}

/// Rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Ticks of the control loop in a second.
    pub control_hz: u32,
    /// What the servos are told in the ticks between two of the policy, where the loop is faster.
    #[serde(default)]
    pub between_policy_ticks: Between,
}

/// Goals between two ticks of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Between {
    /// The policy's targets at once, then the same.
    #[default]
    Hold,
    /// A straight line to the policy's targets, which are reached in the last tick before it runs again.
    Interpolate,
}

/// When the robot counts as fallen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fall {
    /// Tilt of the trunk beyond which it is falling, rad.
    pub tilt_rad: f64,
    /// For how long, s.
    pub after_s: f64,
}

/// What differs from one robot of the kind to another.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The walk waits for the pause button.
    pub start_paused: bool,
    /// The IMU is mounted upside down.
    pub imu_upside_down: bool,
    /// Added to the gait clock's factor.
    pub phase_factor_offset: f64,
    /// Radians for an action of one, in place of the contract's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_scale: Option<f64>,
    /// How askew the IMU sits in this robot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imu_trim: Option<ImuTrim>,
}

/// What turns the measurements of an IMU that sits askew level: first about y by the pitch, then about x by the roll.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImuTrim {
    /// Turn about y, rad: positive where the chip's nose is lower than the trunk's.
    pub pitch_rad: f64,
    /// Turn about x, rad.
    pub roll_rad: f64,
}

impl RobotProfile {
    /// Index of the joint called `name`.
    pub fn joint_index(&self, name: &str) -> Option<usize> {
        self.joints.iter().position(|joint| joint.name == name)
    }

    /// The default pose, rad.
    pub fn default_pose_rad(&self) -> Vec<f32> {
        self.pose_rad(DEFAULT_POSE).unwrap_or_default().iter().map(|angle| *angle as f32).collect()
    }

    /// The sitting pose, rad; the default pose where there is none.
    pub fn sit_pose_rad(&self) -> Vec<f32> {
        let sitting = self.pose_rad(SIT_POSE).map(|pose| pose.iter().map(|angle| *angle as f32).collect());
        sitting.unwrap_or_else(|| self.default_pose_rad())
    }

    /// The pose of this name in the order of the joints, rad. A validated profile's poses have an angle for each.
    pub fn pose_rad(&self, name: &str) -> Option<Vec<f64>> {
        let pose = self.poses.get(name)?;
        Some(self.joints.iter().map(|joint| pose.get(&joint.name).copied().unwrap_or(0.0)).collect())
    }

    /// Angle of a joint in the default pose, rad.
    pub fn default_rad(&self, joint: usize) -> f64 {
        let angle = || self.poses.get(DEFAULT_POSE)?.get(&self.joints.get(joint)?.name).copied();
        angle().unwrap_or(0.0)
    }

    /// True where the robot can be asked to do this.
    pub fn has_mode(&self, mode: Mode) -> bool {
        self.modes.contains(&mode)
    }

    /// The axis called `name`.
    pub fn axis(&self, name: &str) -> Option<Axis> {
        self.command_axes.iter().position(|axis| axis.name == name).and_then(Axis::at)
    }

    /// Names of the command axes, in the order of every command.
    pub fn axis_names(&self) -> impl Iterator<Item = &str> {
        self.command_axes.iter().map(|axis| axis.name.as_str())
    }

    /// Index of the contact called `name`.
    pub fn contact_index(&self, name: &str) -> Option<usize> {
        self.contacts.iter().position(|contact| contact.name == name)
    }

    /// The IMU of the trunk.
    pub fn imu(&self) -> Option<&Imu> {
        self.imus.first()
    }

    /// Which sensor axis, with sign, the trunk's x, y and z are, as the IMU is mounted on this robot.
    pub fn imu_axes(&self) -> Option<&[String; 3]> {
        let upside_down = self.options.imu_upside_down;
        self.imu().map(|imu| if upside_down { &imu.trunk_axes_upside_down } else { &imu.trunk_axes })
    }

    /// The device file of the IMU's bus.
    pub fn imu_bus(&self) -> Option<String> {
        self.imu().map(|imu| format!("/dev/i2c-{}", imu.i2c_bus))
    }

    /// Outputs of one kind.
    pub fn outputs_of(&self, kind: OutputKind) -> impl Iterator<Item = &Output> {
        self.outputs.iter().filter(move |output| output.kind == kind)
    }

    /// Hash of what a policy depends on: sha256 of the canonical JSON (RFC 8785) of [`RobotProfile::hashed`]. Ids,
    /// offsets, pins and options are one robot's own and change nothing.
    pub fn policy_sha256(&self) -> String {
        canonical::sha256_hex(self.hashed().as_bytes())
    }

    /// What [`RobotProfile::policy_sha256`] is the hash of: the name of the robot, and of each joint its name, range and
    /// angle in the default pose, rad.
    pub fn hashed(&self) -> String {
        let joints: Vec<_> = (self.joints.iter().enumerate())
            .map(|(index, j)| serde_json::json!([j.name, j.min_rad, j.max_rad, self.default_rad(index)]))
            .collect();
        let relevant = serde_json::json!({ "name": self.name, "joints": joints });
        // Validated numbers are finite, so there is always a text.
        canonical::to_json(&relevant).unwrap_or_default()
    }
}
