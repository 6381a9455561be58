//! Linux beneath the runtime: ports, buses, lines, clocks, real-time set-up, watching processes, signals, sound.
//!
//! Reading a clock, waiting, opening files, ports, signals and processes live here and nowhere else.

pub mod allocations;
pub mod budget;
pub mod clock;
#[cfg(target_os = "linux")]
pub mod evdev;
#[cfg(target_os = "linux")]
pub mod exclusive;
pub mod files;
#[cfg(target_os = "linux")]
pub mod gpio;
#[cfg(target_os = "linux")]
pub mod guard;
pub mod heartbeat;
pub mod histogram;
#[cfg(target_os = "linux")]
pub mod i2c;
pub mod port;
#[cfg(target_os = "linux")]
pub mod real_time;
#[cfg(target_os = "linux")]
pub mod serial;
pub mod slot;
pub mod sound;
pub mod state_folder;
#[cfg(target_os = "linux")]
pub mod sysfs_pwm;
#[cfg(target_os = "linux")]
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod termination;
pub mod watchdog;
#[cfg(target_os = "linux")]
pub mod worker;

pub use clock::{Clock, MonotonicClock, VirtualClock};
#[cfg(target_os = "linux")]
pub use exclusive::ExclusiveError;
#[cfg(target_os = "linux")]
pub use guard::{Guard, GuardError};
pub use heartbeat::Heartbeat;
pub use histogram::{Histogram, Quantiles};
pub use port::{Holder, OpenError, Port, PortError};
#[cfg(target_os = "linux")]
pub use real_time::{Granted, Item, RealTimeRequest};
#[cfg(target_os = "linux")]
pub use serial::SerialPort;
#[cfg(target_os = "linux")]
pub use termination::{Stop, Termination, TerminationError};
