//! One tick of a robot, and what is remembered from one to the next.

use crate::clock::Clock;
use crate::pacer::Wake;
use crate::port::Port;
use crate::robot::body::Body;
use crate::robot::event::{Event, Stamped};
use crate::robot::imu::{ImuReader, ImuSlot};
use crate::robot::mailbox::Mailbox;
use crate::robot::record::{RunRecord, Statistics};
use crate::robot::setup::Setup;
use crate::robot::skips::Skips;
use crate::robot::status::StatusSlot;
use gaitway_contract::Sensors;
use gaitway_contract::profile::Reaction;
use gaitway_control::arbiter::{Arbiter, Decision};
use gaitway_control::supervisor::{Obstacle, Situation, State, Supervisor, Wish};
use gaitway_control::vitals::Vitals;
use gaitway_control::watch::FaultWatch;
use gaitway_control::{Controller, Refusal};
use std::sync::Arc;

/// The common read may take this part of a period.
const READ_PARTS: u64 = 2;
/// A slow read is over this long before the next tick, ns, or not begun: it is counted at its longest anyway.
const SLOW_MARGIN_NS: u64 = 200_000;
/// Events that wait to be said; more are counted and lost.
const EVENTS: usize = 256;

/// A robot: everything a tick needs.
#[derive(Debug)]
pub struct Robot<P, C> {
    body: Body<P, C>,
    clock: C,
    period_ns: u64,
    controller: Controller,
    supervisor: Supervisor,
    watch: FaultWatch,
    arbiter: Arbiter,
    mailbox: Arc<Mailbox>,
    imu_slot: Arc<ImuSlot>,
    imu: ImuReader,
    /// sin and cos of the angle by which the IMU is pitched against the trunk.
    pitch_bias: [f32; 2],
    sensors: Sensors,
    dry_run: bool,
    audit_failed: bool,
    refusals_in_a_row: u32,
    skips: Skips,
    record: RunRecord,
    statistics: Statistics,
    events: Vec<Stamped>,
    obstacle: Option<Obstacle>,
    obstacle_said: Option<Obstacle>,
    port_was_gone: bool,
    status: Arc<StatusSlot>,
    /// Observations of the policy's ticks, one behind the other, as far as there is room.
    observations: Vec<f32>,
    replay: Option<Replay>,
}

/// Observations that take the place of the robot's own.
#[derive(Debug)]
struct Replay {
    rows: Vec<f32>,
    next: usize,
}

impl<P: Port, C: Clock + Clone> Robot<P, C> {
    /// A robot of `setup` behind `port`, off.
    pub fn new(
        setup: Setup,
        port: P,
        clock: C,
        mailbox: Arc<Mailbox>,
        imu_slot: Arc<ImuSlot>,
    ) -> Robot<P, C> {
        let loop_hz = setup.controller.loop_hz();
        let profile = &setup.profile;
        let sensors = Sensors::still(profile.joints.len());
        Robot {
            period_ns: 1_000_000_000 / u64::from(loop_hz),
            supervisor: Supervisor::new(profile, loop_hz),
            watch: FaultWatch::new(profile, loop_hz),
            arbiter: Arbiter::new(profile.stop.ease_s, profile.stop.slow_share, loop_hz),
            body: Body::new(setup.bus, port, clock.clone(), &setup.gains),
            controller: setup.controller,
            clock,
            mailbox,
            imu_slot,
            imu: ImuReader::default(),
            pitch_bias: [0.0, 1.0],
            sensors,
            dry_run: false,
            audit_failed: false,
            refusals_in_a_row: 0,
            skips: Skips::new(loop_hz),
            record: RunRecord::default(),
            statistics: Statistics::default(),
            events: Vec::with_capacity(EVENTS),
            obstacle: None,
            obstacle_said: None,
            port_was_gone: false,
            status: Arc::default(),
            observations: Vec::new(),
            replay: None,
        }
    }

    /// Nothing is ever written: everything is read and computed, and shown.
    pub fn set_dry_run(&mut self) {
        self.dry_run = true;
    }

    /// The servos' settings forbid to move.
    pub fn set_audit_failed(&mut self) {
        self.audit_failed = true;
    }

    /// The IMU's nose is this much lower than the trunk's, rad.
    pub fn set_pitch_bias(&mut self, rad: f64) {
        // Fixed before the loop begins; the platform's sine will do.
        self.pitch_bias = [rad.sin() as f32, rad.cos() as f32];
    }

    /// Keeps the observations of the next `ticks` ticks of the policy.
    pub fn keep_observations(&mut self, ticks: usize) {
        self.observations = Vec::with_capacity(ticks * self.controller.record().observation.len());
    }

    /// The observations that were kept, one behind the other.
    pub fn observations(&self) -> &[f32] {
        &self.observations
    }

    /// Feeds the policy these observations, one behind the other, instead of the robot's own; at their end the robot
    /// is asked to be limp.
    pub fn replay_observations(&mut self, rows: Vec<f32>) {
        self.replay = Some(Replay { rows, next: 0 });
    }

    /// Where every tick puts what others may want to see.
    pub fn status(&self) -> Arc<StatusSlot> {
        Arc::clone(&self.status)
    }

    /// One tick, which began with `wake`. Allocates nothing.
    pub fn tick(&mut self, wake: &Wake) -> State {
        let start_ns = self.clock.now_ns();
        self.skips.add(wake.skipped + wake.held);
        self.body.read(start_ns + self.period_ns / READ_PARTS);
        let read_ns = self.clock.now_ns();
        let imu_age_s = self.sense(read_ns);
        self.judge(read_ns, imu_age_s);
        let asked = self.mailbox.take_asked();
        let (wish, at_once) = self.mailbox.wish();
        // Limp after a fault, it waits to be asked once more: for the same as before, perhaps.
        let is_waiting = self.supervisor.state() == State::Limp && !self.mailbox.is_stopped();
        let wish = if asked && is_waiting { Wish::Limp } else { wish };
        let state = self.decide(read_ns, wish, at_once, imu_age_s, wake);
        let computed_ns = self.clock.now_ns();
        if !self.dry_run {
            let goal_rad = self.supervisor.goals().rad();
            // Rows have the robot's length and goals have passed the gate: there is nothing left to refuse.
            let _ = self.body.tell(self.supervisor.orders(), goal_rad);
        }
        let told_ns = self.clock.now_ns();
        let next_ns = wake.deadline_ns + self.period_ns;
        let margin_ns = SLOW_MARGIN_NS.min(self.period_ns / 10);
        self.body.read_slow(self.supervisor.orders().ask, next_ns.saturating_sub(margin_ns));
        self.note(wake, state, imu_age_s);
        self.statistics.read.add(read_ns - start_ns);
        self.statistics.compute.add(computed_ns - read_ns);
        self.statistics.write.add(told_ns - computed_ns);
        self.statistics.tick.add(self.clock.now_ns() - start_ns);
        state
    }

    /// Makes every servo limp, three times over.
    pub fn cut(&mut self) {
        if self.dry_run {
            return;
        }
        for _ in 0..3 {
            self.body.cut();
            self.clock.wait_until(self.clock.now_ns() + 1_000_000);
        }
    }

    /// The servo bus.
    pub fn body(&self) -> &Body<P, C> {
        &self.body
    }

    /// The servo bus, to audit it before the loop begins.
    pub fn body_mut(&mut self) -> &mut Body<P, C> {
        &mut self.body
    }

    /// Policy, observation program, gate.
    pub fn controller(&self) -> &Controller {
        &self.controller
    }

    /// What the servos are told.
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// What explains the last tick.
    pub fn record(&self) -> &RunRecord {
        &self.record
    }

    /// Durations and sums since the start.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Hands out what there is to say.
    pub fn take_events(&mut self, mut say: impl FnMut(Stamped)) {
        self.events.drain(..).for_each(&mut say);
    }

    /// Fills the sensors; returns the age of the IMU's sample, s.
    fn sense(&mut self, now_ns: u64) -> f32 {
        let (sample, age_s) = self.imu.read(&self.imu_slot, now_ns);
        if let Some(sample) = sample {
            self.sensors.gyro_rps = self.pitch_bias_off(sample.gyro_rps);
            self.sensors.accel_mps2 = self.pitch_bias_off(sample.accel_mps2);
            self.sensors.foot_contact = sample.foot_contact;
        }
        self.sensors.imu_age_s = age_s;
        for (index, joint) in self.body.vitals().iter().enumerate() {
            self.sensors.joint_position_rad[index] = joint.position_rad;
            self.sensors.joint_velocity_rps[index] = joint.velocity_rps;
            self.sensors.joint_age_s[index] = joint.age_s;
        }
        age_s
    }

    /// A vector of the IMU in the trunk frame: turned about y.
    fn pitch_bias_off(&self, [x, y, z]: [f32; 3]) -> [f32; 3] {
        let [sin, cos] = self.pitch_bias;
        [cos * x + sin * z, y, cos * z - sin * x]
    }

    fn judge(&mut self, now_ns: u64, imu_age_s: f32) {
        if self.mailbox.take_clear_faults() {
            self.watch.clear_by_hand();
        }
        self.watch.update(&Vitals {
            joints: self.body.vitals(),
            goal_rad: self.supervisor.goals().rad(),
            imu_age_s,
            bus_silent_s: self.body.silent_s(now_ns),
            refusals_in_a_row: self.refusals_in_a_row,
            skipped_last_second: self.skips.sum,
            fallen: self.supervisor.state() == State::Running && self.controller.record().fallen,
            powered: self.supervisor.state().is_powered(),
        });
    }

    /// State, policy, goals.
    fn decide(&mut self, now_ns: u64, wish: Wish, at_once: bool, imu_age_s: f32, wake: &Wake) -> State {
        let situation = Situation {
            wish,
            at_once,
            emergency_stop: self.mailbox.is_stopped(),
            alarm: self.watch.worst(),
            obstacle: self.outside_obstacle(imu_age_s),
            joints: self.body.vitals(),
        };
        let before = self.supervisor.state();
        let state = self.supervisor.begin(now_ns, &situation);
        let slow = situation.alarm.is_some_and(|alarm| alarm.reaction >= Reaction::Slow);
        let stopping = self.supervisor.is_easing(&situation);
        let decision = self.arbiter.decide(now_ns, &self.mailbox.offers(), stopping, slow);
        self.obstacle = match state {
            State::Limp if wish != Wish::Limp => self.supervisor.obstacle(&situation),
            _ => None,
        };
        self.record.decision = decision;
        if state == State::Running && matches!(before, State::Ready | State::Aligning) {
            // It has the robot's own joints.
            let _ = self.controller.reset(self.supervisor.goals().rad());
        }
        if (state == State::Running && !wake.hold()) || self.dry_run {
            self.walk(now_ns, &decision);
        }
        let walk_rad = (state == State::Running).then(|| self.controller.goals().rad());
        self.supervisor.finish(walk_rad);
        state
    }

    fn outside_obstacle(&self, imu_age_s: f32) -> Option<Obstacle> {
        if self.dry_run {
            Some(Obstacle::DryRun)
        } else if self.audit_failed {
            Some(Obstacle::Audit)
        } else {
            (imu_age_s > 0.1).then_some(Obstacle::NoImu)
        }
    }

    fn walk(&mut self, now_ns: u64, decision: &Decision) {
        let width = self.controller.record().observation.len();
        let row = self.replay.as_ref().and_then(|replay| replay.rows.get(replay.next..replay.next + width));
        // The sensors have the robot's own length, rows that of the policy, and the engine is the native one.
        let _ = self.controller.step_on(&self.sensors, &decision.command, row);
        let record = self.controller.record();
        if !record.policy_ran {
            return;
        }
        self.statistics.policy_ticks += 1;
        self.statistics.first_policy_ns.get_or_insert(now_ns);
        let refused = record.refusal != Refusal::None;
        self.refusals_in_a_row = if refused { self.refusals_in_a_row.saturating_add(1) } else { 0 };
        if self.observations.capacity() - self.observations.len() >= width {
            self.observations.extend_from_slice(&record.observation);
        }
        if let Some(replay) = &mut self.replay {
            replay.next += width;
            if replay.next >= replay.rows.len() {
                self.mailbox.set_wish(Wish::Limp, false);
            }
        }
    }

    /// Writes the record, and puts into the ring what there is to say.
    fn note(&mut self, wake: &Wake, state: State, imu_age_s: f32) {
        self.record.tick = wake.tick;
        self.record.now_ns = wake.now_ns;
        self.record.lateness_ns = wake.lateness_ns;
        self.record.skipped = wake.skipped;
        self.record.imu_age_s = imu_age_s;
        (self.record.state, self.record.reason) = (state, self.supervisor.reason());
        for index in 0..self.watch.changes().len() {
            self.say(Event::Fault(self.watch.changes()[index]));
        }
        if let Some(change) = self.supervisor.change() {
            self.say(Event::State(change));
        }
        if let Some(joint) = self.supervisor.lost_joint() {
            self.say(Event::ServoReset { joint });
        }
        if self.obstacle != self.obstacle_said {
            self.obstacle_said = self.obstacle;
            self.say(Event::Obstacle(self.obstacle));
        }
        self.note_port();
        let goal_rad = if self.dry_run { self.controller.goals() } else { self.supervisor.goals() };
        self.status.put(wake.tick, state, imu_age_s, goal_rad.rad());
    }

    fn note_port(&mut self) {
        match self.body.error() {
            Some(error) if !self.port_was_gone => self.say(Event::PortGone(error)),
            None if self.port_was_gone => self.say(Event::PortBack),
            _ => {}
        }
        self.port_was_gone = self.body.error().is_some();
    }

    fn say(&mut self, event: Event) {
        if self.events.len() < EVENTS {
            self.events.push(Stamped { at_ns: self.record.now_ns, tick: self.record.tick, event });
        } else {
            self.statistics.events_lost += 1;
        }
    }

    /// Why a limp robot that should get up does not.
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.obstacle
    }
}
