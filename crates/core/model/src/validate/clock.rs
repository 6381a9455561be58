//! The gait clock of a contract.

use super::checks::{Checked, check, finite, range};
use crate::contract::{Contract, PhaseRuns};

/// Most phases of one clock: one for each of eight legs.
const MAX_PHASES: usize = 8;

pub(super) fn phase(contract: &Contract) -> Checked {
    let Some(clock) = &contract.phase else { return Ok(()) };
    let period = clock.period_ticks;
    check("phase.period_ticks", (2.0..=10_000.0).contains(&period), "2 to 10000", period)?;
    let factor = clock.factor;
    check("phase.factor", factor > 0.0 && factor <= 10.0, "more than 0, at most 10", factor)?;
    let phases = contract.phases_len();
    check("phase.offsets_rad", (1..=MAX_PHASES).contains(&phases), format!("1 to {MAX_PHASES}"), phases)?;
    finite("phase.offsets_rad", clock.offsets_rad.as_deref().unwrap_or_default())?;
    let (expected, found) = (2 * phases, clock.first_value.len());
    let numbers = |count: usize| format!("{count} numbers");
    check("phase.first_value", found == expected, numbers(expected), numbers(found))?;
    finite("phase.first_value", &clock.first_value)?;
    let by_policy = clock.runs == PhaseRuns::ByPolicy;
    let (expected, found) = match by_policy {
        true => ("the output by which it runs", "none"),
        false => ("none: the clock does not run by_policy", "one"),
    };
    check("phase.rate", clock.rate.is_some() == by_policy, expected, found)?;
    let Some(rate) = &clock.rate else { return Ok(()) };
    let known = contract.network.further_start(&rate.output, contract.action_len()).is_some();
    check("phase.rate.output", known, "one of network.further_outputs", &rate.output)?;
    range("phase.rate.min and max", [rate.min, rate.max])?;
    check("phase.rate.min", rate.min >= 0.0, "0 or more: a clock does not run backwards", rate.min)?;
    check("phase.rate.max", rate.max <= 10.0, "at most 10", rate.max)
}
