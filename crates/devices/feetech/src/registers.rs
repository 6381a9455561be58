//! Registers of the STS3215, as a table.

/// One register, or two bytes of one, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register {
    /// First address.
    pub address: u8,
    /// Bytes: 1 or 2.
    pub width: u8,
    /// Name for people.
    pub name: &'static str,
    /// Bit that says "negative": sign and magnitude, not two's complement.
    pub sign_bit: Option<u8>,
    /// Survives a power cycle, and wears: such a write is only made on purpose.
    pub eeprom: bool,
}

macro_rules! registers {
    ($($constant:ident $address:literal $width:literal $name:literal $sign_bit:expr, $memory:ident;)*) => {
        $(
            #[doc = concat!("Register ", $address, ": ", $name, ".")]
            pub const $constant: Register = Register {
                address: $address,
                width: $width,
                name: $name,
                sign_bit: $sign_bit,
                eeprom: registers!(@eeprom $memory),
            };
        )*
        /// Every register, by address.
        pub const ALL: &[Register] = &[$($constant),*];
    };
    (@eeprom eeprom) => { true };
    (@eeprom ram) => { false };
}

registers! {
    FIRMWARE_MAJOR     0 1 "firmware major"       None, eeprom;
    FIRMWARE_MINOR     1 1 "firmware minor"       None, eeprom;
    MODEL              3 2 "model"                None, eeprom;
    ID                 5 1 "id"                   None, eeprom;
    BAUD               6 1 "baud"                 None, eeprom;
    RETURN_DELAY       7 1 "return delay"         None, eeprom;
    RESPONSE_LEVEL     8 1 "response level"       None, eeprom;
    MIN_ANGLE          9 2 "min angle"            None, eeprom;
    MAX_ANGLE         11 2 "max angle"            None, eeprom;
    MAX_TEMPERATURE   13 1 "max temperature"      None, eeprom;
    MAX_VOLTAGE       14 1 "max voltage"          None, eeprom;
    MIN_VOLTAGE       15 1 "min voltage"          None, eeprom;
    MAX_TORQUE        16 2 "max torque"           None, eeprom;
    PHASE             18 1 "phase"                None, eeprom;
    UNLOAD_CONDITION  19 1 "unload condition"     None, eeprom;
    LED_ALARM         20 1 "LED alarm"            None, eeprom;
    P_GAIN            21 1 "P gain"               None, eeprom;
    D_GAIN            22 1 "D gain"               None, eeprom;
    I_GAIN            23 1 "I gain"               None, eeprom;
    MIN_START_FORCE   24 2 "min start force"      None, eeprom;
    CW_DEAD_ZONE      26 1 "clockwise dead zone"  None, eeprom;
    CCW_DEAD_ZONE     27 1 "counter-clockwise dead zone" None, eeprom;
    PROTECTION_CURRENT 28 2 "protection current"  None, eeprom;
    ANGULAR_RESOLUTION 30 1 "angular resolution"  None, eeprom;
    POSITION_OFFSET   31 2 "position offset"      Some(11), eeprom;
    MODE              33 1 "mode"                 None, eeprom;
    PROTECTIVE_TORQUE 34 1 "protective torque"    None, eeprom;
    PROTECTION_TIME   35 1 "protection time"      None, eeprom;
    OVERLOAD_TORQUE   36 1 "overload torque"      None, eeprom;
    OVER_CURRENT_TIME 38 1 "over-current time"    None, eeprom;
    TORQUE_ENABLE     40 1 "torque enable"        None, ram;
    ACCELERATION      41 1 "acceleration"         None, ram;
    GOAL_POSITION     42 2 "goal position"        Some(15), ram;
    GOAL_TIME         44 2 "goal time"            Some(10), ram;
    GOAL_SPEED        46 2 "goal speed"           Some(15), ram;
    TORQUE_LIMIT      48 2 "torque limit"         None, ram;
    LOCK              55 1 "lock"                 None, ram;
    PRESENT_POSITION  56 2 "present position"     Some(15), ram;
    PRESENT_SPEED     58 2 "present speed"        Some(15), ram;
    PRESENT_LOAD      60 2 "present load"         Some(10), ram;
    PRESENT_VOLTAGE   62 1 "present voltage"      None, ram;
    PRESENT_TEMPERATURE 63 1 "present temperature" None, ram;
    STATUS            65 1 "status"               None, ram;
    MOVING            66 1 "moving"               None, ram;
    PRESENT_CURRENT   69 2 "present current"      Some(15), ram;
}

impl Register {
    /// The number in `raw`, with its sign.
    pub fn decode(&self, raw: u16) -> i32 {
        match self.sign_bit {
            None => i32::from(raw),
            Some(bit) => {
                let magnitude = i32::from(raw & ((1 << bit) - 1));
                if raw >> bit & 1 == 1 { -magnitude } else { magnitude }
            }
        }
    }

    /// The first address after this register.
    pub const fn end(&self) -> u8 {
        self.address + self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_nothing_overlaps() {
        for pair in ALL.windows(2) {
            assert!(pair[0].end() <= pair[1].address, "{} overlaps {}", pair[0].name, pair[1].name);
        }
    }

    #[test]
    fn a_small_negative_speed_is_small_and_negative() {
        assert_eq!(PRESENT_SPEED.decode(0x8003), -3);
        assert_eq!(PRESENT_SPEED.decode(0x0003), 3);
        assert_eq!(PRESENT_LOAD.decode(0x0405), -5);
        assert_eq!(POSITION_OFFSET.decode(0x0fff), -2047);
        assert_eq!(PRESENT_VOLTAGE.decode(0x4a), 74);
    }

    #[test]
    fn position_and_speed_follow_each_other() {
        assert_eq!(PRESENT_POSITION.end(), PRESENT_SPEED.address);
    }
}
