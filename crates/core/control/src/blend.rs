//! The blend: goals of the policy before go over to those of the policy that was entered.
//!
//! Only the new policy is asked. What its first target differs from the last goal, and how fast the goals were, is
//! added to its targets and fades within so many ticks: position and velocity of the goals go on without a jump, and
//! the policy before may be gone.

use crate::error::ControlError;
use crate::state_bytes::{Reader, Writer, mismatch};

/// What is added to the targets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Blend {
    /// How the goals changed in the last tick, rad.
    step_rad: Vec<f32>,
    /// What the goals differed from the new targets, and how fast they were, rad a blend.
    offset_rad: Vec<f32>,
    speed_rad: Vec<f32>,
    ticks: u32,
    left: u32,
}

impl Blend {
    /// Nothing is added to the targets of so many joints.
    pub fn new(joints: usize) -> Blend {
        let zeros = vec![0.0; joints];
        Blend { step_rad: zeros.clone(), offset_rad: zeros.clone(), speed_rad: zeros, ticks: 0, left: 0 }
    }

    /// Nothing is added from now on, and the goals rest.
    pub fn reset(&mut self) {
        self.step_rad.fill(0.0);
        self.left = 0;
    }

    /// Begins at `goal_rad`, the last goals, on the way to `target_rad`, where the new policy begins.
    pub fn begin(&mut self, goal_rad: &[f32], target_rad: &[f32], ticks: u32) {
        (self.ticks, self.left) = (ticks, ticks);
        for joint in 0..self.offset_rad.len() {
            self.offset_rad[joint] = goal_rad[joint] - target_rad[joint];
            self.speed_rad[joint] = self.step_rad[joint] * ticks as f32;
        }
    }

    /// One tick: adds what is left.
    pub fn add_to(&mut self, target_rad: &mut [f32]) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let [of_offset, of_speed] = shares((self.ticks - self.left) as f32 / self.ticks as f32);
        for ((target, offset), speed) in target_rad.iter_mut().zip(&self.offset_rad).zip(&self.speed_rad) {
            let added = of_offset * offset + of_speed * speed;
            *target += added;
        }
    }

    /// The goals before a tick; those after it must follow.
    pub fn before(&mut self, goal_rad: &[f32]) {
        self.step_rad.copy_from_slice(goal_rad);
    }

    /// The goals after a tick: now it is known how fast they are.
    pub fn after(&mut self, goal_rad: &[f32]) {
        for (step, goal) in self.step_rad.iter_mut().zip(goal_rad) {
            *step = goal - *step;
        }
    }

    /// True where it adds something.
    pub fn is_under_way(&self) -> bool {
        self.left > 0
    }

    /// Takes over how fast the goals of the same robot were.
    pub fn go_on_from(&mut self, before: &Blend) {
        self.step_rad.copy_from_slice(&before.step_rad);
        self.left = 0;
    }

    pub fn save(&self, out: &mut Writer) {
        out.u64(u64::from(self.ticks));
        out.u64(u64::from(self.left));
        out.f32s(&self.step_rad);
        out.f32s(&self.offset_rad);
        out.f32s(&self.speed_rad);
    }

    pub fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        (self.ticks, self.left) = (input.u32()?, input.u32()?);
        if self.left > self.ticks {
            return Err(mismatch("ticks of the blend", format!("at most {}", self.ticks), self.left));
        }
        input.f32s(&mut self.step_rad)?;
        input.f32s(&mut self.offset_rad)?;
        input.f32s(&mut self.speed_rad)
    }
}

/// How much is left, at the part `s` of the blend, of the offset and of the way that the speed would have gone: from
/// one and zero to zero and zero, with the slope the goals had, and neither slope nor curvature at the end.
fn shares(s: f32) -> [f32; 2] {
    let cube = s * s * s;
    [1.0 - cube * (10.0 - s * (15.0 - s * 6.0)), s - cube * (6.0 - s * (8.0 - s * 3.0))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_go_on_as_fast_as_they_were_and_arrive_at_rest() {
        let mut blend = Blend::new(1);
        blend.before(&[0.98]);
        blend.after(&[1.0]);
        blend.begin(&[1.0], &[0.4], 20);
        let mut goals = vec![0.98, 1.0];
        for _ in 0..25 {
            let mut target = [0.4];
            blend.add_to(&mut target);
            goals.push(target[0]);
        }
        assert_eq!(goals[22..], [0.4; 5], "it ends where the policy wants to be, after its ticks");
        let bends: Vec<f32> = goals.windows(3).map(|at| (at[2] - 2.0 * at[1] + at[0]).abs()).collect();
        // 5.8 times the way over the square of the ticks, and what it takes to come to rest.
        assert!(bends.iter().all(|bend| *bend < 5.8 * 0.6 / 400.0 + 0.02 * 6.0 / 20.0), "{bends:?}");
        assert!((goals[2] - goals[1] - 0.02).abs() < 0.002, "as fast as before: {goals:?}");
    }

    #[test]
    fn without_ticks_nothing_is_added() {
        let mut blend = Blend::new(1);
        blend.begin(&[1.0], &[0.4], 0);
        let mut target = [0.4];
        blend.add_to(&mut target);
        assert_eq!(target, [0.4]);
    }
}
