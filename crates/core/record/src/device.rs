//! What a robot's actuators said, as their driver writes it down. Here it is opaque: the schema is the driver's own.

use crate::message::{Columns, DecodeError, Schema};
use crate::readings::ReadTimes;
use gaitway_control::Gains;
use gaitway_control::readings::JointReading;
use gaitway_model::RobotProfile;
use std::fmt::Debug;
use thiserror::Error;

/// Writes down what the actuators of one robot said, and reads it again.
pub trait DeviceLog: Debug + Send + Sync {
    /// Bytes in which the loop leaves everything that was last heard.
    fn row_len(&self) -> usize;

    /// The message of a row. What comes seldom is in it where it is new, and always `with_all`.
    fn pack(&mut self, row: &[u8], with_all: bool) -> Vec<u8>;

    /// Takes what a message says; what is not in it stays as it was.
    ///
    /// # Errors
    /// The bytes are no message of this driver.
    fn take(&mut self, message: &[u8]) -> Result<(), DecodeError>;

    /// What is known of each joint after the messages so far, read at `read`.
    fn read(&self, read: ReadTimes, joints: &mut [JointReading]);

    /// Adds the values of a message, but for those that come seldom, to the row of a table.
    fn tabulate(&self, message: &[u8], columns: &mut Columns);

    /// Says in the schema of a tick what its actuators' messages are.
    fn describe(&self, schema: &mut Schema);
}

/// Finds the log of a robot's actuators, which were given these gains.
pub type OpenDeviceLog = fn(&RobotProfile, &[Gains]) -> Result<Box<dyn DeviceLog>, DeviceProblem>;

/// A robot whose actuators nobody here can write down.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("{problem}")]
pub struct DeviceProblem {
    /// What is wrong.
    pub problem: String,
    /// What the person can do about it.
    pub hint: String,
}
