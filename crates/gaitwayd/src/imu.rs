//! Where samples of the IMU come from: the chip on its bus, or a socket.

use crate::arguments::Arguments;
use crate::error::DaemonError;
use crate::log::Log;
use gaitway_contract::RobotProfile;
use gaitway_drivers::bno055::{AxisMap, Config, Mode, Problem};
use gaitway_runtime::robot::ImuSlot;
use gaitway_runtime::robot::imu_chip::{ImuChip, ImuState};
use gaitway_runtime::robot::imu_socket::ImuSocket;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// The chip has a new sample so often, ns.
const PERIOD_NS: u64 = 10_000_000;

/// Who puts samples into the slot.
pub(crate) enum Imu {
    Chip(ImuChip),
    Socket(ImuSocket),
    /// Nobody: the robot does not get up.
    Missing,
}

impl Imu {
    /// As the arguments say; without a word the bus of the profile, where this machine has it.
    pub fn start(
        arguments: &Arguments,
        profile: &RobotProfile,
        slot: Arc<ImuSlot>,
        log: &mut Log,
    ) -> Result<Imu, DaemonError> {
        if let Some(path) = &arguments.imu_socket {
            return Ok(Imu::Socket(ImuSocket::bind(path, slot)?));
        }
        let usual = PathBuf::from(format!("/dev/i2c-{}", profile.imu.i2c_bus));
        let path = match &arguments.imu {
            Some(path) => path,
            None if usual.exists() => &usual,
            None => {
                let hint = "switch I2C on (sudo raspi-config nonint do_i2c 0), or name its bus with --imu";
                log.say("warn", "no IMU", json!({ "expected": usual, "hint": hint }));
                return Ok(Imu::Missing);
            }
        };
        // The profile was checked: its axes are a mount, its address is one.
        let axes = AxisMap::new(profile.imu_axes())?;
        let address = u8::try_from(profile.imu.i2c_address).unwrap_or(u8::MAX);
        let config = Config { axes, mode: Mode::Ndof, calibration: None, period_ns: PERIOD_NS };
        Ok(Imu::Chip(ImuChip::start(path, address, config, slot)?))
    }

    /// What became of it.
    pub fn figures(&self) -> Value {
        match self {
            Imu::Missing => Value::Null,
            Imu::Socket(socket) => {
                let (received, refused) = socket.counts();
                json!({ "received": received, "refused": refused })
            }
            Imu::Chip(chip) => chip_figures(&chip.state()),
        }
    }
}

fn chip_figures(state: &ImuState) -> Value {
    let problem = state.health.problem.map(|problem| match problem {
        Problem::Silent => "silent".to_owned(),
        Problem::NotABno055 { found } => format!("no BNO055: chip id 0x{found:02x}"),
        Problem::Restarted => "it restarted".to_owned(),
    });
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
