//! What the driver refuses.

use thiserror::Error;

/// Something the driver does not put on the wire.
#[derive(Debug, Error, Clone, PartialEq)]
#[non_exhaustive]
pub enum BusError {
    /// Servos that cannot share a bus.
    #[error("servo ids: expected 1 to {max} different ids from 0 to 253, found {found:?}")]
    Ids {
        /// How many fit into one frame.
        max: usize,
        /// The ids given.
        found: Vec<u8>,
    },
    /// A row with another length than there are servos.
    #[error("{what}: expected {expected} numbers, found {found}")]
    Length {
        /// Which row.
        what: &'static str,
        /// How many servos there are.
        expected: usize,
        /// How many numbers came.
        found: usize,
    },
    /// A goal that is not a number. The safety filter lets none through; the wire is the last place to notice.
    #[error("goal of servo {id}: expected a finite angle, found {found}")]
    NonFiniteGoal {
        /// The servo.
        id: u8,
        /// The goal.
        found: f32,
    },
    /// A write that would wear the EEPROM.
    #[error("register {register} is EEPROM and the lock is not set: the write would be saved, and wear it")]
    Unlocked {
        /// The register.
        register: &'static str,
    },
    /// Two servos with one id are lost to everybody: ids are given one servo at a time, on a bench.
    #[error("the id register is not written")]
    IdIsKept,
    /// A servo that is not one of the robot's.
    #[error("servo {index}: expected an index below {count}")]
    NoSuchServo {
        /// The index given.
        index: usize,
        /// How many there are.
        count: usize,
    },
}

impl BusError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            BusError::Ids { .. } => "correct the servo ids in the robot profile",
            BusError::Length { .. } => "build the row from the robot the bus was made for",
            BusError::NonFiniteGoal { .. } => "send goals that have passed the safety filter",
            BusError::Unlocked { .. } => "send set_lock(true) first",
            BusError::IdIsKept => "give a servo its id with nothing else on the bus",
            BusError::NoSuchServo { .. } => "count servos from 0, in the order of the robot profile",
        }
    }
}
