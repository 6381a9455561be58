//! Profiles of schema 1, of the first robot alone: two feet, two eyes, two antennas, an IMU and seven axes. They are read
//! for ever, as they stand in recordings too.

use super::{
    Actuators, CommandAxis, Contact, DEFAULT_POSE, Fall, FaultRule, Imu, Joint, Output, OutputKind, Rates,
    RobotProfile, SIT_POSE, Start, Stop, Support, WireLimit, every_mode,
};
use crate::axis::STANDARD_AXES;
use crate::profile::ImuTrim;
use serde::Deserialize;
use std::collections::BTreeMap;

pub(super) const SCHEMA: &str = "gaitway.robot/1";

const SIDES: [&str; 2] = ["left", "right"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    #[serde(rename = "schema")]
    _schema: String,
    name: String,
    title: String,
    rates: Rates,
    imu: TrunkImu,
    servo_bus: ServoBus,
    pins: Pins,
    fall: Fall,
    start: Start,
    stop: Stop,
    support: Option<Support>,
    faults: Vec<FaultRule>,
    #[serde(default)]
    wire: Vec<WireLimit>,
    #[serde(default)]
    options: Options,
    joints: Vec<OldJoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrunkImu {
    chip: String,
    i2c_bus: u32,
    i2c_address: u32,
    chip_id: Option<u32>,
    trunk_axes: [String; 3],
    trunk_axes_upside_down: [String; 3],
    position_m: [f64; 3],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServoBus {
    family: String,
    baud: u32,
    turnaround_us: f64,
    latency_us: f64,
    stiffness_per_kp: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pins {
    foot_switch: [u32; 2],
    eye: [u32; 2],
    projector: u32,
    antenna: [u32; 2],
    #[serde(default = "mirrored")]
    antenna_direction: [i8; 2],
    #[serde(default = "header_channels")]
    antenna_pwm_channel: [u32; 2],
}

/// The antennas of the first robot, for profiles and recordings from before they were written down.
fn mirrored() -> [i8; 2] {
    [1, -1]
}

/// As on the header of a Raspberry Pi: pins 13 and 12.
fn header_channels() -> [u32; 2] {
    [1, 0]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    start_paused: bool,
    imu_upside_down: bool,
    phase_factor_offset: f64,
    eyes: Option<bool>,
    projector: Option<bool>,
    antennas: Option<bool>,
    speaker: Option<bool>,
    action_scale: Option<f64>,
    imu_trim: Option<ImuTrim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OldJoint {
    name: String,
    servo_id: u8,
    direction: i8,
    #[serde(default)]
    offset_rad: f64,
    min_rad: f64,
    max_rad: f64,
    velocity_limit_rps: f64,
    default_rad: f64,
    sit_rad: f64,
    kp: f64,
    kd: f64,
}

impl Profile {
    /// The same robot in the present schema.
    pub fn upgrade(self) -> RobotProfile {
        let pose = |angle: fn(&OldJoint) -> f64| {
            self.joints.iter().map(|joint| (joint.name.clone(), angle(joint))).collect()
        };
        let poses = BTreeMap::from([
            (DEFAULT_POSE.to_owned(), pose(|joint| joint.default_rad)),
            (SIT_POSE.to_owned(), pose(|joint| joint.sit_rad)),
        ]);
        let contact = |(side, pin): (&str, u32)| Contact { name: format!("{side}_foot"), pin: Some(pin) };
        let axis = |(name, unit): (&str, &str)| CommandAxis { name: name.to_owned(), unit: unit.to_owned() };
        RobotProfile {
            schema: super::SCHEMA.to_owned(),
            name: self.name,
            title: self.title,
            modes: every_mode(),
            rates: self.rates,
            actuators: self.servo_bus.upgrade(),
            imus: vec![self.imu.upgrade()],
            contacts: SIDES.into_iter().zip(self.pins.foot_switch).map(contact).collect(),
            outputs: outputs(&self.pins, &self.options),
            command_axes: STANDARD_AXES.into_iter().map(axis).collect(),
            fall: Some(self.fall),
            start: self.start,
            stop: self.stop,
            support: self.support,
            faults: self.faults,
            wire: self.wire,
            options: self.options.upgrade(),
            poses,
            joints: self.joints.into_iter().map(OldJoint::upgrade).collect(),
        }
    }
}

/// Eyes, projector, antennas and speaker.
fn outputs(pins: &Pins, options: &Options) -> Vec<Output> {
    let output =
        |name: String, kind, pin, fitted| Output { name, kind, pin, direction: 1, pwm_channel: None, fitted };
    let mut outputs = Vec::new();
    for (side, pin) in SIDES.into_iter().zip(pins.eye) {
        outputs.push(output(format!("{side}_eye"), OutputKind::Blinker, Some(pin), options.eyes));
    }
    outputs.push(output("projector".to_owned(), OutputKind::Lamp, Some(pins.projector), options.projector));
    let antennas = pins.antenna.into_iter().zip(pins.antenna_direction).zip(pins.antenna_pwm_channel);
    for (side, ((pin, direction), channel)) in SIDES.into_iter().zip(antennas) {
        let name = format!("{side}_antenna");
        outputs.push(Output {
            direction,
            pwm_channel: Some(channel),
            ..output(name, OutputKind::PulseServo, Some(pin), options.antennas)
        });
    }
    outputs.push(output("speaker".to_owned(), OutputKind::Sound, None, options.speaker));
    outputs
}

impl TrunkImu {
    fn upgrade(self) -> Imu {
        Imu {
            name: "trunk".to_owned(),
            chip: self.chip,
            i2c_bus: self.i2c_bus,
            i2c_address: self.i2c_address,
            chip_id: self.chip_id,
            trunk_axes: self.trunk_axes,
            trunk_axes_upside_down: self.trunk_axes_upside_down,
            position_m: self.position_m,
        }
    }
}

impl ServoBus {
    fn upgrade(self) -> Actuators {
        Actuators {
            family: self.family,
            baud: self.baud,
            turnaround_us: self.turnaround_us,
            latency_us: self.latency_us,
            stiffness_per_kp: self.stiffness_per_kp,
            damping_per_kd: None,
            settings: BTreeMap::new(),
        }
    }
}

impl Options {
    fn upgrade(self) -> super::Options {
        super::Options {
            start_paused: self.start_paused,
            imu_upside_down: self.imu_upside_down,
            phase_factor_offset: self.phase_factor_offset,
            action_scale: self.action_scale,
            imu_trim: self.imu_trim,
        }
    }
}

impl OldJoint {
    fn upgrade(self) -> Joint {
        Joint {
            name: self.name,
            id: self.servo_id,
            direction: self.direction,
            offset_rad: self.offset_rad,
            min_rad: self.min_rad,
            max_rad: self.max_rad,
            velocity_limit_rps: self.velocity_limit_rps,
            kp: Some(self.kp),
            kd: Some(self.kd),
            stiffness_nm_per_rad: None,
            damping_nms_per_rad: None,
            settings: BTreeMap::new(),
        }
    }
}
