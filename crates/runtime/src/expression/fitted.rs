//! What this robot shows with, and what of it cannot be had.

use gaitway_platform::gpio::GpioError;
use gaitway_platform::sysfs_pwm::PwmError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// What is fitted, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fitted {
    /// The GPIO chip; only what is on its lines needs one.
    pub chip: Option<PathBuf>,
    /// Lines of the lights that blink together.
    pub blinkers: Vec<u32>,
    /// Lines of the lamps.
    pub lamps: Vec<u32>,
    /// The pulse servos.
    pub pulse_servos: Option<FittedPulseServos>,
}

/// Pulse servos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FittedPulseServos {
    /// Of each 1, or -1 where a longer pulse moves it the other way.
    pub directions: Vec<i8>,
    /// Where their pulses come from.
    pub pulses: PulseSource,
}

/// Where pulses come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PulseSource {
    /// Lines of the chip, timed by the thread.
    Lines(Vec<u32>),
    /// Channels of a PWM of the board, a folder below /sys/class/pwm.
    Pwm {
        /// The folder.
        chip: PathBuf,
        /// Its channels.
        channels: Vec<u32>,
    },
}

/// What cannot be shown.
#[derive(Debug, Error)]
pub enum ExpressionError {
    /// Something is on a chip, and there is none.
    #[error("expected a GPIO chip with the board's header, found none")]
    NoChip,
    /// The lines.
    #[error(transparent)]
    Gpio(#[from] GpioError),
    /// The PWM.
    #[error(transparent)]
    Pwm(#[from] PwmError),
    /// The thread.
    #[error("starting a thread: {0}")]
    Thread(io::Error),
}

impl ExpressionError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            ExpressionError::NoChip => "name it: ls /dev/gpiochip*",
            ExpressionError::Gpio(error) => error.hint(),
            ExpressionError::Pwm(error) => error.hint(),
            ExpressionError::Thread(_) => "the system is short of something; `dmesg` may say of what",
        }
    }
}
