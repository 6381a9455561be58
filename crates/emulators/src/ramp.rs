//! How a servo goes to a goal: at once, or as its goal speed (46) and its acceleration (41) let it.

use crate::encoder;
use crate::register_file::RegisterFile;
use crate::registers::{ACCELERATION, GOAL_SPEED};

/// Unit of the acceleration (facts 2.2): 8.7 °/s² in steps/s².
const ACCELERATION_UNIT: f64 = 8.7 * 4096.0 / 360.0;

/// Where a servo is on its way to its goal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ramp {
    /// Steps; none where the servo goes to every goal at once.
    at: Option<f64>,
    steps_per_s: f64,
}

impl Ramp {
    /// What the position loop is given, steps.
    pub fn step(&self, registers: &RegisterFile) -> f64 {
        self.at.unwrap_or_else(|| f64::from(encoder::goal_step(registers)))
    }

    /// `dt_s` later; `limp_at` is the step of a servo that is not driven: its next way begins there.
    pub fn advance(&mut self, dt_s: f64, registers: &RegisterFile, limp_at: Option<i32>) {
        let speed = encoder::steps_per_s(registers, registers.value(GOAL_SPEED).abs());
        let acceleration = f64::from(registers.raw(ACCELERATION)) * ACCELERATION_UNIT;
        if speed == 0.0 && acceleration == 0.0 {
            *self = Ramp::default();
            return;
        }
        if let Some(step) = limp_at {
            *self = Ramp { at: Some(f64::from(step)), steps_per_s: 0.0 };
            return;
        }
        let goal = f64::from(encoder::goal_step(registers));
        let at = self.at.unwrap_or(goal);
        let way = goal - at;
        let most = if speed == 0.0 { f64::INFINITY } else { speed };
        let (braking, gain) = if acceleration == 0.0 {
            (f64::INFINITY, f64::INFINITY)
        } else {
            ((2.0 * acceleration * way.abs()).sqrt(), acceleration * dt_s)
        };
        self.steps_per_s = (self.steps_per_s + gain).min(most).min(braking);
        let moved = (self.steps_per_s * dt_s).min(way.abs());
        self.at = Some(at + moved.copysign(way));
    }
}
