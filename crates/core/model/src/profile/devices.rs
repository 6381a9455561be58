//! What is connected to a robot's computer.

use crate::axis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most contacts a robot can have.
pub const MAX_CONTACTS: usize = 8;

/// The actuators and their bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actuators {
    /// Protocol and register table, for the driver to be chosen by.
    pub family: String,
    /// Baud rate.
    pub baud: u32,
    /// Longest time an actuator takes to begin its answer, µs.
    pub turnaround_us: f64,
    /// Longest time the adaptor holds bytes back, both ways together, µs.
    pub latency_us: f64,
    /// Stiffness in N·m/rad of one unit of the family's proportional gain.
    pub stiffness_per_kp: f64,
    /// Damping in N·m·s/rad of one unit of the family's derivative gain; needed where a joint has `damping_nms_per_rad`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damping_per_kd: Option<f64>,
    /// What settings of the actuators may hold where the family's own figures are not right for this robot: by
    /// register name, the lowest value, the one that is written, and the highest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, [i32; 3]>,
}

/// An IMU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imu {
    /// Name, unique.
    pub name: String,
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

/// Something that touches the ground, or another thing, and knows that it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Name, unique.
    pub name: String,
    /// BCM number of its switch's pin, active low; absent where something else tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<u32>,
}

/// A kind of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// A light that blinks by itself, together with the robot's others.
    Blinker,
    /// A light that is on or off.
    Lamp,
    /// A hobby servo, told by the width of pulses.
    PulseServo,
    /// A loudspeaker.
    Sound,
}

impl OutputKind {
    /// Name as written in a profile and in logs.
    pub fn name(self) -> &'static str {
        match self {
            OutputKind::Blinker => "blinker",
            OutputKind::Lamp => "lamp",
            OutputKind::PulseServo => "pulse_servo",
            OutputKind::Sound => "sound",
        }
    }

    /// True where it needs a pin.
    pub fn has_pin(self) -> bool {
        self != OutputKind::Sound
    }
}

/// Something a robot shows or makes heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Name, unique.
    pub name: String,
    /// What it is.
    pub kind: OutputKind,
    /// BCM number of its pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<u32>,
    /// Of a pulse servo: 1, or -1 where a longer pulse moves it the other way.
    #[serde(default = "forward", skip_serializing_if = "is_forward")]
    pub direction: i8,
    /// Of a pulse servo: channel of the board's PWM that its pin can be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pwm_channel: Option<u32>,
    /// Whether this robot has it; absent where nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted: Option<bool>,
}

fn forward() -> i8 {
    1
}

fn is_forward(direction: &i8) -> bool {
    *direction == forward()
}

/// An axis along which the robot can be commanded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandAxis {
    /// Name, unique.
    pub name: String,
    /// Unit in which it is always given. One that ends in "/s" is a velocity: it goes to zero where nobody commands.
    pub unit: String,
}

impl CommandAxis {
    /// True where it is a velocity.
    pub fn is_velocity(&self) -> bool {
        axis::is_velocity(&self.unit)
    }
}
