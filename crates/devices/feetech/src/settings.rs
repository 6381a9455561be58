//! The settings of a joint's servo, as one table: what it is given, and what an audit makes of everything else.
//!
//! A servo from the factory has nothing to report but its return delay. EEPROM settings are kept by the servo; RAM
//! settings last until its power goes, and every program that drives it writes them again at its start.

use crate::registers::{self, Register};
use crate::severity::Severity::{self, Grave, Note, Warning};
use gaitway_model::RobotProfile;
use std::collections::BTreeMap;
use thiserror::Error;

/// Phase bit: speeds are in steps a second, not in fifties of them.
const PHASE_FINE_SPEED: i32 = 1 << 2;
/// Phase bit: positions count on over several turns.
const PHASE_MULTI_TURN: i32 = 1 << 4;
/// Unload conditions: temperature, current and overload, as from the factory.
const UNLOAD_PROTECTED: i32 = 0b10_1100;
/// Unload condition: the supply. A full pack of 8.4 V lies above the limit of a servo for 7.4 V.
const UNLOAD_VOLTAGE: i32 = 1;

/// What a register should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Anything from the first to the last number; written is the one in the middle.
    Within(i32, i32, i32),
    /// Bits that must be set, and bits that must not.
    Bits {
        /// These are set.
        set: i32,
        /// These are not.
        clear: i32,
    },
    /// No audit judges it: drivers change it while they run, or the joint's range decides.
    Given(i32),
}

/// How bad something is, and what follows from it.
pub type Verdict = (Severity, &'static str);

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Which register.
    pub register: Register,
    /// What it should hold.
    pub want: Want,
    /// What a number below does, or a bit that is missing.
    pub below: Verdict,
    /// What a number above does, or a bit too many.
    pub above: Verdict,
    /// Whether an audit may write it.
    pub is_fixed: bool,
}

impl Want {
    /// What is written where `found` is there.
    pub fn value(self, found: i32) -> i32 {
        match self {
            Want::Within(_, value, _) | Want::Given(value) => value,
            Want::Bits { set, clear } => (found | set) & !clear,
        }
    }
}

impl Setting {
    const fn new(register: Register, want: Want, below: Verdict, above: Verdict) -> Setting {
        Setting { register, want, below, above, is_fixed: true }
    }

    const fn exactly(register: Register, value: i32, verdict: Verdict) -> Setting {
        Setting::new(register, Want::Within(value, value, value), verdict, verdict)
    }

    const fn given(register: Register, value: i32) -> Setting {
        Setting::new(register, Want::Given(value), (Note, ""), (Note, ""))
    }

    const fn reported(register: Register, value: i32, verdict: Verdict) -> Setting {
        Setting { is_fixed: false, ..Setting::exactly(register, value, verdict) }
    }

    /// What is wrong with `found`; `None` where it may stay.
    pub fn judge(&self, found: i32) -> Option<Verdict> {
        match self.want {
            Want::Within(lowest, ..) if found < lowest => Some(self.below),
            Want::Within(.., highest) if found > highest => Some(self.above),
            Want::Bits { clear, .. } if found & clear != 0 => Some(self.above),
            Want::Bits { set, .. } if found & set != set => Some(self.below),
            _ => None,
        }
    }
}

/// A setting of a profile that no servo has.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SettingsError {
    /// No such line of the table.
    #[error("settings.{name}: expected one of {}", names().join(", "))]
    Unknown {
        /// The name in the profile.
        name: String,
    },
    /// Not in this order.
    #[error("settings.{name}: expected lowest, written and highest value in this order, found {found:?}")]
    Order {
        /// The name in the profile.
        name: String,
        /// What is there.
        found: [i32; 3],
    },
}

/// The table for a joint's servo: the family's, with what the profile says of all servos and of this one.
///
/// # Errors
/// A name that is no setting, or values out of order.
pub fn settings_of(profile: &RobotProfile, joint: usize) -> Result<Vec<Setting>, SettingsError> {
    let mut settings = SETTINGS.to_vec();
    apply(&mut settings, &profile.actuators.settings)?;
    if let Some(joint) = profile.joints.get(joint) {
        apply(&mut settings, &joint.settings)?;
    }
    Ok(settings)
}

fn apply(settings: &mut [Setting], own: &BTreeMap<String, [i32; 3]>) -> Result<(), SettingsError> {
    for (name, &[lowest, value, highest]) in own {
        let setting = settings.iter_mut().find(|setting| key_of(&setting.register) == *name);
        let setting = setting.ok_or_else(|| SettingsError::Unknown { name: name.clone() })?;
        if !(lowest <= value && value <= highest) {
            return Err(SettingsError::Order { name: name.clone(), found: [lowest, value, highest] });
        }
        setting.want = Want::Within(lowest, value, highest);
        for verdict in [&mut setting.below, &mut setting.above] {
            if verdict.1.is_empty() {
                *verdict = NOT_THIS_ROBOTS;
            }
        }
    }
    Ok(())
}

/// As a register is called in a profile: `max_voltage`.
fn key_of(register: &Register) -> String {
    register.name.to_lowercase().replace([' ', '-'], "_")
}

fn names() -> Vec<String> {
    SETTINGS.iter().map(|setting| key_of(&setting.register)).collect()
}

const NOT_THIS_ROBOTS: Verdict = (Warning, "the robot's profile wants another value");
const OTHER_UNITS: Verdict = (Grave, "it reports speeds or positions in other units");
const SLUGGISH: Verdict = (Note, "the joint follows its goals slowly; written at every start");
const TRIPS: &str = "it switches its torque off under loads that it has in use: the joint gives way";
const BURNS: &str = "a blocked joint stays driven for longer than the motor stands";

/// The table. The gains are those of the published scripts; what the walk needs it writes itself.
pub const SETTINGS: &[Setting] = &[
    Setting::exactly(
        registers::RETURN_DELAY,
        0,
        (Grave, "every answer comes late: a bus of such servos does not fit into a tick"),
    ),
    Setting::exactly(
        registers::RESPONSE_LEVEL,
        1,
        (Warning, "writes are not acknowledged, which other tools rely on"),
    ),
    Setting::given(registers::MIN_ANGLE, 0),
    Setting::given(registers::MAX_ANGLE, 4095),
    Setting::new(
        registers::MAX_TEMPERATURE,
        Want::Within(70, 70, 80),
        (Grave, "it switches its torque off while it is cool enough"),
        (Warning, "it does not protect its motor from heat"),
    ),
    Setting::new(
        registers::MAX_VOLTAGE,
        Want::Within(80, 80, 90),
        (Grave, "it takes a good battery for a fault"),
        (Warning, "it does not report a supply that destroys it"),
    ),
    Setting::new(
        registers::MIN_VOLTAGE,
        Want::Within(40, 40, 60),
        (Warning, "it does not report an empty battery"),
        (Grave, "it takes a good battery for a fault"),
    ),
    Setting::exactly(registers::MAX_TORQUE, 1000, (Warning, "after a power cycle the servo is weaker")),
    Setting::new(
        registers::PHASE,
        Want::Bits { set: PHASE_FINE_SPEED, clear: PHASE_MULTI_TURN },
        OTHER_UNITS,
        OTHER_UNITS,
    ),
    Setting::new(
        registers::UNLOAD_CONDITION,
        Want::Bits { set: UNLOAD_PROTECTED, clear: UNLOAD_VOLTAGE },
        (Warning, "heat, current or overload no longer switch its torque off: a blocked motor burns"),
        (Grave, "it switches its torque off at a battery that is full"),
    ),
    Setting::given(registers::P_GAIN, 32),
    Setting::given(registers::D_GAIN, 0),
    Setting::given(registers::I_GAIN, 0),
    Setting::new(
        registers::MIN_START_FORCE,
        Want::Within(0, 16, 50),
        (Note, ""),
        (Warning, "it jerks: the motor starts with more torque than small corrections need"),
    ),
    Setting::new(
        registers::CW_DEAD_ZONE,
        Want::Within(0, 1, 4),
        (Note, ""),
        (Warning, "the joint hangs loose around its goal"),
    ),
    Setting::new(
        registers::CCW_DEAD_ZONE,
        Want::Within(0, 1, 4),
        (Note, ""),
        (Warning, "the joint hangs loose around its goal"),
    ),
    // A servo of 2.68 Ω draws at most 2.8 A at 7.4 V: 426 units of 6.5 mA.
    Setting::new(
        registers::PROTECTION_CURRENT,
        Want::Within(430, 500, 511),
        (Grave, TRIPS),
        (Warning, BURNS),
    ),
    Setting::exactly(registers::ANGULAR_RESOLUTION, 1, OTHER_UNITS),
    Setting::reported(
        registers::POSITION_OFFSET,
        0,
        (Note, "its zero was moved inside the servo, beside the offsets of the configuration"),
    ),
    Setting::exactly(registers::MODE, 0, (Grave, "it does not go to positions")),
    Setting::new(
        registers::PROTECTIVE_TORQUE,
        Want::Within(20, 20, 40),
        (Warning, "after an overload it carries nothing: the joint gives way"),
        (Warning, "after an overload the motor is driven on and burns"),
    ),
    Setting::new(registers::PROTECTION_TIME, Want::Within(100, 200, 254), (Grave, TRIPS), (Warning, BURNS)),
    Setting::new(registers::OVERLOAD_TORQUE, Want::Within(70, 80, 90), (Grave, TRIPS), (Warning, BURNS)),
    Setting::new(registers::OVER_CURRENT_TIME, Want::Within(100, 200, 254), (Grave, TRIPS), (Warning, BURNS)),
    Setting::exactly(registers::ACCELERATION, 0, SLUGGISH),
    Setting::exactly(registers::GOAL_TIME, 0, SLUGGISH),
    Setting::exactly(registers::GOAL_SPEED, 0, SLUGGISH),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_accepts_what_it_writes() {
        for setting in SETTINGS {
            for found in [0, 1, 28, 255, 1000] {
                let written = setting.want.value(found);
                assert_eq!(setting.judge(written), None, "{} {written}", setting.register.name);
            }
        }
    }

    #[test]
    fn both_sides_of_every_range_are_judged() {
        for setting in SETTINGS {
            if let Want::Within(lowest, _, highest) = setting.want {
                let (below, above) = (setting.judge(lowest - 1), setting.judge(highest + 1));
                assert_eq!(
                    (below, above),
                    (Some(setting.below), Some(setting.above)),
                    "{}",
                    setting.register.name
                );
            }
        }
    }

    #[test]
    fn a_profile_says_what_its_servos_may_hold() {
        let mut profile = RobotProfile::from_toml(include_str!(
            "../../../../python/gaitway/robots/open_duck_mini_v2/profile.toml"
        ))
        .unwrap();
        let knee = profile.joint_index("left_knee").unwrap();
        let of = |profile: &RobotProfile, joint, register: Register| {
            let settings = settings_of(profile, joint).unwrap();
            *settings.iter().find(|setting| setting.register == register).unwrap()
        };
        assert_eq!(settings_of(&profile, knee).unwrap(), SETTINGS);
        profile.actuators.settings.insert("max_voltage".to_owned(), [80, 140, 140]);
        profile.joints[knee].settings.insert("position_offset".to_owned(), [-2047, 0, 2047]);
        profile.joints[knee].settings.insert("max_angle".to_owned(), [3000, 4095, 4095]);
        for joint in [0, knee] {
            let voltage = of(&profile, joint, registers::MAX_VOLTAGE);
            assert_eq!(
                [140, 80, 141, 79].map(|found| voltage.judge(found).is_some()),
                [false, false, true, true]
            );
            assert_eq!(voltage.want.value(90), 140);
        }
        assert!(of(&profile, 0, registers::POSITION_OFFSET).judge(900).is_some());
        let offset = of(&profile, knee, registers::POSITION_OFFSET);
        assert!(offset.judge(900).is_none() && !offset.is_fixed, "no audit writes it");
        assert_eq!(of(&profile, knee, registers::MAX_ANGLE).judge(2000), Some(NOT_THIS_ROBOTS));
        profile.joints[knee].settings.insert("wings".to_owned(), [0, 0, 0]);
        let unknown = settings_of(&profile, knee).unwrap_err();
        assert!(
            unknown.to_string().starts_with("settings.wings: expected one of return_delay, "),
            "{unknown}"
        );
        assert!(unknown.to_string().contains("counter_clockwise_dead_zone"));
        profile.joints[knee].settings.remove("wings");
        profile.actuators.settings.insert("min_voltage".to_owned(), [60, 40, 50]);
        assert!(matches!(settings_of(&profile, 0), Err(SettingsError::Order { .. })));
    }

    #[test]
    fn the_table_is_in_order_and_every_register_is_in_it_once() {
        assert!(SETTINGS.windows(2).all(|pair| pair[0].register.address < pair[1].register.address));
    }
}
