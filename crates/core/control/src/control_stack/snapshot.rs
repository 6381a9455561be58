//! Saving and restoring a control stack: what a recording must have to be run again from its middle.

use super::ControlStack;
use crate::error::ControlError;
use crate::state_bytes::{Reader, Writer};

/// First bytes of a saved control stack; the number changes with the order of what follows.
const MAGIC: &[u8; 8] = b"GWBRAIN1";

impl ControlStack {
    /// Writes the state over `bytes`: between two ticks, a control stack restored from it goes on bit for bit. Allocates
    /// nothing where there is room.
    pub fn save_into(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        let mut out = Writer(bytes);
        out.bytes(MAGIC);
        out.u64(u64::from(self.refusals_in_a_row));
        out.flag(self.controller.record.fallen);
        self.supervisor.save(&mut out);
        self.watch.save(&mut out);
        self.arbiter.save(&mut out);
        self.imu.save(&mut out);
        self.skips.save(&mut out);
        if let Some(estimator) = &self.stance_estimator {
            estimator.save(&mut out);
        }
        // A profile without the table has no such state, and recordings of it keep their bytes.
        if let Some(plausible) = &self.plausible {
            plausible.save(&mut out);
        }
        self.controller.save_into(bytes);
    }

    /// Puts a saved state back. Where the bytes do not belong to this control stack it must not think any more.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), ControlError> {
        let mut input = Reader { rest: bytes };
        input.same("format", MAGIC)?;
        self.refusals_in_a_row = input.u32()?;
        let fallen = input.flag()?;
        self.supervisor.load(&mut input)?;
        self.watch.load(&mut input)?;
        self.arbiter.load(&mut input)?;
        self.imu.load(&mut input)?;
        self.skips.load(&mut input)?;
        if let Some(estimator) = &mut self.stance_estimator {
            estimator.load(&mut input)?;
        }
        if let Some(plausible) = &mut self.plausible {
            plausible.load(&mut input)?;
        }
        self.controller.restore(input.rest)?;
        self.controller.record.fallen = fallen;
        Ok(())
    }
}
