//! Registers of page 0, and what stands in them (Bosch BST-BNO055-DS000).

/// Chip id, and its only value.
pub const CHIP_ID: u8 = 0x00;
/// What the chip id is.
pub const IS_BNO055: u8 = 0xa0;
/// Page of the registers that follow.
pub const PAGE: u8 = 0x07;
/// The other one, of which nothing here is needed.
pub const OTHER_PAGE: u8 = 1;
/// Acceleration, magnetic field and angular velocity, three words each.
pub const MOTION: u8 = 0x08;
/// Bytes of those three.
pub const MOTION_BYTES: usize = 18;
/// Quaternion, linear acceleration, gravity, temperature and calibration status.
pub const FUSION: u8 = 0x20;
/// Bytes of those five.
pub const FUSION_BYTES: usize = 22;
/// Units of what is read.
pub const UNITS: u8 = 0x3b;
/// Operating mode.
pub const MODE: u8 = 0x3d;
/// Power mode.
pub const POWER: u8 = 0x3e;
/// Reset, self test, clock source.
pub const TRIGGER: u8 = 0x3f;
/// Which axis of the chip is which.
pub const AXIS_MAP: u8 = 0x41;
/// Which are turned round.
pub const AXIS_SIGN: u8 = 0x42;
/// Offsets of accelerometer, magnetometer and gyroscope, and two radii; to be written and read in configuration mode.
pub const OFFSETS: u8 = 0x55;
/// Bytes of the offsets without the radii, and with them.
pub const OFFSETS_BYTES: usize = 18;
/// Bytes of both.
pub const CALIBRATION_BYTES: usize = 22;

/// Configuration mode: nothing is measured.
pub const MODE_CONFIG: u8 = 0x00;
/// The bit of the trigger register that resets.
pub const TRIGGER_RESET: u8 = 0x20;
/// m/s², degrees a second, degrees, °C.
pub const UNITS_SI: u8 = 0x00;

/// m/s² of one unit of acceleration and gravity.
pub const MPS2: f32 = 0.01;
/// rad/s of one unit of angular velocity: a sixteenth of a degree a second.
pub const RPS: f32 = (std::f64::consts::PI / (180.0 * 16.0)) as f32;
/// One unit of a quaternion.
pub const QUATERNION: f32 = 1.0 / 16384.0;
/// Largest acceleration in a fusion mode, 4 g, and the largest angular velocity, 2000 °/s, in units.
pub const ACCEL_LIMIT: i16 = 3922;
/// Of the gyroscope.
pub const GYRO_LIMIT: i16 = 32000;
