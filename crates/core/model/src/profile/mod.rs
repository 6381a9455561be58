//! The robot profile: everything about one robot that is data and not code.

mod safety;
mod validate;
mod wire;

pub use safety::{Clears, FaultKind, FaultRule, Reaction, Start, Stop, Support, THEN_ASK_AGAIN};
pub use wire::{WireLimit, WireValue};

use crate::canonical;
use crate::controls::first_control;
use crate::error::{ProfileError, place};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// The schema this build reads.
pub const SCHEMA: &str = "gaitway.robot/1";

const FILE: &str = "robot profile";

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
    /// Rates of the loop and the bus.
    pub rates: Rates,
    /// Where and how the IMU sits.
    pub imu: Imu,
    /// The servo bus.
    pub servo_bus: ServoBus,
    /// BCM numbers of the pins.
    pub pins: Pins,
    /// When the safety gate says the robot has fallen.
    pub fall: Fall,
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
    /// Switches of the published runtime's configuration.
    #[serde(default)]
    pub options: Options,
    /// The joints, in the order of every vector.
    pub joints: Vec<Joint>,
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

/// The IMU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imu {
    /// Chip, for the driver to be chosen by.
    pub chip: String,
    /// Number of the I2C bus.
    pub i2c_bus: u32,
    /// Address on it.
    pub i2c_address: u32,
    /// What its id register says, where that is not what the chip's maker says: a clone's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chip_id: Option<u32>,
    /// Which sensor axis, with sign, the trunk's x, y and z are: `"-y"` for example.
    pub trunk_axes: [String; 3],
    /// The same where the IMU is mounted upside down.
    pub trunk_axes_upside_down: [String; 3],
    /// Position of the IMU in the trunk frame, m.
    pub position_m: [f64; 3],
}

/// The servo bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServoBus {
    /// Protocol and register table, for the driver to be chosen by.
    pub family: String,
    /// Baud rate.
    pub baud: u32,
    /// Longest time a servo takes to begin its answer, µs.
    pub turnaround_us: f64,
    /// Longest time the adaptor holds bytes back, both ways together, µs.
    pub latency_us: f64,
    /// Stiffness in N·m/rad of one unit of the servo's proportional gain.
    pub stiffness_per_kp: f64,
}

/// BCM numbers of the pins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// Foot switches, left and right, active low.
    pub foot_switch: [u32; 2],
    /// Eyes, left and right.
    pub eye: [u32; 2],
    /// Projector.
    pub projector: u32,
    /// Antenna servos, left and right.
    pub antenna: [u32; 2],
    /// 1, or -1 where a longer pulse moves that antenna the other way.
    #[serde(default = "mirrored")]
    pub antenna_direction: [i8; 2],
    /// Channels of the board's PWM that those pins can be given, left and right.
    #[serde(default = "header_channels")]
    pub antenna_pwm_channel: [u32; 2],
}

/// The duck's antennas, for profiles and recordings from before they were written down.
fn mirrored() -> [i8; 2] {
    [1, -1]
}

/// As on the header of a Raspberry Pi: pins 13 and 12.
fn header_channels() -> [u32; 2] {
    [1, 0]
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

/// Switches that the published runtime keeps in its configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The walk waits for the pause button.
    pub start_paused: bool,
    /// The IMU is mounted upside down.
    pub imu_upside_down: bool,
    /// Added to the gait clock's factor.
    pub phase_factor_offset: f64,
    /// Whether eyes are fitted; `None` where nobody has said.
    pub eyes: Option<bool>,
    /// Whether a projector is.
    pub projector: Option<bool>,
    /// Whether antennas are.
    pub antennas: Option<bool>,
    /// Whether a speaker is.
    pub speaker: Option<bool>,
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

/// One joint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joint {
    /// Name, unique.
    pub name: String,
    /// Servo id on the bus, unique.
    pub servo_id: u8,
    /// +1 or -1: sign between servo and joint.
    pub direction: i8,
    /// Servo angle at joint angle zero, rad: servo = direction * joint + offset.
    #[serde(default)]
    pub offset_rad: f64,
    /// Lowest angle, rad.
    pub min_rad: f64,
    /// Highest angle, rad.
    pub max_rad: f64,
    /// Fastest goal the safety gate lets through, rad/s.
    pub velocity_limit_rps: f64,
    /// Default pose, rad.
    pub default_rad: f64,
    /// Sitting pose, rad.
    pub sit_rad: f64,
    /// Proportional gain, servo register units.
    pub kp: f64,
    /// Derivative gain, servo register units.
    pub kd: f64,
}

/// What is kept free at both ends of a servo's turn, rad: a joint that is pushed past its end a little must not wrap
/// over from one end of the turn to the other.
const TURN_MARGIN_RAD: f64 = 0.05;

impl Joint {
    /// Lowest and highest offset with which the servo reaches all of the joint's range within its one turn, rad. No
    /// offset at all is always among them.
    pub fn offset_range_rad(&self) -> [f64; 2] {
        let ends = [self.min_rad, self.max_rad].map(|rad| f64::from(self.direction) * rad);
        let reach_rad = PI - TURN_MARGIN_RAD;
        [(-reach_rad - ends[0].min(ends[1])).min(0.0), (reach_rad - ends[0].max(ends[1])).max(0.0)]
    }
}

impl RobotProfile {
    /// Reads and validates a profile. Unknown keys are refused.
    pub fn from_toml(text: &str) -> Result<RobotProfile, ProfileError> {
        let syntax = |path: String, problem: String| ProfileError::Syntax { file: FILE, path, problem };
        let deserializer = toml::Deserializer::parse(text)
            .map_err(|error| syntax("file".to_owned(), error.to_string().trim().to_owned()))?;
        let profile: RobotProfile = serde_path_to_error::deserialize(deserializer)
            .map_err(|error| syntax(place(error.path()), error.inner().to_string().trim().to_owned()))?;
        if let Some(found) = first_control(&profile) {
            let (path, expected) = ("text".to_owned(), "no control characters".to_owned());
            return Err(ProfileError::Value { file: FILE, path, expected, found });
        }
        profile.validate()?;
        Ok(profile)
    }

    /// Index of the joint called `name`.
    pub fn joint_index(&self, name: &str) -> Option<usize> {
        self.joints.iter().position(|joint| joint.name == name)
    }

    /// The default pose, rad.
    pub fn default_pose_rad(&self) -> Vec<f32> {
        self.joints.iter().map(|joint| joint.default_rad as f32).collect()
    }

    /// The sitting pose, rad.
    pub fn sit_pose_rad(&self) -> Vec<f32> {
        self.joints.iter().map(|joint| joint.sit_rad as f32).collect()
    }

    /// Which sensor axis, with sign, the trunk's x, y and z are, as the IMU is mounted on this robot.
    pub fn imu_axes(&self) -> &[String; 3] {
        if self.options.imu_upside_down { &self.imu.trunk_axes_upside_down } else { &self.imu.trunk_axes }
    }

    /// The device file of the IMU's bus.
    pub fn imu_bus(&self) -> String {
        format!("/dev/i2c-{}", self.imu.i2c_bus)
    }

    /// Hash of what a policy depends on: names, order, range and default pose of the joints. Servo ids, offsets,
    /// pins and options are one robot's own and change nothing.
    pub fn policy_sha256(&self) -> String {
        let joints: Vec<_> = self
            .joints
            .iter()
            .map(|j| serde_json::json!([j.name, j.min_rad, j.max_rad, j.default_rad]))
            .collect();
        let relevant = serde_json::json!({ "name": self.name, "joints": joints });
        // Validated numbers are finite, so there is always a text.
        canonical::sha256_hex(canonical::to_json(&relevant).unwrap_or_default().as_bytes())
    }
}
