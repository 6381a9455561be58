//! `MotorsError`: what ends a tool.

use gaitway_control::watch::Alarm;
use gaitway_feetech::error::BusError;
use gaitway_hal::actuators::ActuatorError;
use gaitway_model::profile::{FaultKind, THEN_ASK_AGAIN};
use gaitway_platform::port::PortError;
use gaitway_platform::watchdog::Trip;
use thiserror::Error;

/// Something that ends what a tool does. Every servo is limp then.
#[derive(Debug, Error)]
pub enum MotorsError {
    /// What the driver refuses.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// See `Bus`.
    #[error(transparent)]
    Actuators(#[from] ActuatorError),
    /// The port.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A servo does not answer.
    #[error("{joint}: expected an answer of servo {id}, found silence")]
    Silent {
        /// Which joint.
        joint: String,
        /// Its servo.
        id: u8,
    },
    /// A servo was told, and is limp or has other settings all the same, or lost them.
    #[error("{joint}: expected servo {id} to keep torque and settings, found it without")]
    NotTaken {
        /// Which joint.
        joint: String,
        /// Its servo.
        id: u8,
    },
    /// The program that held joints halted, or nobody guards it.
    #[error("{0}")]
    Watchdog(Trip),
    /// A joint reads an angle that it cannot have.
    #[error("{joint}: expected an angle from {min_rad:.2} to {max_rad:.2} rad, found {found_rad:.2} rad")]
    OutOfRange {
        /// Which joint.
        joint: String,
        /// What it reads, rad.
        found_rad: f32,
        /// The least it can read, rad.
        min_rad: f64,
        /// And the most, rad.
        max_rad: f64,
    },
    /// A supply that destroys the servos.
    #[error("supply: expected {highest_v:.1} V at most, found {found_v:.1} V")]
    Supply {
        /// What most servos measure, V.
        found_v: f32,
        /// The limit of the profile, V.
        highest_v: f64,
    },
    /// A line of the fault table.
    #[error("{}: {} ({:.2})", joint.as_deref().unwrap_or("robot"), alarm.kind.name(), alarm.value)]
    Alarm {
        /// Which joint, where it is one.
        joint: Option<String>,
        /// The fault.
        alarm: Alarm,
    },
}

impl MotorsError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            MotorsError::Bus(error) => error.hint().to_owned(),
            MotorsError::Actuators(error) => error.hint.clone(),
            MotorsError::Port(error) => error.hint().to_owned(),
            MotorsError::Silent { .. } => "check its plug and its power: gaitway motors scan".to_owned(),
            MotorsError::NotTaken { .. } => {
                "a bad plug, a dip of the supply, or a fault it latched until its power was off and on: gaitway doctor"
                    .to_owned()
            }
            MotorsError::Watchdog(_) => {
                "every servo is limp; begin again, and go on stepping while joints are held".to_owned()
            }
            MotorsError::OutOfRange { .. } => {
                "a turn (6.28 rad) off: switch its power off and on, then look at its position offset (register 31): \
                 gaitway motors audit; less: gaitway motors calibrate"
                    .to_owned()
            }
            MotorsError::Supply { .. } => Self::alarm_hint(FaultKind::HighVoltage),
            MotorsError::Alarm { alarm, .. } => Self::alarm_hint(alarm.kind),
        }
    }

    /// What to do about a fault, for somebody who has no terminal of `gaitwayd` to clear it at.
    fn alarm_hint(kind: FaultKind) -> String {
        let hint = kind.hint().trim_end_matches(THEN_ASK_AGAIN);
        format!("torque is off; {hint}")
    }
}
