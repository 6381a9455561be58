//! The whole observation over several ticks, as one key instead of a term for each tick.

use crate::term::Term;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The observation of this tick and of those before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// How many ticks.
    pub ticks: u32,
    /// What stands together.
    pub layout: HistoryLayout,
    /// Which tick comes first.
    pub order: HistoryOrder,
    /// Ticks by which the newest of them is old.
    #[serde(default)]
    pub lag: u32,
    /// True where the terms of this tick come before all of it once more.
    #[serde(default)]
    pub after_current: bool,
}

/// What of a history stands together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryLayout {
    /// All terms of a tick, then all of the next.
    ByTick,
    /// All ticks of a term, then all of the next.
    ByTerm,
}

/// Which tick of a history comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryOrder {
    /// This tick, or that of the lag.
    NewestFirst,
    /// The one that is longest ago.
    OldestFirst,
}

impl History {
    /// Numbers of an observation whose terms have `frame` numbers in a tick. A history that cannot be is refused before
    /// anything of this length is made.
    pub fn observation_len(&self, frame: usize) -> usize {
        frame.saturating_mul((self.ticks as usize).saturating_add(usize::from(self.after_current)))
    }

    /// The terms that say the same, each of one tick.
    pub fn terms(&self, frame: &[Term]) -> Vec<Term> {
        let ages: Vec<u32> = match self.order {
            HistoryOrder::NewestFirst => (0..self.ticks).collect(),
            HistoryOrder::OldestFirst => (0..self.ticks).rev().collect(),
        };
        let aged = |term: &Term, age: u32| self.aged(term, age);
        let history: Vec<Term> = match self.layout {
            HistoryLayout::ByTick => {
                ages.iter().flat_map(|&age| frame.iter().map(move |term| aged(term, age))).collect()
            }
            HistoryLayout::ByTerm => {
                frame.iter().flat_map(|term| ages.iter().map(move |&age| aged(term, age))).collect()
            }
        };
        let current = frame.iter().filter(|_| self.after_current).cloned();
        current.chain(history).collect()
    }

    fn aged(&self, term: &Term, age: u32) -> Term {
        let ticks = self.lag + age;
        let is_current = ticks == 0 && !self.after_current;
        let name = if is_current { term.name.clone() } else { format!("{} {ticks} ticks ago", term.name) };
        Term { name, lag: term.lag + ticks, ..term.clone() }
    }
}
