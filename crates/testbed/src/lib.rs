//! What stands in for a robot: one on a virtual clock, the twin on a pseudo-terminal, and benches.
//!
//! The daemon does not link this room, and with it no emulator.

pub mod bench;
#[cfg(target_os = "linux")]
pub mod i2c_host;
#[cfg(target_os = "linux")]
pub mod imu_host;
pub mod servo_view;
#[cfg(target_os = "linux")]
pub mod twin_host;
pub mod virtual_robot;

pub use servo_view::ServoView;
pub use virtual_robot::VirtualRobot;
