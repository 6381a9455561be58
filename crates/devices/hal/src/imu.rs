//! An IMU on a bus of registers: transfers out, samples in, and when to wake.

use std::any::Any;
use std::fmt::Debug;

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Write these bytes to the chip, then read so many, in one transfer.
    Transfer {
        /// A register, and what goes into it.
        write: &'a [u8],
        /// Bytes to read.
        read: usize,
    },
    /// Nothing before this time, ns.
    Wait {
        /// Until when.
        until_ns: u64,
    },
}

/// One measurement in the trunk frame: x forward, y left, z up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// When it was asked for, ns: it is no older than one period of the chip more.
    pub sampled_ns: u64,
    /// Angular velocity, rad/s.
    pub gyro_rps: [f32; 3],
    /// Specific force, m/s².
    pub accel_mps2: [f32; 3],
    /// A sensor was at the end of its range.
    pub is_saturated: bool,
}

/// A chip, brought up and read by whoever hands on its transfers and the time. It never gives up: one that is silent, or
/// was reset, is brought up again.
pub trait Imu: Debug + Send {
    /// The address that the next transfer is for.
    fn address(&self) -> u8;

    /// What is to be done at `now_ns`.
    fn poll(&mut self, now_ns: u64) -> Next<'_>;

    /// What came of a transfer that was begun at `begun_ns` and is over now: the bytes that were read, or `None` where
    /// it failed.
    fn done(&mut self, begun_ns: u64, now_ns: u64, read: Option<&[u8]>);

    /// The newest sample, once.
    fn take_sample(&mut self) -> Option<Sample>;

    /// True where it measures.
    fn is_up(&self) -> bool;

    /// For tools that know one chip.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}
