//! The control stack: what is known in a tick goes in, what the servos are told comes out.
//!
//! ```text
//!  IMU ─► age ─┐
//!  joints ─────┼─► fault table ─► supervisor ─► arbiter ─► controller ─► supervisor's filter ─► orders, goals
//!  operators ──┘
//! ```
//!
//! A pure function of its state, as everything in it is: no clock, no I/O, no allocation, no panic. Who has recorded
//! what goes in can run a tick again, on any machine, to the bit.

mod inputs;
mod mount;
mod skips;
mod snapshot;

pub use inputs::{Asked, TickInputs};

use crate::arbiter::{Arbiter, Decision};
use crate::controller::Controller;
use crate::imu::{ImuReader, ImuSample};
use crate::plausibility::{PlausibilityCheck, Refusals};
use crate::readings::{JointReading, Vitals};
use crate::record::Refusal;
use crate::stance::{Stance, StanceEstimator};
use crate::supervisor::{Obstacle, RequestedMode, Situation, State, Supervisor};
use crate::watch::{Alarm, FaultWatch};
use gaitway_model::profile::{Mode, Reaction};
use gaitway_model::{RobotProfile, Sensors};
use mount::Mount;
use serde::{Deserialize, Serialize};
use skips::Skips;

/// An IMU older than this keeps a limp robot from getting up, s.
const IMU_OLD_S: f32 = 0.1;

/// What is settled before the first tick.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ControlStackOptions {
    /// Nothing is ever written: everything is read and computed, and shown.
    pub dry_run: bool,
    /// The servos' settings forbid to move.
    pub audit_failed: bool,
    /// Nobody has said what makes this robot differ from its profile, nor that nothing does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unconfigured: bool,
    /// The IMU's nose is this much lower than the trunk's, rad.
    pub pitch_bias_rad: f64,
    /// The robot hangs on a stand: the policy runs although the legs bear no weight.
    pub on_stand: bool,
}

/// Everything between a robot's senses and its servos.
#[derive(Debug)]
pub struct ControlStack {
    options: ControlStackOptions,
    mount: Mount,
    controller: Controller,
    supervisor: Supervisor,
    watch: FaultWatch,
    arbiter: Arbiter,
    imu: ImuReader,
    has_imu: bool,
    /// The robot can be asked to run its policy.
    may_run: bool,
    /// The table of the wires, where the profile has one.
    plausible: Option<Box<PlausibilityCheck>>,
    skips: Skips,
    /// Where the profile says how it is known.
    stance_estimator: Option<StanceEstimator>,
    stance: Stance,
    sensors: Sensors,
    refusals_in_a_row: u32,
    decision: Decision,
    alarm: Option<Alarm>,
    obstacle: Option<Obstacle>,
    has_stepped: bool,
    /// The default pose with the head where somebody wants it.
    looking_rad: Vec<f32>,
}

impl ControlStack {
    /// The control stack of a robot that is off.
    pub fn new(profile: &RobotProfile, controller: Controller) -> ControlStack {
        let loop_hz = controller.loop_hz();
        ControlStack {
            options: ControlStackOptions::default(),
            mount: Mount::new(profile.options.imu_trim.unwrap_or_default()),
            supervisor: Supervisor::new(profile, loop_hz),
            watch: FaultWatch::new(profile, loop_hz),
            arbiter: Arbiter::new(profile, loop_hz),
            imu: ImuReader::new(profile.contacts.len()),
            has_imu: profile.imu().is_some(),
            may_run: profile.has_mode(Mode::Run),
            plausible: PlausibilityCheck::new(profile, loop_hz).map(Box::new),
            skips: Skips::new(loop_hz),
            stance_estimator: StanceEstimator::new(profile, &controller),
            stance: Stance::default(),
            sensors: Sensors::still(profile.joints.len(), profile.contacts.len()),
            refusals_in_a_row: 0,
            decision: Decision::default(),
            alarm: None,
            obstacle: None,
            has_stepped: false,
            looking_rad: profile.default_pose_rad(),
            controller,
        }
    }

    /// Settles what must be settled before the first tick.
    pub fn set_options(&mut self, options: ControlStackOptions) {
        self.mount.set_pitch_bias(options.pitch_bias_rad);
        self.options = options;
    }

    /// What was settled.
    pub fn options(&self) -> ControlStackOptions {
        self.options
    }

    /// One tick. Where the policy is due and `observation` is given, it sees that instead of its own. What the servos
    /// are told is in [`ControlStack::supervisor`] then.
    pub fn think(&mut self, inputs: &TickInputs, observation: Option<&[f32]>) -> State {
        self.skips.add(inputs.left_out);
        // Set aside for the tick: what it lets through is borrowed by all that follows.
        let Some(mut plausible) = self.plausible.take() else { return self.act(inputs, None, observation) };
        plausible.judge_joints(inputs.now_ns, inputs.joints);
        let imu = plausible.judge_imu(inputs.now_ns, inputs.imu, self.imu.last());
        let believed = TickInputs { joints: plausible.joints(), imu, ..*inputs };
        let state = self.act(&believed, Some(&plausible), observation);
        self.plausible = Some(plausible);
        state
    }

    fn act(
        &mut self,
        inputs: &TickInputs,
        plausible: Option<&PlausibilityCheck>,
        observation: Option<&[f32]>,
    ) -> State {
        self.sense(inputs);
        self.judge(inputs, plausible);
        self.decide(inputs, plausible, observation)
    }

    /// What counts of the joints that the last tick heard.
    pub fn believed<'a>(&'a self, heard: &'a [JointReading]) -> &'a [JointReading] {
        self.plausible.as_ref().map_or(heard, |plausible| plausible.joints())
    }

    /// The sample of the IMU that counts.
    pub fn imu_sample(&self) -> Option<ImuSample> {
        self.imu.last()
    }

    /// The up direction in the trunk's frame, as estimated; `None` where nothing estimates it.
    pub fn up(&self) -> Option<[f32; 3]> {
        match &self.stance_estimator {
            _ if !self.has_imu => None,
            Some(estimator) => estimator.gravity().known_up(),
            None => self.has_stepped.then(|| self.controller.record().up),
        }
    }

    /// What the table of the wires refused since the start; `None` where the profile has no table.
    pub fn refusals(&self) -> Option<&Refusals> {
        self.plausible.as_ref().map(|plausible| plausible.refusals())
    }

    /// Policy, observation program, filter.
    pub fn controller(&self) -> &Controller {
        &self.controller
    }

    /// What the servos are told.
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// The fault table.
    pub fn watch(&self) -> &FaultWatch {
        &self.watch
    }

    /// What the controller sees, or would.
    pub fn sensors(&self) -> &Sensors {
        &self.sensors
    }

    /// The command of the last tick, and who has control.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// The gravest fault of the last tick.
    pub fn alarm(&self) -> Option<Alarm> {
        self.alarm
    }

    /// Why a limp robot that should get up does not.
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.obstacle
    }

    /// True where the controller took part in the last tick: its record is of that tick.
    pub fn has_stepped(&self) -> bool {
        self.has_stepped
    }

    /// True where another policy may take over before the next tick.
    pub fn may_take_over(&self) -> bool {
        self.supervisor.state() != State::Running || self.controller.may_leave()
    }

    /// Between two ticks: `next`, of the same robot and with the same gains, takes over from the controller, which is in
    /// its place afterwards. Goals go over to its own within `blend_ticks` ticks.
    pub fn take_over(&mut self, next: &mut Controller, blend_ticks: u32) {
        next.take_over(&self.controller, blend_ticks);
        std::mem::swap(&mut self.controller, next);
        (self.refusals_in_a_row, self.has_stepped) = (0, false);
    }

    fn sense(&mut self, inputs: &TickInputs) {
        let (sample, age_s) = self.imu.read(inputs.imu, inputs.now_ns);
        if let Some(sample) = sample {
            self.sensors.gyro_rps = self.mount.level(sample.gyro_rps);
            self.sensors.accel_mps2 = self.mount.level(sample.accel_mps2);
            self.sensors.contact.iter_mut().zip(sample.contact).for_each(|(to, value)| *to = value);
        }
        self.sensors.imu_age_s = age_s;
        for (index, joint) in inputs.joints.iter().enumerate().take(self.sensors.joint_age_s.len()) {
            self.sensors.joint_position_rad[index] = joint.position_rad;
            self.sensors.joint_velocity_rps[index] = joint.velocity_rps;
            self.sensors.joint_age_s[index] = joint.age_s;
        }
        if let Some(estimator) = &mut self.stance_estimator {
            let supervisor = &self.supervisor;
            let is_powered = supervisor.state().is_powered();
            let goals = supervisor.goals().rad();
            self.stance = estimator.update(&self.sensors, inputs.joints, goals, is_powered);
            self.stance.bears_weight |= self.options.on_stand;
            self.stance.lifted &= !self.options.on_stand;
        }
    }

    fn judge(&mut self, inputs: &TickInputs, plausible: Option<&PlausibilityCheck>) {
        if inputs.asked.clear_faults {
            self.watch.clear_by_hand();
        }
        let state = self.supervisor.state();
        self.watch.update(&Vitals {
            joints: inputs.joints,
            goal_rad: self.supervisor.goals().rad(),
            imu_age_s: self.sensors.imu_age_s,
            imu_implausible_hz: plausible.map_or(0.0, PlausibilityCheck::imu_hz),
            servo_implausible_hz: plausible.map_or(&[], PlausibilityCheck::servo_hz),
            bus_silent_s: inputs.bus_silent_s,
            refusals_in_a_row: self.refusals_in_a_row,
            skipped_last_second: self.skips.sum,
            fallen: self.stance.fallen || (state == State::Running && self.controller.record().fallen),
            powered: state.is_powered(),
        });
        self.alarm = self.watch.worst();
    }

    /// State, policy, goals.
    fn decide(
        &mut self,
        inputs: &TickInputs,
        plausible: Option<&PlausibilityCheck>,
        observation: Option<&[f32]>,
    ) -> State {
        let asked = &inputs.asked;
        // Limp after a fault, it waits to be asked once more: for the same as before, perhaps.
        let is_waiting = self.supervisor.state() == State::Limp && !asked.emergency_stop;
        let wish = if asked.again && is_waiting { RequestedMode::Limp } else { asked.wish };
        let wish = if wish == RequestedMode::Walk && !self.may_run { RequestedMode::Stand } else { wish };
        let situation = Situation {
            wish,
            at_once: asked.at_once,
            emergency_stop: asked.emergency_stop,
            alarm: self.alarm,
            step_s: self.watch.step_s(),
            obstacle: self.outside_obstacle(plausible),
            stance: self.stance,
            joints: inputs.joints,
        };
        let before = self.supervisor.state();
        let state = self.supervisor.begin(inputs.now_ns, &situation);
        let slow = self.alarm.is_some_and(|alarm| alarm.reaction >= Reaction::Slow);
        let stopping = self.supervisor.is_easing(&situation);
        self.decision = self.arbiter.decide(inputs.now_ns, &asked.offers, stopping, slow);
        self.obstacle = match state {
            State::Limp if wish != RequestedMode::Limp => self.supervisor.obstacle(&situation),
            State::Ready if wish == RequestedMode::Walk && !self.stance.bears_weight => {
                Some(Obstacle::NoWeight)
            }
            _ => None,
        };
        if state == State::Running && matches!(before, State::Ready | State::Aligning) {
            // It has the robot's own joints.
            let _ = self.controller.reset(self.supervisor.goals().rad());
            if let Some(estimator) = &self.stance_estimator {
                self.controller.take_gravity(estimator.gravity());
            }
        }
        self.has_stepped = (state == State::Running && !inputs.hold) || self.options.dry_run;
        if self.has_stepped {
            self.controller.ask(asked.policy.map(usize::from));
            self.walk(observation);
        }
        let wanted_rad = match state {
            State::Running => Some(self.controller.goals().rad()),
            State::Ready => {
                self.looking_rad.copy_from_slice(self.supervisor.default_rad());
                self.controller.look(&self.decision.command, &mut self.looking_rad);
                Some(&self.looking_rad[..])
            }
            _ => None,
        };
        self.supervisor.finish(wanted_rad);
        state
    }

    fn outside_obstacle(&self, plausible: Option<&PlausibilityCheck>) -> Option<Obstacle> {
        if self.options.dry_run {
            Some(Obstacle::DryRun)
        } else if self.options.audit_failed {
            Some(Obstacle::Audit)
        } else if let Some(implausible) = plausible.and_then(|plausible| self.implausible(plausible)) {
            Some(implausible)
        } else if self.options.unconfigured {
            Some(Obstacle::Unconfigured)
        } else {
            (self.has_imu && self.sensors.imu_age_s > IMU_OLD_S).then_some(Obstacle::NoImu)
        }
    }

    /// Torque is not enabled on numbers that cannot be, nor while a fault that would disable it is about to come.
    fn implausible(&self, plausible: &PlausibilityCheck) -> Option<Obstacle> {
        match plausible.outside() {
            Some(outside) => Some(Obstacle::outside(outside)),
            None => self.watch.impending().map(Obstacle::Fault),
        }
    }

    fn walk(&mut self, observation: Option<&[f32]>) {
        // The sensors have the robot's own length, rows that of the policy, and the engine is the native one.
        let _ = self.controller.step_on(&self.sensors, &self.decision.command, observation);
        let record = self.controller.record();
        if record.policy_ran {
            let refused = record.refusal != Refusal::None;
            self.refusals_in_a_row = if refused { self.refusals_in_a_row.saturating_add(1) } else { 0 };
        }
    }
}
