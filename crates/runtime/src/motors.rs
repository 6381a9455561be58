//! The robot's motors for tools: looked at, held where they are, moved slowly, let go.
//!
//! What moves passes the safety filter and stands under the robot's fault table, as on its feet; a fault makes every
//! servo limp. Joints whose servo is missing are no fault: a robot may be half built.

mod error;

pub use error::MotorsError;

use crate::devices::{self, DeviceError};
use crate::robot::ServoDriver;
use gaitway_control::supervisor::Orders;
use gaitway_control::{Manual, Trouble};
use gaitway_feetech::audit::Finding;
use gaitway_feetech::bus::BusCounters;
use gaitway_feetech::servo::ServoState;
use gaitway_model::RobotProfile;
use gaitway_model::profile::{FaultKind, WireValue};
use gaitway_platform::clock::Clock;
use gaitway_platform::heartbeat::Heartbeat;
use gaitway_platform::port::Port;
use gaitway_platform::watchdog::Watchdog;

/// Ticks a second while a joint moves.
const HZ: u32 = 50;
const PERIOD_NS: u64 = 1_000_000_000 / HZ as u64;
/// Of a tick, for the common read, ns.
const READ_NS: u64 = 10_000_000;
/// How often a servo is asked before it counts as silent, and told before it counts as deaf.
const TRIES: usize = 3;
/// How often a servo that is needed is looked for before it counts as silent: a busy computer may miss it for longer
/// than a look takes.
const LOOKS: usize = 5;

/// Motors on a bus.
#[derive(Debug)]
pub struct Motors<P, C> {
    driver: ServoDriver<P, C>,
    clock: C,
    manual: Manual,
    orders: Orders,
    names: Vec<String>,
    /// What a joint can read before it is driven, rad: its range and what the profile lets it be outside.
    readable_rad: Vec<[f64; 2]>,
    /// Above this no servo is driven, V.
    highest_v: f64,
    /// Share of their torque that driven servos may use.
    torque: f32,
    due_ns: u64,
    /// When joints were last begun to be driven, ns: what a servo said before does not count.
    held_ns: u64,
    /// Whose settings and measurements are read next.
    next_slow: usize,
    /// Where guards watch.
    watchdog: Option<Watchdog>,
}

impl<P: Port, C: Clock + Clone> Motors<P, C> {
    /// The servos of `profile` behind `port`, with its gains, or with `kp`; driven ones may use that share of their
    /// torque, 0 to 1.
    pub fn new(
        profile: &RobotProfile,
        port: P,
        clock: C,
        kp: Option<u8>,
        torque: f32,
    ) -> Result<Motors<P, C>, DeviceError> {
        let bus = devices::servos(profile)?;
        let gains = profile.joints.iter().map(|joint| {
            let [p, d] =
                [joint.proportional_gain(&profile.actuators), joint.derivative_gain(&profile.actuators)];
            [kp.unwrap_or(p as u8), 0, d as u8]
        });
        let gains: Vec<[u8; 3]> = gains.collect();
        Ok(Motors {
            driver: ServoDriver::new(bus, port, clock.clone(), &gains),
            due_ns: clock.now_ns(),
            held_ns: 0,
            clock,
            manual: Manual::new(profile, HZ),
            orders: Orders::none(profile.joints.len()),
            names: profile.joints.iter().map(|joint| joint.name.clone()).collect(),
            readable_rad: readable_rad(profile),
            highest_v: highest_v(profile),
            torque: torque.clamp(0.0, 1.0),
            next_slow: 0,
            watchdog: None,
        })
    }

    /// Guards watch by that heartbeat while a joint is driven, and are watched.
    pub fn beat_with(&mut self, heartbeat: Heartbeat) {
        self.watchdog = Some(Watchdog::new(PERIOD_NS, Some(heartbeat)));
    }

    /// Reads everything of every servo, and says what is known of each; `None` for one that does not answer.
    pub fn look(&mut self) -> Result<Vec<Option<ServoState>>, MotorsError> {
        let begun_ns = self.clock.now_ns();
        for _ in 0..TRIES {
            self.watch()?;
            self.driver.read(self.clock.now_ns() + READ_NS);
        }
        for servo in 0..self.names.len() {
            self.watch()?;
            let is_new = |state: &ServoState| state.slow.is_some_and(|slow| slow.sampled_ns >= begun_ns);
            for _ in 0..TRIES {
                if self.state(servo).sampled_ns.is_some_and(|at_ns| at_ns >= begun_ns)
                    && !is_new(self.state(servo))
                {
                    self.driver.read_slow(Some(servo), u64::MAX);
                }
            }
        }
        self.check_port()?;
        let heard = |state: &ServoState| state.sampled_ns.is_some_and(|at_ns| at_ns >= begun_ns);
        Ok(self.driver.bus().states().iter().map(|state| heard(state).then_some(*state)).collect())
    }

    /// Drives joints from now on: where they are, with the little torque they were given. Where one cannot be driven
    /// none is.
    pub fn hold(&mut self, joints: &[usize]) -> Result<(), MotorsError> {
        let held = self.try_to_hold(joints);
        if held.is_err() {
            self.cut();
        }
        held
    }

    fn try_to_hold(&mut self, joints: &[usize]) -> Result<(), MotorsError> {
        let begun_ns = self.clock.now_ns();
        for &joint in joints {
            self.look_for(joint, begun_ns)?;
        }
        self.check_before_torque(joints)?;
        for &joint in joints {
            self.manual.begin(joint, self.state(joint).position_rad);
        }
        let mut deaf = None;
        for _ in 0..TRIES {
            self.mark(joints);
            self.watch()?;
            self.tell()?;
            let states = self.look()?;
            let is_on = |joint: usize| states.get(joint).copied().flatten()?.slow.map(|slow| slow.torque_on);
            deaf = joints.iter().copied().find(|joint| is_on(*joint) != Some(true));
            if deaf.is_none() {
                self.due_ns = self.clock.now_ns();
                self.held_ns = self.due_ns;
                return Ok(());
            }
        }
        Err(self.not_taken(deaf.unwrap_or_default()))
    }

    /// Refuses to drive a joint that is where no joint can be, and a robot on a supply that destroys it.
    fn check_before_torque(&self, joints: &[usize]) -> Result<(), MotorsError> {
        for &joint in joints {
            let ([min_rad, max_rad], found_rad) = (self.readable_rad[joint], self.state(joint).position_rad);
            if !(min_rad..=max_rad).contains(&f64::from(found_rad)) {
                return Err(MotorsError::OutOfRange { joint: self.name(joint), found_rad, min_rad, max_rad });
            }
        }
        let slow = self.driver.bus().states().iter().filter_map(|state| state.slow);
        let mut volts: Vec<f32> = slow.map(|slow| slow.voltage_v).collect();
        volts.sort_by(f32::total_cmp);
        // All servos are on one supply: a single one that measures more measures wrongly.
        match volts.get(volts.len() / 2) {
            Some(&found_v) if f64::from(found_v) > self.highest_v => {
                Err(MotorsError::Supply { found_v, highest_v: self.highest_v })
            }
            _ => Ok(()),
        }
    }

    /// Waits for the next tick and goes one step towards `target_rad`; true once every driven joint's goal has come
    /// to its end.
    pub fn step(&mut self, target_rad: &[f32]) -> Result<bool, MotorsError> {
        self.due_ns = (self.due_ns + PERIOD_NS).max(self.clock.now_ns());
        self.clock.wait_until(self.due_ns);
        if let Err(error) = self.watch().and_then(|()| self.listen()).and_then(|()| self.judge()) {
            self.cut();
            return Err(error);
        }
        let has_arrived = self.manual.step(target_rad);
        self.mark(&[]);
        self.tell()?;
        let driven: Vec<usize> = (0..self.names.len()).filter(|&joint| self.manual.driven()[joint]).collect();
        if !driven.is_empty() {
            self.next_slow = (self.next_slow + 1) % driven.len();
            self.driver.read_slow(Some(driven[self.next_slow]), self.due_ns + PERIOD_NS);
        }
        Ok(has_arrived)
    }

    /// Lets joints go limp.
    pub fn release(&mut self, joints: &[usize]) -> Result<(), MotorsError> {
        let mut marks = vec![false; self.names.len()];
        for &joint in joints.iter().filter(|joint| **joint < self.names.len()) {
            self.manual.end(joint);
            marks[joint] = true;
        }
        for _ in 0..TRIES {
            self.driver.release(&marks)?;
        }
        self.watch()?;
        self.check_port()
    }

    /// Everything is limp, as far as the port carries it.
    pub fn limp(&mut self) -> Result<(), MotorsError> {
        self.cut();
        if self.held_ns > 0 {
            // The limit lasts until the power goes, and not everybody who drives them next sets one.
            self.driver.give_back_torque()?;
        }
        self.check_port()
    }

    /// Everything is limp. Said several times: a frame may be lost.
    fn cut(&mut self) {
        for joint in 0..self.names.len() {
            self.manual.end(joint);
        }
        for _ in 0..TRIES {
            self.driver.cut();
        }
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.rest();
        }
    }

    /// Beats while a joint is driven. A program that halted meanwhile, or that nobody guards, drives none any more.
    fn watch(&mut self) -> Result<(), MotorsError> {
        let (now_ns, has_port) = (self.clock.boot_ns(), self.driver.error().is_none());
        let Some(watchdog) = &mut self.watchdog else { return Ok(()) };
        if !self.manual.driven().contains(&true) {
            watchdog.rest();
            return Ok(());
        }
        let Some(trip) = watchdog.look(now_ns, has_port) else { return Ok(()) };
        self.cut();
        Err(MotorsError::Watchdog(trip))
    }

    /// What is wrong with the settings of each servo; `None` for one that does not answer.
    pub fn audit(&mut self, profile: &RobotProfile) -> Result<Vec<Option<Vec<Finding>>>, MotorsError> {
        self.driver.tools().audit();
        self.check_port()?;
        Ok(crate::robot::findings(profile, self.driver.bus()))
    }

    /// Puts right what an audit found, limp; says how many settings were written.
    pub fn fix(&mut self, found: &[Option<Vec<Finding>>]) -> Result<usize, MotorsError> {
        self.cut();
        let count = self.driver.tools().put_right(found)?;
        self.check_port()?;
        Ok(count)
    }

    /// Sums since the bus was opened.
    pub fn counters(&self) -> BusCounters {
        self.driver.counters()
    }

    /// Joint angles as last heard, rad; NaN where never.
    pub fn positions_rad(&self) -> Vec<f32> {
        let states = self.driver.bus().states().iter();
        states.map(|state| state.sampled_ns.map_or(f32::NAN, |_| state.position_rad)).collect()
    }

    /// Reads what has become of everything. A driven servo that is not heard may have been reset, and a goal would
    /// switch it on at full force: nobody is told anything until it has said what it kept.
    fn listen(&mut self) -> Result<(), MotorsError> {
        self.driver.read(self.due_ns + READ_NS);
        for _ in 0..LOOKS {
            let readings = self.driver.readings().iter().zip(self.manual.driven());
            let Some(joint) = readings.into_iter().position(|(joint, driven)| *driven && !joint.is_fresh)
            else {
                break;
            };
            self.look_for(joint, self.clock.now_ns())?;
            self.driver.read(self.clock.now_ns() + READ_NS);
        }
        self.check_port()
    }

    /// Looks until `joint` has said where it is and what it kept, since `since_ns`.
    fn look_for(&mut self, joint: usize, since_ns: u64) -> Result<(), MotorsError> {
        let mut looks = 0;
        let slow = |motors: &Self| motors.driver.bus().states().get(joint).and_then(|state| state.slow);
        while slow(self).is_none_or(|slow| slow.sampled_ns < since_ns) {
            if looks == LOOKS {
                return Err(self.silent(joint));
            }
            self.look()?;
            looks += 1;
        }
        Ok(())
    }

    fn judge(&mut self) -> Result<(), MotorsError> {
        let silent_s = self.driver.silent_s(self.clock.now_ns());
        match self.manual.judge(self.driver.readings(), self.held_ns, silent_s) {
            None => Ok(()),
            Some(Trouble::Unheard { joint }) => Err(self.silent(joint)),
            Some(Trouble::Lost { joint }) => Err(self.not_taken(joint)),
            Some(Trouble::Fault(alarm)) => {
                Err(MotorsError::Alarm { joint: alarm.joint.map(|joint| self.name(joint)), alarm })
            }
        }
    }

    /// What is told next; `fresh` get their settings and torque with it.
    fn mark(&mut self, fresh: &[usize]) {
        for (joint, &is_driven) in self.manual.driven().iter().enumerate() {
            let is_fresh = fresh.contains(&joint);
            self.orders.settings[joint] = is_fresh;
            self.orders.energise[joint] = is_fresh;
            self.orders.goal[joint] = is_driven && !is_fresh;
            self.orders.torque_limit[joint] = if is_driven { self.torque } else { 0.0 };
        }
    }

    fn tell(&mut self) -> Result<(), MotorsError> {
        self.driver.tell(&self.orders, self.manual.goals().rad())?;
        self.check_port()
    }

    fn check_port(&self) -> Result<(), MotorsError> {
        self.driver.error().map_or(Ok(()), |error| Err(error.into()))
    }

    fn state(&self, servo: usize) -> &ServoState {
        &self.driver.bus().states()[servo]
    }

    fn id(&self, joint: usize) -> u8 {
        self.driver.bus().servos().get(joint).map_or(0, |servo| servo.id)
    }

    fn name(&self, joint: usize) -> String {
        self.names.get(joint).cloned().unwrap_or_default()
    }

    fn not_taken(&self, joint: usize) -> MotorsError {
        MotorsError::NotTaken { joint: self.name(joint), id: self.id(joint) }
    }

    fn silent(&self, joint: usize) -> MotorsError {
        MotorsError::Silent { joint: self.name(joint), id: self.id(joint) }
    }
}

fn readable_rad(profile: &RobotProfile) -> Vec<[f64; 2]> {
    let row = profile.wire.iter().find(|row| row.value == WireValue::JointPosition);
    let [below, above] = row.map_or([f64::NEG_INFINITY, f64::INFINITY], |row| [row.min, row.max]);
    profile.joints.iter().map(|joint| [joint.min_rad + below, joint.max_rad + above]).collect()
}

fn highest_v(profile: &RobotProfile) -> f64 {
    let rules = profile.faults.iter().filter(|rule| rule.when == FaultKind::HighVoltage);
    rules.map(|rule| rule.limit).fold(f64::INFINITY, f64::min)
}
