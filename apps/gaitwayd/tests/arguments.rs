//! The command line: every flag, both spellings, both ways to give a value, and what is said about mistakes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use gaitway_runtime::Overrun;
use gaitwayd::arguments::{
    ArgumentError, DEFAULT_PRIORITY, DEFAULT_SERIAL_PORT, Settings, Show, help, usual_duck_config,
};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Output};

/// A file that exists.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

fn parse(arguments: &[&str]) -> Result<Settings, ArgumentError> {
    gaitwayd::arguments::parse(arguments.iter().map(OsString::from), |_| None)
}

/// What is parsed from `arguments` is the default, edited.
fn gives(arguments: &[&str], edit: impl FnOnce(&mut Settings)) {
    let mut expected = Settings::default();
    edit(&mut expected);
    assert_eq!(parse(arguments), Ok(expected), "{arguments:?}");
}

fn refused(arguments: &[&str], message: &str, hint: &str) {
    let error = parse(arguments).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.hint().as_str()), (message, hint));
}

fn file() -> Option<PathBuf> {
    Some(FILE.into())
}

#[test]
fn no_arguments_leave_everything_to_the_policy_and_the_robot() {
    let arguments = parse(&[]).unwrap();
    assert_eq!(arguments, Settings::default());
    assert_eq!(arguments.robot.port, Path::new(DEFAULT_SERIAL_PORT));
    assert_eq!((arguments.timing.priority, arguments.timing.lock_memory), (DEFAULT_PRIORITY, true));
    assert_eq!((arguments.timing.overrun, arguments.robot.pitch_bias_deg), (Overrun::Skip, 0.0));
}

#[test]
fn a_command_line_of_the_published_runtime_is_understood() {
    gives(
        &[
            "--onnx_model_path",
            FILE,
            "--duck_config_path",
            FILE,
            "-a",
            "0.3",
            "-p",
            "25",
            "-i",
            "1",
            "-d",
            "2",
            "-c",
            "100",
            "--pitch_bias",
            "-3",
            "--commands",
            "--cutoff_frequency",
            "40",
            "--save_obs",
            "out.npy",
            "--replay_obs",
            FILE,
        ],
        |to| {
            (to.policy.file, to.robot.config, to.results.replay_obs) = (file(), file(), file());
            (to.policy.action_scale, to.policy.cutoff_hz, to.robot.pitch_bias_deg) =
                (Some(0.3), Some(40.0), -3.0);
            (to.policy.leg_kp, to.policy.ki, to.policy.kd, to.policy.loop_hz) =
                (Some(25), Some(1), Some(2), Some(100));
            (to.operator.commands, to.results.save_obs) = (true, Some("out.npy".into()));
        },
    );
    gives(&["--serial-port", "/dev/ttyUSB0", "--poly-coefficients", FILE], |to| {
        (to.robot.port, to.policy.poly_coefficients) = ("/dev/ttyUSB0".into(), file());
    });
}

#[test]
fn the_flags_of_this_runtime_are_understood() {
    gives(
        &["--seconds", "0.5", "--stats-json", "s.json", "--imu-socket", "/tmp/imu", "--robot", FILE],
        |to| {
            (to.timing.seconds, to.results.stats_json, to.imu.socket) =
                (Some(0.5), Some("s.json".into()), Some("/tmp/imu".into()));
            to.robot.profile = file();
        },
    );
    gives(
        &["--assume-contract", "open_duck_walk", "--priority", "0", "--cpu", "3", "--no-lock-memory"],
        |to| {
            (to.policy.assume_contract, to.timing.priority) = (Some("open_duck_walk".to_owned()), 0);
            (to.timing.cpu, to.timing.lock_memory) = (Some(3), false);
        },
    );
    gives(&["--pad", "/dev/input/event3", "--pad-layout", "dualsense"], |to| {
        (to.operator.commands, to.operator.pad, to.operator.pad_layout) =
            (true, Some("/dev/input/event3".into()), Some("dualsense".into()));
    });
    gives(&["--keyboard"], |to| to.operator.keyboard = true);
    gives(&["--stand"], |to| to.robot.stand = true);
    gives(&["--on-stand"], |to| to.robot.on_stand = true);
    for flag in ["--socket", "--status"] {
        gives(&[flag, "/run/duck.sock"], |to| to.results.socket = Some("/run/duck.sock".into()));
    }
    gives(&["--feet", "/dev/gpiochip0"], |to| to.imu.feet = Some("/dev/gpiochip0".into()));
    gives(&["--expression", "/dev/gpiochip0", "--antenna-pwm", "/sys/class/pwm/pwmchip0"], |to| {
        to.outputs.lines = Some("/dev/gpiochip0".into());
        to.outputs.antenna_pwm = Some("/sys/class/pwm/pwmchip0".into());
    });
    gives(&["--pad-listen", "[::1]:9871"], |to| to.operator.pad_listen = "[::1]:9871".parse().ok());
    refused(
        &["--pad-listen", "9871"],
        "--pad-listen: expected an address and a port, found \"9871\"",
        "write it as in: gaitwayd --pad-listen 0.0.0.0:9871",
    );
    gives(&["--sounds", "sounds"], |to| to.operator.sounds = Some("sounds".into()));
    gives(&["--imu-calibration", FILE], |to| to.imu.calibration = file());
    gives(&["--imu", "/dev/i2c-1"], |to| to.imu.bus = Some("/dev/i2c-1".into()));
    gives(&["--dry-run", "--audit"], |to| (to.robot.dry_run, to.robot.audit) = (true, true));
    gives(&["--fix"], |to| (to.robot.audit, to.robot.fix) = (true, true));
    let overruns = [("skip", Overrun::Skip), ("catch_up", Overrun::CatchUp), ("catch-up", Overrun::CatchUp)];
    for (how, overrun) in overruns.into_iter().chain([("hold", Overrun::Hold)]) {
        gives(&["--overrun", how], |to| to.timing.overrun = overrun);
    }
}

#[test]
fn a_value_may_stand_behind_a_space_or_an_equals_sign() {
    for arguments in
        [&["-c", "60"][..], &["-c60"], &["-c=60"], &["--control-freq", "60"], &["--control_freq=60"]]
    {
        gives(arguments, |to| to.policy.loop_hz = Some(60));
    }
    for arguments in [&["--pitch-bias", "-3.5"][..], &["--pitch-bias=-3.5"], &["--pitch_bias", "-3.5"]] {
        gives(arguments, |to| to.robot.pitch_bias_deg = -3.5);
    }
    gives(&["--pitch-bias", "-.5"], |to| to.robot.pitch_bias_deg = -0.5);
    gives(&["--save-obs=--odd name"], |to| to.results.save_obs = Some("--odd name".into()));
    gives(&["-p", "1", "-p", "2"], |to| to.policy.leg_kp = Some(2));
}

#[test]
fn a_command_names_axes_or_gives_three_numbers() {
    let named =
        |axes: &[(&str, f32)]| Some(axes.iter().map(|(axis, value)| ((*axis).to_owned(), *value)).collect());
    for command in ["vx=0.1,wz=0.2", " vx = 0.1 , wz=0.2"] {
        gives(&["--command", command], |to| to.operator.command = named(&[("vx", 0.1), ("wz", 0.2)]));
    }
    for command in ["0.1 0 0.2", "0.1,0,0.2", "  0.1  0 0.2 "] {
        let walk = named(&[("vx", 0.1), ("vy", 0.0), ("wz", 0.2)]);
        gives(&["--command", command], |to| to.operator.command = walk);
    }
    gives(&["--command", "-0.1 0 -0.2"], |to| {
        to.operator.command = named(&[("vx", -0.1), ("vy", 0.0), ("wz", -0.2)]);
    });
    for name in ["head_yaw=-0.25", "head-yaw=-0.25"] {
        gives(&["--command", name], |to| to.operator.command = named(&[("head_yaw", -0.25)]));
    }
    let hint = "write it as in: gaitwayd --command vx=0.1,wz=0.2";
    for (command, found) in [
        ("0.1 0", "expected three numbers, or axes by name, found 2 numbers"),
        ("", "expected three numbers, or axes by name, found 0 numbers"),
        ("0.1 0 0.2 0", "expected three numbers, or axes by name, found 4 numbers"),
        ("0.1 0 fast", "expected a number for each axis, found \"fast\""),
        ("vx=", "expected a number for each axis, found \"\""),
        ("vx=nan", "expected a number for each axis, found \"nan\""),
        ("vx=1e99", "expected a number for each axis, found \"1e99\""),
        ("vx=0.1,", "expected AXIS=NUMBER between commas, found \"\""),
        ("vx=0.1 wz=0.2", "expected a number for each axis, found \"0.1 wz=0.2\""),
        ("vx=0.1,vx=0.2", "expected vx once, found it twice"),
    ] {
        refused(&["--command", command], &format!("--command: {found}"), hint);
    }
}

#[test]
fn numbers_out_of_range_are_refused_with_the_range() {
    for (arguments, expected, hint) in [
        (["--kp", "256"], "a whole number from 0 to 255", "-p 30"),
        (["-i", "-1"], "a whole number from 0 to 255", "-i 0"),
        (["-d", "2.5"], "a whole number from 0 to 255", "-d 0"),
        (["--kp", ""], "a whole number from 0 to 255", "-p 30"),
        (["--kp", "99999999999999999999"], "a whole number from 0 to 255", "-p 30"),
        (["--loop-hz", "0"], "a whole number from 1 to 10000", "-c 50"),
        (["--loop-hz", "10001"], "a whole number from 1 to 10000", "-c 50"),
        (["--priority", "100"], "a whole number from 0 to 99", "--priority 80"),
        (["--cpu", "1024"], "a whole number from 0 to 1023", "--cpu 3"),
        (["--action-scale", "0"], "a number above 0, at most 2", "-a 0.25"),
        (["--action-scale", "2.01"], "a number above 0, at most 2", "-a 0.25"),
        (["--action-scale", "nan"], "a number above 0, at most 2", "-a 0.25"),
        (["--pitch-bias", "-45.1"], "a number from -45 to 45", "--pitch-bias -3"),
        (["--pitch-bias", "steep"], "a number from -45 to 45", "--pitch-bias -3"),
        (["--cutoff-frequency", "0"], "0.001 to 1000000", "--cutoff-frequency 40"),
        (["--seconds", "0"], "a number above 0, at most 1000000000", "--seconds 10"),
        (["--seconds", "1e999"], "a number above 0, at most 1000000000", "--seconds 10"),
        (["--overrun", "panic"], "skip, catch_up or hold", "--overrun skip"),
        (["--port", ""], "a path", "--port /dev/ttyACM0"),
    ] {
        let [flag, found] = arguments;
        let message = format!("{flag}: expected {expected}, found {found:?}");
        refused(&arguments, &message, &format!("write it as in: gaitwayd {hint}"));
    }
    refused(
        &["--assume-contract", ""],
        "--assume-contract: expected a name, found none",
        "write it as in: gaitwayd --assume-contract open_duck_walk",
    );
}

#[test]
fn a_short_letter_is_reported_by_its_long_name() {
    let error = parse(&["-c", "fast"]).unwrap_err().to_string();
    assert_eq!(error, "--loop-hz: expected a whole number from 1 to 10000, found \"fast\"");
}

#[test]
fn a_forgotten_value_does_not_swallow_the_next_flag() {
    for (arguments, message) in [
        (&["--save-obs", "--dry-run"][..], "--save-obs: expected FILE, found the flag --dry-run"),
        (&["--pitch-bias", "-p", "30"], "--pitch-bias: expected DEG, found the flag -p"),
        (&["--seconds"], "--seconds: expected S, found nothing"),
        (&["-p"], "--kp: expected GAIN, found nothing"),
    ] {
        let error = parse(arguments).unwrap_err();
        assert!(error.hint().starts_with("write it as in: gaitwayd -"), "{}", error.hint());
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn flags_without_a_value_take_none() {
    let hint = "write it as in: gaitwayd --dry-run";
    refused(&["--dry-run=yes"], "--dry-run: expected no value, found \"yes\"", hint);
    refused(
        &["--commands", "true"],
        "expected a flag, found \"true\"",
        "every value stands behind its flag, and one with spaces in quotes; see gaitwayd --help",
    );
    refused(&["walk.onnx"], "expected a flag, found \"walk.onnx\"", "pass a policy as --policy walk.onnx");
}

#[test]
fn files_that_are_read_must_be_there() {
    for flag in ["--policy", "--config", "--poly-coefficients", "--replay-obs", "--robot"] {
        let hint = "check the path; it is counted from the folder the program is started in";
        for nothing in ["nowhere/at.all", "", env!("CARGO_MANIFEST_DIR")] {
            let message = format!("{flag}: expected a file, found {nothing:?}, which is none");
            refused(&[flag, nothing], &message, hint);
        }
    }
}

#[test]
fn words_of_the_published_runtime_mean_the_same() {
    for (theirs, ours, value) in [
        ("--onnx_model_path", "--policy", FILE),
        ("--duck_config_path", "--config", FILE),
        ("--serial_port", "--port", "/dev/ttyUSB0"),
        ("--control_freq", "--loop-hz", "60"),
        ("-p", "--kp", "30"),
    ] {
        assert_eq!(parse(&[theirs, value]), parse(&[ours, value]), "{theirs}");
        assert!(parse(&[ours, value]).is_ok(), "{ours}");
        assert_eq!(help().matches(&format!("{ours} ")).count(), 1, "{ours}");
    }
}

#[test]
fn the_environment_names_the_wires_where_no_flag_does() {
    let environment = |name: &str| match name {
        "GAITWAY_PORT" => Some("/dev/servos".into()),
        "GAITWAY_IMU" => Some("/dev/i2c-7".into()),
        _ => None,
    };
    let parse = |arguments: &[&str]| {
        gaitwayd::arguments::parse(arguments.iter().map(OsString::from), environment).unwrap()
    };
    let found = parse(&[]);
    assert_eq!((found.robot.port, found.imu.bus), ("/dev/servos".into(), Some("/dev/i2c-7".into())));
    let found = parse(&["--port", "/tmp/duck", "--imu", "/tmp/i2c"]);
    assert_eq!((found.robot.port, found.imu.bus), ("/tmp/duck".into(), Some("/tmp/i2c".into())));
    assert_eq!(parse(&["--imu-socket", "/tmp/imu"]).imu.bus, None, "a socket was named in its place");
    let empty = gaitwayd::arguments::parse(std::iter::empty(), |_| Some("".into())).unwrap();
    assert_eq!(empty, Settings::default());
}

#[test]
fn an_unknown_flag_suggests_the_nearest() {
    for (unknown, nearest) in [
        ("--comand", "--command"),
        ("--onnx-model", "--policy"),
        ("--onnx_modle_path", "--policy"),
        ("--ONNX-MODEL-PATH", "--policy"),
        ("--polcy", "--policy"),
        ("--dryrun", "--dry-run"),
        ("--second", "--seconds"),
        ("--serial_prot", "--port"),
        ("--loop-hertz", "--loop-hz"),
        ("--cutoff", "--cutoff-frequency"),
        ("--verison", "--version"),
        ("--fixx", "--fix"),
    ] {
        let message = format!("{unknown}: expected a flag that --help lists, found an unknown one");
        refused(&[unknown], &message, &format!("did you mean {nearest}?"));
        assert!(help().contains(nearest));
    }
    for unknown in ["--wings", "-x", "--q", "--zzzzzzzzzzzzzzzzzzzzzzzzz", "-0"] {
        let message = format!("{unknown}: expected a flag that --help lists, found an unknown one");
        refused(&[unknown], &message, "gaitwayd --help lists every flag");
    }
}

#[test]
fn to_correct_and_to_write_nothing_contradict_each_other() {
    let message = "--fix: expected no --dry-run beside it, found both";
    refused(&["--fix", "--dry-run"], message, "leave --fix or --dry-run out");
    let message = "--imu: expected no --imu-socket beside it, found both";
    refused(&["--imu", "a", "--imu-socket", "b"], message, "leave --imu or --imu-socket out");
}

#[test]
fn text_that_is_not_unicode_is_refused_where_it_is_not_a_path() {
    let odd = OsString::from_vec(b"\xff3".to_vec());
    let parse =
        |flag: &str| gaitwayd::arguments::parse([OsString::from(flag), odd.clone()].into_iter(), |_| None);
    assert_eq!(parse("--save-obs").unwrap().results.save_obs, Some(PathBuf::from(&odd)));
    let error = parse("--seconds").unwrap_err();
    assert_eq!(error.to_string(), "--seconds: expected Unicode text, found \"\u{fffd}3\"");
    let unknown = gaitwayd::arguments::parse([OsString::from_vec(b"--\xff".to_vec())].into_iter(), |_| None)
        .unwrap_err();
    assert!(matches!(unknown, ArgumentError::Unknown { .. }), "{unknown}");
}

#[test]
fn the_usual_configuration_is_in_the_home_folder_where_that_is_one() {
    let usual = |home: Option<&str>| usual_duck_config(home.map(OsStr::new));
    assert_eq!(usual(Some("/home/pi")), Some("/home/pi/duck_config.json".into()));
    // Else it would be looked for wherever the program was started.
    assert_eq!([usual(None), usual(Some("")), usual(Some("pi"))], [None, None, None]);
    gives(&["--no-config"], |to| to.robot.no_config = true);
    let message = parse(&["--no-config", "--duck-config-path", FILE]).unwrap_err().to_string();
    assert!(message.contains("--no-config") && message.contains("--config"), "{message}");
}

#[test]
fn help_and_version_end_the_reading() {
    for arguments in [&["-h"][..], &["--help"], &["--help", "--wings"]] {
        gives(arguments, |to| to.show = Some(Show::Help));
    }
    gives(&["--version"], |to| to.show = Some(Show::Version));
    refused(&["-hp"], "--help: expected no value, found \"p\"", "write it as in: gaitwayd --help");
}

/// Every flag the help lists, as written there.
fn listed() -> Vec<(String, Option<String>)> {
    let help = help();
    let flags = help.lines().filter(|line| line.starts_with("  ")).map(|line| {
        let mut words = line.split_whitespace().filter(|word| !word.ends_with(','));
        let name = words.next().unwrap().to_owned();
        // Values are called in capitals; help begins behind two spaces.
        let behind = line.split_once(&name).unwrap().1;
        (name, (!behind.starts_with("  ")).then(|| words.next().unwrap().to_owned()))
    });
    flags.collect()
}

#[test]
fn the_help_lists_every_flag_in_columns_that_fit() {
    let help = help();
    for line in help.lines() {
        assert!(line.chars().count() <= 100 && line == line.trim_end(), "{line:?}");
    }
    let listed = listed();
    assert_eq!(listed.len(), 50, "{listed:?}");
    assert!(help.contains(&format!("(default: {DEFAULT_PRIORITY})")));
    assert!(help.contains(&format!("else {DEFAULT_SERIAL_PORT})")));
    for line in help.lines().filter(|line| line.starts_with("  ")) {
        let (left, right) = line.split_at(32);
        assert!(left.ends_with("  ") && !right.starts_with(' '), "{line:?}");
    }
}

#[test]
fn every_listed_flag_is_known_and_takes_a_value_as_listed() {
    for (flag, value) in listed() {
        match (value, parse(&[&flag])) {
            (None, parsed) => assert!(parsed.is_ok(), "{flag}: {parsed:?}"),
            (Some(value), Err(error)) => {
                assert_eq!(error.to_string(), format!("{flag}: expected {value}, found nothing"));
                // The example of the hint is a command line that works, but for files that are not here.
                let hint = error.hint();
                let example = hint.strip_prefix("write it as in: gaitwayd ").unwrap();
                let example: Vec<&str> = example.split(' ').collect();
                let parsed = parse(&example);
                assert!(
                    matches!(parsed, Ok(_) | Err(ArgumentError::NoFile { .. })),
                    "{example:?}: {parsed:?}"
                );
            }
            (Some(_), Ok(_)) => unreachable!("{flag} needs no value"),
        }
    }
}

fn gaitwayd(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        Program::new(env!("CARGO_BIN_EXE_gaitwayd")).args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn the_program_prints_help_version_and_errors_where_they_belong() {
    assert_eq!(gaitwayd(&["--help"]), (Some(0), help(), String::new()));
    let version = concat!("gaitwayd ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(gaitwayd(&["--version"]), (Some(0), version.to_owned(), String::new()));
    let expected = "gaitwayd: --comand: expected a flag that --help lists, found an unknown one\n  \
                    hint: did you mean --command?\n";
    assert_eq!(gaitwayd(&["--comand", "0 0 0"]), (Some(2), String::new(), expected.to_owned()));
}

#[test]
fn a_long_argument_is_shown_in_a_line_that_can_be_read() {
    let long = "x".repeat(10_000);
    for arguments in
        [vec![format!("--{long}")], vec![long.clone()], vec!["--seconds".to_owned(), long.clone()]]
    {
        let error = gaitwayd::arguments::parse(arguments.iter().map(OsString::from), |_| None).unwrap_err();
        assert!(error.to_string().chars().count() <= 200 && error.hint().chars().count() <= 200, "{error}");
    }
    let path = format!("/{}/walk.onnx", "folder".repeat(40));
    let error = parse(&[&path]).unwrap_err();
    assert!(error.to_string().contains("/walk.onnx") && error.hint().contains("--policy"), "{error}");
}
