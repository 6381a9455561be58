//! How a robot comes to its feet, how it stops, and what is done about what goes wrong.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From limp to the default pose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Share of a servo's torque it may use when it is switched on; the rest follows in a ramp.
    pub torque: f64,
    /// Time from that share to all of it, s.
    pub torque_ramp_s: f64,
    /// Fastest joint on the way to the default pose, rad/s.
    pub speed_rps: f64,
    /// How long the default pose is held before the policy may run, s.
    pub settle_s: f64,
    /// How long a servo that was reset while the robot ran takes from where it is to where it should be, s.
    pub rejoin_s: f64,
    /// Tilt of the trunk up to which the robot can get up, rad; absent: from any pose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upright_rad: Option<f64>,
}

/// How the robot knows that its legs bear its weight: the force on the ground is estimated as a weighted sum of the
/// torques at some joints, each its gain times goal minus angle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// The sum's constant, N: what the estimate is where every goal is reached.
    pub constant_n: f64,
    /// Time constant of the estimate, s.
    pub smooth_s: f64,
    /// The policy may start where the estimate has been above this, N ...
    pub bears_n: f64,
    /// ... for so long, s.
    pub bears_for_s: f64,
    /// The robot has been lifted where the estimate has been below this, N ...
    pub lifted_n: f64,
    /// ... for so long, s.
    pub lifted_for_s: f64,
    /// Weight of each joint's torque, 1/m, by the joint's name.
    pub per_m: BTreeMap<String, f64>,
}

/// From running to limp.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// Time in which the velocity command goes to zero while the policy still keeps the balance, s.
    pub ease_s: f64,
    /// Time in which the torque runs out before it is cut, s.
    pub soften_s: f64,
    /// Longest time a pose is held because of a fault that does not go away, s; then the robot goes limp.
    pub hold_s: f64,
    /// Time from any pose to the sitting one, s.
    pub sit_s: f64,
    /// Share of the commanded velocity that is left under a fault whose reaction is `slow`.
    pub slow_share: f64,
}

/// A remedy after which somebody at the robot clears the fault and asks it up again.
macro_rules! then_ask_again {
    ($remedy:literal) => {
        concat!($remedy, ", then press c, and ask it up again (w or s; with --keyboard, Enter)")
    };
}

/// How such a remedy ends: for whoever has no terminal of `gaitwayd` it is to be left off.
pub const THEN_ASK_AGAIN: &str = then_ask_again!("");

/// What can go wrong with a robot that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The lowest supply any servo measures is below the limit, V.
    LowVoltage,
    /// The hottest servo is above the limit, °C.
    OverTemperature,
    /// A servo reports overload or too much current.
    Overload,
    /// Current times error of a joint, beyond what walking needs, summed over time, is above the limit, A·rad·s.
    Stall,
    /// A servo has not answered for longer than the limit, s.
    SilentServo,
    /// Ticks in a row in which the policy's output was no number, above the limit.
    NonFiniteOutput,
    /// Time without an answer of any servo above the limit, s.
    BusGone,
    /// Ticks left out in the last second above the limit.
    OverrunStorm,
    /// The newest sample of the IMU is older than the limit, s.
    ImuStale,
    /// The trunk has tilted too far for too long: the verdict of the safety filter.
    Fallen,
    /// More than half of the servos measure a supply above the limit, V. Optional.
    HighVoltage,
    /// Samples of the IMU a second that the table of the wires refused are above the limit: the mean of about three
    /// seconds. Optional.
    ImuImplausible,
    /// The same of the values of one servo. Optional.
    ServoImplausible,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [FaultKind; 13] = [
        FaultKind::LowVoltage,
        FaultKind::OverTemperature,
        FaultKind::Overload,
        FaultKind::Stall,
        FaultKind::SilentServo,
        FaultKind::NonFiniteOutput,
        FaultKind::BusGone,
        FaultKind::OverrunStorm,
        FaultKind::ImuStale,
        FaultKind::Fallen,
        FaultKind::HighVoltage,
        FaultKind::ImuImplausible,
        FaultKind::ServoImplausible,
    ];

    /// Name as written in a profile and in logs.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::LowVoltage => "low_voltage",
            FaultKind::OverTemperature => "over_temperature",
            FaultKind::Overload => "overload",
            FaultKind::Stall => "stall",
            FaultKind::SilentServo => "silent_servo",
            FaultKind::NonFiniteOutput => "non_finite_output",
            FaultKind::BusGone => "bus_gone",
            FaultKind::OverrunStorm => "overrun_storm",
            FaultKind::ImuStale => "imu_stale",
            FaultKind::Fallen => "fallen",
            FaultKind::HighVoltage => "high_voltage",
            FaultKind::ImuImplausible => "imu_implausible",
            FaultKind::ServoImplausible => "servo_implausible",
        }
    }

    /// True where a profile needs no line for it: profiles are older than the kind.
    pub fn is_optional(self) -> bool {
        matches!(self, FaultKind::HighVoltage | FaultKind::ImuImplausible | FaultKind::ServoImplausible)
    }

    /// What the person can do about it.
    pub fn hint(self) -> &'static str {
        match self {
            FaultKind::LowVoltage => {
                "charge the battery; if it is full, check the plug and wire of that servo"
            }
            FaultKind::OverTemperature => {
                "let the servo cool, and find what it works against: `gaitway plot`"
            }
            FaultKind::Overload => {
                "free what is blocked, then switch the servos' power off and on: the servo latches its overload"
            }
            FaultKind::Stall => {
                then_ask_again!("free the blocked joint")
            }
            FaultKind::SilentServo => {
                "check the plug, the power and the id of that servo: `gaitway motors scan`"
            }
            FaultKind::NonFiniteOutput => {
                "use another policy file: this one computes numbers that are not finite"
            }
            FaultKind::BusGone => "check the adaptor's cable and the servos' power: `gaitway doctor`",
            FaultKind::OverrunStorm => "end other programs: the control loop does not get its time",
            FaultKind::ImuStale => "check the IMU's cable and power: `gaitway imu watch`",
            FaultKind::Fallen => {
                then_ask_again!("set the robot upright")
            }
            FaultKind::HighVoltage => {
                then_ask_again!(
                    "disconnect the supply at once: servos for 7.4 V stand two full cells, 8.4 V, and are destroyed by \
                     12 V; connect the right one"
                )
            }
            FaultKind::ImuImplausible => {
                "bits flip on the IMU's I2C bus: slow it down (dtparam=i2c_arm_baudrate=50000 in config.txt) or use \
                 a software bus (dtoverlay=i2c-gpio), and shorten its wires"
            }
            FaultKind::ServoImplausible => {
                "check that servo with `gaitway doctor`: its position offset (register 31), its plug, its electronics"
            }
        }
    }
}

/// What is done about a fault, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// It is said, and nothing else.
    Warn,
    /// The commanded velocity is reduced.
    Slow,
    /// The pose is held; the policy rests.
    Hold,
    /// The robot sits down, then goes limp.
    Sit,
    /// Torque is cut at once.
    Limp,
}

impl Reaction {
    /// Name as written in a profile and in logs.
    pub fn name(self) -> &'static str {
        match self {
            Reaction::Warn => "warn",
            Reaction::Slow => "slow",
            Reaction::Hold => "hold",
            Reaction::Sit => "sit",
            Reaction::Limp => "limp",
        }
    }
}

/// How a fault ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clears {
    /// With its cause.
    ByItself,
    /// When a person at the robot says so.
    ByHand,
}

/// One line of the fault table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What goes wrong.
    pub when: FaultKind,
    /// The limit, in the unit of the kind; not used by the kinds that are a yes or no.
    #[serde(default)]
    pub limit: f64,
    /// For how long without a break, s.
    pub for_s: f64,
    /// How long a source that has told nothing since the start may take before its silence is a fault, s. `None`: as
    /// long as one that has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_s: Option<f64>,
    /// What is done.
    pub reaction: Reaction,
    /// For so long the policy may bring a robot that runs to a stand, at zero velocity, before it holds or sits, s.
    /// `None`: it holds where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_s: Option<f64>,
    /// How it ends.
    pub clears: Clears,
}
