//! Steps of the encoder and angles of the shaft (facts 2.3): 4096 steps a turn, 0 rad at step 2048.

use crate::register_file::RegisterFile;
use crate::registers::{GOAL_POSITION, MAX_ANGLE, MIN_ANGLE, PHASE, POSITION_OFFSET};
use std::f64::consts::TAU;

/// Steps in a turn.
const STEPS_PER_TURN: i32 = 4096;
/// The step at 0 rad.
pub(crate) const ZERO_STEP: i32 = 2048;
/// Phase bit 2: speed in steps/s; without it in [`COARSE_SPEED_STEPS`] steps/s.
const PHASE_FINE_SPEED: u16 = 1 << 2;
const COARSE_SPEED_STEPS: f64 = 50.0;

/// The encoder's step at an angle, within one turn.
pub(crate) fn step_at(position_rad: f64) -> i32 {
    let steps = (position_rad * f64::from(STEPS_PER_TURN) / TAU).round() as i64;
    steps.saturating_add(i64::from(ZERO_STEP)).rem_euclid(i64::from(STEPS_PER_TURN)) as i32
}

/// A speed in the unit of the present-speed register.
pub(crate) fn speed(registers: &RegisterFile, velocity_rps: f64) -> i32 {
    let steps = velocity_rps * f64::from(STEPS_PER_TURN) / TAU;
    let is_fine = registers.raw(PHASE) & PHASE_FINE_SPEED != 0;
    (if is_fine { steps } else { steps / COARSE_SPEED_STEPS }).round() as i32
}

/// The goal in steps, within the angle limits.
pub(crate) fn goal_step(registers: &RegisterFile) -> i32 {
    let (low, high) = (registers.value(MIN_ANGLE), registers.value(MAX_ANGLE));
    let goal = registers.value(GOAL_POSITION);
    // Both limits 0 stand for many turns; limits the wrong way round hold the goal at the upper one.
    if low == 0 && high == 0 { goal } else { goal.max(low).min(high) }
}

/// A goal in steps as an angle of the shaft.
pub(crate) fn goal_rad(registers: &RegisterFile, step: f64) -> f64 {
    let step = step + f64::from(registers.value(POSITION_OFFSET));
    (step - f64::from(ZERO_STEP)) * TAU / f64::from(STEPS_PER_TURN)
}

/// Steps a second that a value of the goal speed stands for.
pub(crate) fn steps_per_s(registers: &RegisterFile, speed: i32) -> f64 {
    let is_fine = registers.raw(PHASE) & PHASE_FINE_SPEED != 0;
    f64::from(speed) * if is_fine { 1.0 } else { COARSE_SPEED_STEPS }
}
