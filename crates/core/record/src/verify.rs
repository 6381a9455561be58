//! A whole recording run again.

use crate::device::OpenDeviceLog;
use crate::error::RecordError;
use crate::reader::Recording;
use crate::replay::{Difference, Verdict};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verification {
    /// Ticks that gave the same bits.
    pub same: u64,
    /// Ticks that did not.
    pub different: u64,
    /// Ticks there was nothing to run from: before the first keyframe, or behind a gap.
    pub skipped: u64,
    /// The first difference.
    pub first: Option<Difference>,
    /// How the network's kernels ran: which instructions.
    pub cpu_path: String,
}

impl Recording {
    /// Runs every tick again and compares every bit. Each keyframe puts the replay back in step, so that a difference
    /// counts once and not in every tick behind it. `open` finds the log of the robot's actuators.
    pub fn verify(&self, open: OpenDeviceLog) -> Result<Verification, RecordError> {
        let (mut replay, cpu_path) = self.about.revive(open)?;
        let mut found = Verification { cpu_path, ..Verification::default() };
        for (tick, keyframe) in &self.ticks {
            if let Some(keyframe) = keyframe {
                replay.take_keyframe(keyframe)?;
            }
            match replay.run(tick) {
                Verdict::Same => found.same += 1,
                Verdict::Skipped => found.skipped += 1,
                Verdict::Differs(difference) => {
                    found.different += 1;
                    found.first.get_or_insert(difference);
                }
            }
        }
        Ok(found)
    }
}
