//! Robot profiles: what loads, and how every mistake is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{MINI, MINI_V1, SHIPPED, mini, names_the_place};
use gaitway_model::profile::{FaultKind, OutputKind, WireLimit, WireValue};
use gaitway_model::{Axis, ProfileError, RobotProfile};

/// The error of [`MINI`] with `old` replaced.
fn refusal(old: &str, new: &str) -> ProfileError {
    assert!(MINI.contains(old), "{old:?} is not in the profile");
    let error = RobotProfile::from_toml(&MINI.replacen(old, new, 1)).unwrap_err();
    names_the_place(&error);
    error
}

#[test]
fn the_shipped_profile_loads_whole() {
    let shipped = RobotProfile::from_toml(SHIPPED).unwrap();
    let names: Vec<&str> = shipped.joints.iter().map(|joint| joint.name.as_str()).collect();
    let ids: Vec<u8> = shipped.joints.iter().map(|joint| joint.id).collect();
    assert_eq!(names.len(), 14);
    assert_eq!((names[0], names[13]), ("left_hip_yaw", "right_ankle"));
    assert_eq!(ids, [20, 21, 22, 23, 24, 30, 31, 32, 33, 10, 11, 12, 13, 14]);
    assert_eq!(shipped.joint_index("head_roll"), Some(8));
    assert_eq!(shipped.joint_index("tail"), None);
    assert_eq!(shipped.default_pose_rad()[..5], [0.002, 0.053, -0.63, 1.368, -0.784]);
    assert_eq!((shipped.rates.control_hz, shipped.fall.as_ref().map(|fall| fall.tilt_rad)), (50, Some(0.8)));
    assert_eq!(shipped.imu_axes().unwrap(), &["-y", "+x", "+z"]);
    assert_eq!((shipped.contact_index("right_foot"), shipped.axis("wz")), (Some(1), Some(Axis::WZ)));
    let pulses: Vec<_> = shipped.outputs_of(OutputKind::PulseServo).map(|o| (o.pin, o.direction)).collect();
    assert_eq!(pulses, [(Some(13), 1), (Some(12), -1)]);
}

#[test]
fn a_value_no_robot_can_have_is_refused_by_its_place() {
    let joint_after = |field: &str| format!("joints[0].{field} (hip)");
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, &str, &str)] = &[
        // What is replaced, by what: then path, expected and found in the message.
        ("robot/2", "robot/3", "schema", "gaitway.robot/2", "gaitway.robot/3"),
        ("control_hz = 50", "control_hz = 0", "rates.control_hz", "1 to 1000", "0"),
        ("control_hz = 50", "control_hz = 1001", "rates.control_hz", "1 to 1000", "1001"),
        ("trunk_axes = [\"-y\", \"+x\", \"+z\"]", "trunk_axes = [\"-y\", \"+y\", \"+z\"]",
            "imus[0].trunk_axes (trunk)", "each of x, y and z once", "\"+y\""),
        ("trunk_axes = [\"-y\", \"+x\", \"+z\"]", "trunk_axes = [\"y\", \"+x\", \"+z\"]",
            "imus[0].trunk_axes (trunk)", "with a sign", "[\"y\""),
        ("trunk_axes = [\"-y\", \"+x\", \"+z\"]", "trunk_axes = [\"+xy\", \"+z\", \"+\"]",
            "imus[0].trunk_axes (trunk)", "each of x, y and z once", "+xy"),
        ("trunk_axes = [\"-y\", \"+x\", \"+z\"]", "trunk_axes = [\"+y\", \"+x\", \"+z\"]",
            "imus[0].trunk_axes (trunk)", "right-handed", "\"+y\", \"+x\", \"+z\""),
        ("[\"-y\", \"-x\", \"-z\"]", "[\"+x\", \"+y\", \"-z\"]",
            "imus[0].trunk_axes_upside_down (trunk)", "right-handed", "\"-z\""),
        ("[\"-y\", \"-x\", \"-z\"]", "[\"+x\", \"+y\", \"\"]",
            "imus[0].trunk_axes_upside_down (trunk)", "each of x, y and z once", "\"\""),
        ("[-0.08, 0.0, 0.05]", "[-0.08, nan, 0.05]", "imus[0].position_m (trunk)", "finite 32-bit numbers", "NaN"),
        ("i2c_address = 40", "i2c_address = 128", "imus[0].i2c_address (trunk)", "0 to 0x7f", "128"),
        ("stiffness_per_kp = 0.5", "stiffness_per_kp = 0.0",
            "actuators.stiffness_per_kp", "a finite number more than 0", "0"),
        ("stiffness_per_kp = 0.5", "stiffness_per_kp = inf",
            "actuators.stiffness_per_kp", "a finite number more than 0", "inf"),
        ("baud = 1_000_000", "baud = 0", "actuators.baud", "more than 0", "0"),
        ("tilt_rad = 0.8", "tilt_rad = -0.1", "fall.tilt_rad", "a finite number more than 0", "-0.1"),
        ("tilt_rad = 0.8", "tilt_rad = 3.3", "fall.tilt_rad", "at most 3.2", "3.3"),
        ("after_s = 0.1", "after_s = nan", "fall.after_s", "0 to 10", "NaN"),
        ("after_s = 0.1", "after_s = 10.5", "fall.after_s", "0 to 10", "10.5"),
        ("phase_factor_offset = 0.0", "phase_factor_offset = -1.0",
            "options.phase_factor_offset", "between -1 and 1", "-1"),
        ("name = \"knee\"", "name = \"hip\"", "joints[1].name (hip)", "a name no other joint has", "hip"),
        ("\nid = 2", "\nid = 254", "joints[1].id (knee)", "0 to 253", "254"),
        ("\nid = 2", "\nid = 1", "joints[1].id (knee)", "an id no other joint has", "1"),
        ("\ndirection = 1\noffset", "\ndirection = 0\noffset", &joint_after("direction"), "1 or -1", "0"),
        ("\ndirection = 1\noffset", "\ndirection = -128\noffset", &joint_after("direction"), "1 or -1", "-128"),
        ("offset_rad = 0.0", "offset_rad = nan", &joint_after("offset_rad"), "finite 32-bit numbers", "NaN"),
        ("min_rad = -1.0", "min_rad = -1e39", &joint_after("min_rad"), "finite 32-bit numbers", "-1e39"),
        ("max_rad = 1.0", "max_rad = inf", &joint_after("min_rad"), "finite 32-bit numbers", "inf"),
        ("max_rad = 1.0", "max_rad = -1.0", &joint_after("min_rad"), "less than max_rad", "-1 to -1"),
        ("hip = 0.125", "hip = 1.5", "poses.default.hip", "an angle from -1 to 1", "1.5"),
        ("hip = 0.125", "hip = nan", "poses.default.hip", "an angle from -1 to 1", "NaN"),
        ("hip = 0.125", "", "poses.default.hip", "an angle from -1 to 1", "none"),
        ("hip = 0.125", "hip = 0.125\ntoe = 0.0", "poses.default.toe", "the name of a joint", "toe"),
        ("[poses.default]", "[poses.upright]", "poses", "a pose \"default\"", "none of that name"),
        ("velocity_limit_rps = 6.25", "velocity_limit_rps = 0.0",
            &joint_after("velocity_limit_rps"), "a finite number more than 0", "0"),
        ("direction = -1\npwm", "direction = 0\npwm", "outputs[4].direction (right_servo)", "1 or -1", "0"),
        ("kind = \"lamp\"", "kind = \"sound\"", "outputs[2].pin (lamp)", "none: a sound has no pin", "25"),
        ("kind = \"lamp\"\npin = 25", "kind = \"lamp\"", "outputs[2].pin (lamp)", "the BCM number of a pin", "none"),
        ("pin = 25", "pin = 25\npwm_channel = 1", "outputs[2].direction, pwm_channel (lamp)", "none but for a pulse_servo", "lamp"),
        ("pin = 25", "pin = 22", "pin (lamp)", "a pin nothing else is on", "22"),
        ("pin = 27\n", "", "contacts", "a pin for each of them, or for none", "1 of 2"),
        ("\"right_sole\"", "\"left_sole\"", "contacts[1].name", "a name no other contact has", "left_sole"),
        ("name = \"lamp\"", "name = \"left_eye\"", "outputs[2].name (left_eye)", "a name no other output has", "left_eye"),
        ("name = \"vy\"", "name = \"vx\"", "command_axes[1].name (vx)", "a name no other axis has", "vx"),
        ("unit = \"rad/s\"", "unit = \"deg/s\"", "command_axes[2].unit (wz)", "m/s, rad/s, m, rad, N, 1", "deg/s"),
        ("title = \"Mini\"", "title = \"Mini\"\nmodes = [\"limp\", \"run\"]", "modes", "limp and stand at least", "[Limp, Run]"),
        ("kp = 30", "kp = 30\nstiffness_nm_per_rad = 1.0", &joint_after("kp"), "kp or stiffness_nm_per_rad", "both"),
        ("kp = 30", "stiffness_nm_per_rad = 128", &joint_after("kp"), "0 to 255", "256"),
        ("kd = 1", "damping_nms_per_rad = 1.0", &joint_after("damping_nms_per_rad"), "actuators.damping_per_kd", "none"),
        ("turnaround_us = 100", "turnaround_us = -1.0", "actuators.turnaround_us", "0 to 100000", "-1"),
        ("latency_us = 1000", "latency_us = nan", "actuators.latency_us", "0 to 100000", "NaN"),
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
        ("[poses.sit]\nhip = 0.125", "[poses.sit]\nhip = 9.125", "poses.sit.hip", "an angle from -1 to 1", "9.125"),
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
fn a_profile_of_schema_1_is_the_same_robot() {
    let mut old = RobotProfile::from_toml(MINI_V1).unwrap();
    let [contacts, outputs] = [
        old.contacts.iter().map(|contact| contact.name.as_str()).collect::<Vec<_>>().join(" "),
        old.outputs.iter().map(|output| output.name.as_str()).collect::<Vec<_>>().join(" "),
    ];
    assert_eq!(contacts, "left_foot right_foot");
    assert_eq!(outputs, "left_eye right_eye projector left_antenna right_antenna speaker");
    old.contacts.iter_mut().zip(mini().contacts).for_each(|(old, mini)| old.name = mini.name);
    old.outputs.iter_mut().zip(mini().outputs).for_each(|(old, mini)| old.name = mini.name);
    assert_eq!(old, mini());
    assert_eq!(old.policy_sha256(), mini().policy_sha256());
    let switched = MINI_V1.replace("[options]", "[options]\neyes = true\nspeaker = false");
    let fitted: Vec<_> =
        RobotProfile::from_toml(&switched).unwrap().outputs.into_iter().map(|o| o.fitted).collect();
    assert_eq!(fitted, [Some(true), Some(true), None, None, None, Some(false)]);
    let error = RobotProfile::from_toml(&MINI_V1.replace("projector = 25", "lamp = 25")).unwrap_err();
    assert!(error.to_string().contains("unknown field `lamp`"), "{error}");
    let error = RobotProfile::from_toml(&MINI_V1.replace("[22, 27]", "[22]")).unwrap_err();
    assert!(error.to_string().contains("at pins.foot_switch: "), "{error}");
}

#[test]
fn a_profile_of_json_is_the_same_robot() {
    let json = serde_json::to_string(&mini()).unwrap();
    assert_eq!(RobotProfile::from_json(&json).unwrap(), mini());
    let old: serde_json::Value = toml::from_str(MINI_V1).unwrap();
    assert_eq!(RobotProfile::from_json(&old.to_string()), RobotProfile::from_toml(MINI_V1));
    let error = RobotProfile::from_json(&json.replace("\"mini\"", "7")).unwrap_err();
    assert!(error.to_string().contains("at name: invalid type"), "{error}");
}

/// Of a robot without feet, lamps or an IMU: an arm.
#[test]
fn nothing_but_joints_is_mandatory() {
    let without = |begins: &[&str]| -> String {
        let stays = |section: &&str| !begins.iter().any(|begins| section.starts_with(begins));
        MINI.split_inclusive("\n\n").filter(stays).collect()
    };
    let text = without(&[
        "[[imus]]",
        "[[contacts]]",
        "[[outputs]]",
        "[[command_axes]]",
        "[fall]",
        "[[faults]]\nwhen = \"imu_stale\"",
        "[[faults]]\nwhen = \"fallen\"",
    ]);
    let arm = RobotProfile::from_toml(&text).unwrap();
    assert_eq!((arm.imu_axes(), arm.imu_bus(), arm.contacts.len(), arm.fall.as_ref()), (None, None, 0, None));
    let error = RobotProfile::from_toml(&without(&["[[imus]]"])).unwrap_err();
    assert!(error.to_string().contains("at fall: expected an IMU"), "{error}");
}

#[test]
fn only_a_robot_with_a_pose_to_sit_in_can_sit() {
    let lies = MINI.replace("[poses.sit]", "[poses.lie]");
    let profile = RobotProfile::from_toml(&lies).unwrap();
    assert_eq!(profile.sit_pose_rad(), profile.default_pose_rad());
    let error = RobotProfile::from_toml(&lies.replacen("\"hold\"", "\"sit\"", 1)).unwrap_err();
    assert!(
        error.to_string().contains("at faults[0].reaction (low_voltage): expected a pose \"sit\""),
        "{error}"
    );
}

#[test]
fn gains_in_si_are_those_of_the_registers() {
    let si = MINI
        .replace("latency_us", "damping_per_kd = 0.25\nlatency_us")
        .replace("kp = 30", "stiffness_nm_per_rad = 15")
        .replace("kd = 1", "damping_nms_per_rad = 0.25");
    let (si, own) = (RobotProfile::from_toml(&si).unwrap(), mini());
    for (a, b) in si.joints.iter().zip(&own.joints) {
        assert_eq!(a.proportional_gain(&si.actuators), b.proportional_gain(&own.actuators));
        assert_eq!(a.derivative_gain(&si.actuators), b.derivative_gain(&own.actuators));
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
            format!("[[joints]]{}", joint.replace("\nid = 1", &format!("\nid = {id}")))
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
        ("\nid = 2", "\nid = 256", "joints[1].id", "256"),
        ("control_hz = 50", "control_hz = 50\nbetween_policy_ticks = \"guess\"",
            "rates.between_policy_ticks", "unknown variant `guess`"),
        ("[start]", "[begin]", "begin", "unknown field `begin`"),
        ("reaction = \"hold\"", "reaction = \"run\"", "faults[0].reaction", "unknown variant `run`"),
        ("clears = \"by_itself\"", "clears = \"never\"", "faults[0].clears", "unknown variant `never`"),
        ("direction = 1\noffset_rad", "offset_rad", "joints[0]", "missing field `direction`"),
        ("kind = \"lamp\"", "kind = \"laser\"", "outputs[2].kind", "unknown variant `laser`"),
        ("schema = \"gaitway.robot/2\"", "schema = 2", "schema", "invalid type: integer"),
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
        ("title =", "surprise"), ("control_hz =", "rates.surprise"), ("chip =", "imus[0].surprise"),
        ("baud =", "actuators.surprise"), ("pin = 22", "contacts[0].surprise"), ("after_s =", "fall.surprise"),
        ("phase_factor_offset =", "options.surprise"), ("min_rad =", "joints[0].surprise"), ("kind =", "outputs[0].surprise"), ("unit =", "command_axes[0].surprise"),
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
        // The poses name it too.
        let poses = if new.contains("\"hop\"") { "\nhop = " } else { "\nhip = " };
        RobotProfile::from_toml(&MINI.replacen(old, new, 1).replace("\nhip = ", poses))
            .unwrap()
            .policy_sha256()
    };
    let mini = mini().policy_sha256();
    for (old, new) in [
        ("name = \"mini\"", "name = \"maxi\""),
        ("name = \"hip\"", "name = \"hop\""),
        ("min_rad = -1.0", "min_rad = -0.9"),
        ("max_rad = 1.0", "max_rad = 0.9"),
        ("hip = 0.125", "hip = 0.126"),
    ] {
        assert_ne!(hash(old, new), mini, "{new}");
    }
    for (old, new) in [
        ("title = \"Mini\"", "title = \"Maxi\""),
        ("\nid = 1", "\nid = 9"),
        ("direction = 1\noffset", "direction = -1\noffset"),
        ("offset_rad = 0.0", "offset_rad = 0.1"),
        ("pin = 25", "pin = 26"),
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
