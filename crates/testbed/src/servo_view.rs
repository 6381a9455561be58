//! `ServoView`: what drives one joint, for whoever hosts the physics.

use gaitway_emulators::{Servo, Stiffness};

/// What drives one joint, for the physics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServoView {
    /// Where the servo drives its joint, rad of the servo; `None` when it is limp.
    pub goal_rad: Option<f64>,
    /// How stiffly.
    pub stiffness: Stiffness,
    /// The error byte of its answers.
    pub error: u8,
}

impl ServoView {
    /// A servo that drives nothing.
    pub const LIMP: ServoView = ServoView {
        goal_rad: None,
        stiffness: Stiffness { p_gain: 0, d_gain: 0, i_gain: 0, torque_limit: 0.0 },
        error: 0,
    };
}

impl From<&Servo> for ServoView {
    fn from(servo: &Servo) -> ServoView {
        ServoView { goal_rad: servo.goal_rad(), stiffness: servo.stiffness(), error: servo.error() }
    }
}
