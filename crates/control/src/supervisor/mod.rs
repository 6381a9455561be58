//! The supervisor: off, limp, aligning, ready, running, holding, limp, and why.
//!
//! It decides tick by tick what the servos are told: nothing, their settings, a first goal where they stand, the way
//! to the default pose, the policy's goals, the last goals, or to be limp. Everything passes its safety gate. A start
//! never jerks, and a servo that was reset while the robot ran comes back the same way.

mod joint;
mod ramp;
mod state;

pub use state::{Obstacle, Reason, State, Wish};

use crate::gate::{GateState, Goals, SafetyGate};
use crate::vitals::JointVitals;
use crate::watch::Alarm;
use gaitway_contract::RobotProfile;
use gaitway_contract::profile::Reaction;
use joint::{Drive, JointDrive, JointEvent};
use ramp::{PoseRamp, smooth};

/// A joint that was heard this long ago may be started, s.
const HEARD_WITHIN_S: f32 = 0.1;
/// Limp is said in this many ticks at the beginning, and then now and then.
const CUT_TICKS: u64 = 5;
/// Ticks between two reminders to be limp.
const CUT_EVERY_TICKS: u64 = 10;

/// What the supervisor decides by.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What the operator wants.
    pub wish: Wish,
    /// The operator wants to be limp now, whatever the pose.
    pub at_once: bool,
    /// The emergency stop is set.
    pub emergency_stop: bool,
    /// The gravest fault there is.
    pub alarm: Option<Alarm>,
    /// What keeps the robot from getting up, where somebody outside knows.
    pub obstacle: Option<Obstacle>,
    /// The joints.
    pub joints: &'a [JointVitals],
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
    is_ramping: bool,
    /// Share of the torque that is left while it runs out.
    left: f32,
    joints: Vec<JointDrive>,
    ramp: PoseRamp,
    pose_rad: Vec<f32>,
    target_rad: Vec<f32>,
    gate: SafetyGate,
    gate_state: GateState,
    limits: Vec<u8>,
    orders: Orders,
    change: Option<Change>,
    lost: Option<usize>,
}

/// What does not change, in ticks of the loop.
#[derive(Debug, Clone)]
struct Plan {
    default_rad: Vec<f32>,
    sit_rad: Vec<f32>,
    start_torque: f32,
    torque_step: f32,
    rejoin_step: f32,
    speed_step_rad: f32,
    settle_ticks: u64,
    ease_ticks: u64,
    soften_ticks: f32,
    hold_ticks: u64,
    sit_ticks: u32,
}

impl Plan {
    fn new(profile: &RobotProfile, loop_hz: u32) -> Plan {
        let hz = f64::from(loop_hz);
        let (start, stop) = (&profile.start, &profile.stop);
        let ticks = |seconds: f64| (seconds * hz).round().max(1.0);
        Plan {
            default_rad: profile.default_pose_rad(),
            sit_rad: profile.sit_pose_rad(),
            start_torque: start.torque as f32,
            torque_step: (1.0 / ticks(start.torque_ramp_s)) as f32,
            rejoin_step: (1.0 / ticks(start.rejoin_s)) as f32,
            speed_step_rad: (start.speed_rps / hz) as f32,
            settle_ticks: ticks(start.settle_s) as u64,
            ease_ticks: ticks(stop.ease_s) as u64,
            soften_ticks: ticks(stop.soften_s) as f32,
            hold_ticks: ticks(stop.hold_s) as u64,
            sit_ticks: ticks(stop.sit_s) as u32,
        }
    }
}

impl Supervisor {
    /// The supervisor of `profile` for a loop of `loop_hz`, off.
    pub fn new(profile: &RobotProfile, loop_hz: u32) -> Supervisor {
        let plan = Plan::new(profile, loop_hz);
        let count = plan.default_rad.len();
        let gate = SafetyGate::new(profile, loop_hz);
        Supervisor {
            state: State::Off,
            reason: Reason::Begin,
            ticks: 0,
            must_ask: false,
            hold: Hold::Pose,
            is_ramping: false,
            left: 1.0,
            joints: vec![JointDrive::LIMP; count],
            ramp: PoseRamp::new(count),
            pose_rad: plan.default_rad.clone(),
            target_rad: plan.default_rad.clone(),
            gate_state: gate.initial_state(&plan.default_rad),
            gate,
            limits: vec![0; count],
            orders: Orders {
                cut: false,
                settings: vec![false; count],
                energise: vec![false; count],
                goal: vec![false; count],
                torque_limit: vec![0.0; count],
                ask: None,
            },
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
        self.must_ask &= situation.wish != Wish::Limp;
        let failed = self.advance_joints(now_ns, situation.joints);
        if let Some((state, reason)) = self.next_state(situation, failed) {
            self.enter(state, reason);
        }
        self.state
    }

    /// Second half: what the servos are told. `walk_rad` are the policy's goals, needed where it is running.
    pub fn finish(&mut self, walk_rad: Option<&[f32]>) -> &Orders {
        let to_default = !(self.state == State::Holding && self.hold == Hold::Sitting);
        if self.is_ramping {
            let to = if to_default { &self.plan.default_rad } else { &self.plan.sit_rad };
            self.is_ramping = !self.ramp.advance(to, &mut self.pose_rad);
        }
        match (self.state, walk_rad) {
            (State::Running, Some(walk_rad)) => self.target_rad.copy_from_slice(walk_rad),
            // Held, or without a policy that says otherwise: what was the goal stays the goal.
            (State::Running, None) => self.target_rad.copy_from_slice(self.gate_state.goals.rad()),
            _ => self.target_rad.copy_from_slice(&self.pose_rad),
        }
        self.blend_those_who_came_late();
        self.gate.pass(&mut self.gate_state, &self.target_rad, &mut self.limits);
        self.give_orders();
        &self.orders
    }

    /// What the servos are told.
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// The goals: what passed the gate.
    pub fn goals(&self) -> &Goals {
        &self.gate_state.goals
    }

    /// What the gate changed in this tick: bits of [`crate::JointLimits`].
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

    /// True where a stop was asked for and the policy still brings the robot to a stand.
    pub fn is_easing(&self, situation: &Situation) -> bool {
        self.state == State::Running && situation.wish != Wish::Walk
    }

    /// Why a limp robot that should get up does not; `None` where nothing keeps it.
    pub fn obstacle(&self, situation: &Situation) -> Option<Obstacle> {
        if situation.emergency_stop {
            return Some(Obstacle::EmergencyStop);
        }
        if let Some(obstacle) = situation.obstacle {
            return Some(obstacle);
        }
        let silent = |joint: &JointVitals| joint.age_s > HEARD_WITHIN_S;
        if let Some(joint) = situation.joints.iter().position(silent) {
            return Some(Obstacle::SilentServo { joint });
        }
        let alarm = situation.alarm.filter(|alarm| alarm.reaction >= Reaction::Hold);
        match alarm {
            Some(alarm) => Some(Obstacle::Fault(alarm.kind)),
            None => self.must_ask.then_some(Obstacle::AskAgain),
        }
    }

    fn advance_joints(&mut self, now_ns: u64, vitals: &[JointVitals]) -> Option<usize> {
        if !self.state.is_powered() {
            return None;
        }
        let step = if self.state == State::Aligning { self.plan.torque_step } else { self.plan.rejoin_step };
        let mut failed = None;
        for (index, (drive, joint)) in self.joints.iter_mut().zip(vitals).enumerate() {
            let goal_rad = self.gate_state.goals.rad()[index];
            match drive.advance(now_ns, joint, goal_rad, step) {
                JointEvent::Nothing => {}
                JointEvent::Lost => self.lost = Some(index),
                JointEvent::Failed => failed = Some(index),
            }
            if drive.drive == Drive::Energise {
                self.gate.place(&mut self.gate_state, index, joint.position_rad);
                if self.state == State::Aligning {
                    self.pose_rad[index] = joint.position_rad;
                }
            }
        }
        failed
    }

    /// The state this tick leads to, where it is another one or is entered anew.
    fn next_state(&mut self, now: &Situation, failed: Option<usize>) -> Option<(State, Reason)> {
        if self.state == State::Off {
            return Some((State::Limp, Reason::Begin));
        }
        if self.state == State::Limp {
            let may_rise = now.wish != Wish::Limp && self.obstacle(now).is_none();
            return may_rise.then_some((State::Aligning, Reason::Asked));
        }
        if now.emergency_stop {
            return Some((State::Limp, Reason::EmergencyStop));
        }
        if now.at_once {
            return Some((State::Limp, Reason::AskedAtOnce));
        }
        if let Some(alarm) = now.alarm.filter(|alarm| alarm.reaction == Reaction::Limp) {
            return Some((State::Limp, Reason::Fault(alarm.kind)));
        }
        if let Some(joint) = failed {
            return Some((State::Limp, Reason::TorqueNotTaken { joint }));
        }
        if self.state == State::Holding { self.next_while_holding(now) } else { self.next_while_driven(now) }
    }

    fn next_while_driven(&mut self, now: &Situation) -> Option<(State, Reason)> {
        match now.alarm {
            Some(alarm) if alarm.reaction >= Reaction::Hold => {
                self.hold = if alarm.reaction == Reaction::Sit { Hold::Sitting } else { Hold::Pose };
                return Some((State::Holding, Reason::Fault(alarm.kind)));
            }
            _ => {}
        }
        match (self.state, now.wish) {
            (State::Running, Wish::Walk) => {
                self.left = 1.0;
                None
            }
            (State::Running, _) if !self.has_eased() => None,
            (State::Running, Wish::Stand) => Some((State::Aligning, Reason::Asked)),
            (_, Wish::Limp) => {
                self.hold = Hold::Softening;
                Some((State::Holding, Reason::Asked))
            }
            (State::Aligning, _) => self.next_while_aligning(),
            (State::Ready, Wish::Walk) if self.ticks > self.plan.settle_ticks => {
                Some((State::Running, Reason::Asked))
            }
            _ => None,
        }
    }

    /// Counts the ticks in which the velocity has eased to zero.
    fn has_eased(&mut self) -> bool {
        self.left -= 1.0 / self.plan.ease_ticks as f32;
        self.left <= 0.0
    }

    fn next_while_aligning(&mut self) -> Option<(State, Reason)> {
        let all_on = self.joints.iter().all(|joint| joint.drive == Drive::On && joint.torque >= 1.0);
        if self.is_ramping || !all_on {
            return None;
        }
        let (from, to) = (self.gate_state.goals.rad(), &self.plan.default_rad);
        if from == &to[..] {
            return Some((State::Ready, Reason::PoseReached));
        }
        let ticks = PoseRamp::ticks_for(from, to, self.plan.speed_step_rad);
        self.ramp.begin(from, ticks);
        self.is_ramping = true;
        None
    }

    fn next_while_holding(&mut self, now: &Situation) -> Option<(State, Reason)> {
        let alarm = now.alarm.filter(|alarm| alarm.reaction >= Reaction::Hold);
        let sit = alarm.filter(|alarm| alarm.reaction == Reaction::Sit);
        match self.hold {
            Hold::Pose if sit.is_some() => {
                self.hold = Hold::Sitting;
                self.reason = Reason::Fault(sit?.kind);
                self.begin_hold();
                None
            }
            Hold::Pose if now.wish == Wish::Limp => self.soften(Reason::Asked),
            Hold::Pose if alarm.is_none() => match (self.reason, now.wish) {
                (Reason::Fault(kind), Wish::Walk) => Some((State::Running, Reason::FaultGone(kind))),
                (Reason::Fault(kind), _) => Some((State::Aligning, Reason::FaultGone(kind))),
                _ => None,
            },
            Hold::Pose if self.ticks > self.plan.hold_ticks => self.soften(Reason::HeldTooLong),
            Hold::Sitting if !self.is_ramping => self.soften(self.reason),
            Hold::Softening => {
                self.left -= 1.0 / self.plan.soften_ticks;
                (self.left <= 0.0).then_some((State::Limp, self.reason))
            }
            _ => None,
        }
    }

    fn soften(&mut self, reason: Reason) -> Option<(State, Reason)> {
        self.hold = Hold::Softening;
        self.reason = reason;
        self.begin_hold();
        None
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
                self.pose_rad.copy_from_slice(self.gate_state.goals.rad());
                self.is_ramping = false;
                self.left = 1.0;
            }
            State::Running => self.left = 1.0,
            State::Holding => self.begin_hold(),
            State::Off | State::Ready => {}
        }
        (self.state, self.reason, self.ticks) = (state, reason, 0);
    }

    fn begin_hold(&mut self) {
        self.ticks = 0;
        self.left = 1.0;
        self.pose_rad.copy_from_slice(self.gate_state.goals.rad());
        self.is_ramping = self.hold == Hold::Sitting;
        if self.is_ramping {
            self.ramp.begin(self.gate_state.goals.rad(), self.plan.sit_ticks);
        }
    }

    /// A servo that was switched on late takes its own smooth way to where it should be.
    fn blend_those_who_came_late(&mut self) {
        let goals_rad = self.gate_state.goals.rad();
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
