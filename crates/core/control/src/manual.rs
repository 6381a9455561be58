//! Joints moved by a tool: each to its target, slowly, through the safety filter and under the fault table.

use crate::plausibility::PlausibilityCheck;
use crate::readings::{JointReading, ServoReading, Vitals};
use crate::safety_filter::{Goals, SafetyFilter, SafetyFilterState};
use crate::supervisor::joint::UNHEARD_AFTER;
use crate::watch::{Alarm, FaultWatch};
use gaitway_maths::scalar::limit;
use gaitway_model::RobotProfile;
use gaitway_model::profile::Reaction;

/// What forbids a tool to go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trouble {
    /// A driven servo does not answer: it may have been reset, and a goal would switch it on at full force.
    Unheard {
        /// Which joint.
        joint: usize,
    },
    /// A driven servo has lost its torque or its settings.
    Lost {
        /// Which joint.
        joint: usize,
    },
    /// A line of the fault table.
    Fault(Alarm),
}

/// Moves the joints a tool drives; the others are limp and may be missing.
#[derive(Debug, Clone)]
pub struct Manual {
    filter: SafetyFilter,
    state: SafetyFilterState,
    watch: FaultWatch,
    /// What servos measure is judged, and where their joints are is not: a tool may be there to put that right.
    plausible: Option<PlausibilityCheck>,
    /// Furthest a goal moves in a tick, rad.
    step_rad: f32,
    driven: Vec<bool>,
    target_rad: Vec<f32>,
    limits: Vec<u8>,
    vitals: Vec<JointReading>,
}

impl Manual {
    /// All joints of `profile` limp; goals move at most at its starting speed.
    pub fn new(profile: &RobotProfile, loop_hz: u32) -> Manual {
        let filter = SafetyFilter::new(profile, loop_hz);
        let pose = profile.default_pose_rad();
        Manual {
            state: filter.initial_state(&pose),
            filter,
            watch: FaultWatch::new(profile, loop_hz),
            plausible: PlausibilityCheck::new(profile, loop_hz),
            step_rad: (profile.start.speed_rps / f64::from(loop_hz)) as f32,
            driven: vec![false; pose.len()],
            limits: vec![0; pose.len()],
            vitals: vec![JointReading::default(); pose.len()],
            target_rad: pose,
        }
    }

    /// The tool begins to drive a joint, where it is. Whoever begins from limp has a hand at the robot: what was wrong
    /// before is judged anew.
    pub fn begin(&mut self, joint: usize, position_rad: f32) {
        if !self.driven.contains(&true) {
            self.watch.clear_by_hand();
        }
        self.driven[joint] = true;
        self.filter.place(&mut self.state, joint, position_rad);
    }

    /// The joint is limp from now on.
    pub fn end(&mut self, joint: usize) {
        self.driven[joint] = false;
    }

    /// Which joints are driven.
    pub fn driven(&self) -> &[bool] {
        &self.driven
    }

    /// The goals: what passed the filter.
    pub fn goals(&self) -> &Goals {
        &self.state.goals
    }

    /// One tick towards `target_rad`; true once every driven joint's goal is there, or as near as its range lets it.
    pub fn step(&mut self, target_rad: &[f32]) -> bool {
        let mut has_arrived = true;
        let goals = self.state.goals.rad();
        for (joint, (&target, &goal)) in target_rad.iter().zip(goals).enumerate().take(self.driven.len()) {
            let wanted = if self.driven[joint] && target.is_finite() { target } else { goal };
            self.target_rad[joint] = limit(wanted, goal - self.step_rad, goal + self.step_rad);
        }
        let before = goals.to_vec();
        self.filter.pass(&mut self.state, &self.target_rad, &mut self.limits);
        for (joint, goal) in self.state.goals.rad().iter().enumerate() {
            has_arrived &= !self.driven[joint] || *goal == before[joint];
        }
        has_arrived
    }

    /// What forbids to go on. What servos said of themselves before `held_ns` does not count; `bus_silent_s` is the
    /// time since any of them answered. Of joints that are not driven nothing is judged.
    pub fn judge(&mut self, joints: &[JointReading], held_ns: u64, bus_silent_s: f32) -> Option<Trouble> {
        let has_lost =
            |servo: ServoReading| servo.at_ns >= held_ns && !(servo.torque_on && servo.settings_kept);
        let driven_that = |is_bad: &dyn Fn(&JointReading) -> bool| {
            joints.iter().zip(&self.driven).position(|(joint, driven)| *driven && is_bad(joint))
        };
        if let Some(joint) = driven_that(&|joint| joint.silent_ticks >= UNHEARD_AFTER) {
            return Some(Trouble::Unheard { joint });
        }
        if let Some(joint) = driven_that(&|joint| joint.servo.is_some_and(has_lost)) {
            return Some(Trouble::Lost { joint });
        }
        let goals = self.state.goals.rad();
        for (index, (vitals, joint)) in self.vitals.iter_mut().zip(joints).enumerate() {
            let sound = JointReading {
                position_rad: goals[index],
                age_s: 0.0,
                is_fresh: true,
                ..JointReading::default()
            };
            *vitals = if self.driven[index] { *joint } else { sound };
            if let Some(plausible) = self.plausible.as_mut().filter(|_| self.driven[index]) {
                vitals.servo = plausible.judge_measured(index, joints);
            }
        }
        self.watch.update(&Vitals {
            joints: &self.vitals,
            goal_rad: goals,
            imu_age_s: 0.0,
            imu_implausible_hz: 0.0,
            servo_implausible_hz: &[],
            bus_silent_s,
            refusals_in_a_row: 0,
            skipped_last_second: 0,
            fallen: false,
            powered: self.driven.contains(&true),
        });
        self.watch.worst().filter(|alarm| alarm.reaction >= Reaction::Hold).map(Trouble::Fault)
    }
}
