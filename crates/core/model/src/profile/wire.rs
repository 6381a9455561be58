//! What the numbers that come over the robot's wires can be.

use serde::{Deserialize, Serialize};

/// A kind of number that comes over a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireValue {
    /// Angular velocity about each axis, rad/s.
    Gyroscope,
    /// Specific force along each axis, m/s².
    Accelerometer,
    /// A contact: 0 in the air, 1 on the ground.
    #[serde(alias = "foot_contact")]
    Contact,
    /// How far a joint is outside its own range, rad: below `min_rad` it is negative, above `max_rad` positive.
    JointPosition,
    /// Velocity of a joint, rad/s.
    JointVelocity,
    /// Supply as one servo measures it, V.
    SupplyVoltage,
    /// Temperature of a servo, °C.
    ServoTemperature,
    /// Current of a servo, A.
    ServoCurrent,
}

impl WireValue {
    /// Every kind.
    pub const ALL: [WireValue; 8] = [
        WireValue::Gyroscope,
        WireValue::Accelerometer,
        WireValue::Contact,
        WireValue::JointPosition,
        WireValue::JointVelocity,
        WireValue::SupplyVoltage,
        WireValue::ServoTemperature,
        WireValue::ServoCurrent,
    ];

    /// Name as written in a profile and in logs.
    pub fn name(self) -> &'static str {
        match self {
            WireValue::Gyroscope => "gyroscope",
            WireValue::Accelerometer => "accelerometer",
            WireValue::Contact => "contact",
            WireValue::JointPosition => "joint_position",
            WireValue::JointVelocity => "joint_velocity",
            WireValue::SupplyVoltage => "supply_voltage",
            WireValue::ServoTemperature => "servo_temperature",
            WireValue::ServoCurrent => "servo_current",
        }
    }

    /// True where a bound on its rate of change means something: the others are read seldom, or may change at once.
    pub fn has_rate(self) -> bool {
        matches!(self, WireValue::Gyroscope | WireValue::Accelerometer | WireValue::JointPosition)
    }
}

/// One line of the table: what a number can be. What is outside is dropped, and the value before it grows old.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireLimit {
    /// Which number.
    pub value: WireValue,
    /// Least value, in the unit of the number.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// Fastest change since the last value that counted, units a second; no bound where it is not given.
    #[serde(default)]
    pub max_rate: Option<f64>,
}
