//! What is known of each joint in a tick: what supervisor and fault table judge by.

/// One joint, as its servo last told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointReading {
    /// Angle, rad.
    pub position_rad: f32,
    /// Velocity, rad/s.
    pub velocity_rps: f32,
    /// Age of both, s; infinite until they first arrived.
    pub age_s: f32,
    /// True where they are of this tick.
    pub is_fresh: bool,
    /// Reads in a row the servo has not answered.
    pub silent_ticks: u32,
    /// It answers, and what it answers cannot be.
    pub is_refused: bool,
    /// It reports overload or too much current.
    pub overload: bool,
    /// Settings and slow measurements, where they were ever read.
    pub servo: Option<ServoReading>,
}

/// What a servo tells when it is asked for more than its position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServoReading {
    /// When it was read, ns.
    pub at_ns: u64,
    /// Supply, V.
    pub voltage_v: f32,
    /// Temperature, °C.
    pub temperature_c: f32,
    /// Current, A, signed.
    pub current_a: f32,
    /// The motor is driven.
    pub torque_on: bool,
    /// It still has the gains and the lock it was given; a servo that was reset has not.
    pub settings_kept: bool,
}

impl Default for JointReading {
    fn default() -> Self {
        JointReading {
            position_rad: 0.0,
            velocity_rps: 0.0,
            age_s: f32::INFINITY,
            is_fresh: false,
            silent_ticks: 0,
            is_refused: false,
            overload: false,
            servo: None,
        }
    }
}

/// Everything the fault table judges in a tick.
#[derive(Debug, Clone, Copy)]
pub struct Vitals<'a> {
    /// The joints, in the order of the robot.
    pub joints: &'a [JointReading],
    /// The last goals, rad.
    pub goal_rad: &'a [f32],
    /// Age of the newest sample of the IMU, s; infinite where none ever came.
    pub imu_age_s: f32,
    /// Samples of the IMU that the table of the wires refused, a second.
    pub imu_implausible_hz: f32,
    /// The same for the values of each joint's servo; empty where the profile has no such table.
    pub servo_implausible_hz: &'a [f32],
    /// Time since any servo answered, s.
    pub bus_silent_s: f32,
    /// Policy ticks in a row whose output was refused.
    pub refusals_in_a_row: u32,
    /// Ticks left out in the last second.
    pub skipped_last_second: u32,
    /// The filter's verdict.
    pub fallen: bool,
    /// The servos are driven.
    pub powered: bool,
}
