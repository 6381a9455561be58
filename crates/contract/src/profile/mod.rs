//! The robot profile: everything about one robot that is data and not code.

mod safety;

pub use safety::{Clears, FaultKind, FaultRule, Reaction, Start, Stop};

use crate::canonical;
use crate::error::{ProfileError, place};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

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
    /// What is done about what goes wrong; every kind of fault has a line.
    pub faults: Vec<FaultRule>,
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
    /// Eyes are fitted.
    pub eyes: bool,
    /// A projector is fitted.
    pub projector: bool,
    /// Antennas are fitted.
    pub antennas: bool,
    /// A speaker is fitted.
    pub speaker: bool,
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

impl RobotProfile {
    /// Reads and validates a profile. Unknown keys are refused.
    pub fn from_toml(text: &str) -> Result<RobotProfile, ProfileError> {
        let syntax = |path: String, problem: String| ProfileError::Syntax { file: FILE, path, problem };
        let deserializer = toml::Deserializer::parse(text)
            .map_err(|error| syntax("file".to_owned(), error.to_string().trim().to_owned()))?;
        let profile: RobotProfile = serde_path_to_error::deserialize(deserializer)
            .map_err(|error| syntax(place(error.path()), error.inner().to_string().trim().to_owned()))?;
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

    /// Checks what the format cannot: ranges, uniqueness, signs.
    pub(crate) fn validate(&self) -> Result<(), ProfileError> {
        check("schema", self.schema == SCHEMA, SCHEMA, &self.schema)?;
        check(
            "rates.control_hz",
            (1..=1000).contains(&self.rates.control_hz),
            "1 to 1000",
            self.rates.control_hz,
        )?;
        check_axes("imu.trunk_axes", &self.imu.trunk_axes)?;
        check_axes("imu.trunk_axes_upside_down", &self.imu.trunk_axes_upside_down)?;
        check_finite("imu.position_m", &self.imu.position_m)?;
        check("imu.i2c_address", self.imu.i2c_address < 0x80, "0 to 0x7f", self.imu.i2c_address)?;
        check_positive("servo_bus.stiffness_per_kp", self.servo_bus.stiffness_per_kp)?;
        check("servo_bus.baud", self.servo_bus.baud > 0, "more than 0", self.servo_bus.baud)?;
        for (path, us) in [
            ("servo_bus.turnaround_us", self.servo_bus.turnaround_us),
            ("servo_bus.latency_us", self.servo_bus.latency_us),
        ] {
            check(path, (0.0..=100_000.0).contains(&us), "0 to 100000", us)?;
        }
        check_positive("fall.tilt_rad", self.fall.tilt_rad)?;
        check("fall.tilt_rad", self.fall.tilt_rad <= 3.2, "at most 3.2", self.fall.tilt_rad)?;
        check("fall.after_s", (0.0..=10.0).contains(&self.fall.after_s), "0 to 10", self.fall.after_s)?;
        let offset = self.options.phase_factor_offset;
        check("options.phase_factor_offset", offset.abs() < 1.0, "a number between -1 and 1", offset)?;
        self.validate_safety()?;
        self.validate_joints()
    }

    fn validate_safety(&self) -> Result<(), ProfileError> {
        let (start, stop) = (&self.start, &self.stop);
        for (path, share) in [("start.torque", start.torque), ("stop.slow_share", stop.slow_share)] {
            check(path, (0.0..=1.0).contains(&share), "0 to 1", share)?;
        }
        check("start.speed_rps", (0.05..=10.0).contains(&start.speed_rps), "0.05 to 10", start.speed_rps)?;
        for (path, seconds) in [
            ("start.torque_ramp_s", start.torque_ramp_s),
            ("start.settle_s", start.settle_s),
            ("start.rejoin_s", start.rejoin_s),
            ("stop.ease_s", stop.ease_s),
            ("stop.soften_s", stop.soften_s),
            ("stop.hold_s", stop.hold_s),
            ("stop.sit_s", stop.sit_s),
        ] {
            check(path, (0.0..=60.0).contains(&seconds), "0 to 60", seconds)?;
        }
        for (index, rule) in self.faults.iter().enumerate() {
            let at = |field: &str| format!("faults[{index}].{field} ({})", rule.when.name());
            check(&at("for_s"), (0.0..=3600.0).contains(&rule.for_s), "0 to 3600", rule.for_s)?;
            let limit_fits = rule.limit.is_finite() && rule.limit >= 0.0;
            check(&at("limit"), limit_fits, "a finite number of at least 0", rule.limit)?;
        }
        for kind in FaultKind::ALL {
            let is_there = self.faults.iter().any(|rule| rule.when == kind);
            check("faults", is_there, "a line for every kind of fault", format!("none for {}", kind.name()))?;
        }
        Ok(())
    }

    fn validate_joints(&self) -> Result<(), ProfileError> {
        let count = self.joints.len();
        check("joints", (1..=64).contains(&count), "1 to 64 joints", count)?;
        let (mut names, mut ids) = (HashSet::new(), HashSet::new());
        for (index, joint) in self.joints.iter().enumerate() {
            let at = |field: &str| format!("joints[{index}].{field} ({})", joint.name);
            check(&at("name"), names.insert(&joint.name), "a name no other joint has", &joint.name)?;
            check(&at("servo_id"), joint.servo_id < 254, "0 to 253", joint.servo_id)?;
            check(&at("servo_id"), ids.insert(joint.servo_id), "an id no other joint has", joint.servo_id)?;
            check(&at("direction"), matches!(joint.direction, 1 | -1), "1 or -1", joint.direction)?;
            check_finite(&at("offset_rad"), &[joint.offset_rad])?;
            check_finite(&at("min_rad"), &[joint.min_rad, joint.max_rad])?;
            let found = format!("{} to {}", joint.min_rad, joint.max_rad);
            check(&at("min_rad"), joint.min_rad < joint.max_rad, "less than max_rad", found)?;
            let inside = (joint.min_rad..=joint.max_rad).contains(&joint.default_rad);
            check(&at("default_rad"), inside, "an angle within min_rad and max_rad", joint.default_rad)?;
            let sits_inside = (joint.min_rad..=joint.max_rad).contains(&joint.sit_rad);
            check(&at("sit_rad"), sits_inside, "an angle within min_rad and max_rad", joint.sit_rad)?;
            check_positive(&at("velocity_limit_rps"), joint.velocity_limit_rps)?;
            check(&at("kp"), (0.0..=255.0).contains(&joint.kp), "0 to 255", joint.kp)?;
            check(&at("kd"), (0.0..=255.0).contains(&joint.kd), "0 to 255", joint.kd)?;
        }
        Ok(())
    }
}

fn check(
    path: &str,
    holds: bool,
    expected: impl ToString,
    found: impl std::fmt::Display,
) -> Result<(), ProfileError> {
    if holds {
        return Ok(());
    }
    let (path, expected, found) = (path.to_owned(), expected.to_string(), found.to_string());
    Err(ProfileError::Value { file: FILE, path, expected, found })
}

fn check_finite(path: &str, values: &[f64]) -> Result<(), ProfileError> {
    check(
        path,
        values.iter().all(|&v| (v as f32).is_finite()),
        "finite 32-bit numbers",
        format!("{values:?}"),
    )
}

fn check_positive(path: &str, value: f64) -> Result<(), ProfileError> {
    check(path, (value as f32).is_finite() && value > 0.0, "a finite number more than 0", value)
}

/// Three signed axes that use x, y and z once each and can be reached by turning the sensor.
fn check_axes(path: &str, axes: &[String; 3]) -> Result<(), ProfileError> {
    let order = axes.each_ref().map(|axis| axis.strip_prefix(['+', '-']).unwrap_or_default());
    let even = matches!(order, ["x", "y", "z"] | ["y", "z", "x"] | ["z", "x", "y"]);
    let odd = matches!(order, ["x", "z", "y"] | ["z", "y", "x"] | ["y", "x", "z"]);
    check(
        path,
        even || odd,
        "each of x, y and z once, with a sign: [\"-y\", \"+x\", \"+z\"] for example",
        format!("{axes:?}"),
    )?;
    let negative = axes.iter().filter(|axis| axis.starts_with('-')).count();
    check(
        path,
        (negative % 2 == 0) == even,
        "a right-handed frame: no sensor is mounted as its mirror image",
        format!("{axes:?}"),
    )
}
