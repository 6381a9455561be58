//! The registers of the STS3215 as a table (facts 2.2; little-endian).
//!
//! Factory values that the facts do not give are those of the vendor's memory table for the 7.4 V servo.

/// Where a register lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// Survives power-off, where it was saved.
    Eeprom,
    /// Back to its default at power-on.
    Ram,
}

/// Who may write a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The servo alone; the host's writes are ignored.
    ReadOnly,
    /// The host too.
    ReadWrite,
}

/// One register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register {
    /// Address of its low byte.
    pub address: u8,
    /// Bytes: 1 or 2.
    pub width: u8,
    /// Name in this table.
    pub name: &'static str,
    /// Where it lives.
    pub area: Area,
    /// Who may write it.
    pub access: Access,
    /// Factory value in EEPROM, power-on value in RAM.
    pub factory: u16,
    /// The bit that holds the sign of a sign-magnitude number.
    pub sign_bit: Option<u8>,
}

impl Register {
    /// The raw value of `value`: sign and magnitude where the register has a sign, cut to what it can hold.
    pub fn encode(&self, value: i32) -> u16 {
        let bits = self.sign_bit.unwrap_or(8 * self.width).min(16);
        let magnitude = value.unsigned_abs().min((1_u32 << bits) - 1) as u16;
        match self.sign_bit {
            Some(bit) if value < 0 => magnitude | 1 << bit,
            None if value < 0 => 0,
            _ => magnitude,
        }
    }

    /// The number that `raw` means. Not two's complement: −1 is the sign bit and 1.
    pub fn decode(&self, raw: u16) -> i32 {
        match self.sign_bit {
            Some(bit) if raw >> bit & 1 == 1 => -i32::from(raw & ((1 << bit) - 1)),
            Some(bit) => i32::from(raw & ((1 << bit) - 1)),
            None => i32::from(raw),
        }
    }

    /// Whether a write of `len` bytes from `address` reaches this register.
    pub fn is_touched_by(&self, address: u8, len: usize) -> bool {
        let (first, last) = (usize::from(self.address), usize::from(self.address + self.width));
        usize::from(address) < last && first < usize::from(address) + len
    }
}

macro_rules! registers {
    ($($(#[$doc:meta])* $name:ident = $address:literal, $width:literal, $area:ident, $access:ident, $factory:literal $(, sign $bit:literal)?;)*) => {
        $($(#[$doc])* pub const $name: Register = Register {
            address: $address,
            width: $width,
            name: stringify!($name),
            area: Area::$area,
            access: Access::$access,
            factory: $factory,
            sign_bit: registers!(@sign $($bit)?),
        };)*

        /// Every register, by address. What is not here reads as 0 and cannot be written.
        pub const REGISTERS: &[Register] = &[$($name),*];
    };
    (@sign) => { None };
    (@sign $bit:literal) => { Some($bit) };
}

registers! {
    /// Firmware, major.
    FIRMWARE_MAJOR = 0, 1, Eeprom, ReadOnly, 3;
    /// Firmware, minor.
    FIRMWARE_MINOR = 1, 1, Eeprom, ReadOnly, 6;
    /// Model: 777 is the STS3215.
    MODEL = 3, 2, Eeprom, ReadOnly, 777;
    /// Id, 0 to 253.
    ID = 5, 1, Eeprom, ReadWrite, 1;
    /// Baud rate, an index: see [`baud_of`].
    BAUD = 6, 1, Eeprom, ReadWrite, 0;
    /// Return delay, 2 µs. Sources conflict (250 or 0): [`crate::ServoOptions::factory_return_delay`] decides.
    RETURN_DELAY = 7, 1, Eeprom, ReadWrite, 250;
    /// Response level: see [`crate::ResponseLevels`].
    RESPONSE_LEVEL = 8, 1, Eeprom, ReadWrite, 1;
    /// Smallest goal, steps; with [`MAX_ANGLE`] 0: many turns.
    MIN_ANGLE = 9, 2, Eeprom, ReadWrite, 0;
    /// Largest goal, steps.
    MAX_ANGLE = 11, 2, Eeprom, ReadWrite, 4095;
    /// Hottest the servo may run, °C.
    MAX_TEMPERATURE = 13, 1, Eeprom, ReadWrite, 70;
    /// Highest supply, 0.1 V.
    MAX_VOLTAGE = 14, 1, Eeprom, ReadWrite, 80;
    /// Lowest supply, 0.1 V.
    MIN_VOLTAGE = 15, 1, Eeprom, ReadWrite, 40;
    /// Torque limit at power-on, 0.1 %.
    MAX_TORQUE = 16, 2, Eeprom, ReadWrite, 1000;
    /// Phase bits; bit 2 set: speed in steps/s, clear: in 50 steps/s.
    PHASE = 18, 1, Eeprom, ReadWrite, 12;
    /// Which faults cut the torque: bits of the error byte. 44: temperature, current, overload.
    UNLOAD_CONDITIONS = 19, 1, Eeprom, ReadWrite, 44;
    /// Which faults light the lamp.
    LED_ALARM = 20, 1, Eeprom, ReadWrite, 47;
    /// Proportional gain of the position loop.
    P_GAIN = 21, 1, Eeprom, ReadWrite, 32;
    /// Derivative gain of the position loop.
    D_GAIN = 22, 1, Eeprom, ReadWrite, 32;
    /// Integral gain of the position loop.
    I_GAIN = 23, 1, Eeprom, ReadWrite, 0;
    /// Least torque at the start of a motion, 0.1 %.
    MIN_START_FORCE = 24, 2, Eeprom, ReadWrite, 16;
    /// Dead zone clockwise, steps.
    CW_DEAD_ZONE = 26, 1, Eeprom, ReadWrite, 1;
    /// Dead zone counter-clockwise, steps.
    CCW_DEAD_ZONE = 27, 1, Eeprom, ReadWrite, 1;
    /// Current that trips the over-current protection, 6.5 mA.
    PROTECTION_CURRENT = 28, 2, Eeprom, ReadWrite, 500;
    /// Multiplier of the angle's step.
    ANGULAR_RESOLUTION = 30, 1, Eeprom, ReadWrite, 1;
    /// What is taken off the encoder's steps.
    POSITION_OFFSET = 31, 2, Eeprom, ReadWrite, 0, sign 11;
    /// 0 position, 1 speed, 2 PWM, 3 step.
    MODE = 33, 1, Eeprom, ReadWrite, 0;
    /// Torque after an overload, %.
    PROTECTIVE_TORQUE = 34, 1, Eeprom, ReadWrite, 20;
    /// How long an overload may last, 10 ms.
    PROTECTION_TIME = 35, 1, Eeprom, ReadWrite, 200;
    /// Load that counts as overload, %.
    OVERLOAD_TORQUE = 36, 1, Eeprom, ReadWrite, 80;
    /// Proportional gain of the speed loop.
    SPEED_P_GAIN = 37, 1, Eeprom, ReadWrite, 10;
    /// How long an over-current may last, 10 ms.
    OVER_CURRENT_TIME = 38, 1, Eeprom, ReadWrite, 200;
    /// Integral gain of the speed loop.
    SPEED_I_GAIN = 39, 1, Eeprom, ReadWrite, 10;
    /// 0 off, 1 on, 2 damping; 128 makes the present position 2048.
    TORQUE_ENABLE = 40, 1, Ram, ReadWrite, 0;
    /// Acceleration, 8.7 °/s²; 0: unlimited.
    ACCELERATION = 41, 1, Ram, ReadWrite, 0;
    /// Goal, steps.
    GOAL_POSITION = 42, 2, Ram, ReadWrite, 0, sign 15;
    /// Goal time, or PWM in mode 2.
    GOAL_TIME = 44, 2, Ram, ReadWrite, 0, sign 10;
    /// Goal speed.
    GOAL_SPEED = 46, 2, Ram, ReadWrite, 0, sign 15;
    /// Torque limit, 0.1 %; from [`MAX_TORQUE`] at power-on.
    TORQUE_LIMIT = 48, 2, Ram, ReadWrite, 1000;
    /// 0: writes to EEPROM registers are saved; 1: they take effect and are not saved. Power-on value: facts 2.2.
    LOCK = 55, 1, Ram, ReadWrite, 0;
    /// Position, steps.
    PRESENT_POSITION = 56, 2, Ram, ReadOnly, 0, sign 15;
    /// Speed, in the unit that [`PHASE`] chooses.
    PRESENT_SPEED = 58, 2, Ram, ReadOnly, 0, sign 15;
    /// Load: the bridge's duty, 0.1 %.
    PRESENT_LOAD = 60, 2, Ram, ReadOnly, 0, sign 10;
    /// Supply, 0.1 V.
    PRESENT_VOLTAGE = 62, 1, Ram, ReadOnly, 0;
    /// Temperature, °C.
    PRESENT_TEMPERATURE = 63, 1, Ram, ReadOnly, 0;
    /// 1 while a reg-write waits for its action.
    REG_WRITE_PENDING = 64, 1, Ram, ReadOnly, 0;
    /// Faults: the bits of the error byte.
    STATUS = 65, 1, Ram, ReadOnly, 0;
    /// 1 while the servo turns.
    MOVING = 66, 1, Ram, ReadOnly, 0;
    /// Current, 6.5 mA.
    PRESENT_CURRENT = 69, 2, Ram, ReadOnly, 0;
    /// A copy of the goal.
    GOAL_COPY = 71, 2, Ram, ReadOnly, 0, sign 15;
}

/// Bits of the error byte, of [`STATUS`] and of [`UNLOAD_CONDITIONS`] (facts 2.1).
pub mod error_bit {
    /// Supply out of its limits.
    pub const VOLTAGE: u8 = 1 << 0;
    /// Too hot.
    pub const TEMPERATURE: u8 = 1 << 2;
    /// Too much current for too long.
    pub const OVER_CURRENT: u8 = 1 << 3;
    /// Too much load for too long.
    pub const OVERLOAD: u8 = 1 << 5;
}

/// The baud rate that a value of [`BAUD`] stands for. Sources conflict from 5 on (facts 2.2); these are the vendor's.
pub fn baud_of(index: u8) -> Option<u32> {
    [1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400].get(usize::from(index)).copied()
}
