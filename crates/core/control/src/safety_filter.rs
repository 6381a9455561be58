//! The safety filter: the only way from a target to a goal.
//!
//! It refuses what is not finite (the last good goal is held), keeps every joint within its range and its fastest
//! step, and says whether the robot has fallen. What it changed, and why, goes into the tick record.

use gaitway_maths::scalar::limit as limit_to;
use gaitway_model::RobotProfile;

/// Beyond this an angle is a fault and no pose, rad: servos report at most a few turns.
const MAX_ANGLE_RAD: f32 = 100.0;

/// Why a joint's goal differs from its target: one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JointLimits;

impl JointLimits {
    /// The target lay outside the joint's range.
    pub const POSITION: u8 = 1;
    /// The target was further away than the joint may move in a tick.
    pub const VELOCITY: u8 = 2;
    /// The target was not a finite number: the last goal is held.
    pub const NON_FINITE: u8 = 4;
    /// The robot has fallen: the last goal is held.
    pub const FALLEN: u8 = 8;
}

/// Goals for the servos, rad, in the order of the robot profile. Only the filter makes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Goals {
    rad: Vec<f32>,
}

impl Goals {
    /// The goals, rad.
    pub fn rad(&self) -> &[f32] {
        &self.rad
    }
}

/// Limits of one robot at one loop rate.
#[derive(Debug, Clone)]
pub(crate) struct SafetyFilter {
    joints: Vec<Joint>,
    fall_tilt_rad: f32,
    fall_after_ticks: u32,
}

#[derive(Debug, Clone)]
struct Joint {
    min_rad: f32,
    max_rad: f32,
    step_rad: f32,
}

/// What the filter remembers between ticks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SafetyFilterState {
    /// The last goals.
    pub goals: Goals,
    /// Ticks since the trunk tilted too far.
    pub tilted_ticks: u32,
    /// Latched until the controller is reset.
    pub fallen: bool,
}

impl SafetyFilter {
    /// The filter of `profile` for a loop of `loop_hz`.
    pub fn new(profile: &RobotProfile, loop_hz: u32) -> SafetyFilter {
        let hz = f64::from(loop_hz);
        let joint = |joint: &gaitway_model::profile::Joint| Joint {
            min_rad: joint.min_rad as f32,
            max_rad: joint.max_rad as f32,
            step_rad: (joint.velocity_limit_rps / hz) as f32,
        };
        SafetyFilter {
            joints: profile.joints.iter().map(joint).collect(),
            // One that is not there is never reached.
            fall_tilt_rad: profile.fall.as_ref().map_or(f32::INFINITY, |fall| fall.tilt_rad as f32),
            fall_after_ticks: profile.fall.as_ref().map_or(0, |fall| (fall.after_s * hz).round() as u32),
        }
    }

    /// The filter's memory at a pose the robot is in.
    pub fn initial_state(&self, pose_rad: &[f32]) -> SafetyFilterState {
        SafetyFilterState { goals: Goals { rad: pose_rad.to_vec() }, tilted_ticks: 0, fallen: false }
    }

    /// Starts anew from a pose the robot is in; a joint whose angle no servo can report keeps its last goal.
    pub fn reset(&self, state: &mut SafetyFilterState, pose_rad: &[f32]) {
        for (joint, &angle_rad) in pose_rad.iter().enumerate() {
            self.place(state, joint, angle_rad);
        }
        state.tilted_ticks = 0;
        state.fallen = false;
    }

    /// Makes the angle a joint has its goal; one no servo can report changes nothing.
    pub fn place(&self, state: &mut SafetyFilterState, joint: usize, angle_rad: f32) {
        if angle_rad.abs() < MAX_ANGLE_RAD {
            state.goals.rad[joint] = angle_rad;
        }
    }

    /// Puts a saved goal back.
    pub fn restore_goals(state: &mut SafetyFilterState, goals_rad: &[f32]) {
        state.goals.rad.copy_from_slice(goals_rad);
    }

    /// One tick of the fall verdict: tilted too far, for too long.
    pub fn watch_tilt(&self, state: &mut SafetyFilterState, tilt_rad: f32) {
        state.tilted_ticks =
            if tilt_rad > self.fall_tilt_rad { state.tilted_ticks.saturating_add(1) } else { 0 };
        state.fallen |= state.tilted_ticks > self.fall_after_ticks;
    }

    /// Targets in, goals out; `limits` says for each joint what was changed.
    pub fn pass(&self, state: &mut SafetyFilterState, target_rad: &[f32], limits: &mut [u8]) {
        let goals = state.goals.rad.iter_mut();
        for (((goal, &target), joint), limit) in goals.zip(target_rad).zip(&self.joints).zip(limits) {
            *limit = 0;
            if state.fallen {
                *limit = JointLimits::FALLEN;
            } else if !target.is_finite() {
                *limit = JointLimits::NON_FINITE;
            } else {
                (*goal, *limit) = joint.limit(*goal, target);
            }
        }
    }
}

impl Joint {
    /// The goal one tick after `previous` on the way to `target`. Range before speed: a robot that starts outside
    /// its range is led back at a safe speed, not thrown.
    fn limit(&self, previous: f32, target: f32) -> (f32, u8) {
        let mut limit = 0;
        let within = limit_to(target, self.min_rad, self.max_rad);
        if within != target {
            limit |= JointLimits::POSITION;
        }
        let slow = limit_to(within, previous - self.step_rad, previous + self.step_rad);
        if slow != within {
            limit |= JointLimits::VELOCITY;
        }
        (slow, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract's own checks let no such target come this far; the filter does not rely on them.
    #[test]
    fn a_target_that_is_no_number_holds_its_joint_alone() {
        let joint = Joint { min_rad: -1.0, max_rad: 1.0, step_rad: 0.1 };
        let filter = SafetyFilter { joints: vec![joint; 3], fall_tilt_rad: 1.0, fall_after_ticks: 5 };
        let mut state = filter.initial_state(&[0.0, 0.2, 0.4]);
        let mut limits = [0; 3];
        filter.pass(&mut state, &[0.05, f32::NAN, f32::INFINITY], &mut limits);
        assert_eq!(state.goals.rad(), [0.05, 0.2, 0.4]);
        assert_eq!(limits, [0, JointLimits::NON_FINITE, JointLimits::NON_FINITE]);
    }
}
