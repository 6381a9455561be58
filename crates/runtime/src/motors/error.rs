//! `MotorsError`: what ends a tool.

use crate::port::PortError;
use crate::watchdog::Trip;
use gaitway_control::watch::Alarm;
use gaitway_drivers::feetech::error::BusError;
use thiserror::Error;

/// Something that ends what a tool does. Every servo is limp then.
#[derive(Debug, Error)]
pub enum MotorsError {
    /// What the driver refuses.
    #[error(transparent)]
    Bus(#[from] BusError),
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
            MotorsError::Port(error) => error.hint().to_owned(),
            MotorsError::Silent { .. } => "check its plug and its power: gaitway motors scan".to_owned(),
            MotorsError::NotTaken { .. } => {
                "a bad plug, a dip of the supply, or a fault it latched until its power was off and on: gaitway doctor"
                    .to_owned()
            }
            MotorsError::Watchdog(_) => {
                "every servo is limp; begin again, and go on stepping while joints are held".to_owned()
            }
            MotorsError::Alarm { alarm, .. } => {
                format!("every servo is limp; {}", alarm.kind.hint())
            }
        }
    }
}
