//! The keys that came with schema 2: a contract that has one says so, and they must not contradict each other.

use super::checks::{Checked, MAX_DEPTH, check, finite};
use crate::contract::{ActionKind, Contract, SCHEMA_2, SensorReset};
use crate::error::ContractError;
use crate::per_element::PerElement;
use crate::term::{Source, Term};
use std::collections::HashSet;

/// Most numbers in an observation: far beyond every policy seen.
const MAX_OBSERVATION: usize = 100_000;

/// Refuses schema 1 beside keys that it does not know, and those that make no sense.
pub(super) fn keys(contract: &Contract) -> Checked {
    if let Some(key) = first_key(contract) {
        check("schema", contract.schema == SCHEMA_2, format!("{SCHEMA_2:?} for {key}"), &contract.schema)?;
    }
    history(contract)?;
    network(contract)?;
    observed_joints(contract)
}

/// The first key that schema 1 does not know.
fn first_key(contract: &Contract) -> Option<&'static str> {
    let is_list = |values: &PerElement| matches!(values, PerElement::Each(_));
    let of_later_source = |term: &Term| {
        matches!(term.source, Source::Constant | Source::Euler | Source::BaseVelocity | Source::HeightScan)
    };
    let terms = &contract.observation;
    let phase = contract.phase.as_ref();
    let joints = &contract.action.joints;
    let keys = [
        (!contract.network.is_plain(), "further inputs, outputs or states of the network"),
        (contract.history.is_some(), "history"),
        (contract.observed_joints.is_some(), "observed_joints"),
        (terms.iter().any(|term| term.elements.is_some()), "elements of a term"),
        (
            terms.iter().any(|term| is_list(&term.scale) || is_list(&term.offset)),
            "a scale or offset by element",
        ),
        (terms.iter().any(of_later_source), "constant, euler, base_velocity or height_scan"),
        (phase.is_some_and(|phase| phase.offsets_rad.is_some()), "phase.offsets_rad"),
        (phase.is_some_and(|phase| phase.rate.is_some()), "phase.rate"),
        (phase.is_some_and(|phase| phase.period_ticks.fract() != 0.0), "a period that is not whole"),
        (contract.action.kind != ActionKind::JointPosition, "actions other than positions"),
        (joints.iter().any(|joint| joint.kind.is_some()), "the kind of a joint's action"),
        (contract.gains.kp.is_none(), "gains in SI"),
        (contract.gains.stiffness_nm_per_rad.is_some(), "gains in SI"),
        (contract.reset.sensors == SensorReset::ZeroObservation, "reset.sensors zero_observation"),
    ];
    keys.into_iter().find_map(|(is_used, key)| is_used.then_some(key))
}

fn network(contract: &Contract) -> Checked {
    let network = &contract.network;
    let (mut inputs, mut outputs) = (HashSet::from([&network.input]), HashSet::from([&network.output]));
    for (index, port) in network.further_inputs.iter().enumerate() {
        let path = format!("network.further_inputs[{index}]");
        check(&format!("{path}.name"), inputs.insert(&port.name), "an input named once", &port.name)?;
        check(&format!("{path}.width"), port.width > 0, "1 or more", port.width)?;
    }
    for (index, port) in network.further_outputs.iter().enumerate() {
        let path = format!("network.further_outputs[{index}]");
        check(&format!("{path}.name"), outputs.insert(&port.name), "an output named once", &port.name)?;
        check(&format!("{path}.width"), (1..=1000).contains(&port.width), "1 to 1000", port.width)?;
    }
    for (index, state) in network.states.iter().enumerate() {
        let path = format!("network.states[{index}]");
        check(&format!("{path}.input"), inputs.insert(&state.input), "an input named once", &state.input)?;
        check(
            &format!("{path}.output"),
            outputs.insert(&state.output),
            "an output named once",
            &state.output,
        )?;
    }
    let rest: usize = network.further_inputs.iter().map(|port| port.width as usize).sum();
    let whole = contract.observation_len();
    let expected = format!("fewer than the {whole} numbers of the observation");
    check("network.further_inputs", rest == 0 || rest < whole, expected, rest)
}

fn history(contract: &Contract) -> Checked {
    let Some(history) = &contract.history else { return Ok(()) };
    check("history.ticks", (1..=MAX_DEPTH).contains(&history.ticks), "1 to 100", history.ticks)?;
    check("history.lag", history.lag <= MAX_DEPTH, "at most 100", history.lag)?;
    let old = contract.observation.iter().find(|term| term.history != 1);
    let path = old.map_or_else(String::new, |term| format!("observation ({}).history", term.name));
    let found = old.map_or(1, |term| term.history);
    check(&path, old.is_none(), "1: the contract's own history repeats every term", found)?;
    let len = contract.observation_len();
    let expected = format!("at most {MAX_OBSERVATION} numbers in all");
    check("history.ticks", len <= MAX_OBSERVATION, expected, len)
}

fn observed_joints(contract: &Contract) -> Checked {
    let Some(joints) = &contract.observed_joints else { return Ok(()) };
    check("observed_joints", (1..=64).contains(&joints.len()), "1 to 64 joints", joints.len())?;
    let mut names = HashSet::new();
    for (index, joint) in joints.iter().enumerate() {
        let path = format!("observed_joints[{index}]");
        check(&format!("{path}.name"), names.insert(&joint.name), "a joint named once", &joint.name)?;
        check(&format!("{path}.kind"), joint.kind.is_none(), "none: it is observed", "one")?;
        finite(&format!("{path}.default_rad"), &[joint.default_rad])?;
    }
    Ok(())
}

/// Checks which elements of its source a term takes; how many numbers it has in one tick.
pub(super) fn elements(path: &str, term: &Term, source_width: usize) -> Result<usize, ContractError> {
    let path = format!("{path}.elements");
    let Some(elements) = &term.elements else {
        let whole = term.source.width_of_term(term).is_none() || term.history == 1;
        check(&path, whole, "a history of 1: it is always the same", term.history)?;
        return Ok(source_width);
    };
    let fixed = term.source.width_of_term(term).is_none();
    check(&path, fixed, "none: the width says how many there are", "some")?;
    check(&path, (1..=MAX_OBSERVATION).contains(&elements.len()), "one or more", elements.len())?;
    let outside = elements.iter().find(|&&element| element as usize >= source_width);
    let expected = format!("indices below {source_width}");
    check(&path, outside.is_none(), expected, outside.copied().unwrap_or_default())?;
    Ok(elements.len())
}
