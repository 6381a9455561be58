//! Devices without I/O inside: bytes in, bytes out, and when to wake.
//!
//! A driver is told the time and what arrived, and says what to send and when it wants to be asked again. The same
//! driver therefore runs on a virtual clock against the emulator in tests, and on a thread on the robot.

pub mod bno055;
pub mod expression;
pub mod feet;
pub mod feetech;
pub mod imu_datagram;
pub mod pad;
mod pieces;
