//! How the chip is to be run.

use crate::axes::AxisMap;
use crate::calibration::Calibration;

/// What the chip computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Everything, the magnetometer included; as the published runtime has it.
    #[default]
    Ndof,
    /// Without the magnetometer: no heading, and nothing that motors' magnets disturb.
    ImuPlus,
}

/// How the chip is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How it is mounted.
    pub axes: AxisMap,
    /// What it computes.
    pub mode: Mode,
    /// What it learned before.
    pub calibration: Option<Calibration>,
    /// Time between two samples, ns: [`PERIOD_NS`] misses none.
    pub period_ns: u64,
    /// Where it is looked for first; then at the other one of [`ADDRESSES`].
    pub address: u8,
    /// What its id register says: [`CHIP_ID_BNO055`], or a clone's.
    pub chip_id: u8,
}
