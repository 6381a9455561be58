//! What the runtime asks of a device, whichever it is, and what devices share.

pub mod actuators;
pub mod imu;
pub mod imu_datagram;
pub mod link;
pub mod pieces;
pub mod registry;
