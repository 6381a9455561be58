//! The error byte of every status, named.

/// Faults a servo reports about itself; bits as in its status byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServoFaults(u8);

impl ServoFaults {
    /// Supply voltage outside its limits.
    pub const VOLTAGE: u8 = 1 << 0;
    /// Angle sensor or angle limit.
    pub const ANGLE: u8 = 1 << 1;
    /// Too hot.
    pub const TEMPERATURE: u8 = 1 << 2;
    /// Current above the protection current.
    pub const CURRENT: u8 = 1 << 3;
    /// Overload protection has cut the torque.
    pub const OVERLOAD: u8 = 1 << 5;

    const NAMES: [(u8, &'static str); 8] = [
        (Self::VOLTAGE, "voltage"),
        (Self::ANGLE, "angle"),
        (Self::TEMPERATURE, "temperature"),
        (Self::CURRENT, "current"),
        (Self::OVERLOAD, "overload"),
        // Nobody documents these. A servo that sets one has something to say all the same.
        (1 << 4, "bit 4"),
        (1 << 6, "bit 6"),
        (1 << 7, "bit 7"),
    ];

    /// The faults of a status's error byte.
    pub fn from_error_byte(byte: u8) -> ServoFaults {
        ServoFaults(byte)
    }

    /// The error byte.
    pub fn byte(self) -> u8 {
        self.0
    }

    /// True where none is reported.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True where `fault` (one of the constants) is reported.
    pub fn contains(self, fault: u8) -> bool {
        self.0 & fault != 0
    }

    /// Names of the faults reported; a bit nobody documents is named by its number.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(bit, _)| self.contains(*bit)).map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_have_names() {
        let faults = ServoFaults::from_error_byte(0b0010_0101);
        assert_eq!(faults.names().collect::<Vec<_>>(), ["voltage", "temperature", "overload"]);
        let all = ServoFaults::from_error_byte(0xFF);
        assert_eq!(all.names().count(), 8, "none is passed over");
        assert!(ServoFaults::default().is_empty());
    }
}
