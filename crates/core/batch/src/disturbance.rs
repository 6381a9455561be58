//! What a simulated robot lacks: noise on what it senses, delay of what it is told.

use crate::error::BatchError;
use crate::random::Random;
use gaitway_model::Sensors;

/// How much noise, and how late things are. Noise is uniform within plus and minus.
#[derive(Debug, Clone, PartialEq)]
pub struct Disturbance {
    /// Gyro, rad/s.
    pub gyro_rps: f32,
    /// Accelerometer, m/s².
    pub accel_mps2: f32,
    /// Position of each joint, rad.
    pub joint_position_rad: Vec<f32>,
    /// Velocity of every joint, rad/s.
    pub joint_velocity_rps: f32,
    /// Joint zeros are off by up to this, rad, drawn anew at every reset.
    pub joint_zero_rad: f32,
    /// Shares of the ticks in which a goal comes a tick late; one of them is drawn at every reset.
    pub late_goals: Vec<f32>,
    /// Share of the resets after which the IMU's samples are a tick old.
    pub late_imu: f32,
    /// Share of the answers of a servo that are lost: the old values stay, and grow old.
    pub lost_answers: f32,
}

impl Disturbance {
    pub(crate) fn check(&self, joints: usize) -> Result<(), BatchError> {
        let found = self.joint_position_rad.len();
        if found != joints {
            return Err(BatchError::Length { what: "noise of joint positions", expected: joints, found });
        }
        let amounts = [
            ("noise of the gyro", self.gyro_rps),
            ("noise of the accelerometer", self.accel_mps2),
            ("noise of joint velocities", self.joint_velocity_rps),
            ("error of joint zeros", self.joint_zero_rad),
        ];
        let of_joints = self.joint_position_rad.iter().map(|&noise| ("noise of joint positions", noise));
        for (what, found) in amounts.into_iter().chain(of_joints) {
            if !(0.0..1000.0).contains(&found) {
                return Err(BatchError::Value { what, expected: "0 or more, less than 1000", found });
            }
        }
        let shares = [("share of late IMUs", self.late_imu), ("share of lost answers", self.lost_answers)];
        let late = self.late_goals.iter().map(|&share| ("share of late goals", share));
        for (what, found) in shares.into_iter().chain(late) {
            if !(0.0..=1.0).contains(&found) {
                return Err(BatchError::Value { what, expected: "0 to 1", found });
            }
        }
        Ok(())
    }

    pub(crate) fn draw_late_goals(&self, random: &mut Random) -> f32 {
        let last = self.late_goals.len().saturating_sub(1);
        let which = random.whole(0, last as u32) as usize;
        self.late_goals.get(which).copied().unwrap_or(0.0)
    }

    /// Noise on the IMU's numbers.
    pub(crate) fn shake_imu(&self, sensors: &mut Sensors, random: &mut Random) {
        for value in &mut sensors.gyro_rps {
            *value += random.uniform(-1.0, 1.0) * self.gyro_rps;
        }
        for value in &mut sensors.accel_mps2 {
            *value += random.uniform(-1.0, 1.0) * self.accel_mps2;
        }
    }
}
