//! What the supervisor decides by, and what it decides.

use super::state::{Obstacle, Reason, RequestedMode, State};
use crate::readings::JointReading;
use crate::record::copy_row;
use crate::stance::Stance;
use crate::watch::Alarm;

/// What the supervisor decides by.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What the operator wants.
    pub wish: RequestedMode,
    /// The operator wants to be limp now, whatever the pose.
    pub at_once: bool,
    /// The emergency stop is set.
    pub emergency_stop: bool,
    /// The gravest fault there is.
    pub alarm: Option<Alarm>,
    /// For how long the policy may bring a robot that runs to a stand before it holds because of that, s.
    pub step_s: f32,
    /// What keeps the robot from getting up, where somebody outside knows.
    pub obstacle: Option<Obstacle>,
    /// Whether it stands.
    pub stance: Stance,
    /// The joints.
    pub joints: &'a [JointReading],
}

/// What the servos are told in a tick, joint by joint in the order of the robot.
#[derive(Debug, Clone, PartialEq)]
pub struct Orders {
    /// Everybody is limp, now.
    pub cut: bool,
    /// Gets its lock and its gains.
    pub settings: Vec<bool>,
    /// Gets its torque limit, its goal and torque, in this order.
    pub energise: Vec<bool>,
    /// Gets its goal.
    pub goal: Vec<bool>,
    /// Share of its torque it may use.
    pub torque_limit: Vec<f32>,
    /// Whose settings should be read in this tick.
    pub ask: Option<usize>,
}

impl Orders {
    /// Nobody of `joints` is told anything.
    pub fn none(joints: usize) -> Orders {
        Orders {
            cut: false,
            settings: vec![false; joints],
            energise: vec![false; joints],
            goal: vec![false; joints],
            torque_limit: vec![0.0; joints],
            ask: None,
        }
    }

    /// Becomes the orders of another tick of the same robot. Allocates nothing, which a derived clone would.
    pub fn copy_from(&mut self, other: &Orders) {
        copy_row(&mut self.settings, &other.settings);
        copy_row(&mut self.energise, &other.energise);
        copy_row(&mut self.goal, &other.goal);
        copy_row(&mut self.torque_limit, &other.torque_limit);
        (self.cut, self.ask) = (other.cut, other.ask);
    }
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// From where.
    pub from: State,
    /// To where.
    pub to: State,
    /// Why.
    pub reason: Reason,
}
