//! What a recording is of, at a glance: read tick by tick, so that a long one needs no memory.

use crate::about::About;
use crate::container::{Next, walk};
use crate::error::RecordError;
use crate::reader::Recording;
use std::collections::BTreeMap;

/// A recording at a glance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// What it is of.
    pub about: About,
    /// How many ticks it has.
    pub ticks: u64,
    /// When the first and the last were woken, ns of the loop's clock.
    pub span_ns: Option<(u64, u64)>,
    /// Its faults by name, each once, in the order in which they came.
    pub faults: Vec<String>,
    /// Where and why it ends too early; `None` for a whole file.
    pub cut: Option<String>,
}

impl Summary {
    /// Reads the file's bytes, what is whole of them. Damaged chunks are passed over.
    pub fn read(bytes: &[u8]) -> Result<Summary, RecordError> {
        let mut summary = Summary::default();
        let (mut recording, mut topics, mut keyframe) = (Recording::default(), BTreeMap::new(), None);
        summary.cut = walk(bytes, |next| {
            if let Next::Record(record) = next {
                recording.take(record, &mut topics, &mut keyframe)?;
            }
            for (tick, _) in recording.ticks.drain(..) {
                summary.ticks += 1;
                let begun_ns = summary.span_ns.map_or(tick.woken_ns, |(begun_ns, _)| begun_ns);
                summary.span_ns = Some((begun_ns, tick.woken_ns));
                if !tick.fault.is_empty() && !summary.faults.contains(&tick.fault) {
                    summary.faults.push(tick.fault);
                }
            }
            Ok(())
        })?;
        summary.about = recording.about;
        Ok(summary)
    }
}
