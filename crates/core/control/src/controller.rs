//! One tick: observe, ask the network, act, pass the filter.

use crate::attitude::Yaw;
use crate::blend::Blend;
use crate::error::ControlError;
use crate::fixed::Fixed;
use crate::options::{Gains, Options};
use crate::phase::{GaitClock, GaitState, MOST_PHASE_NUMBERS};
use crate::policy::Policy;
use crate::policy_switch::PolicySwitch;
use crate::record::{Refusal, TickRecord};
use crate::safety_filter::Goals;
use crate::state::State;
use gaitway_maths::gravity::GravityEstimator;
use gaitway_model::contract::FedBack;
use gaitway_model::observation::Estimates;
use gaitway_model::{Command, RobotProfile, Sensors};
use gaitway_policy::{FloatMode, Plan, Workspace};
use std::sync::Arc;

/// Runs one policy on one robot.
#[derive(Debug)]
pub struct Controller {
    pub(crate) network: Option<(Arc<Plan>, Workspace)>,
    /// Runs in its place while the command asks for no velocity.
    pub(crate) standing: Option<(Arc<Plan>, Workspace)>,
    pub(crate) fixed: Fixed,
    pub(crate) state: State,
    pub(crate) record: TickRecord,
    /// Targets that are due, in the order of the contract's joints: scratch.
    pub(crate) due_rad: Vec<f32>,
    /// The policies it takes turns with.
    pub(crate) switch: Option<Box<PolicySwitch>>,
    pub(crate) blend: Blend,
    /// The policy has just taken over and was not asked yet; the ticks of its blend.
    pub(crate) entering: Option<u32>,
    /// What the gait clock shows: scratch.
    pub(crate) phase: Vec<f32>,
}

impl Controller {
    /// Wires a policy to a robot, or says which term does not fit.
    pub fn new(
        policy: &Policy,
        profile: &RobotProfile,
        options: &Options,
    ) -> Result<Controller, ControlError> {
        let contract = policy.contract();
        let fixed = Fixed::new(policy, profile, options)?;
        let default_pose_rad = fixed.default_pose_rad.clone();
        let state = State::new(&fixed);
        let mut record = TickRecord {
            observation: vec![0.0; fixed.program.len()],
            action: vec![0.0; contract.output_len()],
            target_rad: default_pose_rad.clone(),
            goal_rad: default_pose_rad.clone(),
            joint_limits: vec![0; default_pose_rad.len()],
            fed_back_rad: vec![0.0; contract.action_len()],
            ..TickRecord::default()
        };
        let network = policy.plan().map(|plan| (plan.clone(), plan.workspace()));
        let standing = policy.standing_plan().map(|plan| (plan.clone(), plan.workspace()));
        let mut due_rad = vec![0.0; contract.action_len()];
        let switch =
            policy.set().map(|set| PolicySwitch::new(set, profile, options, fixed.divider)).transpose()?;
        if let Some(switch) = &switch {
            let [observation, action] = switch.longest();
            record.make_room(observation, action);
            due_rad.reserve(action);
            record.policy = switch.active();
        }
        let blend = Blend::new(default_pose_rad.len());
        let mut phase = Vec::with_capacity(MOST_PHASE_NUMBERS);
        phase.resize(fixed.clock.as_ref().map_or(0, GaitClock::len), 0.0);
        Ok(Controller {
            network,
            standing,
            fixed,
            state,
            record,
            due_rad,
            phase,
            switch: switch.map(Box::new),
            blend,
            entering: None,
        })
    }

    /// One tick of the loop: sensors and command in, goals out, record written. Needs the native engine.
    pub fn step(&mut self, sensors: &Sensors, command: &Command) -> Result<&Goals, ControlError> {
        self.step_on(sensors, command, None)
    }

    /// As [`Controller::step`]; where the policy is due and `observation` is given, it sees that instead of its own.
    pub fn step_on(
        &mut self,
        sensors: &Sensors,
        command: &Command,
        observation: Option<&[f32]>,
    ) -> Result<&Goals, ControlError> {
        if self.network.is_none() {
            return Err(ControlError::ExternalEngine);
        }
        if let Some(row) = observation {
            check_length("observation", self.record.observation.len(), row.len())?;
        }
        if self.observe(sensors, command)? {
            // Another policy may have taken over, which sees other numbers.
            if let Some(row) = observation.filter(|row| row.len() == self.record.observation.len()) {
                self.record.observation.copy_from_slice(row);
            }
            self.infer();
            self.apply_action();
        }
        Ok(self.goals())
    }

    /// First half of a tick. `true` where the policy is due: the observation is in the record, and `act` must follow
    /// with the network's output. `false` in the ticks between, which are then complete.
    pub fn observe(&mut self, sensors: &Sensors, command: &Command) -> Result<bool, ControlError> {
        let joints = self.fixed.default_pose_rad.len();
        check_length("contacts of the sensors", self.fixed.contacts, sensors.contact.len())?;
        for row in [&sensors.joint_position_rad, &sensors.joint_velocity_rps, &sensors.joint_age_s] {
            check_length("joint row of the sensors", joints, row.len())?;
        }
        let _mode = FloatMode::set();
        if self.state.since_policy == 0 {
            self.take_turns(sensors, command);
        }
        self.begin_tick(sensors, command);
        let due = self.state.since_policy == 0;
        if due {
            self.observe_policy_tick(sensors, command);
        } else {
            self.pass_filter();
        }
        self.state.since_policy = (self.state.since_policy + 1) % self.fixed.divider;
        self.state.observed = due;
        Ok(due)
    }

    /// Second half of a policy tick: the network's output in, goals out.
    pub fn act(&mut self, action: &[f32]) -> Result<&Goals, ControlError> {
        check_length("action", self.record.action.len(), action.len())?;
        if !self.state.observed {
            return Err(ControlError::ActBeforeObserve);
        }
        let _mode = FloatMode::set();
        self.record.action.copy_from_slice(action);
        self.apply_action();
        Ok(self.goals())
    }

    /// The goals of the last tick.
    pub fn goals(&self) -> &Goals {
        &self.state.filter.goals
    }

    /// Adds what a command asks of the head, as far as the policy's envelope lets it, to a pose in the order of the
    /// robot: how a robot looks around that stands without its policy.
    pub fn look(&self, command: &Command, pose_rad: &mut [f32]) {
        let (command, _) = self.fixed.envelope.apply(command, command);
        for (joint, axis) in self.fixed.head_joints() {
            if let Some(angle_rad) = pose_rad.get_mut(joint) {
                *angle_rad += command.get(axis);
            }
        }
    }

    /// The record of the last tick.
    pub fn record(&self) -> &TickRecord {
        &self.record
    }

    /// Number of joints of the robot.
    pub fn joints(&self) -> usize {
        self.fixed.default_pose_rad.len()
    }

    /// Number of contacts of the robot.
    pub fn contacts(&self) -> usize {
        self.fixed.contacts
    }

    /// Number of axes along which the robot is commanded.
    pub fn axes(&self) -> usize {
        self.fixed.axes
    }

    /// Where each term lies in the observation.
    pub fn terms(&self) -> &[gaitway_model::observation::TermSpan] {
        self.fixed.program.terms()
    }

    /// Gains for each joint of the robot, in servo register units.
    pub fn gains(&self) -> &[Gains] {
        &self.fixed.gains
    }

    /// How this pair differs from what the contract describes; empty: fully compatible.
    pub fn overrides(&self) -> &[String] {
        &self.fixed.overrides
    }

    /// Ticks of the loop in a second.
    pub fn loop_hz(&self) -> u32 {
        self.fixed.loop_hz
    }

    /// Ticks of the loop for one of the policy.
    pub fn divider(&self) -> u32 {
        self.fixed.divider
    }

    /// Starts anew with the robot at `pose_rad`: histories, clock and fall verdict as before the first tick. The
    /// sums of the record go on.
    pub fn reset(&mut self, pose_rad: &[f32]) -> Result<(), ControlError> {
        check_length("pose", self.joints(), pose_rad.len())?;
        self.begin_anew();
        let state = &mut self.state;
        self.fixed.program.reset(&mut state.observation);
        self.fixed.map.reset(&mut state.action, self.fixed.reset_action);
        self.fixed.filter.reset(&mut state.filter, pose_rad);
        state.since_policy = 0;
        state.observed = false;
        state.command = self.fixed.envelope.idle();
        state.gait = GaitState::default();
        state.gravity = GravityEstimator::new();
        state.yaw = Yaw::default();
        for (_, workspace) in self.network.iter_mut().chain(&mut self.standing) {
            workspace.reset();
        }
        state.target_rad.copy_from_slice(&self.fixed.default_pose_rad);
        // Should the first action be refused, the robot stays where it is.
        for &joint in self.fixed.program.joints() {
            state.target_rad[joint] = state.filter.goals.rad()[joint];
        }
        Ok(())
    }

    /// Goes on with an up direction that somebody has estimated, for who starts in the middle of a movement.
    pub(crate) fn take_gravity(&mut self, gravity: GravityEstimator) {
        self.state.gravity = gravity;
    }

    /// Clocks and estimates that run in every tick.
    fn begin_tick(&mut self, sensors: &Sensors, command: &Command) {
        let state = &mut self.state;
        state.gravity.update(sensors.gyro_rps, sensors.accel_mps2, 1.0 / self.fixed.loop_hz as f32);
        if self.fixed.observes_euler {
            state.yaw.update(sensors.gyro_rps, state.gravity.up(), 1.0 / self.fixed.loop_hz as f32);
        }
        let was_fallen = state.filter.fallen;
        self.fixed.filter.watch_tilt(&mut state.filter, state.gravity.tilt_rad());
        state.counters.falls += u64::from(state.filter.fallen && !was_fallen);
        let record = &mut self.record;
        record.tick = state.tick;
        record.policy_ran = false;
        record.stood = false;
        record.policy = self.switch.as_ref().map_or(0, |switch| switch.active());
        record.command_requested = *command;
        record.command_limits = Default::default();
        record.refusal = Refusal::None;
        record.action_clipped = false;
        record.up = state.gravity.up();
        record.tilt_rad = state.gravity.tilt_rad();
        record.fallen = state.filter.fallen;
        record.imu_age_s = sensors.imu_age_s;
        record.oldest_joint_age_s = sensors.joint_age_s.iter().copied().fold(0.0, f32::max);
        state.tick += 1;
    }

    fn observe_policy_tick(&mut self, sensors: &Sensors, command: &Command) {
        let (fixed, state, record) = (&self.fixed, &mut self.state, &mut self.record);
        (state.command, record.command_limits) = fixed.envelope.apply(command, &state.command);
        state.counters.limited_command += u64::from(record.command_limits.any());
        let moving = fixed.envelope.is_moving(&state.command);
        if let Some(clock) = &fixed.clock {
            clock.before_observation(&mut state.gait, moving, state.command.phase_factor_offset);
        }
        if let Some(clock) = &fixed.clock {
            clock.value(&state.gait, &mut self.phase);
        }
        let up = state.gravity.up();
        let estimates = Estimates {
            projected_gravity: up.map(|component| -component),
            euler_rad: if fixed.observes_euler { state.yaw.euler_rad(up) } else { [0.0; 3] },
            phase: &self.phase,
        };
        // Whoever has just been entered finds its histories full of the present.
        let samples =
            if self.entering.is_some() && state.observation.fresh { fixed.program.depth().max(1) } else { 1 };
        for _ in 0..samples {
            fixed.program.sense(&mut state.observation, sensors, &state.command, estimates);
        }
        fixed.program.observe(&state.observation, &mut record.observation);
        record.policy_ran = true;
        record.stood = self.standing.is_some() && !moving;
        record.command = state.command;
        record.phase_step = state.gait.step;
        if let Some(clock) = &fixed.clock {
            clock.after_observation(&mut state.gait, moving, state.command.phase_factor_offset);
        }
    }

    /// Asks the network about any observation; `false` where an engine outside runs it.
    pub(crate) fn infer_into(
        &mut self,
        observation: &[f32],
        action: &mut [f32],
    ) -> Result<bool, ControlError> {
        let Some((plan, workspace)) = &mut self.network else {
            return Ok(false);
        };
        let _mode = FloatMode::set();
        match plan.run(workspace, observation, action) {
            Ok(()) => Ok(true),
            Err(_) => Err(ControlError::Length {
                what: "observation",
                expected: plan.input_len(),
                found: observation.len(),
            }),
        }
    }

    fn infer(&mut self) {
        let network = if self.record.stood { &mut self.standing } else { &mut self.network };
        let Some((plan, workspace)) = network else {
            return;
        };
        let _mode = FloatMode::set();
        // Lengths were compared when the policy was loaded; were they wrong, the output must not pass for good.
        if plan.run(workspace, &self.record.observation, &mut self.record.action).is_err() {
            self.record.action.fill(f32::NAN);
        }
    }

    fn apply_action(&mut self) {
        let _mode = FloatMode::set();
        self.state.observed = false;
        self.record.refusal = self.judge();
        if self.record.refusal == Refusal::None {
            self.take_action();
        }
        if let Some(clock) = &self.fixed.clock {
            let offset = self.state.command.phase_factor_offset;
            clock.after_network(&mut self.state.gait, &self.record.action, offset);
        }
        self.pass_filter();
        self.feed_back();
    }

    fn judge(&self) -> Refusal {
        if !self.record.observation.iter().all(|number| number.is_finite()) {
            Refusal::NonFiniteObservation
        } else if !self.fixed.map.accepts(&self.record.action) {
            Refusal::NonFiniteAction
        } else {
            Refusal::None
        }
    }

    /// Action to targets; where the action was refused the targets of the tick before stay.
    fn take_action(&mut self) {
        let (fixed, state) = (&self.fixed, &mut self.state);
        let entering = self.entering.take();
        if entering.is_some() {
            fixed.map.settle(&mut state.action, &self.record.action);
        }
        self.record.action_clipped =
            fixed.map.apply(&mut state.action, &self.record.action, &mut self.due_rad);
        fixed.add_head_command(&state.command, &mut self.due_rad);
        for (&joint, &target) in fixed.program.joints().iter().zip(&self.due_rad) {
            state.target_rad[joint] = target;
        }
        if let Some(ticks) = entering {
            self.blend.begin(state.filter.goals.rad(), &state.target_rad, ticks);
        }
    }

    fn pass_filter(&mut self) {
        let (state, record) = (&mut self.state, &mut self.record);
        record.target_rad.copy_from_slice(&state.target_rad);
        self.blend.add_to(&mut record.target_rad);
        let ticks = if record.policy_ran { 0 } else { state.since_policy };
        self.fixed.go_part_of_the_way(ticks, state.filter.goals.rad(), &mut record.target_rad);
        self.blend.before(state.filter.goals.rad());
        self.fixed.filter.pass(&mut state.filter, &record.target_rad, &mut record.joint_limits);
        self.blend.after(state.filter.goals.rad());
        record.goal_rad.copy_from_slice(state.filter.goals.rad());
        record.count(&mut state.counters);
        record.counters = state.counters;
    }

    /// Remembers action and target for the observations to come; after a refusal, those of the last good tick.
    fn feed_back(&mut self) {
        let (fixed, state) = (&self.fixed, &mut self.state);
        let fed_back = &mut self.record.fed_back_rad;
        match fixed.fed_back {
            FedBack::AfterVelocityLimit => fed_back.copy_from_slice(&state.action.target_rad),
            FedBack::AfterHeadCommand => {
                fed_back.copy_from_slice(&state.action.target_rad);
                fixed.add_head_command(&state.command, fed_back);
            }
            FedBack::AfterSafetyGate => {
                for (value, &joint) in fed_back.iter_mut().zip(fixed.program.joints()) {
                    *value = state.filter.goals.rad()[joint];
                }
            }
        }
        fixed.program.remember(&mut state.observation, &state.action.action, fed_back);
    }
}

fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), ControlError> {
    if expected == found { Ok(()) } else { Err(ControlError::Length { what, expected, found }) }
}
