//! What a robot shows of itself in every tick, to whoever looks, without waiting.

use crate::slot::{Slot, join, split};
use gaitway_control::supervisor::State;

/// Most joints that are shown.
const JOINTS: usize = 64;
const HEAD: usize = 5;

/// The newest status.
#[derive(Debug, Default)]
pub struct StatusSlot {
    slot: Slot<{ HEAD + JOINTS }>,
}

/// What was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Number of the tick.
    pub tick: u64,
    /// What the robot is doing.
    pub state: State,
    /// Age of the IMU's sample, s.
    pub imu_age_s: f32,
    /// The goals, rad, in the order of the robot; in a dry run those it would have.
    pub goal_rad: Vec<f32>,
}

impl StatusSlot {
    /// Shows a tick.
    pub(crate) fn put(&self, tick: u64, state: State, imu_age_s: f32, goal_rad: &[f32]) {
        let mut words = [0; HEAD + JOINTS];
        words[..2].copy_from_slice(&split(tick));
        words[2] = state as u32;
        words[3] = imu_age_s.to_bits();
        words[4] = goal_rad.len().min(JOINTS) as u32;
        for (word, goal) in words[HEAD..].iter_mut().zip(goal_rad) {
            *word = goal.to_bits();
        }
        self.slot.put(words);
    }

    /// What was shown last; `None` before the first tick.
    pub fn take(&self) -> Option<Status> {
        let words = self.slot.take()?;
        let goals = words[HEAD..].iter().take(words[4] as usize);
        Some(Status {
            tick: join(words[0], words[1]),
            state: State::ALL.get(words[2] as usize).copied().unwrap_or_default(),
            imu_age_s: f32::from_bits(words[3]),
            goal_rad: goals.map(|word| f32::from_bits(*word)).collect(),
        })
    }
}
