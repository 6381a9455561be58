//! The command line: the words of `gaitway`, and those of the published runtime for the same.
//!
//! Every flag may be written with dashes or with underscores, its value behind a space or an equals sign. The last of
//! two equal flags counts.

mod error;
mod flags;
mod values;

pub use error::ArgumentError;
pub use flags::help;

use flags::Flag;
use gaitway_contract::Command;
use gaitway_runtime::Overrun;
use lexopt::{Arg, Parser};
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Priority asked for unless another is, of the real-time priorities 1 to 99.
pub const DEFAULT_PRIORITY: u8 = 80;

/// Where the servo bus is unless said otherwise.
pub const DEFAULT_SERIAL_PORT: &str = "/dev/ttyACM0";

/// What the program was asked to do. Names and units are those of the flags; `None` leaves it to the policy, the
/// robot or the program.
#[derive(Debug, Clone, PartialEq)]
pub struct Arguments {
    /// Something to print instead of anything else.
    pub show: Option<Show>,
    /// The policy, a file that exists. `None`: the robot's own.
    pub onnx_model_path: Option<PathBuf>,
    /// The published runtime's configuration, a file that exists, where it was named;
    /// [`usual_duck_config`] knows where it is otherwise.
    pub duck_config_path: Option<PathBuf>,
    /// The profile alone is right: no configuration is looked for.
    pub no_config: bool,
    /// Socket others look at the robot by; the user's own runtime folder where left out.
    pub status: Option<PathBuf>,
    /// Stand in place of walking.
    pub stand: bool,
    /// The policy runs although the legs bear no weight.
    pub on_stand: bool,
    /// The servo bus.
    pub serial_port: PathBuf,
    /// Ticks of the loop in a second, 1 to 10000 Hz.
    pub control_freq_hz: Option<u32>,
    /// Radians for an action of one, above 0, at most 2.
    pub action_scale: Option<f64>,
    /// P gain of the joints that follow no head command, in servo register units.
    pub leg_kp: Option<u8>,
    /// I gain of all joints, in servo register units.
    pub ki: Option<u8>,
    /// D gain of all joints, in servo register units.
    pub kd: Option<u8>,
    /// Turn of the IMU about the lateral axis that is taken off its samples, degrees, within ±45.
    pub pitch_bias_deg: f64,
    /// A pad says what to do.
    pub commands: bool,
    /// Which pad: an input device. `None`: the first that is found.
    pub pad: Option<PathBuf>,
    /// The terminal's keys say what to do, as a pad does.
    pub keyboard: bool,
    /// Where datagrams of a pad elsewhere are listened for.
    pub pad_listen: Option<SocketAddr>,
    /// The key that such a pad has, too. `None`: the one in this person's state folder, or none on the machine itself.
    pub pad_key: Option<PathBuf>,
    /// A folder of sounds.
    pub sounds: Option<PathBuf>,
    /// Name or file of its layout. `None`: by its name.
    pub pad_layout: Option<PathBuf>,
    /// Cut-off frequency of a low-pass on the targets, 0.001 to 1000000 Hz.
    pub cutoff_hz: Option<f64>,
    /// Reference motions that have the gait's period, a file that exists.
    pub poly_coefficients: Option<PathBuf>,
    /// Where observations are written.
    pub save_obs: Option<PathBuf>,
    /// Where recordings go. `None`: where this person's programs keep their state.
    pub record: Option<PathBuf>,
    /// Nothing is recorded.
    pub no_record: bool,
    /// Observations to run the policy on instead of its own, a file that exists.
    pub replay_obs: Option<PathBuf>,
    /// How long to run, s.
    pub seconds: Option<f64>,
    /// What the robot is asked to do, all the time.
    pub command: Option<Command>,
    /// Where the measurements are written.
    pub stats_json: Option<PathBuf>,
    /// The I²C bus the IMU is on. `None`: the profile's, where there is one.
    pub imu: Option<PathBuf>,
    /// What the IMU had learned, a file that exists.
    pub imu_calibration: Option<PathBuf>,
    /// The GPIO chip the foot switches are on. `None`: the board's header, where there is one.
    pub feet: Option<PathBuf>,
    /// The GPIO chip eyes, projector and antennas are on. `None`: the board's header, for those that the configuration
    /// says are fitted.
    pub expression: Option<PathBuf>,
    /// The folder of a PWM of the board that moves the antennas. `None`: their lines are timed by a thread.
    pub antenna_pwm: Option<PathBuf>,
    /// A datagram socket that serves the IMU's samples.
    pub imu_socket: Option<PathBuf>,
    /// A robot profile, a file that exists. `None`: the duck's.
    pub robot: Option<PathBuf>,
    /// Name of the contract to assume for a policy that carries none.
    pub assume_contract: Option<String>,
    /// What happens after a tick that took too long.
    pub overrun: Overrun,
    /// Real-time priority, 1 to 99; 0 is ordinary scheduling.
    pub priority: u8,
    /// The processor for the loop, by its number.
    pub cpu: Option<u16>,
    /// Memory is kept from being swapped out.
    pub lock_memory: bool,
    /// Nothing is written to the servos.
    pub dry_run: bool,
    /// The servos' settings are checked before anything else.
    pub audit: bool,
    /// Settings that the audit finds wrong are corrected.
    pub fix: bool,
    /// The log is JSON lines, at a terminal, too.
    pub json: bool,
}

/// Environment variables that name the robot's wires once for every program.
const PORT: &str = "GAITWAY_PORT";
const IMU: &str = "GAITWAY_IMU";

/// Something to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// The text of [`help`].
    Help,
    /// Name and version of the program.
    Version,
}

impl Default for Arguments {
    fn default() -> Self {
        Arguments {
            show: None,
            onnx_model_path: None,
            duck_config_path: None,
            no_config: false,
            status: None,
            stand: false,
            on_stand: false,
            serial_port: DEFAULT_SERIAL_PORT.into(),
            control_freq_hz: None,
            action_scale: None,
            leg_kp: None,
            ki: None,
            kd: None,
            pitch_bias_deg: 0.0,
            commands: false,
            pad: None,
            keyboard: false,
            pad_listen: None,
            pad_key: None,
            sounds: None,
            pad_layout: None,
            cutoff_hz: None,
            poly_coefficients: None,
            save_obs: None,
            record: None,
            no_record: false,
            replay_obs: None,
            seconds: None,
            command: None,
            stats_json: None,
            imu: None,
            imu_calibration: None,
            feet: None,
            expression: None,
            antenna_pwm: None,
            imu_socket: None,
            robot: None,
            assume_contract: None,
            overrun: Overrun::default(),
            priority: DEFAULT_PRIORITY,
            cpu: None,
            lock_memory: true,
            dry_run: false,
            audit: false,
            fix: false,
            json: false,
        }
    }
}

impl Arguments {
    /// Reads the arguments behind the program's name. Whether files that are read exist is looked up at once;
    /// nothing is opened. After `--help` or `--version` nothing more is read. What `environment` names counts where
    /// no flag does.
    ///
    /// # Errors
    /// The first argument that is not understood, or contradicts another.
    pub fn parse(
        arguments: impl Iterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Arguments, ArgumentError> {
        let named = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let mut parser = Parser::from_args(arguments);
        let mut parsed = Arguments::default();
        parsed.serial_port = named(PORT).unwrap_or(parsed.serial_port);
        while parsed.show.is_none() {
            let Some(argument) = parser.next().map_err(|error| ArgumentError::syntax(&error))? else {
                break;
            };
            let flag = find(argument)?;
            let value = value(flag, &mut parser)?;
            (flag.set)(&mut parsed, flag, value)?;
        }
        if parsed.fix && parsed.dry_run {
            return Err(ArgumentError::Conflict { flag: "--fix", other: "--dry-run" });
        }
        let has_pad = parsed.commands || parsed.keyboard || parsed.pad_listen.is_some();
        if has_pad && parsed.command.is_some() {
            return Err(ArgumentError::Conflict { flag: "--command", other: "--commands or another pad" });
        }
        if parsed.keyboard && parsed.pad_listen.is_some() {
            // Keys nobody touches would have control all the same.
            return Err(ArgumentError::Conflict { flag: "--keyboard", other: "--pad-listen" });
        }
        if parsed.no_config && parsed.duck_config_path.is_some() {
            return Err(ArgumentError::Conflict { flag: "--no-config", other: "--config" });
        }
        if parsed.feet.is_some() && parsed.imu_socket.is_some() {
            return Err(ArgumentError::Conflict { flag: "--feet", other: "--imu-socket" });
        }
        if parsed.imu.is_some() && parsed.imu_socket.is_some() {
            return Err(ArgumentError::Conflict { flag: "--imu", other: "--imu-socket" });
        }
        if parsed.imu_socket.is_none() {
            parsed.imu = parsed.imu.or_else(|| named(IMU));
        }
        Ok(parsed)
    }
}

/// Where the published runtime's configuration is unless another was named: in the folder `home`, where that is one.
pub fn usual_duck_config(home: Option<&OsStr>) -> Option<PathBuf> {
    let home = home.map(Path::new).filter(|home| home.is_absolute());
    home.map(|home| home.join("duck_config.json"))
}

/// The flag that an argument names.
fn find(argument: Arg<'_>) -> Result<&'static Flag, ArgumentError> {
    match argument {
        Arg::Short(short) => {
            flags::by_short(short).ok_or_else(|| ArgumentError::unknown(&format!("-{short}")))
        }
        Arg::Long(long) => flags::by_long(long).ok_or_else(|| ArgumentError::unknown(&format!("--{long}"))),
        Arg::Value(value) => Err(ArgumentError::Positional { found: value.to_string_lossy().into_owned() }),
    }
}

/// The flag's value, empty for one that takes none.
fn value(flag: &Flag, parser: &mut Parser) -> Result<OsString, ArgumentError> {
    let attached = parser.optional_value();
    if flag.value.is_empty() {
        return match attached {
            None => Ok(OsString::new()),
            Some(value) => Err(flag.wrong("no value", &values::quoted(&value))),
        };
    }
    if let Some(value) = attached {
        return Ok(value);
    }
    match parser.value() {
        // A forgotten value must not swallow the flag behind it. What really begins so can be written with an
        // equals sign.
        Ok(value) if values::is_flag(&value) => {
            Err(flag.wrong(flag.value, &format!("the flag {}", value.to_string_lossy())))
        }
        Ok(value) => Ok(value),
        Err(_) => Err(flag.wrong(flag.value, "nothing")),
    }
}
