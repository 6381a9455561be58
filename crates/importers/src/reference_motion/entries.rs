//! What the entries of the file say about the gait, and whether they agree.

use super::error::ReferenceMotionError;
use super::gait_period::GaitPeriod;
use super::value::{Short, Value};
use std::fmt;

const PERIOD: &str = "period";
const FPS: &str = "fps";
const STEPS: &str = "nb_steps_in_period";

/// The keys of an entry that are read.
pub(super) const KEYS: [&str; 3] = [PERIOD, FPS, STEPS];

/// Fewest frames a gait can have.
const MIN_TICKS: f64 = 2.0;
/// Fewest frames it can no longer have.
const END_TICKS: f64 = 1001.0;

/// What one dictionary has under a key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Missing,
    /// Something that is no finite number.
    Other,
    Number(f64),
}

/// What one dictionary says about the gait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gait {
    period: Field,
    fps: Field,
    steps: Field,
}

impl Gait {
    /// Of an empty dictionary.
    pub const EMPTY: Gait = Gait { period: Field::Missing, fps: Field::Missing, steps: Field::Missing };

    /// Takes a key and its value, where they matter.
    pub fn set(&mut self, key: &Value, value: &Value) {
        let Value::Text(key) = key else { return };
        let field = match value {
            Value::Number(number) if number.is_finite() => Field::Number(*number),
            _ => Field::Other,
        };
        if key.is(PERIOD) {
            self.period = field;
        } else if key.is(FPS) {
            self.fps = field;
        } else if key.is(STEPS) {
            self.steps = field;
        }
    }

    /// Period, rate and frames, or what is wrong with which key.
    fn period(&self) -> Result<(f64, f64, u32), (String, String)> {
        let number = |key: &str, field: Field| match field {
            Field::Number(number) => Ok(number),
            Field::Missing => Err((format!("the key {key}"), "none".to_owned())),
            Field::Other => {
                Err((format!("a finite number under {key}"), "a value that is not read".to_owned()))
            }
        };
        let (period_s, fps) = (number(PERIOD, self.period)?, number(FPS, self.fps)?);
        if period_s <= 0.0 || fps <= 0.0 || !(MIN_TICKS..END_TICKS).contains(&(period_s * fps)) {
            return Err(("a gait of 2 to 1000 frames".to_owned(), self.to_string()));
        }
        let ticks = (period_s * fps) as u32;
        if self.steps != Field::Missing && number(STEPS, self.steps)? != f64::from(ticks) {
            return Err((format!("{STEPS} {ticks}, which is int({PERIOD} * {FPS})"), self.to_string()));
        }
        Ok((period_s, fps, ticks))
    }
}

impl fmt::Display for Gait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = [self.period, self.fps, self.steps];
        for (index, (key, field)) in KEYS.into_iter().zip(fields).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match field {
                Field::Number(number) => write!(f, "{comma}{key} {number}")?,
                Field::Missing => write!(f, "{comma}no {key}")?,
                Field::Other => write!(f, "{comma}{key} that is no number")?,
            }
        }
        Ok(())
    }
}

/// The entries seen so far: the first, and how many.
#[derive(Debug, Default)]
pub(super) struct Entries {
    count: usize,
    first: Option<(String, Gait)>,
}

impl Entries {
    /// Takes one entry: its key and its gait, `None` where it is no dictionary.
    pub fn add(
        &mut self,
        key: &Value,
        gait: Option<Gait>,
        found: &Value,
    ) -> Result<(), ReferenceMotionError> {
        self.count += 1;
        let name = || match key {
            Value::Text(key) => entry_name(self.count, key),
            _ => format!("entry {}", self.count),
        };
        let Some(gait) = gait else {
            return Err(ReferenceMotionError::Value {
                place: name(),
                expected: "a dictionary of its own".to_owned(),
                found: found.describe().to_owned(),
            });
        };
        match &self.first {
            Some((_, first)) if *first == gait => {}
            Some((first_name, first)) => {
                return Err(ReferenceMotionError::Disagree {
                    first: first_name.clone(),
                    expected: first.to_string(),
                    other: name(),
                    found: gait.to_string(),
                });
            }
            None => self.first = Some((name(), gait)),
        }
        Ok(())
    }

    /// The period all agree on.
    pub fn period(&self) -> Result<GaitPeriod, ReferenceMotionError> {
        let Some((name, gait)) = &self.first else {
            return Err(ReferenceMotionError::Value {
                place: "whole file".to_owned(),
                expected: "at least one entry".to_owned(),
                found: "an empty dictionary".to_owned(),
            });
        };
        let (period_s, fps, ticks) = gait.period().map_err(|(expected, found)| {
            ReferenceMotionError::Value { place: name.clone(), expected, found }
        })?;
        Ok(GaitPeriod { period_s, fps, ticks, entries: self.count })
    }
}

fn entry_name(number: usize, key: &Short) -> String {
    format!("entry {number} ({key})")
}
