//! Where samples of the IMU come from: the chip on its bus, or a socket.

use crate::arguments::ImuSettings;
use crate::error::DaemonError;
use crate::log::Log;
use gaitway_bno055::{Calibration, Mode, Problem};
use gaitway_model::RobotProfile;
use gaitway_platform::{files, gpio};
use gaitway_runtime::devices;
use gaitway_runtime::robot::ImuSlot;
use gaitway_runtime::robot::contacts::{ContactReader, ContactSlot};
use gaitway_runtime::robot::imu_chip::{ImuChip, ImuState};
use gaitway_runtime::robot::imu_socket::ImuSocket;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NO_BUS_HINT: &str = "switch I2C on (sudo raspi-config nonint do_i2c 0), or name its bus with --imu";
const CALIBRATION_SCHEMA: &str = "gaitway.imu_calibration/1";

/// Transfers without an answer until a chip is said to be silent: more than a second of looking for it.
const SILENT_AFTER: u32 = 12;

/// What of the chip is in the log already.
#[derive(Debug)]
pub(crate) struct Said {
    problem: Option<Problem>,
    /// Where it answers, or else where it is expected.
    address: u8,
}

/// Who puts samples into the slot.
pub(crate) enum Imu {
    /// The chip, what was said of it, and the contacts where they have switches.
    Chip(ImuChip, Said, Option<ContactReader>),
    Socket(ImuSocket),
    /// Nobody: the robot does not get up.
    Missing,
}

impl Imu {
    /// As the settings say; without a word the bus of the profile, where this machine has it.
    pub fn start(
        settings: &ImuSettings,
        profile: &RobotProfile,
        slot: Arc<ImuSlot>,
        log: &mut Log,
    ) -> Result<Imu, DaemonError> {
        if let Some(path) = &settings.socket {
            return Ok(Imu::Socket(ImuSocket::bind(path, slot)?));
        }
        let (Some(usual), Some(axes)) = (profile.imu_bus().map(PathBuf::from), profile.imu_axes()) else {
            // A robot without one needs none.
            return Ok(Imu::Missing);
        };
        let path = match &settings.bus {
            Some(path) => path,
            None if usual.exists() => &usual,
            None => {
                log.say(
                    "warn",
                    "no IMU",
                    json!({ "expected": usual.display().to_string(), "hint": NO_BUS_HINT }),
                );
                return Ok(Imu::Missing);
            }
        };
        let calibration = settings.calibration.as_deref().map(load_calibration).transpose()?;
        let chip = devices::imu(profile, axes, Mode::Ndof, calibration)?;
        let said = Said { problem: None, address: chip.address() };
        let contact = Arc::new(ContactSlot::default());
        let switches = start_contacts(settings, profile, &contact, log)?;
        Ok(Imu::Chip(ImuChip::start(path, chip, contact, slot)?, said, switches))
    }

    /// Says what is wrong with the chip, and where it answers if that is elsewhere; each once.
    pub fn tell(&mut self, log: &mut Log) {
        let Imu::Chip(chip, said, _) = self else { return };
        let state = chip.state();
        // A chip that has just got its supply is silent for a while.
        let is_early =
            state.health.failures_in_a_row < SILENT_AFTER && state.health.problem == Some(Problem::Silent);
        if state.health.problem != said.problem && !is_early {
            said.problem = state.health.problem;
            if let Some(problem) = said.problem {
                let (what, hint) = (problem.to_string(), problem.hint());
                log.say("warn", "IMU", json!({ "problem": what, "hint": hint }));
            }
        }
        if state.is_up && state.address != said.address {
            let [expected, found] = [said.address, state.address].map(|address| format!("0x{address:02x}"));
            said.address = state.address;
            let hint = format!("\"imu_address\": \"{found}\" in duck_config.json finds it at once");
            log.say("info", "IMU", json!({ "address": found, "expected": expected, "hint": hint }));
        }
    }

    /// What to do where no sample comes.
    pub fn hint(&self, settings: &ImuSettings, profile: &RobotProfile) -> String {
        match (self, &settings.socket) {
            (Imu::Socket(_), Some(path)) => {
                let path = path.display();
                format!("start what sends samples to {path}; for a twin: gaitway twin --imu-socket {path}")
            }
            (Imu::Chip(..), _) => {
                let usual = || profile.imu_bus().unwrap_or_default().into();
                let bus = settings.bus.clone().unwrap_or_else(usual);
                let address = profile.imu().map_or(0, |imu| imu.i2c_address);
                let bus = bus.display();
                format!(
                    "check power, SDA and SCL of the chip at {address:#04x} on {bus}; gaitway imu watch --imu {bus} \
                     shows its samples"
                )
            }
            _ => NO_BUS_HINT.to_owned(),
        }
    }

    /// What became of it.
    pub fn figures(&self) -> Value {
        match self {
            Imu::Missing => Value::Null,
            Imu::Socket(socket) => {
                let (received, refused) = socket.counts();
                json!({ "received": received, "refused": refused })
            }
            Imu::Chip(chip, _, switches) => {
                let mut figures = chip_figures(&chip.state());
                figures["foot_switch_edges"] = json!(switches.as_ref().map(ContactReader::edges));
                figures
            }
        }
    }
}

/// What `gaitway imu calibrate` wrote.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: String,
    accel: [i16; 3],
    mag: [i16; 3],
    gyro: [i16; 3],
    radii: Option<[i16; 2]>,
}

fn load_calibration(path: &Path) -> Result<Calibration, DaemonError> {
    let wrong = |problem: String| DaemonError::Calibration { path: path.to_owned(), problem };
    let text = files::read_text(path).map_err(|error| wrong(error.to_string()))?;
    let written: Written = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if written.schema != CALIBRATION_SCHEMA {
        return Err(wrong(format!("schema: expected {CALIBRATION_SCHEMA}, found {:?}", written.schema)));
    }
    let Written { accel, mag, gyro, radii, .. } = written;
    Ok(Calibration { accel, mag, gyro, radii })
}

/// The contact switches on the pins of the profile. A robot walks without them, though it may turn badly: only those that
/// were asked for must be there.
fn start_contacts(
    settings: &ImuSettings,
    profile: &RobotProfile,
    contact: &Arc<ContactSlot>,
    log: &mut Log,
) -> Result<Option<ContactReader>, DaemonError> {
    let pins: Vec<u32> = profile.contacts.iter().filter_map(|contact| contact.pin).collect();
    if pins.is_empty() {
        return Ok(None);
    }
    let chip = settings.feet.clone().or_else(gpio::header_chip);
    let Some(chip) = chip else {
        let hint = "name the GPIO chip with --feet; without switches the feet count as on the ground";
        log.say("warn", "no foot switches", json!({ "hint": hint }));
        return Ok(None);
    };
    match ContactReader::start(&chip, &pins, Arc::clone(contact)) {
        Ok(switches) => Ok(Some(switches)),
        Err(error) if settings.feet.is_some() => Err(error.into()),
        Err(error) => {
            log.say("warn", "no foot switches", json!({ "why": error.to_string(), "hint": error.hint() }));
            Ok(None)
        }
    }
}

fn chip_figures(state: &ImuState) -> Value {
    let problem = state.health.problem.map(|problem| problem.to_string());
    let calibration = state.fusion.map(|fusion| {
        let known = fusion.calibration;
        json!({ "system": known.system, "gyro": known.gyro, "accel": known.accel, "mag": known.mag })
    });
    json!({
        "received": state.samples,
        "saturated": state.saturated,
        "failures": state.health.failures,
        "bring_ups": state.health.bring_ups,
        "problem": problem,
        "temperature_c": state.fusion.map(|fusion| fusion.temperature_c),
        "calibration": calibration,
    })
}
