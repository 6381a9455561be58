//! Roll, pitch and yaw of the trunk: of the gravity estimate, and of the gyroscope summed up.

use gaitway_maths::trig;
use gaitway_maths::vec3::Vec3;

/// Cosine of pitch squared below which there is no yaw: 3 degrees from standing on the nose.
const LEAST_COSINE_SQUARED: f32 = 0.003;

/// Which way the trunk faces since the start, rad. Nothing corrects it, so it drifts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Yaw(pub f32);

impl Yaw {
    /// One sample: angular velocity in rad/s and the up direction, both in the trunk frame, `dt_s` after the one before.
    pub fn update(&mut self, gyro_rps: Vec3, up: Vec3, dt_s: f32) {
        let [_, y, z] = up;
        let cosine_squared = y * y + z * z;
        let rate_rps = (gyro_rps[1] * y + gyro_rps[2] * z) / cosine_squared;
        if cosine_squared < LEAST_COSINE_SQUARED || !rate_rps.is_finite() {
            return;
        }
        let turned = self.0 + rate_rps * dt_s;
        // Half a turn on, it faces where half a turn back does.
        self.0 = if turned > core::f32::consts::PI {
            turned - core::f32::consts::TAU
        } else if turned < -core::f32::consts::PI {
            turned + core::f32::consts::TAU
        } else {
            turned
        };
    }

    /// Roll, pitch and yaw, rad: yaw is turned first, then pitch, then roll.
    pub fn euler_rad(self, up: Vec3) -> [f32; 3] {
        let [x, y, z] = up;
        [trig::atan2(y, z), trig::atan2(-x, (y * y + z * z).sqrt()), self.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roll_and_pitch_are_read_off_the_up_direction() {
        for (up, expected) in [
            ([0.0, 0.0, 1.0], [0.0, 0.0]),
            ([0.0, 1.0, 0.0], [core::f32::consts::FRAC_PI_2, 0.0]),
            // Nose down by 0.3 rad: up leans back in the trunk frame.
            ([-0.295_520_2, 0.0, 0.955_336_5], [0.0, 0.3]),
        ] {
            let [roll, pitch, yaw] = Yaw(0.25).euler_rad(up);
            assert!((roll - expected[0]).abs() < 1e-6 && (pitch - expected[1]).abs() < 1e-6, "{up:?}");
            assert_eq!(yaw, 0.25);
        }
    }

    #[test]
    fn yaw_is_the_turn_about_the_vertical_whichever_way_the_trunk_leans() {
        for up in [[0.0, 0.0, 1.0], [0.0, 0.6, 0.8], [0.6, 0.0, 0.8]] {
            let mut yaw = Yaw::default();
            for _ in 0..50 {
                // Half a radian a second about the vertical.
                yaw.update(up.map(|component: f32| 0.5 * component), up, 0.02);
            }
            assert!((yaw.0 - 0.5).abs() < 1e-5, "{up:?}: {}", yaw.0);
        }
        let mut yaw = Yaw(3.1);
        yaw.update([0.0, 0.0, 5.0], [0.0, 0.0, 1.0], 0.02);
        assert!((yaw.0 + 3.083_185).abs() < 1e-5, "it faces one way, not two: {}", yaw.0);
        let before = yaw;
        yaw.update([1.0, 2.0, f32::NAN], [0.0, 0.0, 1.0], 0.02);
        yaw.update([1.0, 2.0, 3.0], [1.0, 0.0, 0.0], 0.02);
        assert_eq!(yaw, before, "no number, and no yaw on the nose");
    }
}
