//! What tools do with servos on a robot's own line: look at their settings, put them right, look at the line.

use crate::desk::Desk;
use crate::line::LineReport;
use crate::robot::bus_line::BusLine;
use gaitway_feetech::audit::Finding;
use gaitway_feetech::bus::ServoBus;
use gaitway_feetech::error::BusError;
use gaitway_feetech::registers::Register;
use gaitway_feetech::servos::FeetechServos;
use gaitway_platform::clock::Clock;
use gaitway_platform::port::{Port, PortError};

/// How often a servo is asked for its EEPROM at least, and for how long, before it counts as silent: one that has just
/// got its power is deaf while it boots.
const AUDIT_ROUNDS: usize = 3;
const AUDIT_PATIENCE_NS: u64 = 300_000_000;
/// The servo writes its EEPROM before it listens again, ns.
const SAVE_NS: u64 = 10_000_000;

/// Servos and their line, for as long as a tool has them.
#[derive(Debug)]
pub struct ServoTools<'a, P, C> {
    servos: &'a mut FeetechServos,
    line: &'a mut BusLine<P, C>,
}

impl<'a, P: Port, C: Clock> ServoTools<'a, P, C> {
    /// Tools for `servos` on `line`.
    pub fn new(servos: &'a mut FeetechServos, line: &'a mut BusLine<P, C>) -> ServoTools<'a, P, C> {
        ServoTools { servos, line }
    }

    /// The bus, to be asked.
    pub fn bus(&self) -> &ServoBus {
        self.servos.bus()
    }

    /// Reads every setting of each servo; those that stay silent have no entry in `audited`.
    pub fn audit(&mut self) {
        let patient_until_ns = self.line.now_ns() + AUDIT_PATIENCE_NS;
        let mut silent: Vec<usize> = (0..self.bus().servos().len()).collect();
        let mut rounds = 0;
        while !silent.is_empty() && (rounds < AUDIT_ROUNDS || self.line.now_ns() < patient_until_ns) {
            for &servo in &silent {
                // It is one of theirs.
                self.line.exchange(self.servos, |servos, free_ns| {
                    servos.bus_mut().begin_audit(servo, free_ns).unwrap_or_default()
                });
            }
            silent.retain(|&servo| self.servos.bus().audited(servo).is_none());
            rounds += 1;
        }
    }

    /// Looks at the line with the servos that answered the audit.
    pub fn check_line(&mut self) -> Result<LineReport, PortError> {
        let bus = self.servos.bus();
        let answered = bus.servos().iter().enumerate().filter(|(index, _)| bus.audited(*index).is_some());
        let ids: Vec<u8> = answered.map(|(_, servo)| servo.id).collect();
        let baud = bus.baud();
        let (port, clock) = self.line.parts();
        Desk::new(port, clock, baud).check_line(&ids)
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

    /// Writes EEPROM registers of one servo for good, one after the other, with its lock open.
    fn save(&mut self, servo: usize, values: &[(Register, u16)]) -> Result<(), BusError> {
        let mut only = vec![false; self.bus().servos().len()];
        if let Some(mark) = only.get_mut(servo) {
            *mark = true;
        }
        self.line.send(self.servos.bus_mut().set_lock(false, &only)?);
        for &(register, value) in values {
            self.line.send(self.servos.bus_mut().save(register, value, servo)?);
            self.line.clock().wait_until(self.line.now_ns() + SAVE_NS);
        }
        self.line.send(self.servos.bus_mut().set_lock(true, &only)?);
        Ok(())
    }
}
