//! What the registers say.

use super::calibration::CalibrationStatus;
use super::registers::*;
use gaitway_hal::imu::Sample;

/// What the chip works out, and how it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Fusion {
    /// Attitude: w, x, y, z.
    pub quaternion: [f32; 4],
    /// Gravity, m/s².
    pub gravity_mps2: [f32; 3],
    /// Temperature, °C.
    pub temperature_c: i8,
    /// How well it knows itself.
    pub calibration: CalibrationStatus,
}

fn words<const N: usize>(bytes: &[u8], first: usize) -> [i16; N] {
    std::array::from_fn(|index| i16::from_le_bytes([bytes[first + 2 * index], bytes[first + 2 * index + 1]]))
}

/// The measurement in the registers of motion, in the axes the chip was told.
pub(super) fn motion(sampled_ns: u64, bytes: &[u8]) -> Option<Sample> {
    if bytes.len() != MOTION_BYTES {
        return None;
    }
    let (accel, gyro) = (words::<3>(bytes, 0), words::<3>(bytes, 12));
    let beyond = |row: [i16; 3], limit: i16| row.iter().any(|word| word.unsigned_abs() >= limit as u16);
    Some(Sample {
        sampled_ns,
        gyro_rps: gyro.map(|word| f32::from(word) * RPS),
        accel_mps2: accel.map(|word| f32::from(word) * MPS2),
        is_saturated: beyond(accel, ACCEL_LIMIT) || beyond(gyro, GYRO_LIMIT),
    })
}

/// Neither a force nor a motion, to the last bit.
pub(super) fn is_nothing(sample: &Sample) -> bool {
    (sample.gyro_rps, sample.accel_mps2) == ([0.0; 3], [0.0; 3])
}

impl Fusion {
    pub(super) fn of(bytes: &[u8]) -> Option<Fusion> {
        if bytes.len() != FUSION_BYTES {
            return None;
        }
        Some(Fusion {
            quaternion: words::<4>(bytes, 0).map(|word| f32::from(word) * QUATERNION),
            gravity_mps2: words::<3>(bytes, 14).map(|word| f32::from(word) * MPS2),
            temperature_c: bytes[20] as i8,
            calibration: CalibrationStatus::of(bytes[21]),
        })
    }
}
