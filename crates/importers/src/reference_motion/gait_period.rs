//! What the file says of the gait.

/// How long a gait of the reference motions takes. Every entry of the file agrees on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaitPeriod {
    /// Time of one gait, s.
    pub period_s: f64,
    /// Frames of the reference motions in a second, Hz.
    pub fps: f64,
    /// Whole frames of one gait, 2 to 1000, cut off as the published reader does: `int(period * fps)`.
    pub ticks: u32,
    /// How many entries the file has.
    pub entries: usize,
}
