//! Somebody who gives commands: what they are drawn from, and for how long each holds.

use crate::error::BatchError;
use crate::random::Random;
use gaitway_model::axis::is_velocity;
use gaitway_model::contract::CommandAxis;
use gaitway_model::{Axis, Command};

/// What commands are drawn from, inside the contract's envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandSampling {
    /// Share of commands that ask the robot to stand still.
    pub still: f32,
    /// Share of commands along one axis alone.
    pub one_axis: f32,
    /// Share of the values that lie at an end of their axis.
    pub at_limit: f32,
    /// Share of commands that leave the head at rest.
    pub head_still: f32,
    /// Shortest and longest time a command holds, ticks of the policy.
    pub hold_ticks: [u32; 2],
}

impl CommandSampling {
    pub(crate) fn check(&self) -> Result<(), BatchError> {
        let shares = [
            ("share of still commands", self.still),
            ("share of one-axis commands", self.one_axis),
            ("share of values at a limit", self.at_limit),
            ("share of commands with the head at rest", self.head_still),
        ];
        for (what, found) in shares {
            if !(0.0..=1.0).contains(&found) {
                return Err(BatchError::Value { what, expected: "0 to 1", found });
            }
        }
        let [low, high] = self.hold_ticks;
        if low == 0 || high < low {
            let what = "hold_ticks";
            return Err(BatchError::Value {
                what,
                expected: "1 or more, the smaller first",
                found: low as f32,
            });
        }
        Ok(())
    }

    /// A command within `axes`.
    pub(crate) fn draw(&self, axes: &[(Axis, CommandAxis)], random: &mut Random) -> Command {
        let mut command = Command::default();
        let still = random.chance(self.still);
        let head_still = random.chance(self.head_still);
        let moving = axes.iter().filter(|(_, entry)| is_velocity(&entry.unit)).count() as u32;
        // Drawn whether it is used or not, so that a share never shifts what follows.
        let only = random.whole(0, moving.saturating_sub(1)) as usize;
        let one_axis = random.chance(self.one_axis);
        let mut velocities = 0;
        for (axis, entry) in axes {
            let value = self.draw_value(entry, random);
            let counts = if is_velocity(&entry.unit) {
                velocities += 1;
                !still && (!one_axis || velocities - 1 == only)
            } else {
                !head_still
            };
            command.values[axis.index()] = if counts { value } else { entry.idle as f32 };
        }
        command
    }

    fn draw_value(&self, entry: &CommandAxis, random: &mut Random) -> f32 {
        let (low, high) = (entry.min as f32, entry.max as f32);
        let value = random.uniform(low, high);
        let end = if random.chance(0.5) { low } else { high };
        if random.chance(self.at_limit) && is_velocity(&entry.unit) { end } else { value }
    }

    pub(crate) fn draw_hold(&self, random: &mut Random) -> u32 {
        random.whole(self.hold_ticks[0], self.hold_ticks[1])
    }
}
