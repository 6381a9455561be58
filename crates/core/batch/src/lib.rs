//! Many robots at once: what lies between their simulators and one network.
//!
//! Each robot has the controller that will run it on its own, and beside it what a simulated robot lacks: noise,
//! delays, and somebody who gives commands. A batch reads the rows a batched simulator has, fills the rows a network
//! wants, and back. It knows no physics, keeps no time, and chance comes from a seed: every robot has its own, so that
//! neither threads nor the number of robots beside it change what happens to it.

mod batch;
mod commands;
mod disturbance;
mod error;
mod layout;
mod random;
mod robot;

pub use batch::{Batch, Rows};
pub use commands::CommandSampling;
pub use disturbance::Disturbance;
pub use error::BatchError;
pub use layout::Layout;
