//! The servos of one robot as its loop sees them: what they are told, frame by frame, and what is known of them.

use crate::bus::ServoBus;
use crate::error::BusError;
use crate::frame::MAX_FRAME;
use crate::log::{joint_reading, row_len, write_row};
use crate::registers;
use crate::servo::TORQUE_UNITS;
use gaitway_control::readings::JointReading;
use gaitway_control::supervisor::Orders;
use gaitway_hal::actuators::{ActuatorError, Actuators, Poll};
use gaitway_hal::link::Link;
use gaitway_record::ReadTimes;
use std::any::Any;

/// Longest frame on the bus, bytes.
pub const LONGEST_FRAME: usize = MAX_FRAME;
/// Ticks after which a torque limit is said again although it has not changed: its frame may have been lost.
const REPEAT_LIMITS: u32 = 25;

/// Where frames go.
type Send<'a> = &'a mut dyn FnMut(&[u8]);

/// The servos of one robot.
#[derive(Debug)]
pub struct FeetechServos {
    bus: ServoBus,
    /// P, D and I of each servo, register units.
    gains: [Vec<u16>; 3],
    /// Torque limits, register units.
    limits: Vec<u16>,
    /// Acceleration, time and speed of a goal: none that limits the joint.
    unlimited: Vec<u16>,
    limits_sent: Vec<u16>,
    limits_age: u32,
}

impl FeetechServos {
    /// The servos of `bus`; `gains` are P, I and D of each in register units.
    pub fn new(bus: ServoBus, gains: &[[u8; 3]]) -> FeetechServos {
        let count = bus.servos().len();
        let [p, i, d] = [0, 1, 2].map(|which| gains.iter().map(|gain| u16::from(gain[which])).collect());
        FeetechServos {
            bus,
            gains: [p, d, i],
            limits: vec![0; count],
            unlimited: vec![0; count],
            limits_sent: vec![u16::MAX; count],
            limits_age: 0,
        }
    }

    /// The bus, to be asked.
    pub fn bus(&self) -> &ServoBus {
        &self.bus
    }

    /// The bus, for exchanges of tools.
    pub fn bus_mut(&mut self) -> &mut ServoBus {
        &mut self.bus
    }

    /// The servos marked in `to` go limp.
    pub fn release(&mut self, to: &[bool], send: Send) -> Result<(), BusError> {
        send(self.bus.set_torque(false, to)?);
        Ok(())
    }

    /// Lets every servo use all of its torque once somebody drives it.
    pub fn give_back_torque(&mut self, send: Send) -> Result<(), BusError> {
        self.limits.fill(TORQUE_UNITS as u16);
        let everybody = vec![true; self.limits.len()];
        self.tell_limits(&everybody, send)
    }

    fn tell_servos(&mut self, orders: &Orders, goal_rad: &[f32], send: Send) -> Result<(), BusError> {
        send(self.bus.write_goals(goal_rad, &orders.goal)?);
        if orders.settings.contains(&true) {
            self.tell_settings(&orders.settings, send)?;
        }
        for (limit, share) in self.limits.iter_mut().zip(&orders.torque_limit) {
            *limit = (share * TORQUE_UNITS).clamp(0.0, TORQUE_UNITS) as u16;
        }
        if orders.energise.contains(&true) {
            self.energise(&orders.energise, goal_rad, send)?;
        }
        self.tell_limits(&orders.goal, send)
    }

    /// Lock twice: were it lost, the gains would be saved, and saving wears the EEPROM. What another program left in
    /// RAM lasts until the servo's power goes: a speed or an acceleration that slows the joint down.
    fn tell_settings(&mut self, to: &[bool], send: Send) -> Result<(), BusError> {
        for _ in 0..2 {
            send(self.bus.set_lock(true, to)?);
        }
        let registers = [registers::P_GAIN, registers::D_GAIN, registers::I_GAIN];
        for (gains, register) in self.gains.iter().zip(registers) {
            send(self.bus.write(register, gains, to)?);
        }
        for register in [registers::ACCELERATION, registers::GOAL_TIME, registers::GOAL_SPEED] {
            send(self.bus.write(register, &self.unlimited, to)?);
        }
        Ok(())
    }

    /// Little torque, the present position as goal, and only then torque.
    fn energise(&mut self, to: &[bool], goal_rad: &[f32], send: Send) -> Result<(), BusError> {
        send(self.bus.write(registers::TORQUE_LIMIT, &self.limits, to)?);
        send(self.bus.write_goals(goal_rad, to)?);
        send(self.bus.set_torque(true, to)?);
        Ok(())
    }

    fn tell_limits(&mut self, to: &[bool], send: Send) -> Result<(), BusError> {
        self.limits_age += 1;
        if self.limits == self.limits_sent && self.limits_age < REPEAT_LIMITS {
            return Ok(());
        }
        self.limits_age = 0;
        self.limits_sent.copy_from_slice(&self.limits);
        send(self.bus.write(registers::TORQUE_LIMIT, &self.limits, to)?);
        Ok(())
    }
}

impl Actuators for FeetechServos {
    fn link(&self) -> Link {
        self.bus.link()
    }

    fn begin_read(&mut self, now_ns: u64, deadline_ns: u64) -> &[u8] {
        self.bus.begin_read(now_ns, deadline_ns)
    }

    fn begin_slow_read(&mut self, which: Option<usize>, now_ns: u64, deadline_ns: u64) -> &[u8] {
        self.bus.begin_slow_read(which, now_ns, deadline_ns)
    }

    fn poll(&mut self, now_ns: u64, received: &[u8]) -> Poll<'_> {
        self.bus.poll(now_ns, received)
    }

    fn soonest_end_ns(&self) -> u64 {
        self.bus.soonest_end_ns()
    }

    fn tell(&mut self, orders: &Orders, goal_rad: &[f32], send: Send) -> Result<(), ActuatorError> {
        if orders.cut {
            self.cut(send);
            return Ok(());
        }
        Ok(self.tell_servos(orders, goal_rad, send)?)
    }

    fn cut(&mut self, send: Send) {
        send(self.bus.torque_off());
    }

    fn read_joints(&self, read: ReadTimes, joints: &mut [JointReading]) -> Option<u64> {
        let mut last_ns = None;
        for (index, (joint, state)) in joints.iter_mut().zip(self.bus.states()).enumerate() {
            last_ns = last_ns.max(state.sampled_ns);
            *joint = joint_reading(state, self.gains.each_ref().map(|gains| gains[index] as u8), read);
        }
        last_ns
    }

    fn row_len(&self) -> usize {
        row_len(self.bus.servos().len())
    }

    fn write_row(&self, row: &mut [u8]) {
        write_row(self.bus.states(), row);
    }

    fn longest_ns(&self) -> (u64, u64) {
        (self.bus.tick_ns(), self.bus.slow_read_ns())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl From<BusError> for ActuatorError {
    fn from(error: BusError) -> ActuatorError {
        ActuatorError { problem: error.to_string(), hint: error.hint().to_owned() }
    }
}
