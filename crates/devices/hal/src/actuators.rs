//! Actuators on one line: bytes in, bytes out, and when to wake.

use crate::link::Link;
use gaitway_control::readings::JointReading;
use gaitway_control::supervisor::Orders;
use gaitway_record::ReadTimes;
use std::any::Any;
use std::fmt::Debug;
use thiserror::Error;

/// What a driver wants next.
#[derive(Debug, PartialEq)]
pub enum Poll<'a> {
    /// These bytes on the line, now; then to be asked again.
    Send(&'a [u8]),
    /// To be asked again as bytes arrive, at the latest then.
    Wait {
        /// The latest time, ns.
        until_ns: u64,
    },
    /// The exchange is over; who answered is in the readings.
    Done,
}

/// Something a driver does not put on the line.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("{problem}")]
pub struct ActuatorError {
    /// What is wrong.
    pub problem: String,
    /// What the person can do about it.
    pub hint: String,
}

/// All actuators of a robot on one half-duplex line, in the order of its joints. No clock, no port, no waiting: whoever
/// has these hands on bytes and times. None of the calls that a tick makes allocates.
pub trait Actuators: Debug + Send + Sync {
    /// The line they are on.
    fn link(&self) -> Link;

    /// Begins the common read of position and velocity, to be over by `deadline_ns`: the bytes to send, none where there
    /// is nobody to ask.
    fn begin_read(&mut self, now_ns: u64, deadline_ns: u64) -> &[u8];

    /// Begins to read what one actuator measures seldom, of `which` or of the next in turn: the bytes to send, none where
    /// it could not be over by `deadline_ns`.
    fn begin_slow_read(&mut self, which: Option<usize>, now_ns: u64, deadline_ns: u64) -> &[u8];

    /// Tells the driver the time and what has arrived since it was last asked.
    fn poll(&mut self, now_ns: u64, received: &[u8]) -> Poll<'_>;

    /// Before this the exchange on the line cannot be over, ns.
    fn soonest_end_ns(&self) -> u64;

    /// Hands to `send` the frames that tell the actuators what the supervisor decided; `goal_rad` are its goals.
    ///
    /// # Errors
    /// What no actuator is told: a row of another length, a goal that is no number.
    fn tell(
        &mut self,
        orders: &Orders,
        goal_rad: &[f32],
        send: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ActuatorError>;

    /// Hands to `send` the frames after which every actuator is limp, whatever is known of it.
    fn cut(&mut self, send: &mut dyn FnMut(&[u8]));

    /// What is known of each joint after what was read at `read`; returns when any actuator was last heard, ns.
    fn read_joints(&self, read: ReadTimes, joints: &mut [JointReading]) -> Option<u64>;

    /// Bytes of the recorder's row.
    fn row_len(&self) -> usize;

    /// Leaves everything that was last heard in a row of the recorder.
    fn write_row(&self, row: &mut [u8]);

    /// Longest time of a tick, and of a slow read, ns.
    fn longest_ns(&self) -> (u64, u64);

    /// For tools that know one family.
    fn as_any(&self) -> &dyn Any;

    /// See [`Actuators::as_any`].
    fn as_any_mut(&mut self) -> &mut dyn Any;
}
