//! What a servo watches: supply, heat, current and load, and the faults that stay until torque is switched on anew.

use crate::register_file::RegisterFile;
use crate::registers::{
    MAX_TEMPERATURE, MAX_VOLTAGE, MIN_VOLTAGE, OVER_CURRENT_TIME, OVERLOAD_TORQUE, PROTECTION_CURRENT,
    PROTECTION_TIME, Register, UNLOAD_CONDITIONS, error_bit,
};

/// Unit of the protection times (35, 38), ns.
const TIME_UNIT_NS: u64 = 10_000_000;
/// Unit of the voltages (14, 15, 62), V.
pub(crate) const VOLTAGE_UNIT_V: f64 = 0.1;
/// Unit of the currents (28, 69), A.
pub(crate) const CURRENT_UNIT_A: f64 = 0.0065;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    pub voltage_v: f64,
    pub temperature_c: f64,
    pub current_a: f64,
    /// The bridge's duty, −1 to 1.
    pub duty: f64,
}

/// Faults of one servo: bits of [`error_bit`].
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Protection {
    active: u8,
    latched: u8,
    overload_ns: u64,
    over_current_ns: u64,
}

impl Protection {
    /// The error byte.
    pub fn error(&self) -> u8 {
        self.active | self.latched
    }

    /// The faults that stay.
    pub fn latched(&self) -> u8 {
        self.latched
    }

    /// Torque was switched on anew: the faults are forgotten, and come back where their cause lasts.
    pub fn clear_latched(&mut self) {
        *self = Protection { active: self.active & error_bit::VOLTAGE, ..Protection::default() };
    }

    /// A fault from outside.
    pub fn latch(&mut self, bits: u8) {
        self.latched |= bits;
    }

    /// `dt_ns` more of what was measured. Faults that the unload conditions (19) name are latched.
    pub fn watch(&mut self, dt_ns: u64, registers: &RegisterFile, measured: &Measured) {
        let limit = |register: Register| f64::from(registers.value(register));
        let lasts = |time: Register| u64::from(registers.raw(time)) * TIME_UNIT_NS;
        let volts = measured.voltage_v / VOLTAGE_UNIT_V;
        let is_overloaded = 100.0 * measured.duty.abs() > limit(OVERLOAD_TORQUE);
        let is_over_current = measured.current_a > CURRENT_UNIT_A * limit(PROTECTION_CURRENT);
        let lasting = |is_on: bool, for_ns: u64| if is_on { for_ns.saturating_add(dt_ns) } else { 0 };
        self.overload_ns = lasting(is_overloaded, self.overload_ns);
        self.over_current_ns = lasting(is_over_current, self.over_current_ns);

        let bit = |is_on: bool, bit: u8| if is_on { bit } else { 0 };
        self.active = bit(volts < limit(MIN_VOLTAGE) || volts > limit(MAX_VOLTAGE), error_bit::VOLTAGE)
            | bit(measured.temperature_c >= limit(MAX_TEMPERATURE), error_bit::TEMPERATURE)
            | bit(
                is_over_current && self.over_current_ns >= lasts(OVER_CURRENT_TIME),
                error_bit::OVER_CURRENT,
            )
            | bit(is_overloaded && self.overload_ns >= lasts(PROTECTION_TIME), error_bit::OVERLOAD);
        self.latched |= self.active & registers.raw(UNLOAD_CONDITIONS) as u8;
    }
}
