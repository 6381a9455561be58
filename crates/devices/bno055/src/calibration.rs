//! What the chip has learned of itself.

use super::registers::{CALIBRATION_BYTES, OFFSETS_BYTES};

/// Offsets of the sensors, in the chip's units, which are its axes' before they are mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calibration {
    /// Of the accelerometer.
    pub accel: [i16; 3],
    /// Of the magnetometer.
    pub mag: [i16; 3],
    /// Of the gyroscope.
    pub gyro: [i16; 3],
    /// Radii of accelerometer and magnetometer, where they are known.
    pub radii: Option<[i16; 2]>,
}

impl Calibration {
    /// As the registers hold it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let offsets = [self.accel, self.mag, self.gyro];
        let words = offsets.iter().flatten().chain(self.radii.iter().flatten());
        words.flat_map(|word| word.to_le_bytes()).collect()
    }

    /// From 18 bytes of registers, or 22 with the radii.
    pub fn from_bytes(bytes: &[u8]) -> Option<Calibration> {
        if ![OFFSETS_BYTES, CALIBRATION_BYTES].contains(&bytes.len()) {
            return None;
        }
        let word = |index: usize| i16::from_le_bytes([bytes[2 * index], bytes[2 * index + 1]]);
        let three = |first: usize| [word(first), word(first + 1), word(first + 2)];
        let radii = (bytes.len() == CALIBRATION_BYTES).then(|| [word(9), word(10)]);
        Some(Calibration { accel: three(0), mag: three(3), gyro: three(6), radii })
    }
}

/// How well it knows itself, 0 to 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CalibrationStatus {
    /// The fusion.
    pub system: u8,
    /// The gyroscope: 3 after a few seconds at rest.
    pub gyro: u8,
    /// The accelerometer: 3 after six still poses.
    pub accel: u8,
    /// The magnetometer: 3 after a figure of eight.
    pub mag: u8,
}

impl CalibrationStatus {
    pub(super) fn of(byte: u8) -> CalibrationStatus {
        let two = |shift: u32| byte >> shift & 3;
        CalibrationStatus { system: two(6), gyro: two(4), accel: two(2), mag: two(0) }
    }
}
