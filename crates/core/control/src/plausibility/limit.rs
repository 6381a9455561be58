//! The lines of the table, ready to be asked.

use gaitway_model::profile::{WireLimit, WireValue};

/// A rate of change is judged over at least so long, s: sensors have noise, however short the time.
const SHORTEST_S: f32 = 0.01;

/// What each number can be.
#[derive(Debug, Clone)]
pub(super) struct Limits([Limit; WireValue::ALL.len()]);

#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    min: f32,
    max: f32,
    max_rate: f32,
}

impl Limits {
    /// The table; a number without a line can be any.
    pub fn of(table: &[WireLimit]) -> Limits {
        let mut limits = [Limit::NONE; WireValue::ALL.len()];
        for row in table {
            let max_rate = row.max_rate.map_or(f32::INFINITY, |rate| rate as f32);
            limits[row.value as usize] = Limit { min: row.min as f32, max: row.max as f32, max_rate };
        }
        Limits(limits)
    }

    pub fn get(&self, value: WireValue) -> Limit {
        self.0[value as usize]
    }
}

impl Limit {
    const NONE: Limit = Limit { min: f32::NEG_INFINITY, max: f32::INFINITY, max_rate: f32::INFINITY };

    /// What is not a number is in no range.
    pub fn has(&self, value: f32) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// True where it can have changed so much in so long.
    pub fn lets_change(&self, from: f32, to: f32, in_s: f32) -> bool {
        (to - from).abs() <= self.max_rate * in_s.max(SHORTEST_S)
    }
}
