//! The controller: sensors and command in, safe goals and a record out.
//!
//! [`Controller::step`] is a pure function of its state: no clock, no I/O, no allocation, no panic, and the same
//! bits on every CPU.

mod action_map;
pub mod arbiter;
mod attitude;
mod blend;
pub mod check;
pub mod control_stack;
mod controller;
mod diagnose;
mod error;
mod fixed;
mod handover;
pub mod imu;
mod manual;
mod options;
mod phase;
pub mod plausibility;
mod policy;
mod policy_set;
mod policy_switch;
pub mod readings;
mod record;
mod safety_filter;
mod snapshot;
pub mod stance;
mod state;
mod state_bytes;
pub mod supervisor;
mod units;
pub mod watch;

pub use control_stack::ControlStack;
pub use controller::Controller;
pub use error::{ControlError, PolicyError};
pub use manual::{Manual, Trouble};
pub use options::{Gains, Options};
pub use policy::{Basis, Policy, PolicySet, SetMember, embed};
pub use record::{Counters, Refusal, TickRecord};
pub use safety_filter::{Goals, JointLimits};
