//! Frames that write: one register of several servos at once. Nobody answers them, so what counts is read back.

use crate::bus::ServoBus;
use crate::error::BusError;
use crate::frame::{BROADCAST, Instruction, Request};
use crate::registers::{self, Register};
use crate::servo::ServoConfig;
use crate::units;

impl ServoBus {
    /// The frame that writes the goals of the servos marked in `to`: joint angles in rad, in the order of the servos.
    /// Empty where none is marked.
    pub fn write_goals(&mut self, goal_rad: &[f32], to: &[bool]) -> Result<&[u8], BusError> {
        self.check_lengths("goals", goal_rad.len(), to.len())?;
        let marked = || self.servos.iter().zip(goal_rad).zip(to).filter(|(_, to)| **to).map(|(pair, _)| pair);
        if let Some((servo, &found)) = marked().find(|(_, goal)| !goal.is_finite()) {
            return Err(BusError::NonFiniteGoal { id: servo.id, found });
        }
        let count = |servo: &ServoConfig, goal: f32| units::goal_count(servo.servo_rad(f64::from(goal)));
        let goals = marked().map(|(servo, &goal)| (servo.id, count(servo, goal)));
        Ok(build(&mut self.request, registers::GOAL_POSITION, goals))
    }

    /// The frame that writes `values` to one register of the servos marked in `to`; empty where none is marked.
    /// EEPROM is refused where a servo's lock is not set: the write would be saved, and wear it.
    pub fn write(&mut self, register: Register, values: &[u16], to: &[bool]) -> Result<&[u8], BusError> {
        self.check_lengths(register.name, values.len(), to.len())?;
        if register.eeprom && to.iter().zip(&self.locked).any(|(&to, &locked)| to && !locked) {
            return Err(BusError::Unlocked { register: register.name });
        }
        Ok(self.build_marked(register, values, to))
    }

    /// The frame that writes one EEPROM register of one servo for good. Its lock must have been opened with
    /// [`ServoBus::set_lock`]; an id cannot be changed this way.
    pub fn save(&mut self, register: Register, value: u16, servo: usize) -> Result<&[u8], BusError> {
        let count = self.servos.len();
        let Some(config) = self.servos.get(servo) else {
            return Err(BusError::NoSuchServo { index: servo, count });
        };
        if register == registers::ID {
            return Err(BusError::IdIsKept);
        }
        let value = [(config.id, value)].into_iter();
        Ok(build(&mut self.request, register, value))
    }

    /// The frame that sets the lock of the servos marked in `to`: while it is set, a write to EEPROM takes effect and
    /// is not saved. Always written: the power-on value is uncertain.
    pub fn set_lock(&mut self, locked: bool, to: &[bool]) -> Result<&[u8], BusError> {
        self.check_lengths("lock", to.len(), to.len())?;
        for (state, _) in self.locked.iter_mut().zip(to).filter(|(_, to)| **to) {
            *state = locked;
        }
        Ok(self.build_same(registers::LOCK, u16::from(locked), to))
    }

    /// The frame that switches the torque of the servos marked in `to`.
    pub fn set_torque(&mut self, on: bool, to: &[bool]) -> Result<&[u8], BusError> {
        self.check_lengths("torque", to.len(), to.len())?;
        Ok(self.build_same(registers::TORQUE_ENABLE, u16::from(on), to))
    }

    /// The frame that makes every servo limp, whatever the driver knows of it.
    pub fn torque_off(&mut self) -> &[u8] {
        let all = self.servos.iter().map(|servo| (servo.id, 0));
        build(&mut self.request, registers::TORQUE_ENABLE, all)
    }

    fn build_marked(&mut self, register: Register, values: &[u16], to: &[bool]) -> &[u8] {
        let ids = self.servos.iter().map(|servo| servo.id);
        let marked = ids.zip(values.iter().copied()).zip(to).filter(|(_, to)| **to).map(|(pair, _)| pair);
        build(&mut self.request, register, marked)
    }

    fn build_same(&mut self, register: Register, value: u16, to: &[bool]) -> &[u8] {
        let marked = self.servos.iter().zip(to).filter(|(_, to)| **to).map(|(servo, _)| (servo.id, value));
        build(&mut self.request, register, marked)
    }

    fn check_lengths(&self, what: &'static str, values: usize, to: usize) -> Result<(), BusError> {
        let expected = self.servos.len();
        let found = if values == expected { to } else { values };
        if found == expected { Ok(()) } else { Err(BusError::Length { what, expected, found }) }
    }
}

/// One register of several servos; nothing where there is no servo.
fn build(request: &mut Request, register: Register, values: impl Iterator<Item = (u8, u16)>) -> &[u8] {
    *request = Request::new(BROADCAST, Instruction::SyncWrite);
    request.extend(&[register.address, register.width]);
    let mut is_empty = true;
    for (id, value) in values {
        request.push(id);
        request.extend(&value.to_le_bytes()[..usize::from(register.width)]);
        is_empty = false;
    }
    if is_empty { &[] } else { request.finish() }
}
