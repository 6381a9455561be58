//! Robot profiles: what loads, and how every mistake is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{DUCK, MINI, mini, names_the_place};
use gaitway_model::profile::{FaultKind, WireLimit, WireValue};
use gaitway_model::{ProfileError, RobotProfile};

/// The error of [`MINI`] with `old` replaced.
fn refusal(old: &str, new: &str) -> ProfileError {
    assert!(MINI.contains(old), "{old:?} is not in the profile");
    let error = RobotProfile::from_toml(&MINI.replacen(old, new, 1)).unwrap_err();
    names_the_place(&error);
    error
}

#[test]
fn the_shipped_profile_loads_whole() {
    let duck = RobotProfile::from_toml(DUCK).unwrap();
    let names: Vec<&str> = duck.joints.iter().map(|joint| joint.name.as_str()).collect();
    let ids: Vec<u8> = duck.joints.iter().map(|joint| joint.servo_id).collect();
    assert_eq!(duck.name, "open_duck_mini_v2");
    assert_eq!(names.len(), 14);
    assert_eq!((names[0], names[13]), ("left_hip_yaw", "right_ankle"));
    assert_eq!(ids, [20, 21, 22, 23, 24, 30, 31, 32, 33, 10, 11, 12, 13, 14]);
    assert_eq!(duck.joint_index("head_roll"), Some(8));
    assert_eq!(duck.joint_index("left_antenna"), None);
    assert_eq!(duck.default_pose_rad()[..5], [0.002, 0.053, -0.63, 1.368, -0.784]);
    assert_eq!((duck.rates.control_hz, duck.fall.tilt_rad), (50, 0.8));
    assert_eq!(duck.imu_axes(), &["-y", "+x", "+z"]);
}

#[test]
fn a_value_no_robot_can_have_is_refused_by_its_place() {
    let joint_after = |field: &str| format!("joints[0].{field} (hip)");
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, &str, &str)] = &[
        // What is replaced, by what: then path, expected and found in the message.
        ("robot/1", "robot/2", "schema", "gaitway.robot/1", "gaitway.robot/2"),
        ("control_hz = 50", "control_hz = 0", "rates.control_hz", "1 to 1000", "0"),
        ("control_hz = 50", "control_hz = 1001", "rates.control_hz", "1 to 1000", "1001"),
        ("trunk_axes = [\"-y\", \"+x\", \"+z\"]", "trunk_axes = [\"-y\", \"+y\", \"+z\"]",
            "imu.trunk_axes", "each of x, y and z once", "\"+y\""),
        ("trunk_axes = [\"-y\", \"+x\", \"+z\"]", "trunk_axes = [\"y\", \"+x\", \"+z\"]",
            "imu.trunk_axes", "with a sign", "[\"y\""),
        ("trunk_axes = [\"-y\", \"+x\", \"+z\"]", "trunk_axes = [\"+xy\", \"+z\", \"+\"]",
            "imu.trunk_axes", "each of x, y and z once", "+xy"),
        ("trunk_axes = [\"-y\", \"+x\", \"+z\"]", "trunk_axes = [\"+y\", \"+x\", \"+z\"]",
            "imu.trunk_axes", "right-handed", "\"+y\", \"+x\", \"+z\""),
        ("[\"-y\", \"-x\", \"-z\"]", "[\"+x\", \"+y\", \"-z\"]",
            "imu.trunk_axes_upside_down", "right-handed", "\"-z\""),
        ("[\"-y\", \"-x\", \"-z\"]", "[\"+x\", \"+y\", \"\"]",
            "imu.trunk_axes_upside_down", "each of x, y and z once", "\"\""),
        ("[-0.08, 0.0, 0.05]", "[-0.08, nan, 0.05]", "imu.position_m", "finite 32-bit numbers", "NaN"),
        ("i2c_address = 40", "i2c_address = 128", "imu.i2c_address", "0 to 0x7f", "128"),
        ("stiffness_per_kp = 0.5", "stiffness_per_kp = 0.0",
            "servo_bus.stiffness_per_kp", "a finite number more than 0", "0"),
        ("stiffness_per_kp = 0.5", "stiffness_per_kp = inf",
            "servo_bus.stiffness_per_kp", "a finite number more than 0", "inf"),
        ("baud = 1_000_000", "baud = 0", "servo_bus.baud", "more than 0", "0"),
        ("tilt_rad = 0.8", "tilt_rad = -0.1", "fall.tilt_rad", "a finite number more than 0", "-0.1"),
        ("tilt_rad = 0.8", "tilt_rad = 3.3", "fall.tilt_rad", "at most 3.2", "3.3"),
        ("after_s = 0.1", "after_s = nan", "fall.after_s", "0 to 10", "NaN"),
        ("after_s = 0.1", "after_s = 10.5", "fall.after_s", "0 to 10", "10.5"),
        ("phase_factor_offset = 0.0", "phase_factor_offset = -1.0",
            "options.phase_factor_offset", "between -1 and 1", "-1"),
        ("name = \"knee\"", "name = \"hip\"", "joints[1].name (hip)", "a name no other joint has", "hip"),
        ("servo_id = 2", "servo_id = 254", "joints[1].servo_id (knee)", "0 to 253", "254"),
        ("servo_id = 2", "servo_id = 1", "joints[1].servo_id (knee)", "an id no other joint has", "1"),
        ("direction = 1", "direction = 0", &joint_after("direction"), "1 or -1", "0"),
        ("direction = 1", "direction = -128", &joint_after("direction"), "1 or -1", "-128"),
        ("offset_rad = 0.0", "offset_rad = nan", &joint_after("offset_rad"), "finite 32-bit numbers", "NaN"),
        ("min_rad = -1.0", "min_rad = -1e39", &joint_after("min_rad"), "finite 32-bit numbers", "-1e39"),
        ("max_rad = 1.0", "max_rad = inf", &joint_after("min_rad"), "finite 32-bit numbers", "inf"),
        ("max_rad = 1.0", "max_rad = -1.0", &joint_after("min_rad"), "less than max_rad", "-1 to -1"),
        ("default_rad = 0.125", "default_rad = 1.5", &joint_after("default_rad"), "within min_rad and max_rad", "1.5"),
        ("default_rad = 0.125", "default_rad = nan", &joint_after("default_rad"), "within min_rad and max_rad", "NaN"),
        ("velocity_limit_rps = 6.25", "velocity_limit_rps = 0.0",
            &joint_after("velocity_limit_rps"), "a finite number more than 0", "0"),
        ("antenna = [13, 12]", "antenna = [13, 12]\nantenna_direction = [1, 0]",
            "pins.antenna_direction", "1 or -1 each", "[1, 0]"),
        ("turnaround_us = 100", "turnaround_us = -1.0", "servo_bus.turnaround_us", "0 to 100000", "-1"),
        ("latency_us = 1000", "latency_us = nan", "servo_bus.latency_us", "0 to 100000", "NaN"),
        ("torque = 0.25", "torque = 1.5", "start.torque", "0 to 1", "1.5"),
        ("torque_ramp_s = 0.5", "torque_ramp_s = -0.5", "start.torque_ramp_s", "0 to 60", "-0.5"),
        ("speed_rps = 1.0", "speed_rps = 0.0", "start.speed_rps", "0.05 to 10", "0"),
        ("settle_s = 0.5", "settle_s = nan", "start.settle_s", "0 to 60", "NaN"),
        ("rejoin_s = 0.2", "rejoin_s = 61", "start.rejoin_s", "0 to 60", "61"),
        ("ease_s = 0.6", "ease_s = -1", "stop.ease_s", "0 to 60", "-1"),
        ("soften_s = 0.4", "soften_s = inf", "stop.soften_s", "0 to 60", "inf"),
        ("hold_s = 2.0", "hold_s = 1e9", "stop.hold_s", "0 to 60", "1000000000"),
        ("sit_s = 1.0", "sit_s = -0.1", "stop.sit_s", "0 to 60", "-0.1"),
        ("slow_share = 0.5", "slow_share = 2", "stop.slow_share", "0 to 1", "2"),
        ("limit = 7", "limit = -7", "faults[0].limit (low_voltage)", "a finite number of at least 0", "-7"),
        ("for_s = 0.25", "for_s = 4000", "faults[0].for_s (low_voltage)", "0 to 3600", "4000"),
        ("when = \"overload\"", "when = \"stall\"", "faults", "a line for every kind of fault", "none for overload"),
        ("sit_rad = ", "sit_rad = 9", &joint_after("sit_rad"), "within min_rad and max_rad", "9"),
        ("kp = 30", "kp = 256", &joint_after("kp"), "0 to 255", "256"),
        ("kd = 1", "kd = -1", &joint_after("kd"), "0 to 255", "-1"),
    ];
    for &(old, new, path, expected, found) in table {
        let error = refusal(old, new);
        let ProfileError::Value { path: at, expected: right, found: there, .. } = &error else {
            panic!("{new}: {error}");
        };
        assert_eq!(at, path, "{new}: {error}");
        assert!(right.contains(expected) && there.contains(found), "{new}: {error}");
        assert!(error.hint().contains(path));
        assert!(error.to_string().starts_with("robot profile: at "), "{error}");
    }
}

#[test]
fn a_profile_from_before_the_table_of_the_wires_stays_what_it_was() {
    let old = RobotProfile::from_toml(MINI).unwrap();
    assert!(old.wire.is_empty());
    assert!(!serde_json::to_string(&old).unwrap().contains("wire"), "recordings keep the text they had");
    let optional = FaultKind::ALL.into_iter().filter(|kind| kind.is_optional());
    for kind in optional {
        assert!(old.faults.iter().all(|rule| rule.when != kind), "{}", kind.name());
        let rule = format!(
            "[[faults]]\nwhen = \"{}\"\nlimit = 9\nfor_s = 0.5\nreaction = \"limp\"\nclears = \"by_hand\"\n",
            kind.name()
        );
        let new = RobotProfile::from_toml(&format!("{MINI}\n{rule}")).unwrap();
        assert_eq!(new.faults.last().map(|rule| rule.when), Some(kind));
    }
}

/// A joint whose readings are refused must be a fault.
const HOLDS: &str = "[[faults]]\nwhen = \"servo_implausible\"\nlimit = 5\nfor_s = 0\nreaction = \"hold\"\n\
                     clears = \"by_itself\"\n";

#[test]
fn the_table_of_the_wires() {
    for value in WireValue::ALL {
        let line = format!("{HOLDS}[[wire]]\nvalue = \"{}\"\nmin = -1\nmax = 1.5\n", value.name());
        let profile = RobotProfile::from_toml(&format!("{MINI}\n{line}")).unwrap();
        assert_eq!(profile.wire, [WireLimit { value, min: -1.0, max: 1.5, max_rate: None }]);
        let twice = RobotProfile::from_toml(&format!("{MINI}\n{line}{line}")).unwrap_err();
        assert!(twice.to_string().contains("one line for each value"), "{twice}");
    }
    for value in ["joint_position", "joint_velocity"] {
        let text = format!("{MINI}\n[[wire]]\nvalue = \"{value}\"\nmin = -1\nmax = 1\n");
        let error = RobotProfile::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains("a line for servo_implausible that holds or worse"), "{error}");
    }
    for (rest, path, expected) in [
        ("min = 1\nmax = 1", "wire[0].min (supply_voltage)", "less than max"),
        ("min = nan\nmax = 1", "wire[0].min (supply_voltage)", "finite"),
        ("min = 0\nmax = 1\nmax_rate = 1", "wire[0].max_rate (supply_voltage)", "may change at once"),
        ("min = 0\nmax = 1\nmax_rate = -1", "wire[0].max_rate (supply_voltage)", "more than 0"),
        ("min = 0\nmax = 1\nmax_step = 1", "wire[0].max_step", "unknown field"),
    ] {
        let text = format!("{MINI}\n[[wire]]\nvalue = \"supply_voltage\"\n{rest}\n");
        let error = RobotProfile::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(path) && error.contains(expected), "{error}");
    }
}

#[test]
fn a_robot_has_between_1_and_64_joints() {
    let (head, joints) = MINI.split_once("[[joints]]").unwrap();
    let error = RobotProfile::from_toml(&format!("joints = []\n{head}")).unwrap_err();
    assert!(error.to_string().contains("at joints: expected 1 to 64 joints, found 0"), "{error}");
    let joint = joints.split("[[joints]]").next().unwrap();
    let many: String = (0..65)
        .map(|id| {
            let joint = joint.replace("\"hip\"", &format!("\"joint{id}\""));
            format!("[[joints]]{}", joint.replace("servo_id = 1", &format!("servo_id = {id}")))
        })
        .collect();
    let error = RobotProfile::from_toml(&format!("{head}{many}")).unwrap_err();
    assert!(error.to_string().contains("found 65"), "{error}");
}

#[test]
fn text_that_is_no_profile_is_refused_by_its_place() {
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, &str)] = &[
        ("[rates]", "[rates", "file", "line 5"),
        ("control_hz = 50", "control_hz = \"fast\"", "rates.control_hz", "invalid type: string"),
        ("control_hz = 50", "control_hz = -1", "rates.control_hz", "-1"),
        ("control_hz = 50", "", "rates", "missing field `control_hz`"),
        ("title = \"Mini\"", "", "top level", "missing field `title`"),
        ("servo_id = 2", "servo_id = 256", "joints[1].servo_id", "256"),
        ("control_hz = 50", "control_hz = 50\nbetween_policy_ticks = \"guess\"",
            "rates.between_policy_ticks", "unknown variant `guess`"),
        ("[start]", "[begin]", "begin", "unknown field `begin`"),
        ("reaction = \"hold\"", "reaction = \"run\"", "faults[0].reaction", "unknown variant `run`"),
        ("clears = \"by_itself\"", "clears = \"never\"", "faults[0].clears", "unknown variant `never`"),
        ("kd = 1", "", "joints[0]", "missing field `kd`"),
        ("[22, 27]", "[22]", "pins.foot_switch", "invalid length 1"),
    ];
    for &(old, new, path, problem) in table {
        let error = refusal(old, new);
        let ProfileError::Syntax { path: at, problem: said, .. } = &error else {
            panic!("{new}: {error}");
        };
        assert_eq!(at, path, "{error}");
        assert!(said.contains(problem), "{error}");
    }
}

#[test]
fn unknown_keys_are_refused_at_every_level() {
    #[rustfmt::skip]
    let table: &[(&str, &str)] = &[
        ("title =", "surprise"), ("control_hz =", "rates.surprise"), ("chip =", "imu.surprise"),
        ("baud =", "servo_bus.surprise"), ("projector =", "pins.surprise"), ("after_s =", "fall.surprise"),
        ("phase_factor_offset =", "options.surprise"), ("servo_id =", "joints[0].surprise"),
    ];
    for &(before, path) in table {
        let error = refusal(before, &format!("surprise = 1\n{before}"));
        let ProfileError::Syntax { path: at, problem, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(at, path, "{error}");
        assert!(problem.contains("unknown field `surprise`"), "{error}");
    }
}

#[test]
fn the_hash_follows_what_a_policy_depends_on_and_nothing_else() {
    let hash = |old: &str, new: &str| {
        assert!(MINI.contains(old));
        RobotProfile::from_toml(&MINI.replacen(old, new, 1)).unwrap().policy_sha256()
    };
    let mini = mini().policy_sha256();
    for (old, new) in [
        ("name = \"mini\"", "name = \"maxi\""),
        ("name = \"hip\"", "name = \"hop\""),
        ("min_rad = -1.0", "min_rad = -0.9"),
        ("max_rad = 1.0", "max_rad = 0.9"),
        ("default_rad = 0.125", "default_rad = 0.126"),
    ] {
        assert_ne!(hash(old, new), mini, "{new}");
    }
    for (old, new) in [
        ("title = \"Mini\"", "title = \"Maxi\""),
        ("servo_id = 1", "servo_id = 9"),
        ("direction = 1", "direction = -1"),
        ("offset_rad = 0.0", "offset_rad = 0.1"),
        ("projector = 25", "projector = 26"),
        ("kp = 30", "kp = 31"),
    ] {
        assert_eq!(hash(old, new), mini, "{new}");
    }
}

#[test]
fn text_that_a_terminal_would_obey_is_refused() {
    let title = MINI.lines().find(|line| line.starts_with("title")).unwrap();
    for text in ["\\u001b]0;PWN\\u0007", "\\u009b2J", "\\u007f"] {
        let error =
            RobotProfile::from_toml(&MINI.replacen(title, &format!("title = \"{text}\""), 1)).unwrap_err();
        assert!(error.to_string().contains("expected no control characters, found \\u{"), "{error}");
    }
}
