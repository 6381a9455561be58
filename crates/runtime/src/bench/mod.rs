//! Measurements, made where clocks may be read.

pub mod pace;
pub mod tick;

pub use pace::{Pace, PaceError, PaceOptions, Stall, pace};
pub use tick::{TickTimes, tick_times};
