//! The loop that keeps time, and the robot on it.
//!
//! Absolute deadlines in integer nanoseconds on the monotonic clock, sleep then a short spin, every lateness counted.

#[cfg(target_os = "linux")]
pub mod api;
pub mod desk;
pub mod devices;
#[cfg(target_os = "linux")]
pub mod expression;
pub mod line;
pub mod motors;
pub mod observation_file;
pub mod pacer;
#[cfg(target_os = "linux")]
pub mod pad;
pub mod recorder;
pub mod robot;
pub mod servo_tools;
#[cfg(target_os = "linux")]
pub mod stop;

pub use pacer::{Overrun, Pacer, PacerCounters, PacerError, Wake};
