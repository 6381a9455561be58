//! The servo bus with its port and its clock: one exchange after the other, each within its time.

use crate::desk::Desk;
use crate::line::LineReport;
use gaitway_control::readings::JointReading;
use gaitway_control::supervisor::Orders;
use gaitway_feetech::audit::Finding;
use gaitway_feetech::bus::{BusCounters, Poll, ServoBus};
use gaitway_feetech::error::BusError;
use gaitway_feetech::frame::MAX_FRAME;
use gaitway_feetech::log::{joint_reading, row_len, write_row};
use gaitway_feetech::registers;
use gaitway_feetech::servo::TORQUE_UNITS;
use gaitway_platform::clock::Clock;
use gaitway_platform::port::{Port, PortError};
use gaitway_record::ReadTimes;

/// Before the end of an exchange the port is looked at without pause from this time on, ns.
const EARLY_NS: u64 = 100_000;
/// How long past that end, ns; then with pauses.
const BUSY_NS: u64 = 400_000;
/// Between two looks of either kind, ns.
const LOOK_NS: u64 = 3_000;
const SELDOM_NS: u64 = 100_000;
/// Ticks after which a torque limit is said again although it has not changed: its frame may have been lost.
const REPEAT_LIMITS: u32 = 25;
/// How often a servo is asked for its EEPROM at least, and for how long, before it counts as silent: one that has just
/// got its power is deaf while it boots.
const AUDIT_ROUNDS: usize = 3;
const AUDIT_PATIENCE_NS: u64 = 300_000_000;
/// Bytes read at once.
const CHUNK: usize = 512;

/// The robot's servos behind a port.
#[derive(Debug)]
pub struct ServoDriver<P, C> {
    bus: ServoBus,
    port: P,
    clock: C,
    /// Set once the port carries nothing any more.
    error: Option<PortError>,
    readings: Vec<JointReading>,
    values: Values,
    limits_sent: Vec<u16>,
    limits_age: u32,
    last_heard_ns: Option<u64>,
    /// Until then the wire carries what was sent before, ns: its bytes take so long.
    busy_until_ns: u64,
    frame: [u8; MAX_FRAME],
}

/// What the servos' registers are to hold.
#[derive(Debug)]
struct Values {
    /// P, D and I of each servo, register units.
    gains: [Vec<u16>; 3],
    /// Torque limits, register units.
    limits: Vec<u16>,
    /// Acceleration, time and speed of a goal: none that limits the joint.
    unlimited: Vec<u16>,
}

impl<P: Port, C: Clock> ServoDriver<P, C> {
    /// `bus` behind `port`; `gains` are P, I and D of each servo in register units.
    pub fn new(bus: ServoBus, port: P, clock: C, gains: &[[u8; 3]]) -> ServoDriver<P, C> {
        let count = bus.servos().len();
        let [p, i, d] = [0, 1, 2].map(|which| gains.iter().map(|gain| u16::from(gain[which])).collect());
        ServoDriver {
            bus,
            port,
            clock,
            error: None,
            readings: vec![JointReading::default(); count],
            values: Values { gains: [p, d, i], limits: vec![0; count], unlimited: vec![0; count] },
            limits_sent: vec![u16::MAX; count],
            limits_age: 0,
            last_heard_ns: None,
            busy_until_ns: 0,
            frame: [0; MAX_FRAME],
        }
    }

    /// The common read of position and velocity, over by `deadline_ns`.
    pub fn read(&mut self, deadline_ns: u64) -> ReadTimes {
        let begun_ns = self.clock.now_ns();
        let request = self.bus.begin_read(self.busy_until_ns.max(begun_ns), deadline_ns);
        let len = keep(&mut self.frame, request);
        self.exchange(len);
        let read = ReadTimes { begun_ns, ended_ns: self.clock.now_ns() };
        self.update_readings(read);
        read
    }

    /// Settings and slow measurements of `servo`, or of the next one, where there is time before `deadline_ns`.
    pub fn read_slow(&mut self, servo: Option<usize>, deadline_ns: u64) {
        let request = self.bus.begin_slow_read(servo, self.wire_free_ns(), deadline_ns);
        let len = keep(&mut self.frame, request);
        self.exchange(len);
    }

    /// Tells the servos what the supervisor decided. `goal_rad` are its goals.
    pub fn tell(&mut self, orders: &Orders, goal_rad: &[f32]) -> Result<(), BusError> {
        if orders.cut {
            self.cut();
            return Ok(());
        }
        self.send_with(|bus, _| bus.write_goals(goal_rad, &orders.goal))?;
        if orders.settings.contains(&true) {
            self.tell_settings(&orders.settings)?;
        }
        for (limit, share) in self.values.limits.iter_mut().zip(&orders.torque_limit) {
            *limit = (share * TORQUE_UNITS).clamp(0.0, TORQUE_UNITS) as u16;
        }
        if orders.energise.contains(&true) {
            self.energise(&orders.energise, goal_rad)?;
        }
        self.tell_limits(&orders.goal)
    }

    /// Every servo is limp, whatever is known of it.
    pub fn cut(&mut self) {
        let len = keep(&mut self.frame, self.bus.torque_off());
        self.send(len);
    }

    /// Reads every setting of each servo; those that stay silent have no entry in `audited`.
    pub fn audit(&mut self) -> Result<(), BusError> {
        let patient_until_ns = self.clock.now_ns() + AUDIT_PATIENCE_NS;
        let mut silent: Vec<usize> = (0..self.bus.servos().len()).collect();
        let mut rounds = 0;
        while !silent.is_empty() && (rounds < AUDIT_ROUNDS || self.clock.now_ns() < patient_until_ns) {
            for &servo in &silent {
                let request = self.bus.begin_audit(servo, self.wire_free_ns())?;
                let len = keep(&mut self.frame, request);
                self.exchange(len);
            }
            silent.retain(|&servo| self.bus.audited(servo).is_none());
            rounds += 1;
        }
        Ok(())
    }

    /// Looks at the line with the servos that answered the audit.
    pub fn check_line(&mut self) -> Result<LineReport, PortError> {
        let servos = self.bus.servos().iter().enumerate();
        let ids: Vec<u8> = servos
            .filter(|(index, _)| self.bus.audited(*index).is_some())
            .map(|(_, servo)| servo.id)
            .collect();
        Desk::new(&mut self.port, &self.clock, self.bus.baud()).check_line(&ids)
    }

    /// Writes EEPROM registers of one servo for good, `(register, value)` one after the other, with its lock open.
    pub fn save(&mut self, servo: usize, values: &[(registers::Register, u16)]) -> Result<(), BusError> {
        let mut only = vec![false; self.bus.servos().len()];
        if let Some(mark) = only.get_mut(servo) {
            *mark = true;
        }
        self.send_with(|bus, _| bus.set_lock(false, &only))?;
        for &(register, value) in values {
            self.send_with(|bus, _| bus.save(register, value, servo))?;
            // The servo writes its EEPROM before it listens again.
            self.clock.wait_until(self.clock.now_ns() + 10_000_000);
        }
        self.send_with(|bus, _| bus.set_lock(true, &only))
    }

    /// Puts right what an audit found and can be put right; says how many settings were written.
    pub fn put_right(&mut self, found: &[Option<Vec<Finding>>]) -> Result<usize, BusError> {
        let mut count = 0;
        for (servo, findings) in found.iter().enumerate() {
            let fixes = findings.iter().flatten().filter(|finding| finding.fixable);
            let values: Vec<_> = fixes.map(|fix| (fix.register, fix.expected as u16)).collect();
            if !values.is_empty() {
                self.save(servo, &values)?;
                count += values.len();
            }
        }
        Ok(count)
    }

    /// The servos marked in `to` go limp.
    pub fn release(&mut self, to: &[bool]) -> Result<(), BusError> {
        self.send_with(|bus, _| bus.set_torque(false, to))
    }

    /// The bus, to be asked.
    pub fn bus(&self) -> &ServoBus {
        &self.bus
    }

    /// The port.
    pub fn port(&self) -> &P {
        &self.port
    }

    /// The port, for who has to do with it without the driver; what waits there unread is taken for an answer.
    pub fn port_mut(&mut self) -> &mut P {
        &mut self.port
    }

    /// What is known of each joint.
    pub fn readings(&self) -> &[JointReading] {
        &self.readings
    }

    /// Bytes of the recorder's row.
    pub fn row_len(&self) -> usize {
        row_len(self.bus.servos().len())
    }

    /// Leaves what was last heard of the servos in a row of the recorder.
    pub fn write_row(&self, row: &mut [u8]) {
        write_row(self.bus.states(), row);
    }

    /// Sums since the bus was opened.
    pub fn counters(&self) -> BusCounters {
        self.bus.counters()
    }

    /// Why the port carries nothing any more.
    pub fn error(&self) -> Option<PortError> {
        self.error
    }

    /// Another port takes the place of one that is gone.
    pub fn replace_port(&mut self, port: P) {
        self.port = port;
        self.error = None;
    }

    /// Time since any servo answered, s; infinite where none ever has.
    pub fn silent_s(&self, now_ns: u64) -> f32 {
        let age_s = |heard_ns: u64| now_ns.saturating_sub(heard_ns) as f32 * 1e-9;
        self.last_heard_ns.map_or(f32::INFINITY, age_s)
    }

    /// Lock twice: were it lost, the gains would be saved, and saving wears the EEPROM. What another program left in
    /// RAM lasts until the servo's power goes: a speed or an acceleration that slows the joint down.
    fn tell_settings(&mut self, to: &[bool]) -> Result<(), BusError> {
        for _ in 0..2 {
            self.send_with(|bus, _| bus.set_lock(true, to))?;
        }
        let registers = [registers::P_GAIN, registers::D_GAIN, registers::I_GAIN];
        for (which, register) in registers.into_iter().enumerate() {
            self.send_with(|bus, values| bus.write(register, &values.gains[which], to))?;
        }
        for register in [registers::ACCELERATION, registers::GOAL_TIME, registers::GOAL_SPEED] {
            self.send_with(|bus, values| bus.write(register, &values.unlimited, to))?;
        }
        Ok(())
    }

    /// Little torque, the present position as goal, and only then torque.
    fn energise(&mut self, to: &[bool], goal_rad: &[f32]) -> Result<(), BusError> {
        self.send_with(|bus, values| bus.write(registers::TORQUE_LIMIT, &values.limits, to))?;
        self.send_with(|bus, _| bus.write_goals(goal_rad, to))?;
        self.send_with(|bus, _| bus.set_torque(true, to))
    }

    /// Lets every servo use all of its torque once somebody drives it.
    pub fn give_back_torque(&mut self) -> Result<(), BusError> {
        self.values.limits.fill(TORQUE_UNITS as u16);
        let everybody = vec![true; self.values.limits.len()];
        self.tell_limits(&everybody)
    }

    fn tell_limits(&mut self, to: &[bool]) -> Result<(), BusError> {
        self.limits_age += 1;
        if self.values.limits == self.limits_sent && self.limits_age < REPEAT_LIMITS {
            return Ok(());
        }
        self.limits_age = 0;
        self.limits_sent.copy_from_slice(&self.values.limits);
        self.send_with(|bus, values| bus.write(registers::TORQUE_LIMIT, &values.limits, to))
    }

    /// When the wire has carried what was sent by now, ns. Servos answer no request before its own bytes are through,
    /// and these wait for those before them.
    fn wire_free_ns(&self) -> u64 {
        self.busy_until_ns.max(self.clock.now_ns())
    }

    fn send_with(
        &mut self,
        frame: impl for<'a> FnOnce(&'a mut ServoBus, &Values) -> Result<&'a [u8], BusError>,
    ) -> Result<(), BusError> {
        let len = keep(&mut self.frame, frame(&mut self.bus, &self.values)?);
        self.send(len);
        Ok(())
    }

    /// Hands the first `len` bytes of the frame to the port; a port that takes none of them for as long as they would
    /// take on the wire loses them.
    fn send(&mut self, len: usize) {
        let give_up_ns = self.clock.now_ns() + 2 * self.bus.wire_ns(MAX_FRAME);
        let mut sent = 0;
        while sent < len && self.error.is_none() {
            match self.port.write(&self.frame[sent..len]) {
                Ok(0) if self.clock.now_ns() >= give_up_ns => return,
                Ok(0) => self.clock.wait_until(self.clock.now_ns() + SELDOM_NS),
                Ok(count) => {
                    sent += count;
                    self.busy_until_ns = self.wire_free_ns() + self.bus.wire_ns(count);
                }
                Err(error) => self.error = Some(error),
            }
        }
    }

    /// Sends the first `len` bytes of the frame and polls until the exchange is over.
    fn exchange(&mut self, len: usize) {
        if len == 0 {
            return;
        }
        self.send(len);
        let (mut chunk, mut count) = ([0; CHUNK], 0);
        loop {
            let now_ns = self.clock.now_ns();
            match self.bus.poll(now_ns, &chunk[..count]) {
                Poll::Done => return,
                Poll::Send(bytes) => {
                    let len = keep(&mut self.frame, bytes);
                    self.send(len);
                }
                Poll::Wait { until_ns } if count == 0 => self.pause(now_ns, until_ns),
                Poll::Wait { .. } => {}
            }
            count = self.receive(&mut chunk);
        }
    }

    /// What has arrived; nothing from a port that is gone.
    fn receive(&mut self, chunk: &mut [u8]) -> usize {
        self.port.read(chunk).unwrap_or_else(|error| {
            self.error = Some(error);
            0
        })
    }

    /// Asleep while the bytes cannot have come, then looking without pause, then seldom: a bounded spin.
    fn pause(&self, now_ns: u64, until_ns: u64) {
        let end_ns = self.bus.soonest_end_ns();
        let next_ns = if now_ns + EARLY_NS < end_ns {
            end_ns - EARLY_NS
        } else if now_ns < end_ns + BUSY_NS {
            now_ns + LOOK_NS
        } else {
            now_ns + SELDOM_NS
        };
        self.clock.wait_until(next_ns.min(until_ns));
    }

    fn update_readings(&mut self, read: ReadTimes) {
        for (index, (joint, state)) in self.readings.iter_mut().zip(self.bus.states()).enumerate() {
            if let Some(sampled_ns) = state.sampled_ns {
                self.last_heard_ns = self.last_heard_ns.max(Some(sampled_ns));
            }
            let gains = self.values.gains.each_ref().map(|gains| gains[index] as u8);
            *joint = joint_reading(state, gains, read);
        }
    }
}

/// Copies a frame to where the port can take it from; returns its length.
fn keep(frame: &mut [u8; MAX_FRAME], bytes: &[u8]) -> usize {
    frame[..bytes.len()].copy_from_slice(bytes);
    bytes.len()
}
