//! The command line: the words of `gaitway`, and those of the published runtime for the same.
//!
//! Every flag may be written with dashes or with underscores, its value behind a space or an equals sign. The last of
//! two equal flags counts.

mod error;
mod flag;
mod flags;
mod settings;
mod values;

pub use error::ArgumentError;
pub use flags::help;
pub use settings::{
    CarriedPolicy, DEFAULT_PRIORITY, DEFAULT_SERIAL_PORT, ImuSettings, OperatorSettings, OutputSettings,
    PolicySettings, ResultSettings, RobotSettings, Settings, Show, TimingSettings,
};

use flag::Flag;
use lexopt::{Arg, Parser};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Environment variables that name the robot's wires once for every program.
const PORT: &str = "GAITWAY_PORT";
const IMU: &str = "GAITWAY_IMU";

/// Reads the arguments behind the program's name. Whether files that are read exist is looked up at once; nothing is
/// opened. After `--help` or `--version` nothing more is read. What `environment` names counts where no flag does.
///
/// # Errors
/// The first argument that is not understood, or contradicts another.
pub fn parse(
    arguments: impl Iterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Settings, ArgumentError> {
    let named = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut parser = Parser::from_args(arguments);
    let mut settings = Settings::default();
    settings.robot.port = named(PORT).unwrap_or(settings.robot.port);
    while settings.show.is_none() {
        let Some(argument) = parser.next().map_err(|error| ArgumentError::syntax(&error))? else {
            break;
        };
        let flag = find(argument)?;
        let value = value(flag, &mut parser)?;
        (flag.set)(&mut settings, flag, value)?;
    }
    refuse_contradictions(&settings)?;
    if settings.imu.socket.is_none() {
        settings.imu.bus = settings.imu.bus.or_else(|| named(IMU));
    }
    Ok(settings)
}

fn refuse_contradictions(settings: &Settings) -> Result<(), ArgumentError> {
    let Settings { robot, imu, operator, .. } = settings;
    let has_pad = operator.commands || operator.keyboard || operator.pad_listen.is_some();
    let contradictions = [
        (robot.fix && robot.dry_run, "--fix", "--dry-run"),
        (has_pad && operator.command.is_some(), "--command", "--commands or another pad"),
        // Keys nobody touches would have control all the same.
        (operator.keyboard && operator.pad_listen.is_some(), "--keyboard", "--pad-listen"),
        (robot.no_config && robot.config.is_some(), "--no-config", "--config"),
        (imu.feet.is_some() && imu.socket.is_some(), "--feet", "--imu-socket"),
        (imu.bus.is_some() && imu.socket.is_some(), "--imu", "--imu-socket"),
    ];
    match contradictions.into_iter().find(|(is_so, ..)| *is_so) {
        Some((_, flag, other)) => Err(ArgumentError::Conflict { flag, other }),
        None => Ok(()),
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
        Arg::Short(short) => flags::by_short(short).ok_or_else(|| unknown(&format!("-{short}"))),
        Arg::Long(long) => flags::by_long(long).ok_or_else(|| unknown(&format!("--{long}"))),
        Arg::Value(value) => {
            Err(ArgumentError::Positional { found: values::shortened(&value.to_string_lossy()) })
        }
    }
}

fn unknown(flag: &str) -> ArgumentError {
    ArgumentError::Unknown { nearest: flags::nearest(flag), flag: values::shortened(flag) }
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
            Err(flag.wrong(flag.value, &format!("the flag {}", values::shortened(&value.to_string_lossy()))))
        }
        Ok(value) => Ok(value),
        Err(_) => Err(flag.wrong(flag.value, "nothing")),
    }
}
