//! A robot's actuators with their port and its clock: one exchange after the other, each within its time.

use crate::robot::bus_line::BusLine;
use crate::servo_tools::ServoTools;
use gaitway_control::readings::JointReading;
use gaitway_control::supervisor::Orders;
use gaitway_feetech::bus::{BusCounters, ServoBus};
use gaitway_feetech::error::BusError;
use gaitway_feetech::servos::FeetechServos;
use gaitway_hal::actuators::{ActuatorError, Actuators};
use gaitway_platform::clock::Clock;
use gaitway_platform::port::{Port, PortError};
use gaitway_record::ReadTimes;

/// Actuators behind a port.
#[derive(Debug)]
pub struct ActuatorDriver<A: ?Sized, P, C> {
    readings: Vec<JointReading>,
    last_heard_ns: Option<u64>,
    line: BusLine<P, C>,
    actuators: Box<A>,
}

/// Those of a robot, of whatever family.
pub type RobotDriver<P, C> = ActuatorDriver<dyn Actuators, P, C>;

/// Servos, for tools that know them.
pub type ServoDriver<P, C> = ActuatorDriver<FeetechServos, P, C>;

impl<A: Actuators + ?Sized, P: Port, C: Clock> ActuatorDriver<A, P, C> {
    /// The actuators of so many joints behind `port`.
    pub fn of(actuators: Box<A>, joints: usize, port: P, clock: C) -> ActuatorDriver<A, P, C> {
        ActuatorDriver {
            readings: vec![JointReading::default(); joints],
            last_heard_ns: None,
            line: BusLine::new(port, clock, actuators.link()),
            actuators,
        }
    }

    /// The common read of position and velocity, over by `deadline_ns`.
    pub fn read(&mut self, deadline_ns: u64) -> ReadTimes {
        let begun_ns = self.line.now_ns();
        self.line
            .exchange(&mut *self.actuators, |actuators, free_ns| actuators.begin_read(free_ns, deadline_ns));
        let read = ReadTimes { begun_ns, ended_ns: self.line.now_ns() };
        self.last_heard_ns = self.last_heard_ns.max(self.actuators.read_joints(read, &mut self.readings));
        read
    }

    /// What one actuator measures seldom, of `which` or of the next one, where there is time before `deadline_ns`.
    pub fn read_slow(&mut self, which: Option<usize>, deadline_ns: u64) {
        self.line.exchange(&mut *self.actuators, |actuators, free_ns| {
            actuators.begin_slow_read(which, free_ns, deadline_ns)
        });
    }

    /// Tells the actuators what the supervisor decided. `goal_rad` are its goals.
    pub fn tell(&mut self, orders: &Orders, goal_rad: &[f32]) -> Result<(), ActuatorError> {
        let line = &mut self.line;
        self.actuators.tell(orders, goal_rad, &mut |frame| line.send(frame))
    }

    /// Every actuator is limp, whatever is known of it.
    pub fn cut(&mut self) {
        let line = &mut self.line;
        self.actuators.cut(&mut |frame| line.send(frame));
    }

    /// The actuators, to be asked.
    pub fn actuators(&self) -> &A {
        &self.actuators
    }

    /// The port.
    pub fn port(&self) -> &P {
        self.line.port()
    }

    /// The port, for who has to do with it without the driver; what waits there unread is taken for an answer.
    pub fn port_mut(&mut self) -> &mut P {
        self.line.port_mut()
    }

    /// What is known of each joint.
    pub fn readings(&self) -> &[JointReading] {
        &self.readings
    }

    /// Why the port carries nothing any more.
    pub fn error(&self) -> Option<PortError> {
        self.line.error()
    }

    /// Another port takes the place of one that is gone.
    pub fn replace_port(&mut self, port: P) {
        self.line.replace_port(port);
    }

    /// Time since any actuator answered, s; infinite where none ever has.
    pub fn silent_s(&self, now_ns: u64) -> f32 {
        let age_s = |heard_ns: u64| now_ns.saturating_sub(heard_ns) as f32 * 1e-9;
        self.last_heard_ns.map_or(f32::INFINITY, age_s)
    }
}

impl<P: Port, C: Clock> RobotDriver<P, C> {
    /// The servos, where the actuators are such.
    pub fn servos(&self) -> Option<&FeetechServos> {
        self.actuators.as_any().downcast_ref()
    }

    /// Tools for the servos, where the actuators are such.
    pub fn servo_tools(&mut self) -> Option<ServoTools<'_, P, C>> {
        let servos = self.actuators.as_any_mut().downcast_mut()?;
        Some(ServoTools::new(servos, &mut self.line))
    }
}

impl<P: Port, C: Clock> ServoDriver<P, C> {
    /// `bus` behind `port`; `gains` are P, I and D of each servo in register units.
    pub fn new(bus: ServoBus, port: P, clock: C, gains: &[[u8; 3]]) -> ServoDriver<P, C> {
        let joints = bus.servos().len();
        ActuatorDriver::of(Box::new(FeetechServos::new(bus, gains)), joints, port, clock)
    }

    /// The bus, to be asked.
    pub fn bus(&self) -> &ServoBus {
        self.actuators.bus()
    }

    /// Sums since the bus was opened.
    pub fn counters(&self) -> BusCounters {
        self.bus().counters()
    }

    /// Tools for the servos.
    pub fn tools(&mut self) -> ServoTools<'_, P, C> {
        ServoTools::new(&mut self.actuators, &mut self.line)
    }

    /// The servos marked in `to` go limp.
    pub fn release(&mut self, to: &[bool]) -> Result<(), BusError> {
        let line = &mut self.line;
        self.actuators.release(to, &mut |frame| line.send(frame))
    }

    /// Lets every servo use all of its torque once somebody drives it.
    pub fn give_back_torque(&mut self) -> Result<(), BusError> {
        let line = &mut self.line;
        self.actuators.give_back_torque(&mut |frame| line.send(frame))
    }
}
