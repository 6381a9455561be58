//! What was heard of a servo, as its registers held it: what a recording keeps, and what every number is decoded from.

use crate::config::ServoConfig;
use crate::frame::Status;
use crate::registers::{self, Register};
use crate::units;

/// Position and speed, and the error byte they came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MotionRegisters {
    /// Present position.
    pub position: u16,
    /// Present speed.
    pub speed: u16,
    /// Error byte of the status.
    pub faults: u8,
}

/// Settings and slow measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlowRegisters {
    /// Present load.
    pub load: u16,
    /// Present voltage.
    pub voltage: u8,
    /// Present temperature.
    pub temperature: u8,
    /// Present current.
    pub current: u16,
    /// Proportional, derivative and integral gain.
    pub gains: [u8; 3],
    /// Torque enable.
    pub torque_enable: u8,
    /// Torque limit.
    pub torque_limit: u16,
    /// Lock.
    pub lock: u8,
}

/// Everything that was last heard of a servo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heard {
    /// Position and speed.
    pub motion: MotionRegisters,
    /// When these were asked for, ns; `None` until they first came.
    pub sampled_ns: Option<u64>,
    /// Reads it has not answered since.
    pub misses_in_a_row: u32,
    /// Settings and slow measurements, and when they were asked for, ns.
    pub slow: Option<(SlowRegisters, u64)>,
}

impl MotionRegisters {
    pub(crate) fn of(status: &Status, first: Register) -> MotionRegisters {
        MotionRegisters {
            position: raw(status, first, registers::PRESENT_POSITION),
            speed: raw(status, first, registers::PRESENT_SPEED),
            faults: status.faults.byte(),
        }
    }

    /// Joint angle, rad.
    pub fn position_rad(&self, config: &ServoConfig) -> f32 {
        let count = registers::PRESENT_POSITION.decode(self.position);
        config.joint_rad(units::angle_rad(count)) as f32
    }

    /// Velocity of the servo, rad/s.
    pub(crate) fn servo_rps(&self) -> f64 {
        units::velocity_rps(registers::PRESENT_SPEED.decode(self.speed))
    }

    /// Joint velocity, rad/s.
    pub fn velocity_rps(&self, config: &ServoConfig) -> f32 {
        (self.servo_rps() * f64::from(config.direction)) as f32
    }
}

impl SlowRegisters {
    pub(crate) fn of(status: &Status) -> SlowRegisters {
        let word = |register| raw(status, registers::P_GAIN, register);
        let byte = |register| word(register) as u8;
        SlowRegisters {
            load: word(registers::PRESENT_LOAD),
            voltage: byte(registers::PRESENT_VOLTAGE),
            temperature: byte(registers::PRESENT_TEMPERATURE),
            current: word(registers::PRESENT_CURRENT),
            gains: [byte(registers::P_GAIN), byte(registers::D_GAIN), byte(registers::I_GAIN)],
            torque_enable: byte(registers::TORQUE_ENABLE),
            torque_limit: word(registers::TORQUE_LIMIT),
            lock: byte(registers::LOCK),
        }
    }
}

/// The bytes of `register` in a status whose data begins with the register `first`.
fn raw(status: &Status, first: Register, register: Register) -> u16 {
    let start = usize::from(register.address - first.address);
    let mut bytes = [0; 2];
    let width = usize::from(register.width);
    bytes[..width].copy_from_slice(&status.data[start..start + width]);
    u16::from_le_bytes(bytes)
}
