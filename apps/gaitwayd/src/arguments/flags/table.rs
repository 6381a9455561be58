//! Every flag, in the order of the help.

use crate::arguments::error::ArgumentError;
use crate::arguments::flag::Flag;
use crate::arguments::settings::{Settings, Show};
use crate::arguments::values::{address, command, file, name, number, overrun, path, policy, whole};
use std::ffi::OsString;

type Set = fn(&mut Settings, &Flag, OsString) -> Result<(), ArgumentError>;

const fn flag(
    name: &'static str,
    short: Option<char>,
    value: &'static str,
    help: &'static str,
    example: &'static str,
    set: Set,
) -> Flag {
    Flag { name, short, value, help, example, set }
}

/// The flags by what they are about.
pub(super) static GROUPS: &[(&str, &[Flag])] = &[
    (
        "Policy",
        &[
            flag(
                "--policy",
                None,
                "FILE",
                "run this ONNX file, or the built-in walk or stand (default: walk)",
                "--policy walk.onnx",
                |to, flag, value| policy(flag, value, &mut to.policy),
            ),
            flag(
                "--policies",
                None,
                "DIR",
                "let clients run this folder's policies (default: that of --policy)",
                "--policies ~/policies",
                |to, flag, value| path(flag, value).map(|path| to.policy.folder = Some(path)),
            ),
            flag(
                "--assume-contract",
                None,
                "NAME",
                "assume this contract for a policy that carries none",
                "--assume-contract open_duck_walk",
                |to, flag, value| name(flag, value).map(|name| to.policy.assume_contract = Some(name)),
            ),
            flag(
                "--poly-coefficients",
                None,
                "FILE",
                "take the gait's period from polynomial_coefficients.pkl",
                "--poly-coefficients polynomial_coefficients.pkl",
                |to, flag, value| file(flag, value).map(|path| to.policy.poly_coefficients = Some(path)),
            ),
            flag(
                "--action-scale",
                Some('a'),
                "RAD",
                "set the radians of an action of one (default: the policy's)",
                "-a 0.25",
                |to, flag, value| {
                    number(flag, value, "a number above 0, at most 2", |x| x > 0.0 && x <= 2.0)
                        .map(|rad| to.policy.action_scale = Some(rad))
                },
            ),
            flag(
                "--cutoff-frequency",
                None,
                "HZ",
                "low-pass the targets (default: the policy's, mostly none)",
                "--cutoff-frequency 40",
                |to, flag, value| {
                    number(flag, value, "0.001 to 1000000", |hz| (0.001..=1e6).contains(&hz))
                        .map(|hz| to.policy.cutoff_hz = Some(hz))
                },
            ),
            flag(
                "--command",
                None,
                "TEXT",
                "use a fixed command: \"vx=0.1,wz=0.2\", or \"0.1 0 0.2\" (vx vy wz)",
                "--command vx=0.1,wz=0.2",
                |to, flag, value| command(flag, value).map(|command| to.operator.command = Some(command)),
            ),
            flag("--commands", None, "", "use the first detected gamepad", "--commands", |to, _, _| {
                to.operator.commands = true;
                Ok(())
            }),
            flag("--pad", None, "PATH", "use this gamepad", "--pad /dev/input/event3", |to, flag, value| {
                path(flag, value).map(|path| (to.operator.commands, to.operator.pad) = (true, Some(path)))
            }),
            flag(
                "--keyboard",
                None,
                "",
                "drive with the keys of this terminal; space is the emergency stop",
                "--keyboard",
                |to, _, _| {
                    to.operator.keyboard = true;
                    Ok(())
                },
            ),
            flag(
                "--pad-listen",
                None,
                "ADDRESS",
                "use a remote gamepad (datagrams)",
                "--pad-listen 0.0.0.0:9871",
                |to, flag, value| address(flag, value).map(|address| to.operator.pad_listen = Some(address)),
            ),
            flag(
                "--listen",
                None,
                "ADDRESS",
                "serve the local API over the network, to who has the pairing key",
                "--listen 0.0.0.0:9872",
                |to, flag, value| address(flag, value).map(|address| to.operator.listen = Some(address)),
            ),
            flag(
                "--key",
                None,
                "FILE",
                "accept programs and remote gamepads with this pairing key",
                "--key pad.key",
                |to, flag, value| path(flag, value).map(|path| to.operator.pad_key = Some(path)),
            ),
            flag(
                "--sounds",
                None,
                "DIR",
                "play the .wav files of this folder on the gamepad's sound button",
                "--sounds sounds",
                |to, flag, value| path(flag, value).map(|path| to.operator.sounds = Some(path)),
            ),
            flag(
                "--pad-layout",
                None,
                "NAME",
                "choose the gamepad layout, a name or a file (default: its own)",
                "--pad-layout dualsense",
                |to, flag, value| path(flag, value).map(|path| to.operator.pad_layout = Some(path)),
            ),
            flag(
                "--replay-obs",
                None,
                "FILE",
                "run the policy on these observations (.npy)",
                "--replay-obs observations.npy",
                |to, flag, value| file(flag, value).map(|path| to.results.replay_obs = Some(path)),
            ),
        ],
    ),
    (
        "Robot",
        &[
            flag(
                "--robot",
                None,
                "FILE",
                "use this robot profile (default: Open Duck Mini v2)",
                "--robot profile.toml",
                |to, flag, value| file(flag, value).map(|path| to.robot.profile = Some(path)),
            ),
            flag(
                "--config",
                None,
                "FILE",
                "use this robot configuration (default: ~/duck_config.json)",
                "--config duck_config.json",
                |to, flag, value| file(flag, value).map(|path| to.robot.config = Some(path)),
            ),
            flag(
                "--no-config",
                None,
                "",
                "run without a configuration: no joint has an offset, as on a twin",
                "--no-config",
                |to, _, _| {
                    to.robot.no_config = true;
                    Ok(())
                },
            ),
            flag(
                "--port",
                None,
                "PATH",
                "use this servo bus (default: $GAITWAY_PORT, else /dev/ttyACM0)",
                "--port /dev/ttyACM0",
                |to, flag, value| path(flag, value).map(|path| to.robot.port = path),
            ),
            flag(
                "--socket",
                None,
                "PATH",
                "serve the local API here (default: $XDG_RUNTIME_DIR/gaitway.sock)",
                "--socket /run/gaitway.sock",
                |to, flag, value| path(flag, value).map(|path| to.results.socket = Some(path)),
            ),
            flag(
                "--limp",
                None,
                "",
                "stay limp until a client or a key asks the robot up",
                "--limp",
                |to, _, _| {
                    to.robot.limp = true;
                    Ok(())
                },
            ),
            flag(
                "--stand",
                None,
                "",
                "stand without walking; the head still follows",
                "--stand",
                |to, _, _| {
                    to.robot.stand = true;
                    Ok(())
                },
            ),
            flag(
                "--on-stand",
                None,
                "",
                "run the policy although the legs bear no weight (robot on a stand)",
                "--on-stand",
                |to, _, _| {
                    to.robot.on_stand = true;
                    Ok(())
                },
            ),
            flag(
                "--imu",
                None,
                "PATH",
                "read the IMU here, an I2C bus (default: $GAITWAY_IMU, else profile)",
                "--imu /dev/i2c-1",
                |to, flag, value| path(flag, value).map(|path| to.imu.bus = Some(path)),
            ),
            flag(
                "--imu-calibration",
                None,
                "FILE",
                "load this IMU calibration, written by gaitway imu calibrate",
                "--imu-calibration imu.json",
                |to, flag, value| file(flag, value).map(|path| to.imu.calibration = Some(path)),
            ),
            flag(
                "--feet",
                None,
                "PATH",
                "read the foot switches on this GPIO chip (default: the header's)",
                "--feet /dev/gpiochip0",
                |to, flag, value| path(flag, value).map(|path| to.imu.feet = Some(path)),
            ),
            flag(
                "--expression",
                None,
                "PATH",
                "drive lamps and antennas on this GPIO chip (default: as configured)",
                "--expression /dev/gpiochip0",
                |to, flag, value| path(flag, value).map(|path| to.outputs.lines = Some(path)),
            ),
            flag(
                "--antenna-pwm",
                None,
                "DIR",
                "move the antennas with this PWM of the board (default: GPIO)",
                "--antenna-pwm /sys/class/pwm/pwmchip0",
                |to, flag, value| path(flag, value).map(|path| to.outputs.antenna_pwm = Some(path)),
            ),
            flag(
                "--imu-socket",
                None,
                "PATH",
                "read IMU samples from this datagram socket",
                "--imu-socket /tmp/imu.socket",
                |to, flag, value| path(flag, value).map(|path| to.imu.socket = Some(path)),
            ),
            flag(
                "--pitch-bias",
                None,
                "DEG",
                "correct the IMU's pitch, -45 to 45 (default: 0)",
                "--pitch-bias -3",
                |to, flag, value| {
                    number(flag, value, "a number from -45 to 45", |x| x.abs() <= 45.0)
                        .map(|deg| to.robot.pitch_bias_deg = deg)
                },
            ),
            flag(
                "--kp",
                Some('p'),
                "GAIN",
                "set the legs' P gain, 0 to 255 (default: the policy's)",
                "-p 30",
                |to, flag, value| whole(flag, value, 0..=255).map(|gain| to.policy.leg_kp = Some(gain)),
            ),
            flag(
                "-i",
                Some('i'),
                "GAIN",
                "set the I gain of all servos, 0 to 255 (default: 0)",
                "-i 0",
                |to, flag, value| whole(flag, value, 0..=255).map(|gain| to.policy.ki = Some(gain)),
            ),
            flag(
                "-d",
                Some('d'),
                "GAIN",
                "set the D gain of all servos, 0 to 255 (default: the policy's)",
                "-d 0",
                |to, flag, value| whole(flag, value, 0..=255).map(|gain| to.policy.kd = Some(gain)),
            ),
            flag(
                "--dry-run",
                None,
                "",
                "read and compute everything, write nothing to the servos",
                "--dry-run",
                |to, _, _| {
                    to.robot.dry_run = true;
                    Ok(())
                },
            ),
            flag("--audit", None, "", "check the servos' settings, then exit", "--audit", |to, _, _| {
                to.robot.audit = true;
                Ok(())
            }),
            flag(
                "--fix",
                None,
                "",
                "check and correct the servos' settings, then exit",
                "--fix",
                |to, _, _| {
                    (to.robot.audit, to.robot.fix) = (true, true);
                    Ok(())
                },
            ),
        ],
    ),
    (
        "Time",
        &[
            flag(
                "--loop-hz",
                Some('c'),
                "HZ",
                "run the control loop at this rate (default: the policy's)",
                "-c 50",
                |to, flag, value| whole(flag, value, 1..=10_000).map(|hz| to.policy.loop_hz = Some(hz)),
            ),
            flag(
                "--seconds",
                None,
                "S",
                "stop after this time (default: never)",
                "--seconds 10",
                |to, flag, value| {
                    number(flag, value, "a number above 0, at most 1000000000", |s| s > 0.0 && s <= 1e9)
                        .map(|s| to.timing.seconds = Some(s))
                },
            ),
            flag(
                "--overrun",
                None,
                "HOW",
                "after a late tick skip, catch_up or hold (default: skip)",
                "--overrun skip",
                |to, flag, value| overrun(flag, value).map(|how| to.timing.overrun = how),
            ),
            flag(
                "--priority",
                None,
                "N",
                "set the real-time priority, 1 to 99, 0 for none (default: 80)",
                "--priority 80",
                |to, flag, value| whole(flag, value, 0..=99).map(|priority| to.timing.priority = priority),
            ),
            flag(
                "--cpu",
                None,
                "N",
                "pin the control loop to this processor (default: any)",
                "--cpu 3",
                |to, flag, value| whole(flag, value, 0..=1023).map(|cpu| to.timing.cpu = Some(cpu)),
            ),
            flag(
                "--no-lock-memory",
                None,
                "",
                "allow memory to be swapped out",
                "--no-lock-memory",
                |to, _, _| {
                    to.timing.lock_memory = false;
                    Ok(())
                },
            ),
        ],
    ),
    (
        "Files",
        &[
            flag(
                "--save-obs",
                None,
                "FILE",
                "write every observation (.npy)",
                "--save-obs observations.npy",
                |to, flag, value| path(flag, value).map(|path| to.results.save_obs = Some(path)),
            ),
            flag(
                "--record",
                None,
                "DIR",
                "record here (default: ~/.local/state/gaitway/recordings)",
                "--record /media/usb/recordings",
                |to, flag, value| path(flag, value).map(|path| to.results.record = Some(path)),
            ),
            flag("--no-record", None, "", "record nothing", "--no-record", |to, _, _| {
                to.results.no_record = true;
                Ok(())
            }),
            flag(
                "--stats-json",
                None,
                "FILE",
                "write measurements at the end",
                "--stats-json stats.json",
                |to, flag, value| path(flag, value).map(|path| to.results.stats_json = Some(path)),
            ),
        ],
    ),
    (
        "Help",
        &[
            flag(
                "--json",
                None,
                "",
                "log as JSON lines (default unless stdout is a terminal)",
                "--json",
                |to, _, _| {
                    to.json = true;
                    Ok(())
                },
            ),
            flag("--help", Some('h'), "", "show this help", "--help", |to, _, _| {
                to.show = Some(Show::Help);
                Ok(())
            }),
            flag("--version", None, "", "show the version", "--version", |to, _, _| {
                to.show = Some(Show::Version);
                Ok(())
            }),
        ],
    ),
];
