//! Measurements, made where clocks may be read.

pub mod canary;
pub mod pace;
pub mod tick;

pub use canary::canary;
pub use pace::{Pace, PaceError, PaceOptions, Stall, pace};
pub use tick::{TickTimes, tick_times};
