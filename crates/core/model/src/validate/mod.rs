//! What the schema cannot say: a contract must not contradict itself.

mod checks;
mod clock;
mod gains;
mod later;

use crate::axis::{MAX_AXES, STANDARD_AXES};
use crate::contract::{Action, CommandAxis, Contract, Filter, SCHEMA, SCHEMA_2};
use crate::error::ContractError;
use crate::golden::{Golden, MIN_TICKS};
use crate::profile::MAX_CONTACTS;
use crate::term::{Reference, Source, Term};
use checks::{Checked, MAX_DEPTH, check, finite, per_element, range, sha256};
use std::collections::HashSet;

/// Largest command that means anything, in m/s, rad/s or rad.
const MAX_COMMAND: f64 = 1000.0;

/// Checks a whole contract.
pub(crate) fn contract(contract: &Contract) -> Checked {
    if ![SCHEMA, SCHEMA_2].contains(&contract.schema.as_str()) {
        return Err(ContractError::Schema { expected: SCHEMA, found: contract.schema.clone() });
    }
    contacts(contract)?;
    later::keys(contract)?;
    let rate = contract.policy_rate_hz;
    check("policy_rate_hz", (1..=1000).contains(&rate), "1 to 1000", rate)?;
    sha256("weights_sha256", &contract.weights_sha256)?;
    sha256("robot.profile_sha256", &contract.robot.profile_sha256)?;
    action(&contract.action)?;
    command(contract)?;
    head(contract)?;
    clock::phase(contract)?;
    observation(contract)?;
    gains::gains(contract)?;
    finite("reset.action", &[contract.reset.action])?;
    contract.golden.as_ref().map_or(Ok(()), |vectors| golden(contract, vectors))
}

fn action(action: &Action) -> Checked {
    let joints = action.joints.len();
    check("action.joints", (1..=64).contains(&joints), "1 to 64 joints", joints)?;
    let mut names = HashSet::new();
    for (index, joint) in action.joints.iter().enumerate() {
        let path = format!("action.joints[{index}]");
        check(&format!("{path}.name"), names.insert(&joint.name), "a joint named once", &joint.name)?;
        finite(&format!("{path}.default_rad"), &[joint.default_rad])?;
    }
    per_element("action.scale", &action.scale, joints, -100.0..=100.0)?;
    if let Some(limit) = &action.velocity_limit_rps {
        per_element("action.velocity_limit_rps", limit, joints, 0.001..=1e6)?;
    }
    if let Some(bounds) = action.bounds {
        range("action.bounds", bounds)?;
    }
    if let Some(Filter::LowPass { cutoff_hz }) = action.filter {
        let path = "action.filter.cutoff_hz";
        check(path, (0.001..=1e6).contains(&cutoff_hz), "0.001 to 1000000", cutoff_hz)?;
    }
    let delay = action.delay_ticks;
    check("action.delay_ticks", delay <= 20, "at most 20", delay)
}

fn contacts(contract: &Contract) -> Checked {
    let Some(contacts) = &contract.contacts else { return Ok(()) };
    check("schema", contract.schema == SCHEMA_2, format!("{SCHEMA_2:?} for contacts by name"), SCHEMA)?;
    let count = contacts.len();
    check("contacts", (1..=MAX_CONTACTS).contains(&count), format!("1 to {MAX_CONTACTS}"), count)?;
    let mut names = HashSet::new();
    for (index, name) in contacts.iter().enumerate() {
        check(&format!("contacts[{index}]"), names.insert(name), "a contact named once", name)?;
    }
    Ok(())
}

/// A contract of schema 1 knows the standard axes alone, each in its unit; one of schema 2 any that is finite.
fn axis(path: &str, contract: &Contract, entry: &CommandAxis) -> Checked {
    let name = &entry.axis;
    let standard = STANDARD_AXES.into_iter().find(|(known, _)| known == name);
    if let Some((_, unit)) = standard {
        return check(&format!("{path}.unit ({name})"), entry.unit == unit, unit, &entry.unit);
    }
    let known = STANDARD_AXES.map(|(known, _)| known).join(", ");
    let expected = format!("one of {known}, or the schema {SCHEMA_2:?}");
    check(&format!("{path}.axis"), contract.schema == SCHEMA_2, expected, name)
}

fn command(contract: &Contract) -> Checked {
    let mut axes = Vec::new();
    let count = contract.command.len();
    check("command", count <= MAX_AXES, format!("at most {MAX_AXES} axes"), count)?;
    for (index, entry) in contract.command.iter().enumerate() {
        let path = format!("command[{index}]");
        let name = &entry.axis;
        check(&format!("{path}.axis"), !axes.contains(&name), "an axis named once", name)?;
        axes.push(name);
        axis(&path, contract, entry)?;
        let ends = format!("{path}.min and max ({name})");
        range(&ends, [entry.min, entry.max])?;
        let sensible = entry.min.abs().max(entry.max.abs()) <= MAX_COMMAND;
        check(&ends, sensible, format!("at most {MAX_COMMAND}"), format!("{} to {}", entry.min, entry.max))?;
        let inside = (entry.min..=entry.max).contains(&entry.idle);
        check(&format!("{path}.idle ({name})"), inside, "a value from min to max", entry.idle)?;
        let dead_zone = entry.dead_zone;
        let fits = dead_zone >= 0.0 && dead_zone < entry.max - entry.min;
        check(&format!("{path}.dead_zone ({name})"), fits, "0 or more, less than max - min", dead_zone)?;
        if let Some(limit) = entry.rate_limit_per_s {
            let positive = limit.is_finite() && limit > 0.0;
            check(
                &format!("{path}.rate_limit_per_s ({name})"),
                positive,
                "a finite number more than 0",
                limit,
            )?;
        }
    }
    Ok(())
}

fn head(contract: &Contract) -> Checked {
    let mut joints = HashSet::new();
    for (index, entry) in contract.head_command.joints.iter().enumerate() {
        let path = format!("head_command.joints[{index}]");
        let name = &entry.axis;
        let commanded = contract.command.iter().find(|command| &command.axis == name);
        let is_angle = commanded.is_some_and(|command| command.unit == "rad");
        check(&format!("{path}.axis"), is_angle, "an angle among the command axes", name)?;
        let known = contract.action.joints.iter().any(|joint| joint.name == entry.joint);
        check(&format!("{path}.joint"), known, "a joint of the action", &entry.joint)?;
        check(&format!("{path}.joint"), joints.insert(&entry.joint), "a joint named once", &entry.joint)?;
    }
    Ok(())
}

fn observation(contract: &Contract) -> Checked {
    let terms = contract.observation.len();
    check("observation", (1..=256).contains(&terms), "1 to 256 terms", terms)?;
    let mut names = HashSet::new();
    for (index, entry) in contract.observation.iter().enumerate() {
        let path = format!("observation[{index}] ({})", entry.name);
        check(&format!("{path}.name"), names.insert(&entry.name), "a name no other term has", &entry.name)?;
        term(&path, entry, contract)?;
    }
    Ok(())
}

fn term(path: &str, term: &Term, contract: &Contract) -> Checked {
    let source = term.source;
    check(&format!("{path}.unit"), term.unit == source.unit(), source.unit(), &term.unit)?;
    let (expected, found) = if source.has_frame() {
        ("a frame, \"trunk\"", "none")
    } else {
        ("no frame: the source is not a vector", "one")
    };
    check(&format!("{path}.frame"), term.frame.is_some() == source.has_frame(), expected, found)?;
    let angle = matches!(source, Source::JointPosition | Source::Target);
    let sensible = angle || term.relative_to == Reference::Zero;
    check(
        &format!("{path}.relative_to"),
        sensible,
        "zero: only joint angles have a default pose",
        "default_pose",
    )?;
    let source_width = source.width_of_term(term).unwrap_or_else(|| source_width(source, contract));
    let tick_width = later::elements(path, term, source_width)?;
    for (key, values) in [("scale", &term.scale), ("offset", &term.offset)] {
        let path = format!("{path}.{key}");
        let found = format!("{} numbers", values.values().len());
        check(&path, values.fits(tick_width), format!("one number, or {tick_width}"), found)?;
        finite(&path, values.values())?;
    }
    let zero = term.scale.values().iter().find(|&&scale| scale == 0.0);
    check(&format!("{path}.scale"), zero.is_none(), "a number other than 0", 0)?;
    if let Some(clip) = term.clip {
        range(&format!("{path}.clip"), clip)?;
    }
    check(&format!("{path}.history"), (1..=MAX_DEPTH).contains(&term.history), "1 to 100", term.history)?;
    let least = u32::from(source.is_feedback());
    let lag_path = format!("{path}.lag");
    check(&lag_path, term.lag >= least, "1 or more: this tick's does not exist yet", term.lag)?;
    check(&lag_path, term.lag <= MAX_DEPTH, "at most 100", term.lag)?;
    if source == Source::Command {
        check(path, !contract.command.is_empty(), "a command axis in the contract", "none")?;
    }
    if source == Source::Phase {
        check(path, contract.phase.is_some(), "a phase clock in the contract", "none")?;
    }
    let width = tick_width as u64 * u64::from(term.history);
    check(&format!("{path}.width"), u64::from(term.width) == width, width, term.width)
}

/// Numbers a source has in one tick.
pub(crate) fn source_width(source: Source, contract: &Contract) -> usize {
    match source {
        Source::Gyro | Source::Accelerometer | Source::ProjectedGravity => 3,
        Source::FootContact => contract.contacts_len(),
        Source::Euler | Source::BaseVelocity => 3,
        Source::Phase => 2 * contract.phases_len(),
        Source::Command => contract.command.len(),
        Source::JointPosition | Source::JointVelocity => contract.observed_joints().len(),
        _ => contract.action_len(),
    }
}

fn golden(contract: &Contract, golden: &Golden) -> Checked {
    let ticks = golden.ticks.len();
    check("golden.ticks", ticks >= MIN_TICKS, format!("at least {MIN_TICKS} ticks"), ticks)?;
    let tolerance = golden.tolerance;
    check("golden.tolerance", tolerance > 0.0 && tolerance <= 1e-3, "more than 0, at most 0.001", tolerance)?;
    let starts = golden.ticks.first().is_some_and(|tick| tick.reset);
    check("golden.ticks[0].reset", starts, "true: nothing comes before it", starts)?;
    let joints = contract.action_len();
    for (index, tick) in golden.ticks.iter().enumerate() {
        finite(&format!("golden.ticks[{index}].gyro"), &tick.gyro)?;
        finite(&format!("golden.ticks[{index}].accelerometer"), &tick.accelerometer)?;
        let rows = [
            ("foot_contact", &tick.foot_contact, contract.contacts_len()),
            ("joint_position", &tick.joint_position, contract.observed_joints().len()),
            ("joint_velocity", &tick.joint_velocity, contract.observed_joints().len()),
            ("command", &tick.command, contract.command.len()),
            ("observation", &tick.observation, contract.observation_len()),
            ("action", &tick.action, contract.output_len()),
            ("target", &tick.target, joints),
            ("sent", &tick.sent, joints),
        ];
        for (name, values, len) in rows {
            let path = format!("golden.ticks[{index}].{name}");
            check(&path, values.len() == len, format!("{len} numbers"), format!("{} numbers", values.len()))?;
            finite(&path, values)?;
        }
    }
    Ok(())
}
