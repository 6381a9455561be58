//! Which way is up, from gyroscope and accelerometer alone: a complementary filter.
//!
//! The estimate turns with the gyroscope and leans slowly towards the accelerometer, more slowly still while the
//! accelerometer measures something other than standing still (a step, a push, free fall).

use crate::trig;
use crate::vec3::{self, Vec3};

/// Standard gravity in m/s².
pub const GRAVITY_MPS2: f32 = 9.806_65;

/// Share of the accelerometer in a second while the robot stands still. One half a second forgets a wrong start in
/// a few seconds and lets a step of 0.3 s pass almost unseen.
const LEAN_PER_S: f32 = 2.0;

/// Estimate of the up direction in the trunk frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GravityEstimator {
    up: Option<Vec3>,
}

impl GravityEstimator {
    /// An estimator that takes its first direction from the first accelerometer sample of about one g.
    pub fn new() -> GravityEstimator {
        GravityEstimator { up: None }
    }

    /// An estimator restored from [`GravityEstimator::up_or_unknown`]; a zero vector means "not yet known".
    pub fn restored(up: Vec3) -> GravityEstimator {
        GravityEstimator { up: vec3::unit(up).map(|_| up) }
    }

    /// One sample: angular velocity in rad/s, specific force in m/s² (+9.81 on z when upright), both in the trunk
    /// frame, `dt_s` after the one before. A sample that is not finite changes nothing.
    pub fn update(&mut self, gyro_rps: Vec3, accel_mps2: Vec3, dt_s: f32) {
        if !vec3::is_finite(gyro_rps) || !vec3::is_finite(accel_mps2) {
            return;
        }
        let Some(measured) = vec3::unit(accel_mps2) else {
            return;
        };
        let Some(up) = self.up else {
            // In free fall, before the feet first touch, the accelerometer points anywhere.
            self.up = (stillness(accel_mps2) > 0.5).then_some(measured);
            return;
        };
        let turn = vec3::cross(gyro_rps, up);
        let lean = (LEAN_PER_S * dt_s * stillness(accel_mps2)).min(1.0);
        let mut next = [0.0; 3];
        for axis in 0..3 {
            let turned = up[axis] - dt_s * turn[axis];
            next[axis] = turned + lean * (measured[axis] - turned);
        }
        self.up = vec3::unit(next).or(self.up);
    }

    /// Up direction in the trunk frame, length one; straight up until a sample has been seen.
    pub fn up(&self) -> Vec3 {
        self.up.unwrap_or([0.0, 0.0, 1.0])
    }

    /// The estimate, where a sample has been seen.
    pub fn known_up(&self) -> Option<Vec3> {
        self.up
    }

    /// The estimate as saved: zero where no sample has been seen.
    pub fn up_or_unknown(&self) -> Vec3 {
        self.up.unwrap_or([0.0; 3])
    }

    /// Angle between the trunk's z axis and up, in radians.
    pub fn tilt_rad(&self) -> f32 {
        trig::acos(self.up()[2])
    }
}

impl Default for GravityEstimator {
    fn default() -> Self {
        Self::new()
    }
}

/// One where the accelerometer measures exactly gravity, falling to zero at half or one and a half times gravity.
fn stillness(accel_mps2: Vec3) -> f32 {
    let excess = (vec3::norm(accel_mps2) / GRAVITY_MPS2 - 1.0).abs();
    (1.0 - 2.0 * excess).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: Vec3 = [0.0, 0.0, GRAVITY_MPS2];

    #[test]
    fn follows_a_roll_by_the_gyroscope() {
        let mut estimator = GravityEstimator::new();
        estimator.update([0.0; 3], STILL, 0.02);
        // One radian about x in half a second, the accelerometer saying nothing usable.
        for _ in 0..25 {
            estimator.update([2.0, 0.0, 0.0], [0.0, 0.0, 100.0], 0.02);
        }
        assert!((estimator.tilt_rad() - 1.0).abs() < 0.03, "{}", estimator.tilt_rad());
        assert!(estimator.up()[1] > 0.8, "rolled to the right, up is to the left: {:?}", estimator.up());
    }

    #[test]
    fn leans_to_the_accelerometer_when_still() {
        let mut estimator = GravityEstimator::new();
        estimator.update([0.0; 3], [GRAVITY_MPS2, 0.0, 0.0], 0.02);
        assert!(estimator.tilt_rad() > 1.5);
        for _ in 0..250 {
            estimator.update([0.0; 3], STILL, 0.02);
        }
        assert!(estimator.tilt_rad() < 0.01, "{}", estimator.tilt_rad());
    }

    #[test]
    fn does_not_start_from_free_fall_or_an_impact() {
        for accel_mps2 in [[0.05, 0.0, 0.0], [40.0, 0.0, 9.8]] {
            let mut estimator = GravityEstimator::new();
            estimator.update([0.0; 3], accel_mps2, 0.02);
            assert_eq!(estimator.tilt_rad(), 0.0);
        }
    }

    #[test]
    fn is_not_moved_by_samples_that_are_no_numbers() {
        let mut estimator = GravityEstimator::new();
        estimator.update([0.0; 3], STILL, 0.02);
        let before = estimator;
        estimator.update([f32::NAN, 0.0, 0.0], STILL, 0.02);
        estimator.update([0.0; 3], [f32::INFINITY, 0.0, 0.0], 0.02);
        estimator.update([0.0; 3], [0.0; 3], 0.02);
        assert_eq!(estimator, before);
    }

    #[test]
    fn a_restored_estimator_is_the_same() {
        let mut estimator = GravityEstimator::new();
        assert_eq!(GravityEstimator::restored(estimator.up_or_unknown()), estimator);
        estimator.update([0.1, 0.2, 0.3], [1.0, 2.0, 9.0], 0.02);
        assert_eq!(GravityEstimator::restored(estimator.up_or_unknown()), estimator);
    }
}
