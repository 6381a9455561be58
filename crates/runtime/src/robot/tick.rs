//! One tick of a robot: read the servos, let the control stack think, tell the servos.

use crate::observation_file::ObservationSink;
use crate::pacer::Wake;
use crate::robot::actuator_driver::{ActuatorDriver, RobotDriver};
use crate::robot::event::{Event, Stamped};
use crate::robot::imu::ImuSlot;
use crate::robot::mailbox::Mailbox;
use crate::robot::record::{RunRecord, Statistics};
use crate::robot::recorder::TickRecorder;
use crate::robot::setup::Setup;
use crate::robot::status::StatusSlot;
use crate::robot::swap::SwapTaker;
use gaitway_control::arbiter::Source;
use gaitway_control::control_stack::{ControlStackOptions, TickInputs};
use gaitway_control::imu::ImuSample;
use gaitway_control::plausibility::{Refusals, Refused};
use gaitway_control::readings::JointReading;
use gaitway_control::supervisor::{Obstacle, RequestedMode, State, Supervisor};
use gaitway_control::{ControlStack, Controller};
use gaitway_platform::clock::Clock;
use gaitway_platform::heartbeat::Heartbeat;
use gaitway_platform::port::Port;
use gaitway_platform::watchdog::{Trip, Watchdog};
use gaitway_record::ReadTimes;
use gaitway_record::ring::RowSource;
use gaitway_record::row::Durations;
use std::sync::Arc;

/// The common read may take this part of a period.
const READ_PARTS: u64 = 2;
/// A slow read is over this long before the next tick, ns, or not begun: it is counted at its longest anyway.
const SLOW_MARGIN_NS: u64 = 200_000;
/// Events that wait to be said; more are counted and lost.
const EVENTS: usize = 256;
/// Between two lines about refused values, ns, and between two about the same number of the same joint.
const REFUSED_EVERY_NS: u64 = 1_000_000_000;
const SAME_REFUSED_EVERY_NS: u64 = 10_000_000_000;

/// A robot: everything a tick needs.
#[derive(Debug)]
pub struct Robot<P, C> {
    driver: RobotDriver<P, C>,
    clock: C,
    period_ns: u64,
    stack: ControlStack,
    mailbox: Arc<Mailbox>,
    imu_slot: Arc<ImuSlot>,
    record: RunRecord,
    statistics: Statistics,
    events: Vec<Stamped>,
    obstacle_said: Option<Obstacle>,
    refused_said: RefusedSaid,
    port_was_gone: bool,
    watchdog: Watchdog,
    /// Why the watchdog set the emergency stop in this tick, and in the one before.
    trips: [Option<Trip>; 2],
    status: Arc<StatusSlot>,
    /// Observations of the policy's ticks, one behind the other, as far as there is room.
    observations: Option<ObservationSink>,
    replay: Option<Replay>,
    recorder: Option<TickRecorder>,
    /// Where another policy comes from while the robot runs.
    swaps: Option<SwapTaker>,
    has_swapped: bool,
}

/// How many refused values have been told, and the last that was, and when, ns.
#[derive(Debug, Default)]
struct RefusedSaid {
    count: u64,
    last: Option<(u64, Refused)>,
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
        let period_ns = 1_000_000_000 / u64::from(setup.controller.loop_hz());
        Robot {
            period_ns,
            driver: ActuatorDriver::of(setup.actuators, setup.profile.joints.len(), port, clock.clone()),
            stack: ControlStack::new(&setup.profile, setup.controller),
            clock,
            mailbox,
            imu_slot,
            record: RunRecord::default(),
            statistics: Statistics::default(),
            events: Vec::with_capacity(EVENTS),
            obstacle_said: None,
            refused_said: RefusedSaid::default(),
            port_was_gone: false,
            watchdog: Watchdog::new(period_ns, None),
            trips: [None; 2],
            status: Arc::default(),
            observations: None,
            replay: None,
            recorder: None,
            swaps: None,
            has_swapped: false,
        }
    }

    /// Guards watch this robot by that heartbeat, and the robot watches them.
    pub fn beat_with(&mut self, heartbeat: Heartbeat) {
        self.watchdog = Watchdog::new(self.period_ns, Some(heartbeat));
    }

    /// Settles what must be settled before the first tick.
    pub fn set_options(&mut self, options: ControlStackOptions) {
        self.stack.set_options(options);
    }

    /// What was settled.
    pub fn options(&self) -> ControlStackOptions {
        self.stack.options()
    }

    /// Puts the observations of all ticks of the policy into `sink`.
    pub fn keep_observations(&mut self, sink: ObservationSink) {
        self.observations = Some(sink);
    }

    /// Lets the sink go: whoever writes the observations down learns that no more come. Returns how many it left out.
    pub fn end_observations(&mut self) -> u64 {
        self.observations.take().map_or(0, |sink| sink.dropped())
    }

    /// Feeds the policy these observations, one behind the other, instead of the robot's own; at their end the robot
    /// is asked to be limp.
    pub fn replay_observations(&mut self, rows: Vec<f32>) {
        self.replay = Some(Replay { rows, next: 0 });
    }

    /// From now on every tick is put into a ring; the other end of it is for who writes it down. Where that end finds
    /// no time, ticks are dropped and counted.
    pub fn record_to_ring(&mut self, ticks: usize) -> RowSource {
        let (recorder, source) = TickRecorder::new(&self.stack, self.driver.actuators().row_len(), ticks);
        self.recorder = Some(recorder);
        source
    }

    /// From now on another policy may come from there while the robot runs.
    pub fn take_policies_from(&mut self, swaps: SwapTaker) {
        self.swaps = Some(swaps);
    }

    /// Lets the ring go: whoever writes it down learns that no more comes.
    pub fn end_recording(&mut self) {
        self.recorder = None;
    }

    /// Where every tick puts what others may want to see.
    pub fn status(&self) -> Arc<StatusSlot> {
        Arc::clone(&self.status)
    }

    /// One tick, which began with `wake`. Allocates nothing.
    pub fn tick(&mut self, wake: &Wake) -> State {
        let swaps = self.swaps.as_mut();
        self.has_swapped = swaps.is_some_and(|swaps| swaps.follow(&mut self.stack, &mut self.recorder));
        let start_ns = self.clock.now_ns();
        let read = self.driver.read(start_ns + self.period_ns / READ_PARTS);
        self.watch();
        let state = self.think(read, wake);
        let computed_ns = self.clock.now_ns();
        let supervisor = self.stack.supervisor();
        if !self.stack.options().dry_run {
            // Rows have the robot's length and goals have passed the filter: there is nothing left to refuse.
            let _ = self.driver.tell(supervisor.orders(), supervisor.goals().rad());
        }
        let told_ns = self.clock.now_ns();
        let next_ns = wake.deadline_ns + self.period_ns;
        let margin_ns = SLOW_MARGIN_NS.min(self.period_ns / 10);
        self.driver.read_slow(supervisor.orders().ask, next_ns.saturating_sub(margin_ns));
        self.note(wake, state);
        let durations = Durations {
            read_ns: read.ended_ns - start_ns,
            compute_ns: computed_ns - read.ended_ns,
            write_ns: told_ns - computed_ns,
            tick_ns: self.clock.now_ns() - start_ns,
        };
        self.statistics.add(&durations);
        self.show(&durations);
        if let Some(recorder) = &mut self.recorder {
            recorder.push(wake, durations, self.stack.believed(self.driver.readings()), &self.stack);
        }
        state
    }

    /// Makes every servo limp, three times over, and lets the guards expect no more ticks.
    pub fn cut(&mut self) {
        if !self.stack.options().dry_run {
            for _ in 0..3 {
                self.driver.cut();
                self.clock.wait_until(self.clock.now_ns() + 1_000_000);
            }
        }
        self.watchdog.rest();
    }

    /// The servo bus.
    pub fn driver(&self) -> &RobotDriver<P, C> {
        &self.driver
    }

    /// The servo bus, to audit it before the loop begins.
    pub fn driver_mut(&mut self) -> &mut RobotDriver<P, C> {
        &mut self.driver
    }

    /// Policy, observation program, filter.
    pub fn controller(&self) -> &Controller {
        self.stack.controller()
    }

    /// What the servos are told.
    pub fn supervisor(&self) -> &Supervisor {
        self.stack.supervisor()
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

    /// A loop that halted, or that nobody guards, stops at once and stays so until somebody at the robot clears it. To
    /// be called between the read, where most of a tick passes, and the goals: none is told after a gap.
    fn watch(&mut self) {
        let trip = self.watchdog.look(self.clock.boot_ns(), self.driver.error().is_none());
        if trip.is_some() {
            self.mailbox.set_emergency_stop(Source::Program);
        }
        self.trips = [trip, self.trips[0]];
    }

    fn think(&mut self, read: ReadTimes, wake: &Wake) -> State {
        let inputs = TickInputs {
            now_ns: read.ended_ns,
            hold: wake.hold(),
            left_out: wake.skipped + wake.held,
            joints: self.driver.readings(),
            bus_silent_s: self.driver.silent_s(read.ended_ns),
            imu: self.imu_slot.take(),
            asked: self.mailbox.take(),
        };
        let width = self.stack.controller().record().observation.len();
        let row = self.replay.as_ref().and_then(|replay| replay.rows.get(replay.next..replay.next + width));
        if let Some(recorder) = &mut self.recorder {
            recorder.begin(
                |row| self.driver.actuators().write_row(row),
                read,
                &inputs,
                row.is_some(),
                &self.stack,
            );
        }
        let state = self.stack.think(&inputs, row);
        self.note_observation(read.ended_ns);
        state
    }

    /// What becomes of the tick's observation, and where those end that take the place of the robot's own.
    fn note_observation(&mut self, now_ns: u64) {
        let record = self.stack.controller().record();
        if !self.stack.has_stepped() || !record.policy_ran {
            return;
        }
        self.statistics.policy_ticks += 1;
        self.statistics.first_policy_ns.get_or_insert(now_ns);
        let width = record.observation.len();
        if let Some(sink) = &mut self.observations {
            sink.put(&record.observation);
        }
        if let Some(replay) = &mut self.replay {
            replay.next += width;
            if replay.next >= replay.rows.len() {
                self.mailbox.request_mode(RequestedMode::Limp, false);
            }
        }
    }

    fn show(&self, durations: &Durations) {
        let is_dry = self.stack.options().dry_run;
        let goals = if is_dry { self.stack.controller().goals() } else { self.stack.supervisor().goals() };
        let joints = self.stack.believed(self.driver.readings());
        self.status.put(&self.record, durations, &self.stack, goals.rad(), joints);
    }

    /// Writes the record, and puts into the ring what there is to say.
    fn note(&mut self, wake: &Wake, state: State) {
        self.record.tick = wake.tick;
        self.record.now_ns = wake.now_ns;
        self.record.lateness_ns = wake.lateness_ns;
        self.record.skipped = wake.skipped;
        self.record.skipped_since_start += wake.skipped;
        self.record.imu_age_s = self.stack.sensors().imu_age_s;
        self.record.decision = self.stack.decision();
        (self.record.state, self.record.reason) = (state, self.stack.supervisor().reason());
        for index in 0..self.stack.watch().changes().len() {
            self.say(Event::Fault(self.stack.watch().changes()[index]));
        }
        if let Some(change) = self.stack.supervisor().change() {
            self.say(Event::State(change));
        }
        if let Some(joint) = self.stack.supervisor().lost_joint() {
            self.say(Event::ServoReset { joint });
        }
        if self.has_swapped {
            self.say(Event::PolicyTaken);
        }
        if let [Some(trip), before] = self.trips
            && !before.is_some_and(|before| before.is_like(trip))
        {
            self.say(Event::Watchdog(trip));
        }
        let obstacle = self.stack.obstacle();
        if obstacle != self.obstacle_said {
            self.obstacle_said = obstacle;
            // Nobody asks any more: nothing hinders what nobody wants.
            if obstacle.is_some() || self.mailbox.requested_mode().0 != RequestedMode::Limp {
                self.say(Event::Obstacle(obstacle));
            }
        }
        self.note_refused();
        self.note_port();
    }

    fn note_refused(&mut self) {
        let Some(refusals) = self.stack.refusals() else { return };
        let (count, Some(last)) = (refusals.imu + refusals.servo, refusals.last) else { return };
        let now_ns = self.record.now_ns;
        let is_early = self.refused_said.last.is_some_and(|(at_ns, said)| {
            let is_same = (said.value, said.joint) == (last.value, last.joint);
            now_ns < at_ns + if is_same { SAME_REFUSED_EVERY_NS } else { REFUSED_EVERY_NS }
        });
        if count > self.refused_said.count && !is_early {
            let new = count - self.refused_said.count;
            self.refused_said = RefusedSaid { count, last: Some((now_ns, last)) };
            self.say(Event::Implausible { last, count: new });
        }
    }

    fn note_port(&mut self) {
        match self.driver.error() {
            Some(error) if !self.port_was_gone => self.say(Event::PortGone(error)),
            None if self.port_was_gone => self.say(Event::PortBack),
            _ => {}
        }
        self.port_was_gone = self.driver.error().is_some();
    }

    fn say(&mut self, event: Event) {
        if self.events.len() < EVENTS {
            self.events.push(Stamped { at_ns: self.record.now_ns, tick: self.record.tick, event });
        } else {
            self.statistics.events_lost += 1;
        }
    }

    /// What the table of the wires refused since the start, where the profile has one.
    pub fn refusals(&self) -> Option<&Refusals> {
        self.stack.refusals()
    }

    /// The sample of the IMU that counts.
    pub fn imu_sample(&self) -> Option<ImuSample> {
        self.stack.imu_sample()
    }

    /// What counts of the joints.
    pub fn believed(&self) -> &[JointReading] {
        self.stack.believed(self.driver.readings())
    }

    /// Why a limp robot that should get up does not.
    pub fn obstacle(&self) -> Option<Obstacle> {
        self.stack.obstacle()
    }
}
