//! A smooth way from one pose to another.

use crate::error::ControlError;
use crate::state_bytes::{Reader, Writer};

/// A pose on its way to another, all joints arriving together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PoseRamp {
    from_rad: Vec<f32>,
    tick: u32,
    ticks: u32,
}

/// Peak speed of [`smooth`] over its mean.
const PEAK: f32 = 1.5;

impl PoseRamp {
    pub fn new(joints: usize) -> PoseRamp {
        PoseRamp { from_rad: vec![0.0; joints], tick: 0, ticks: 0 }
    }

    /// Begins at `from_rad` and takes `ticks`.
    pub fn begin(&mut self, from_rad: &[f32], ticks: u32) {
        self.from_rad.copy_from_slice(from_rad);
        self.tick = 0;
        self.ticks = ticks;
    }

    /// Ticks from one pose to the other with no joint faster than `step_rad` a tick.
    pub fn ticks_for(from_rad: &[f32], to_rad: &[f32], step_rad: f32) -> u32 {
        let ways = from_rad.iter().zip(to_rad).map(|(from, to)| (to - from).abs());
        // `as` saturates, and turns what is no number into 0.
        (PEAK * ways.fold(0.0, f32::max) / step_rad).ceil() as u32
    }

    /// The pose one tick further; true once it is `to_rad`.
    pub fn advance(&mut self, to_rad: &[f32], pose_rad: &mut [f32]) -> bool {
        self.tick = self.tick.saturating_add(1).min(self.ticks);
        let share = smooth(self.tick as f32 / self.ticks.max(1) as f32);
        for ((pose, from), to) in pose_rad.iter_mut().zip(&self.from_rad).zip(to_rad) {
            *pose = if self.tick == self.ticks { *to } else { from + share * (to - from) };
        }
        self.tick == self.ticks
    }

    pub fn save(&self, out: &mut Writer) {
        out.f32s(&self.from_rad);
        out.u64(u64::from(self.tick));
        out.u64(u64::from(self.ticks));
    }

    pub fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        input.f32s(&mut self.from_rad)?;
        self.tick = input.u32()?;
        self.ticks = input.u32()?;
        Ok(())
    }
}

/// From 0 to 1 without a jerk at either end.
pub(crate) fn smooth(share: f32) -> f32 {
    share * share * (3.0 - 2.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_arrives_exactly_and_never_faster_than_asked() {
        let (from, to) = ([0.0, 1.0], [0.6, -0.4]);
        let ticks = PoseRamp::ticks_for(&from, &to, 0.02);
        let mut ramp = PoseRamp::new(2);
        ramp.begin(&from, ticks);
        let (mut pose, mut before) = (from, from);
        let mut count = 1;
        while !ramp.advance(&to, &mut pose) {
            let fastest = pose.iter().zip(before).map(|(now, then)| (now - then).abs()).fold(0.0, f32::max);
            assert!(fastest < 0.0201, "{fastest}");
            before = pose;
            count += 1;
        }
        assert_eq!((pose, count), (to, ticks));
        assert!(ramp.advance(&to, &mut pose), "and stays there");
    }
}
