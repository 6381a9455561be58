//! How askew the IMU sits in the trunk, taken off what it measures.

use gaitway_maths::trig::cos_sin;
use gaitway_model::profile::ImuTrim;

/// A turn about y, and where the robot has one, a turn about x behind it.
#[derive(Debug, Clone)]
pub(super) struct Mount {
    trim: ImuTrim,
    pitch: [f32; 2],
    /// None where the robot says nothing of it: then nothing is multiplied.
    roll: Option<[f32; 2]>,
}

impl Mount {
    /// The mount of a robot's own profile.
    pub fn new(trim: ImuTrim) -> Mount {
        let roll = (trim.roll_rad != 0.0).then(|| turn(trim.roll_rad));
        Mount { pitch: turn(trim.pitch_rad), roll, trim }
    }

    /// What somebody asks for comes on top of the robot's own.
    pub fn set_pitch_bias(&mut self, pitch_bias_rad: f64) {
        self.pitch = turn(self.trim.pitch_rad + pitch_bias_rad);
    }

    /// A vector of the IMU in the trunk frame.
    pub fn level(&self, [x, y, z]: [f32; 3]) -> [f32; 3] {
        let [sin, cos] = self.pitch;
        let (x, z) = (cos * x + sin * z, cos * z - sin * x);
        match self.roll {
            None => [x, y, z],
            Some([sin, cos]) => [x, cos * y - sin * z, sin * y + cos * z],
        }
    }
}

/// Sine and cosine. The one sine every machine shares: a recording may be replayed on another.
fn turn(angle_rad: f64) -> [f32; 2] {
    let (cos, sin) = cos_sin(angle_rad);
    [sin as f32, cos as f32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trim_of_the_published_tool_levels_what_it_was_measured_on() {
        // As that tool measures it: pitch = atan(-x / z), then roll = atan(y / z of what is left).
        let force = [-0.191_f32, -0.277, 9.80];
        let pitch_rad = f64::from(-force[0] / force[2]).atan();
        let left = Mount::new(ImuTrim { pitch_rad, roll_rad: 0.0 }).level(force);
        let roll_rad = f64::from(left[1] / left[2]).atan();
        let level = Mount::new(ImuTrim { pitch_rad, roll_rad }).level(force);
        assert!(level[0].abs() < 1e-5 && level[1].abs() < 1e-5 && level[2] > 9.8, "{level:?}");
    }

    #[test]
    fn a_robot_without_a_trim_computes_to_the_bit_what_it_did_before() {
        let vector = [0.1_f32, -0.2, 9.7];
        assert_eq!(Mount::new(ImuTrim::default()).level(vector), vector);
        let mut mount = Mount::new(ImuTrim::default());
        mount.set_pitch_bias(0.05);
        let ([sin, cos], [x, y, z]) = (turn(0.05), vector);
        assert_eq!(mount.level(vector), [cos * x + sin * z, y, cos * z - sin * x]);
    }

    #[test]
    fn what_is_asked_comes_on_top_of_the_robots_own() {
        let mut mount = Mount::new(ImuTrim { pitch_rad: 0.02, roll_rad: 0.0 });
        mount.set_pitch_bias(0.03);
        assert_eq!(
            mount.level([0.0, 0.0, 1.0]),
            Mount::new(ImuTrim { pitch_rad: 0.05, roll_rad: 0.0 }).level([0.0, 0.0, 1.0])
        );
    }
}
