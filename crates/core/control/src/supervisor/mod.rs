//! The supervisor: off, limp, aligning, ready, running, holding, limp, and why.
//!
//! It decides tick by tick what the servos are told: nothing, their settings, a first goal where they stand, the way
//! to the default pose, the policy's goals, the last goals, or to be limp. Everything passes its safety filter. A start
//! never jerks, and a servo that was reset while the robot ran comes back the same way.

pub(crate) mod joint;
mod orders;
mod plan;
mod ramp;
mod snapshot;
mod state;
mod transitions;

pub use orders::{Change, Orders, Situation};
pub use state::{CLEAR_STOP, Obstacle, Reason, RequestedMode, State};

use crate::readings::JointReading;
use crate::safety_filter::{Goals, SafetyFilter, SafetyFilterState};
use gaitway_maths::scalar::limit;
use gaitway_model::RobotProfile;
use joint::{Drive, JointDrive, JointEvent};
use plan::Plan;
use ramp::{PoseRamp, smooth};

/// Limp is said in this many ticks at the beginning, and then now and then.
const CUT_TICKS: u64 = 5;
/// Ticks between two reminders to be limp.
const CUT_EVERY_TICKS: u64 = 10;

/// How a pose is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// As it is, until the fault goes or lasts too long.
    Pose,
    /// On the way to the sitting pose.
    Sitting,
    /// While the torque runs out.
    Softening,
}

/// Decides what the servos are told.
#[derive(Debug, Clone)]
pub struct Supervisor {
    plan: Plan,
    state: State,
    reason: Reason,
    /// Ticks in this state.
    ticks: u64,
    /// It went limp on its own, and somebody must ask again.
    must_ask: bool,
    hold: Hold,
    /// Ticks in which the policy has brought it to a stand because of a fault.
    stepped: u64,
    /// It walked before it held.
    has_walked: bool,
    is_ramping: bool,
    /// Share of the torque that is left while it runs out.
    left: f32,
    joints: Vec<JointDrive>,
    ramp: PoseRamp,
    pose_rad: Vec<f32>,
    target_rad: Vec<f32>,
    filter: SafetyFilter,
    filter_state: SafetyFilterState,
    limits: Vec<u8>,
    orders: Orders,
    change: Option<Change>,
    lost: Option<usize>,
}

impl Supervisor {
    /// The supervisor of `profile` for a loop of `loop_hz`, off.
    pub fn new(profile: &RobotProfile, loop_hz: u32) -> Supervisor {
        let plan = Plan::new(profile, loop_hz);
        let count = plan.default_rad.len();
        let filter = SafetyFilter::new(profile, loop_hz);
        Supervisor {
            state: State::Off,
            reason: Reason::Begin,
            ticks: 0,
            must_ask: false,
            hold: Hold::Pose,
            stepped: 0,
            has_walked: false,
            is_ramping: false,
            left: 1.0,
            joints: vec![JointDrive::LIMP; count],
            ramp: PoseRamp::new(count),
            pose_rad: plan.default_rad.clone(),
            target_rad: plan.default_rad.clone(),
            filter_state: filter.initial_state(&plan.default_rad),
            filter,
            limits: vec![0; count],
            orders: Orders::none(count),
            change: None,
            lost: None,
            plan,
        }
    }

    /// First half of a tick: decides the state. Where it is running, the policy's goals must follow.
    pub fn begin(&mut self, now_ns: u64, situation: &Situation) -> State {
        self.change = None;
        self.lost = None;
        self.ticks += 1;
        self.must_ask &= situation.wish != RequestedMode::Limp;
        let failed = self.advance_joints(now_ns, situation.joints);
        if let Some((state, reason)) = self.next_state(situation, failed) {
            self.enter(state, reason);
        }
        self.state
    }

    /// Second half: what the servos are told. `wanted_rad` are the policy's goals, needed where it is running, or,
    /// where it is ready, the default pose with the head where somebody wants it.
    pub fn finish(&mut self, wanted_rad: Option<&[f32]>) -> &Orders {
        let to_default = !(self.state == State::Holding && self.hold == Hold::Sitting);
        if self.is_ramping {
            let to = if to_default { &self.plan.default_rad } else { &self.plan.sit_rad };
            self.is_ramping = !self.ramp.advance(to, &mut self.pose_rad);
        }
        match (self.state, wanted_rad) {
            (State::Running, Some(wanted_rad)) => self.target_rad.copy_from_slice(wanted_rad),
            (State::Ready, Some(wanted_rad)) => self.look_towards(wanted_rad),
            // Held, or without a policy that says otherwise: what was the goal stays the goal.
            (State::Running, None) => self.target_rad.copy_from_slice(self.filter_state.goals.rad()),
            _ => self.target_rad.copy_from_slice(&self.pose_rad),
        }
        self.blend_those_who_came_late();
        self.filter.pass(&mut self.filter_state, &self.target_rad, &mut self.limits);
        self.give_orders();
        &self.orders
    }

    /// What the servos are told.
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// The default pose, rad.
    pub fn default_rad(&self) -> &[f32] {
        &self.plan.default_rad
    }

    /// The goals: what passed the filter.
    pub fn goals(&self) -> &Goals {
        &self.filter_state.goals
    }

    /// What the filter changed in this tick: bits of [`crate::JointLimits`].
    pub fn joint_limits(&self) -> &[u8] {
        &self.limits
    }

    /// What the robot is doing.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The change of this tick, where there was one.
    pub fn change(&self) -> Option<Change> {
        self.change
    }

    /// A joint whose servo was found reset in this tick.
    pub fn lost_joint(&self) -> Option<usize> {
        self.lost
    }

    /// True where a stop was asked for, or a fault needs one, and the policy still brings the robot to a stand.
    pub fn is_easing(&self, situation: &Situation) -> bool {
        self.state == State::Running && (situation.wish != RequestedMode::Walk || self.stepped > 0)
    }

    fn advance_joints(&mut self, now_ns: u64, vitals: &[JointReading]) -> Option<usize> {
        if !self.state.is_powered() {
            return None;
        }
        let step = if self.state == State::Aligning { self.plan.torque_step } else { self.plan.rejoin_step };
        let mut failed = None;
        for (index, (drive, joint)) in self.joints.iter_mut().zip(vitals).enumerate() {
            let goal_rad = self.filter_state.goals.rad()[index];
            match drive.advance(now_ns, joint, goal_rad, step) {
                JointEvent::Nothing => {}
                JointEvent::Lost => self.lost = Some(index),
                JointEvent::Failed => failed = Some(index),
            }
            if drive.drive == Drive::Energise {
                self.filter.place(&mut self.filter_state, index, joint.position_rad);
                if self.state == State::Aligning {
                    self.pose_rad[index] = joint.position_rad;
                }
            }
        }
        failed
    }

    fn enter(&mut self, state: State, reason: Reason) {
        self.change = Some(Change { from: self.state, to: state, reason });
        let came_by_itself = !matches!(reason, Reason::Begin | Reason::Asked | Reason::AskedAtOnce);
        match state {
            State::Limp => {
                self.joints.fill(JointDrive::LIMP);
                self.must_ask = came_by_itself;
                self.is_ramping = false;
            }
            State::Aligning => {
                self.pose_rad.copy_from_slice(self.filter_state.goals.rad());
                self.is_ramping = false;
                self.left = 1.0;
            }
            State::Running => self.left = 1.0,
            State::Holding => {
                self.has_walked = self.state == State::Running;
                self.begin_hold();
            }
            State::Off | State::Ready => {}
        }
        (self.state, self.reason, self.ticks) = (state, reason, 0);
        self.stepped = 0;
    }

    fn begin_hold(&mut self) {
        self.ticks = 0;
        self.left = 1.0;
        self.pose_rad.copy_from_slice(self.filter_state.goals.rad());
        self.is_ramping = self.hold == Hold::Sitting;
        if self.is_ramping {
            self.ramp.begin(self.filter_state.goals.rad(), self.plan.sit_ticks);
        }
    }

    /// The next goals on the way to a pose that follows a hand.
    fn look_towards(&mut self, wanted_rad: &[f32]) {
        let step_rad = self.plan.look_step_rad;
        let goals_rad = self.filter_state.goals.rad();
        for ((target, wanted), goal) in self.target_rad.iter_mut().zip(wanted_rad).zip(goals_rad) {
            *target = limit(*wanted, goal - step_rad, goal + step_rad);
        }
    }

    /// A servo that was switched on late takes its own smooth way to where it should be.
    fn blend_those_who_came_late(&mut self) {
        let goals_rad = self.filter_state.goals.rad();
        for ((target, joint), goal_rad) in self.target_rad.iter_mut().zip(&self.joints).zip(goals_rad) {
            if joint.drive != Drive::On {
                // Nobody listens, or it must stay where it is.
                *target = *goal_rad;
            } else if joint.way < 1.0 {
                *target = joint.from_rad + smooth(joint.way) * (*target - joint.from_rad);
            }
        }
    }

    fn give_orders(&mut self) {
        let powered = self.state.is_powered();
        let (plan, orders) = (&self.plan, &mut self.orders);
        orders.cut = self.state == State::Limp
            && (self.ticks < CUT_TICKS || self.ticks.is_multiple_of(CUT_EVERY_TICKS));
        let softening = self.state == State::Holding && self.hold == Hold::Softening;
        let left = if softening { self.left.max(0.0) } else { 1.0 };
        orders.ask = None;
        for (index, joint) in self.joints.iter().enumerate() {
            orders.settings[index] = powered && joint.drive == Drive::Settings;
            orders.energise[index] = powered && joint.drive == Drive::Energise;
            orders.goal[index] = powered && joint.takes_goals();
            let share = plan.start_torque + (1.0 - plan.start_torque) * joint.torque;
            orders.torque_limit[index] = if powered { left * share } else { 0.0 };
            if powered && joint.must_show() && orders.ask.is_none() {
                orders.ask = Some(index);
            }
        }
    }
}
