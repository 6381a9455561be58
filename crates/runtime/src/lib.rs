//! The loop that keeps time.
//!
//! Absolute deadlines in integer nanoseconds on the monotonic clock, sleep then a short spin, every lateness
//! counted. Reading a clock, waiting, counting allocations and opening files live here and nowhere else, and so do
//! ports, signals and processes: Linux alone has these.

pub mod allocations;
pub mod bench;
pub mod budget;
pub mod clock;
pub mod desk;
#[cfg(target_os = "linux")]
pub mod exclusive;
#[cfg(target_os = "linux")]
pub mod expression;
pub mod files;
#[cfg(target_os = "linux")]
pub mod gpio;
#[cfg(target_os = "linux")]
pub mod guard;
pub mod heartbeat;
pub mod histogram;
#[cfg(target_os = "linux")]
pub mod i2c;
#[cfg(target_os = "linux")]
pub mod i2c_host;
#[cfg(target_os = "linux")]
pub mod imu_host;
pub mod line;
#[cfg(target_os = "linux")]
pub mod lines_host;
pub mod motors;
pub mod observation_file;
pub mod pacer;
#[cfg(target_os = "linux")]
pub mod pad;
pub mod port;
#[cfg(target_os = "linux")]
pub mod real_time;
pub mod recorder;
pub mod robot;
#[cfg(target_os = "linux")]
pub mod serial;
pub mod servo_view;
pub mod slot;
pub mod sound;
pub mod state_folder;
#[cfg(target_os = "linux")]
pub mod stop;
#[cfg(target_os = "linux")]
pub mod sysfs_pwm;
#[cfg(target_os = "linux")]
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod termination;
#[cfg(target_os = "linux")]
pub mod twin_host;
pub mod virtual_robot;
pub mod watchdog;
#[cfg(target_os = "linux")]
mod worker;

pub use clock::{Clock, MonotonicClock, VirtualClock};
#[cfg(target_os = "linux")]
pub use exclusive::ExclusiveError;
#[cfg(target_os = "linux")]
pub use guard::{Guard, GuardError};
pub use heartbeat::Heartbeat;
pub use histogram::{Histogram, Quantiles};
pub use pacer::{Overrun, Pacer, PacerCounters, PacerError, Wake};
pub use port::{Holder, OpenError, Port, PortError};
#[cfg(target_os = "linux")]
pub use real_time::{Granted, Item, RealTimeRequest};
#[cfg(target_os = "linux")]
pub use serial::SerialPort;
pub use servo_view::ServoView;
#[cfg(target_os = "linux")]
pub use termination::{Stop, Termination, TerminationError};
pub use virtual_robot::VirtualRobot;
