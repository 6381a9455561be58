//! What is remembered of a joint between two of its readings.

/// What is remembered of a joint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Known {
    /// Angle and velocity that counted last.
    pub motion: [f32; 2],
    /// Their age at `at_ns`, s.
    pub age_s: f32,
    pub at_ns: u64,
    /// Angle and velocity that were judged last.
    pub judged: [f32; 2],
    /// Of these, refused in a row.
    pub refused: u32,
    /// The angle outside the range that is told.
    pub outside_rad: Option<f32>,
    /// When the slow measurements that were counted last were read, ns.
    pub slow_ns: u64,
}

impl Known {
    pub const NOTHING: Known = Known {
        motion: [0.0; 2],
        age_s: f32::INFINITY,
        at_ns: 0,
        judged: [f32::NAN; 2],
        refused: 0,
        outside_rad: None,
        slow_ns: 0,
    };

    pub fn age_s(&self, now_ns: u64) -> f32 {
        self.age_s + now_ns.saturating_sub(self.at_ns) as f32 * 1e-9
    }
}
