//! The loop that keeps time.
//!
//! Absolute deadlines in integer nanoseconds on the monotonic clock, sleep then a short spin, every lateness
//! counted. Reading a clock, waiting and counting allocations live here and nowhere else.

pub mod allocations;
pub mod bench;
pub mod clock;
pub mod histogram;
#[cfg(target_os = "linux")]
pub mod imu_host;
pub mod pacer;
#[cfg(target_os = "linux")]
pub mod twin_host;

pub use clock::{Clock, MonotonicClock, VirtualClock};
pub use histogram::Histogram;
pub use pacer::{Pacer, PacerError, Wake};
