//! `duck_config.json`: what of it is applied, and how every mistake in it is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../core/model/tests/common/mod.rs"]
mod common;

use common::shipped as duck;
use gaitway_importers::duck_config::{self, ConfigError, Report, Unreachable};
use gaitway_model::RobotProfile;
use gaitway_model::profile::ImuTrim;
use gaitway_model::profile::OutputKind;

fn applied(json: &str) -> (RobotProfile, Report) {
    duck_config::apply(&duck(), json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn refused(json: impl AsRef<[u8]>) -> ConfigError {
    let json = json.as_ref();
    duck_config::apply(&duck(), json).err().unwrap_or_else(|| panic!("{} is taken", json.escape_ascii()))
}

/// The only mistake, as people read it.
fn mistake(json: impl AsRef<[u8]>) -> String {
    let error = refused(json);
    assert_eq!(error.mistakes.len(), 1, "{error}");
    error.to_string()
}

/// The duck of somebody who has said what of eyes, projector, antennas and speaker is fitted.
fn fitted(said: [bool; 4]) -> RobotProfile {
    let mut profile = duck();
    for output in &mut profile.outputs {
        output.fitted = Some(match output.kind {
            OutputKind::Blinker => said[0],
            OutputKind::Lamp => said[1],
            OutputKind::PulseServo => said[2],
            OutputKind::Sound => said[3],
        });
    }
    profile
}

#[test]
fn an_empty_duck_config_changes_nothing() {
    assert_eq!(applied("{}"), (duck(), Report::default()));
}

#[test]
fn a_whole_duck_config_is_read_over_the_profile() {
    let (profile, report) = applied(
        r#"{
            "start_paused": true, "imu_upside_down": true, "phase_frequency_factor_offset": -0.05,
            "expression_features": {
                "eyes": true, "projector": true, "antennas": true, "speaker": true, "microphone": true, "camera": false
            },
            "joints_offsets": {
                "left_hip_yaw": 0.01, "left_hip_roll": -0.02, "left_hip_pitch": 0.03, "left_knee": -0.04,
                "left_ankle": 0.05, "neck_pitch": -0.06, "head_pitch": 0.07, "head_yaw": -0.08, "head_roll": 0.09,
                "right_hip_yaw": -0.1, "right_hip_roll": 0.11, "right_hip_pitch": -0.12, "right_knee": 0.13,
                "right_ankle": 1
            }
        }"#,
    );
    let options = &profile.options;
    assert_eq!(
        (options.start_paused, options.imu_upside_down, options.phase_factor_offset),
        (true, true, -0.05)
    );
    assert_eq!(profile.outputs, fitted([true; 4]).outputs);
    let offsets: Vec<f64> = profile.joints.iter().map(|joint| joint.offset_rad).collect();
    #[rustfmt::skip]
    let expected = [0.01, -0.02, 0.03, -0.04, 0.05, -0.06, 0.07, -0.08, 0.09, -0.1, 0.11, -0.12, 0.13, 1.0];
    assert_eq!(offsets, expected);
    assert_eq!(report, Report::default(), "the published file has nothing that needs a word");
    assert_eq!(profile.policy_sha256(), duck().policy_sha256());
}

#[test]
fn partial_objects_keep_the_rest_of_the_profile() {
    let (profile, report) =
        applied(r#"{"joints_offsets": {"left_knee": 0.1}, "expression_features": {"eyes": true}}"#);
    let mut expected = fitted([true, false, false, false]);
    expected.joints[3].offset_rad = 0.1;
    assert_eq!((profile, report), (expected, Report::default()));
}

#[test]
fn an_imu_mounted_upside_down_has_other_axes() {
    assert_eq!(applied(r#"{"imu_upside_down": true}"#).0.imu_axes().unwrap(), &["-y", "-x", "-z"]);
    assert_eq!(applied(r#"{"imu_upside_down": false}"#).0.imu_axes().unwrap(), &["-y", "+x", "+z"]);
}

#[test]
fn joints_are_turned_and_renumbered() {
    let (profile, report) = applied(
        r#"{
            "joints_signs": {"left_knee": -1, "left_ankle": 1},
            "servo_ids": {"left_hip_yaw": 10, "right_hip_yaw": 20, "head_roll": 99}
        }"#,
    );
    let mut expected = duck();
    expected.joints[3].direction = -1;
    (expected.joints[0].id, expected.joints[9].id, expected.joints[8].id) = (10, 20, 99);
    assert_eq!(profile, expected);
    assert_eq!(
        report.applied,
        [
            "joints_signs: left_knee turns by -1, the profile says 1",
            "servo_ids: head_roll is servo 99, the profile says 33",
            "servo_ids: left_hip_yaw is servo 10, the profile says 20",
            "servo_ids: right_hip_yaw is servo 20, the profile says 10",
        ]
    );
}

#[test]
fn policy_and_imu_of_this_robot_are_applied() {
    let (profile, report) = applied(
        r#"{"action_scale": 0.2, "imu_trim": {"pitch": 0.0195, "roll": -0.0283}, "imu_address": "0x29",
            "imu_chip_id": 161, "legs_swapped": false, "swapped_pairs": []}"#,
    );
    let mut expected = duck();
    expected.options.action_scale = Some(0.2);
    expected.options.imu_trim = Some(ImuTrim { pitch_rad: 0.0195, roll_rad: -0.0283 });
    (expected.imus[0].i2c_address, expected.imus[0].chip_id) = (0x29, Some(0xa1));
    assert_eq!(profile, expected);
    assert_eq!(report.applied.len(), 4, "{report:?}");
    assert_eq!(applied(r#"{"imu_trim": {"pitch": 0, "roll": 0}}"#), (duck(), Report::default()));
}

#[test]
fn usual_keys_and_comments_need_no_word() {
    let (profile, report) = applied(
        r#"{
            "_comment": "mine", "debug": false, "log_level": "info", "web_ui": true, "web_port": 8080,
            "battery": {"v_min": 6.6}, "imu_type": "BNO055", "fall_detection": true, "controller_type": "xbox",
            "generic_usb_controller": {}, "eye_colors": {}, "led_order": 1, "neopixels": [],
            "expression_features": {"_tail": "none", "microphone": true, "camera": true},
            "joints_offsets": {"_comment": "measured on Sunday"}, "joints_signs": {"_": 0}
        }"#,
    );
    assert_eq!((profile, report), (fitted([false; 4]), Report::default()));
}

#[test]
fn keys_that_change_nothing_and_deserve_a_look_are_reported_each() {
    let (profile, report) = applied(
        r#"{
            "imu_type": "bno085", "fall_detection": false, "fall_threshold_deg": 45, "velocity_clip": true,
            "stability_governor": {}, "surprise": null,
            "expression_features": {"antena": true}, "joints_offsets": {"left_antenna": 0.1}
        }"#,
    );
    assert_eq!(profile, fitted([false; 4]));
    assert_eq!(report.ignored.len(), 8, "{report:?}");
    for line in [
        "imu_type: \"bno085\": the IMU is read as a bno055, the only chip with a driver here",
        "surprise: unknown key, ignored",
        "expression_features.antena: unknown key; did you mean antennas?",
        "joints_offsets.left_antenna: hangs on no servo of the bus",
    ] {
        assert!(report.ignored.iter().any(|said| said == line), "{line}: {report:?}");
    }
}

#[test]
fn a_wrong_duck_config_is_refused_by_its_place() {
    #[rustfmt::skip]
    let table: &[(&str, &str)] = &[
        ("[]", "at file: expected an object, found []"),
        ("null", "at file: expected an object, found null"),
        (r#"{"start_paused": "yes"}"#, r#"at start_paused: expected true or false, found "yes": without quotes, true"#),
        (r#"{"imu_upside_down": 1}"#, "at imu_upside_down: expected true or false, found 1"),
        (r#"{"phase_frequency_factor_offset": 1}"#, "expected a number from -0.999 to 0.999, found 1"),
        (r#"{"phase_frequency_factor_offset": "0"}"#, r#"found "0": without quotes, 0"#),
        (r#"{"expression_features": true}"#, "at expression_features: expected an object, found true"),
        (r#"{"expression_features": {"eyes": 0}}"#, "at expression_features.eyes: expected true or false, found 0"),
        (r#"{"expression_features": {"camera": 0}}"#, "at expression_features.camera: expected true or false"),
        (r#"{"joints_offsets": []}"#, "at joints_offsets: expected an object, found []"),
        (r#"{"joints_offsets": {"left_knee": null}}"#, "at joints_offsets.left_knee: expected a number in rad, found null"),
        (r#"{"joints_offsets": {"left_knee": "-0.01"}}"#, r#"found "-0.01": without quotes, -0.01"#),
        (r#"{"joints_offsets": {"left_kne": 0.1}}"#, "at joints_offsets.left_kne: no joint of open_duck_mini_v2 has this name: did you mean left_knee?"),
        (r#"{"joints_offsets": {"tail": 0.1}}"#, "at joints_offsets.tail: no joint of open_duck_mini_v2 has this name"),
        (r#"{"joint_offsets": {}}"#, r#"at joint_offsets: unknown key; did you mean "joints_offsets"?"#),
        (r#"{"imuUpsideDown": true}"#, r#"at imuUpsideDown: unknown key; did you mean "imu_upside_down"?"#),
        (r#"{"joint_limits": {"left_knee": [0, 1]}}"#, "at joint_limits: unknown key that names joints (left_knee)"),
        (r#"{"left_knee": 0.1, "head_yaw": 0.1}"#, r#"at top level: expected joints inside "joints_offsets", found beside it head_yaw, left_knee"#),
        (r#"{"joints_signs": {"left_knee": 0}}"#, "at joints_signs.left_knee: expected 1 or -1, found 0"),
        (r#"{"joints_signs": {"left_knee": "-1"}}"#, r#"expected 1 or -1, found "-1": without quotes, -1"#),
        (r#"{"servo_ids": {"left_knee": 254}}"#, "at servo_ids.left_knee: expected a whole number from 0 to 253, found 254"),
        (r#"{"servo_ids": {"left_knee": 2.5}}"#, "expected a whole number from 0 to 253, found 2.5"),
        (r#"{"servo_ids": {"left_hip_yaw": 10}}"#, "at servo_ids: expected another id for each joint, found 10 for left_hip_yaw and right_hip_yaw"),
        (r#"{"legs_swapped": true}"#, "at legs_swapped: expected the swapped joints in servo_ids"),
        (r#"{"swapped_pairs": ["knee"]}"#, "at swapped_pairs: expected the swapped joints in servo_ids"),
        (r#"{"action_scale": 0}"#, "at action_scale: expected a number from 0.001 to 2, found 0"),
        (r#"{"imu_trim": {"yaw": 0.1}}"#, "at imu_trim.yaw: expected pitch or roll in rad, found 0.1"),
        (r#"{"imu_trim": {"pitch": 2}}"#, "at imu_trim.pitch: expected a number from -0.785"),
        (r#"{"imu_address": "0x80"}"#, r#"at imu_address: expected an I2C address, "0x28" or "0x29", found "0x80""#),
    ];
    for &(json, words) in table {
        assert!(mistake(json).contains(words), "{json}: {}", mistake(json));
        assert!(!refused(json).hint("duck_config.json").is_empty(), "{json}");
    }
}

#[test]
fn an_offset_may_be_what_its_servo_reaches_in_one_turn() {
    let (profile, _) = applied(r#"{"joints_offsets": {"head_pitch": -1.25, "head_roll": 1.767}}"#);
    assert_eq!((profile.joints[6].offset_rad, profile.joints[8].offset_rad), (-1.25, 1.767));
    let (duck, reach) = (duck(), std::f64::consts::PI - 0.05);
    for joint in &duck.joints {
        let [low, high] = joint.offset_range_rad();
        assert!((joint.min_rad + low).abs() <= reach + 1e-9 && (joint.max_rad + high).abs() <= reach + 1e-9);
    }
    // Its range is not the same to both sides, so it counts which way the servo turns.
    let turned = |sign: i8| {
        format!(
            r#"{{"joints_signs": {{"left_hip_pitch": {sign}}}, "joints_offsets": {{"left_hip_pitch": 2.5}}}}"#
        )
    };
    assert_eq!(applied(&turned(1)).0.joints[2].offset_rad, 2.5);
    assert!(mistake(turned(-1)).contains("at joints_offsets.left_hip_pitch: expected -2.57 to 1.87 rad"));
}

#[test]
fn all_offsets_that_cannot_be_are_named_at_once_with_the_command() {
    let json = r#"{"joints_offsets": {"left_hip_pitch": -2.833, "left_knee": -0.703, "neck_pitch": -53.03}}"#;
    let error = refused(json);
    assert_eq!(
        error.to_string(),
        "at joints_offsets.left_hip_pitch: expected -1.87 to 2.57 rad, so that its servo reaches all of -1.22 to 0.52 \
         within one turn, found -2.833; at joints_offsets.neck_pitch: expected -2.74 to 1.96 rad, so that its servo \
         reaches all of -0.35 to 1.13 within one turn, found -53.03"
    );
    assert_eq!(
        error.hint("my.json"),
        "measure anew: gaitway motors calibrate left_hip_pitch neck_pitch --config my.json"
    );
    let mended = duck_config::apply_with(&duck(), json.as_bytes(), Unreachable::CountAsZero);
    let (profile, report) = mended.unwrap();
    assert_eq!(report.counted_as_zero, ["left_hip_pitch", "neck_pitch"]);
    assert_eq!([2, 3, 5].map(|joint: usize| profile.joints[joint].offset_rad), [0.0, -0.703, 0.0]);
}

#[test]
fn mistakes_of_all_kinds_are_named_at_once() {
    let error = refused(
        r#"{"start_paused": 1, "joints_signs": {"left_knee": 2}, "left_knee": 0, "joints_offsets": 1}"#,
    );
    let places: Vec<&str> = error.mistakes.iter().map(|mistake| mistake.place.as_str()).collect();
    assert_eq!(places, ["joints_signs.left_knee", "joints_offsets", "top level", "start_paused"]);
    let many = (0..1000).map(|at| format!("\"joint{at}\": 1")).collect::<Vec<_>>().join(",");
    assert_eq!(refused(format!("{{\"joints_offsets\": {{{many}}}}}")).mistakes.len(), 40);
}

#[test]
fn what_is_there_instead_is_cut_where_it_is_long_and_moves_no_terminal() {
    let message = mistake(format!(r#"{{"start_paused": "{}"}}"#, "é".repeat(1000)));
    assert!(message.ends_with("é…") && message.chars().count() < 200, "{message}");
    let message = mistake("{\"a\u{1b}[2J\": 1}".replace('\u{1b}', "\u{1b}\u{7f}"));
    assert!(!message.chars().any(char::is_control), "{message:?}");
}

#[test]
fn what_other_languages_write_is_taught_by_its_line() {
    #[rustfmt::skip]
    let table: &[(&str, &str)] = &[
        ("{\n\"start_paused\": True\n}", "at line 2: JSON writes true, not True; the line is `\"start_paused\": True`"),
        ("{\n\n\"start_paused\": no\n}", "at line 3: JSON writes false, not no"),
        ("{\"a\": None}", "JSON writes null, not None"),
        ("{\"joints_offsets\": {\n\tleft_knee : 0.1}}", "at line 2: JSON wants the key in quotes: \"left_knee\""),
        ("{\"a\": NaN}", "JSON has no NaN"),
        ("{'a': 1}", "JSON takes double quotes"),
        ("{\u{201c}a\u{201d}: 1}", "JSON takes straight quotes"),
        ("{\n// mine\n\"a\": 1}", "at line 2: JSON has no comments"),
        ("{\"a\": 1,}", "JSON has no comma before a closing bracket"),
        ("{\"a\": [1,]}", "JSON has no comma before a closing bracket"),
        ("{\"a\": 1\n\"b\": 2}", "at line 2: a comma is missing, here or at the end of the line before"),
        ("{\"a\": +1}", "JSON writes numbers as 0.1 or -0.1"),
        ("{\"joints_offsets\": {\"left_knee\": 0,05}}", "JSON writes numbers with a point"),
        ("{\"a\": 1", "the file ends too early: a closing } is missing"),
        ("{\n\"left_knee\": 1,\n\"left_knee\": 2}", "at line 3: the key \"left_knee\" is there twice"),
        ("{} {}", "at line 1: trailing characters"),
        ("{\"a\": 1e999}", "at line 1: number out of range"),
    ];
    for &(json, words) in table {
        assert!(mistake(json).contains(words), "{json}: {}", mistake(json));
    }
    assert!(mistake("[".repeat(100_000)).contains("recursion limit exceeded"));
    for nested in [r#"{"a": {"b": 1, "b": 2}}"#, r#"{"a": [{"b": 1, "b": 1}]}"#] {
        assert!(mistake(nested).contains("the key \"b\" is there twice"), "{nested}");
    }
}

#[test]
fn what_editors_make_of_text_is_undone_or_named() {
    assert_eq!(applied("\u{feff}{\"joints_offsets\": {\"left_knee\": 0.1}}").0.joints[3].offset_rad, 0.1);
    let utf16 = |text: &str, mark: bool| -> Vec<u8> {
        let text = if mark { format!("\u{feff}{text}") } else { text.to_owned() };
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    #[rustfmt::skip]
    let table: &[(Vec<u8>, &str, &str)] = &[
        (utf16("{\"a\": 1}", true), "expected JSON text in UTF-8, found text in UTF-16", "save it as UTF-8"),
        (utf16("{\"a\": 1}", false), "found text in UTF-16 without its mark", "save it as UTF-8"),
        (b"{\n\"_\": \"gr\xfcn\"}".to_vec(), "at line 2: expected UTF-8, found the byte 0xfc", "save it as UTF-8"),
        (Vec::new(), "found an empty file", "copy or download it again"),
        (b" \n".to_vec(), "found an empty file", "copy or download it again"),
        (b"<!DOCTYPE html><html>".to_vec(), "found a web page", "its \"raw\" link"),
        (b"version https://git-lfs.github.com/spec/v1\nsize 3\n".to_vec(), "found a Git-LFS pointer", "git lfs pull"),
        (b"\x80\x04\x95".to_vec(), "found a Python pickle", "docs/formats.md"),
    ];
    for (bytes, words, hint) in table {
        let error = refused(bytes);
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.hint("duck_config.json").contains(hint), "{}", error.hint("duck_config.json"));
    }
}
