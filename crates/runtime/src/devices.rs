//! Which driver a profile's devices have: the only place that reads `actuators.family` and the chip of an IMU.

use gaitway_bno055::{AxesError, AxisMap, Bno055, CHIP_ID_BNO055, Calibration, Config, Mode, PERIOD_NS};
use gaitway_control::Gains;
use gaitway_feetech::bus::ServoBus;
use gaitway_feetech::config::{self, register_gains};
use gaitway_feetech::error::BusError;
use gaitway_feetech::log::ServoLog;
use gaitway_feetech::servos::FeetechServos;
use gaitway_feetech::settings::{SettingsError, settings_of};
use gaitway_hal::actuators::Actuators;
use gaitway_hal::imu as hal;
use gaitway_hal::link::Link;
use gaitway_hal::registry::{Registry, UnknownDevice};
use gaitway_model::RobotProfile;
use gaitway_model::profile::Imu;
use gaitway_record::{DeviceLog, DeviceProblem};
use thiserror::Error;

/// What profiles call the servos of Feetech's STS family.
const FEETECH: &str = "feetech_sts3215";

/// A device that cannot be driven.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// There is no driver.
    #[error(transparent)]
    Unknown(#[from] UnknownDevice),
    /// A tool for servos, and other actuators.
    #[error("actuators.family: expected {FEETECH}, whose servos this tool knows, found {0:?}")]
    NoServos(String),
    /// The servos do not fit a bus.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// Settings that these servos do not have.
    #[error("actuators: {0}")]
    Settings(#[from] SettingsError),
    /// One IMU is read here.
    #[error("imus: expected one that is read over I2C, found {0}")]
    Imus(usize),
    /// The IMU's axes are no mount.
    #[error(transparent)]
    Axes(#[from] AxesError),
}

impl DeviceError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            DeviceError::Unknown(error) => error.hint(),
            DeviceError::NoServos(_) => "use the tools that the actuators' maker has".to_owned(),
            DeviceError::Bus(error) => error.hint().to_owned(),
            DeviceError::Settings(_) => {
                "correct the settings in the profile: docs/formats.md has them".to_owned()
            }
            DeviceError::Imus(0) => {
                "the profile has no IMU: leave out what reads one, or add [[imus]] to the profile".to_owned()
            }
            DeviceError::Imus(_) => {
                "this version reads one: leave that of the trunk in the profile".to_owned()
            }
            DeviceError::Axes(_) => "correct trunk_axes of the IMU in the profile".to_owned(),
        }
    }
}

/// From the profile's IMU, mount, mode and what was learned before to how the chip is run.
type ImuDriver = fn(&Imu, &[String; 3], Mode, Option<Calibration>) -> Result<Box<dyn hal::Imu>, DeviceError>;

/// From a profile and the gains they are given to its actuators.
type OpenActuators = fn(&RobotProfile, &[Gains]) -> Result<Box<dyn Actuators>, DeviceError>;

/// The driver of a family of actuators.
struct ActuatorDriver {
    open: OpenActuators,
    /// From a profile and the gains its servos are given to what they are written down by.
    log: fn(&RobotProfile, &[Gains]) -> Box<dyn DeviceLog>,
}

static ACTUATORS: Registry<ActuatorDriver> =
    Registry::new("actuators.family", &[(FEETECH, ActuatorDriver { open: feetech, log: feetech_log })]);

static IMUS: Registry<ImuDriver> = Registry::new("imus[0].chip", &[("bno055", bno055)]);

/// The actuators of `profile`, which are given these gains, on no port yet.
///
/// # Errors
/// A family without a driver, or actuators that do not fit one line.
pub fn actuators(profile: &RobotProfile, gains: &[Gains]) -> Result<Box<dyn Actuators>, DeviceError> {
    (ACTUATORS.find(&profile.actuators.family)?.open)(profile, gains)
}

/// The servos of `profile`, on no port yet, for tools that know them alone.
///
/// # Errors
/// Actuators that are no such servos, or that do not fit one bus.
pub fn servos(profile: &RobotProfile) -> Result<ServoBus, DeviceError> {
    let family = &profile.actuators.family;
    let is_ours = family == FEETECH;
    if !is_ours {
        ACTUATORS.find(family)?;
        return Err(DeviceError::NoServos(family.clone()));
    }
    servo_bus(profile)
}

/// What the actuators of `profile`, which are given these gains, are written down by.
///
/// # Errors
/// A family without a driver.
pub fn actuator_log(profile: &RobotProfile, gains: &[Gains]) -> Result<Box<dyn DeviceLog>, DeviceProblem> {
    match ACTUATORS.find(&profile.actuators.family) {
        Ok(driver) => Ok((driver.log)(profile, gains)),
        Err(error) => Err(DeviceProblem { problem: error.to_string(), hint: error.hint() }),
    }
}

/// The IMU of `profile`, mounted as `axes` say, on no bus yet.
///
/// # Errors
/// No IMU or several, a chip without a driver, or axes that are no mount.
pub fn imu(
    profile: &RobotProfile,
    axes: &[String; 3],
    mode: Mode,
    calibration: Option<Calibration>,
) -> Result<Box<dyn hal::Imu>, DeviceError> {
    let [imu] = &profile.imus[..] else { return Err(DeviceError::Imus(profile.imus.len())) };
    IMUS.find(&imu.chip)?(imu, axes, mode, calibration)
}

fn feetech(profile: &RobotProfile, gains: &[Gains]) -> Result<Box<dyn Actuators>, DeviceError> {
    Ok(Box::new(FeetechServos::new(servo_bus(profile)?, &register_gains(gains))))
}

fn servo_bus(profile: &RobotProfile) -> Result<ServoBus, DeviceError> {
    for joint in 0..profile.joints.len() {
        settings_of(profile, joint)?;
    }
    let ns = |us: f64| (us * 1000.0) as u64;
    let bus = &profile.actuators;
    let link = Link { baud: bus.baud, turnaround_ns: ns(bus.turnaround_us), latency_ns: ns(bus.latency_us) };
    Ok(ServoBus::new(&config::servos(profile), link)?)
}

fn feetech_log(profile: &RobotProfile, gains: &[Gains]) -> Box<dyn DeviceLog> {
    Box::new(ServoLog::new(config::servos(profile), &register_gains(gains)))
}

fn bno055(
    imu: &Imu,
    axes: &[String; 3],
    mode: Mode,
    calibration: Option<Calibration>,
) -> Result<Box<dyn hal::Imu>, DeviceError> {
    let byte = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    Ok(Box::new(Bno055::new(Config {
        axes: AxisMap::new(axes)?,
        mode,
        calibration,
        period_ns: PERIOD_NS,
        address: byte(imu.i2c_address),
        chip_id: imu.chip_id.map_or(CHIP_ID_BNO055, byte),
    })))
}
