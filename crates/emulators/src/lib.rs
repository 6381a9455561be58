//! The robot's wires emulated: a servo bus with its own codec, register file and wire time, an IMU, and faults by
//! seed.
//!
//! [`ServoBus`] is the Feetech bus of the Open Duck Mini: the host's bytes go in with the time they are written, the
//! servos' bytes come out when the last bit of each has crossed wire and USB. Nothing here reads a clock, opens a
//! file or starts a thread: time is a parameter in nanoseconds, and the same calls with the same seed give the same
//! bytes. The drivers' codec is not used: an emulator that shares the codec under test proves nothing.
//!
//! "Facts" in these pages are the project's notes on the robot, section 2 (servo bus). What they mark as uncertain
//! is an option of [`BusOptions`] or [`ServoOptions`], whose page names the default and its source.

mod answers;
mod bno055;
mod bus;
mod codec;
mod encoder;
mod error;
mod exchange;
mod fault_run;
mod fault_text;
mod faults;
mod imu;
mod motor;
mod options;
mod protection;
mod ramp;
mod random;
mod register_file;
pub mod registers;
mod servo;
mod turns;
mod wire;

pub use bno055::{Bno055, Bno055Fault, Motion};
pub use bus::ServoBus;
pub use codec::{BROADCAST, Request, RequestParser, instruction, status_frame};
pub use error::TwinError;
pub use exchange::{Exchange, WireBytes};
pub use fault_text::{FAULT_EXAMPLES, FaultScript, FaultTextError, WrittenFault, parse_fault};
pub use faults::{Applied, Fault, FaultPlan, FaultRates, ReplyFault, RequestFault};
pub use imu::{IMU_CONTACTS, IMU_DATAGRAM_BYTES, Imu, ImuFault, ImuSample};
pub use motor::{JointState, MotorModel};
pub use options::{BusOptions, LaterServos, OverloadReaction, ResponseLevels, ServoOptions};
pub use register_file::RegisterFile;
pub use servo::{Servo, Stiffness};
