//! What the twin refuses when it is built.

use thiserror::Error;

/// Slowest baud rate the twin emulates.
pub(crate) const MIN_BAUD: u32 = 1_200;
/// Fastest baud rate the twin emulates: a byte takes 1 µs.
pub(crate) const MAX_BAUD: u32 = 10_000_000;

/// A bus or a fault plan that cannot be.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum TwinError {
    /// The id is the broadcast id or the header byte.
    #[error("ids[{servo}]: expected 0 to 253, found {found}")]
    Id {
        /// Place on the bus.
        servo: usize,
        /// The id asked for.
        found: u8,
    },
    /// Nobody emulates this baud rate.
    #[error("baud: expected {MIN_BAUD} to {MAX_BAUD}, found {found}")]
    Baud {
        /// The rate asked for, bits per second.
        found: u32,
    },
    /// A number of the options that must be finite and not negative, or positive.
    #[error("{option}: expected a finite number {range}, found {found}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// What is allowed.
        range: &'static str,
        /// The value asked for.
        found: f64,
    },
    /// A rate is no probability.
    #[error("rates.{rate}: expected 0 to 1, found {found}")]
    Rate {
        /// Name of the rate.
        rate: &'static str,
        /// The value asked for.
        found: f64,
    },
    /// Faults of one packet exclude each other, so their rates are shares of one whole.
    #[error("rates: the {packets} faults add up to {found}, more than 1")]
    RatesSum {
        /// "reply" or "request".
        packets: &'static str,
        /// The sum.
        found: f64,
    },
    /// A fault for a servo that is not on the bus.
    #[error("fault {fault}: servo {found} is not on a bus of {servos}")]
    FaultServo {
        /// Which fault, as text.
        fault: String,
        /// Place asked for.
        found: usize,
        /// Servos on the bus.
        servos: usize,
    },
    /// A voltage drop that is no number.
    #[error("fault sag: drop_v must be finite, found {found}")]
    FaultSag {
        /// The drop asked for, V.
        found: f64,
    },
}

impl TwinError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            TwinError::Id { .. } => "254 is the broadcast id and 255 the header byte; servos have 0 to 253",
            TwinError::Baud { .. } => "the duck's bus runs at 1000000",
            TwinError::Option { .. } => "start from BusOptions::default() and change one thing at a time",
            TwinError::Rate { .. } => {
                "a rate is the share of packets that suffer the fault: 0.01 is one in a hundred"
            }
            TwinError::RatesSum { .. } => "one packet suffers one fault at most: lower the rates",
            TwinError::FaultServo { .. } => {
                "faults count servos from 0, in the order the bus was given their ids"
            }
            TwinError::FaultSag { .. } => "a drop of 1.5 takes 1.5 V off the supply; 0 ends the sag",
        }
    }
}
