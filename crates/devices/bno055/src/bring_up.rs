//! From a chip in whatever state to one that measures, step by step.

use crate::config::{Config, Mode};
use crate::registers::*;
use gaitway_hal::imu::Next;

/// After a change of the mode it takes so long, ns: the data sheet's 19 ms, and one more.
pub(super) const MODE_NS: u64 = 20_000_000;
/// After a reset: the data sheet's 650 ms, and a little more.
const RESET_NS: u64 = 700_000_000;
/// After changes of power and clock.
const POWER_NS: u64 = 10_000_000;

/// One transfer, and how long to wait behind it.
#[derive(Debug)]
pub(super) struct Step {
    write: Vec<u8>,
    read: usize,
    pub wait_ns: u64,
}

impl Step {
    pub fn transfer(&self) -> Next<'_> {
        Next::Transfer { write: &self.write, read: self.read }
    }

    /// What the chip said it is, where it was asked and is another one.
    pub fn stranger(&self, read: &[u8], chip_id: u8) -> Option<u8> {
        // On its other page a chip does not say what it is, but which page that is.
        let is_elsewhere = read.get(usize::from(PAGE)) == Some(&OTHER_PAGE);
        read.first().copied().filter(|found| self.read > 0 && *found != chip_id && !is_elsewhere)
    }

    /// True where the chip may be gone before it has acknowledged.
    pub fn is_reset(&self) -> bool {
        self.write == [TRIGGER, TRIGGER_RESET]
    }
}

/// What brings a chip up.
pub(super) fn bring_up(config: &Config) -> Vec<Step> {
    let identify = || Step { write: vec![CHIP_ID], read: 1, wait_ns: 0 };
    let set = |register, value, wait_ns| Step { write: vec![register, value], read: 0, wait_ns };
    let mode = match config.mode {
        Mode::Ndof => 0x0c,
        Mode::ImuPlus => 0x08,
    };
    let mut steps = vec![
        Step { write: vec![CHIP_ID], read: usize::from(PAGE) + 1, wait_ns: 0 },
        // Whoever used it before may have left another page.
        set(PAGE, 0, 0),
        identify(),
        set(MODE, MODE_CONFIG, MODE_NS),
        set(TRIGGER, TRIGGER_RESET, RESET_NS),
        identify(),
        set(POWER, 0, POWER_NS),
        set(PAGE, 0, 0),
        set(TRIGGER, 0, POWER_NS),
        set(UNITS, UNITS_SI, 0),
        set(AXIS_MAP, config.axes.map, 0),
        set(AXIS_SIGN, config.axes.sign, POWER_NS),
    ];
    if let Some(calibration) = &config.calibration {
        let write = [vec![OFFSETS], calibration.to_bytes()].concat();
        steps.push(Step { write, read: 0, wait_ns: POWER_NS });
    }
    steps.push(set(MODE, mode, MODE_NS));
    steps
}
