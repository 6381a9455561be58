//! What was heard of a servo, as its registers held it: what a recording keeps, and what every number is decoded from.

use crate::feetech::faults::ServoFaults;
use crate::feetech::frame::Status;
use crate::feetech::registers::{self, Register};
use crate::feetech::servo::{Health, ServoConfig, ServoState, SlowState, TORQUE_UNITS};
use crate::feetech::units;

/// Current of one unit of its register, A.
const CURRENT_UNIT_A: f32 = 0.0065;

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

    /// What they say, asked for at `sampled_ns`.
    pub fn state(&self, sampled_ns: u64) -> SlowState {
        SlowState {
            load: registers::PRESENT_LOAD.decode(self.load) as f32 / 1000.0,
            voltage_v: f32::from(self.voltage) / 10.0,
            temperature_c: f32::from(self.temperature),
            current_a: registers::PRESENT_CURRENT.decode(self.current) as f32 * CURRENT_UNIT_A,
            gains: self.gains,
            torque_on: self.torque_enable == 1,
            torque_limit: f32::from(self.torque_limit) / TORQUE_UNITS,
            locked: self.lock != 0,
            sampled_ns,
        }
    }
}

impl Heard {
    /// What is known of the servo then.
    pub fn state(&self, config: &ServoConfig) -> ServoState {
        let (position_rad, velocity_rps) = match self.sampled_ns {
            Some(_) => (self.motion.position_rad(config), self.motion.velocity_rps(config)),
            None => (0.0, 0.0),
        };
        ServoState {
            position_rad,
            velocity_rps,
            sampled_ns: self.sampled_ns,
            faults: ServoFaults::from_error_byte(self.motion.faults),
            slow: self.slow.map(|(registers, sampled_ns)| registers.state(sampled_ns)),
            health: Health { misses_in_a_row: self.misses_in_a_row, ..Health::default() },
            heard: *self,
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
