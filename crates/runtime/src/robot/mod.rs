//! A robot on a clock: servo bus, IMU, mailbox, supervisor, controller, tick by tick.
//!
//! The same loop runs on the robot, against the twin behind a pseudo-terminal, and on a virtual clock in tests: port
//! and clock are the caller's. A tick neither allocates nor locks nor logs: what there is to say goes into a ring.
//!
//! ```text
//!  deadline ─► read ─► watch ─► supervisor ─► controller ─► supervisor ─► tell ─► slow read ─► next deadline
//!               ▲        IMU slot, mailbox ────┘                            │
//!             servos ◄──────────────────────────────────────────────────────┘
//! ```

#[cfg(target_os = "linux")]
pub mod actuator_driver;
pub mod bus_line;
pub mod contacts;
pub mod event;
pub mod imu;
#[cfg(target_os = "linux")]
pub mod imu_chip;
#[cfg(target_os = "linux")]
pub mod imu_socket;
pub mod mailbox;
pub mod obstacle_words;
mod record;
pub mod recorder;
pub mod run;
pub mod setup;
pub mod status;
pub mod swap;
pub mod tick;

pub use actuator_driver::{ActuatorDriver, RobotDriver, ServoDriver};
pub use event::Event;
pub use imu::ImuSlot;
pub use mailbox::Mailbox;
pub use record::{RunRecord, Statistics};
pub use run::{RunControl, run};
pub use setup::{Setup, SetupError, findings};
pub use status::{Status, StatusSlot};
pub use swap::{Swap, SwapGiver, SwapTaker, swap_door};
pub use tick::Robot;
