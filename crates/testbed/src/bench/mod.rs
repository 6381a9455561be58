//! Measurements, made where clocks may be read.

#[cfg(target_os = "linux")]
mod bare_bus;
#[cfg(target_os = "linux")]
pub mod bus;
pub mod canary;
pub mod pace;
pub mod push;
pub mod tick;

#[cfg(target_os = "linux")]
pub use bus::{BusBenchError, BusBenchOptions, BusTick, BusTicks, bus_ticks};
pub use canary::canary;
pub use pace::{Pace, PaceError, PaceOptions, Stall, pace};
pub use push::{PushTimes, push_times};
pub use tick::{TickTimes, tick_times};
