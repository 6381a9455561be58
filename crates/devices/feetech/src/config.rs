//! A servo in its place on the robot.

use gaitway_control::Gains;
use gaitway_model::RobotProfile;

/// One servo of the robot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServoConfig {
    /// Id on the bus.
    pub id: u8,
    /// Sign between servo and joint: +1 or -1.
    pub direction: i8,
    /// Servo angle at joint angle zero, rad.
    pub offset_rad: f64,
}

impl ServoConfig {
    /// Joint angle of a servo angle, rad.
    pub fn joint_rad(&self, servo_rad: f64) -> f64 {
        (servo_rad - self.offset_rad) * f64::from(self.direction)
    }

    /// Servo angle of a joint angle, rad.
    pub fn servo_rad(&self, joint_rad: f64) -> f64 {
        joint_rad * f64::from(self.direction) + self.offset_rad
    }
}

/// The servos of a profile.
pub fn servos(profile: &RobotProfile) -> Vec<ServoConfig> {
    let servo = |joint: &gaitway_model::profile::Joint| ServoConfig {
        id: joint.id,
        direction: joint.direction,
        offset_rad: joint.offset_rad,
    };
    profile.joints.iter().map(servo).collect()
}

/// P, I and D of each servo, register units.
pub fn register_gains(gains: &[Gains]) -> Vec<[u8; 3]> {
    gains.iter().map(|gain| [gain.kp, gain.ki, gain.kd].map(|gain| gain as u8)).collect()
}
