//! In what way golden rows and ours differ: sign, scale, offset, swapped columns, a tick too early or too late.

mod order;
mod pattern;
mod rows;
mod target;

use gaitway_maths::trig;
use gaitway_model::Contract;
use gaitway_model::observation::TermSpan;
use gaitway_model::term::{Reference, Source, Term};
pub use pattern::Pattern;
pub(crate) use rows::Rows;
use rows::close;
pub(crate) use target::Targets;

/// What is added to a joint that follows no command.
const NOTHING: &str = "nothing";

/// The pattern of term `index` of the observation, whose columns `differs` are not as they should be.
pub(crate) fn term(
    rows: &Rows,
    contract: &Contract,
    spans: &[TermSpan],
    index: usize,
    differs: &[usize],
) -> Pattern {
    let (Some(term), Some(span)) = (contract.observation.get(index), spans.get(index)) else {
        return Pattern::Unknown;
    };
    let reaches_back = (term.lag + term.history).saturating_sub(1).max(1);
    if rows.differ_only_at_the_start(differs, reaches_back as usize) {
        return Pattern::Start;
    }
    if let Some(other) = (0..spans.len()).find(|&other| exchanged(rows, spans, index, other)) {
        return Pattern::SwappedWith(spans[other].name.clone());
    }
    match columns(rows, differs) {
        Pattern::Unknown if term.source == Source::Phase => period(rows, term, span.start),
        Pattern::Unknown => order::of_columns(contract, term, rows, span.start)
            .map_or_else(|| borrowed(rows, spans, span, differs), Pattern::Order),
        Pattern::Permuted(pairs) => {
            let within = |(ours, theirs)| (ours - span.start, theirs - span.start);
            let pairs: Vec<_> = pairs.into_iter().map(within).collect();
            order::of_term(contract, term, &pairs).map_or(Pattern::Permuted(pairs), Pattern::Order)
        }
        Pattern::Scales(factors) => Pattern::Scales(
            factors.into_iter().map(|(column, factor)| (column - span.start, factor)).collect(),
        ),
        Pattern::Offsets(offsets) => {
            let within = |(column, offset)| (column - span.start, offset);
            let offsets: Vec<_> = offsets.into_iter().map(within).collect();
            term_offsets(contract, term, offsets)
        }
        pattern => pattern,
    }
}

/// The pattern of columns that have no neighbours to be confused with.
pub(crate) fn row(rows: &Rows, differs: &[usize]) -> Pattern {
    match columns(rows, differs) {
        Pattern::Offsets(offsets) => simplest(offsets),
        pattern => pattern,
    }
}

/// The pattern of the network's output.
pub(crate) fn action(rows: &Rows, contract: &Contract, differs: &[usize]) -> Pattern {
    match row(rows, differs) {
        Pattern::Permuted(pairs) => {
            order::of_pairs(contract, &pairs).map_or(Pattern::Permuted(pairs), Pattern::Order)
        }
        pattern => pattern,
    }
}

/// The pattern of targets on their way to the filter, where the head command is added.
///
/// `commands` are those that the envelope let through, in the order of the contract's axes.
pub(crate) fn sent(rows: &Rows, contract: &Contract, commands: &[Vec<f32>], differs: &[usize]) -> Pattern {
    let added = contract.head_command.added_to_target;
    let joint_name = |joint: usize| contract.action.joints.get(joint).map(|joint| &joint.name);
    let cause = |&joint: &usize| {
        let name = joint_name(joint)?;
        let head = contract.head_command.joints.iter().find(|head| head.joint == *name)?;
        let axis = contract.command.iter().position(|known| known.axis == head.axis)?;
        let sign = if added { -1.0 } else { 1.0 };
        let explains = |tick: usize| {
            let theirs = rows.found[tick][joint] + sign * commands[tick][axis];
            close(theirs, rows.expected[tick][joint])
        };
        let (ours, theirs) = if added { (&*head.axis, NOTHING) } else { (NOTHING, &*head.axis) };
        (0..commands.len()).all(explains).then(|| (name.clone(), ours.to_owned(), theirs.to_owned()))
    };
    let causes: Option<Vec<_>> = differs.iter().map(cause).collect();
    causes.map_or_else(|| row(rows, differs), Pattern::HeadCommand)
}

/// The pattern of columns by themselves, offsets one by one.
fn columns(rows: &Rows, differs: &[usize]) -> Pattern {
    let all = |test: &dyn Fn(usize) -> bool| differs.iter().all(|&column| test(column));
    if all(&|column| rows.holds(column, |x| -x)) {
        return Pattern::Sign;
    }
    let shifts = [1, -1, 2, -2, 3, -3];
    if let Some(ticks) = shifts.into_iter().find(|&t| all(&|c| rows.is_column(c, c, t))) {
        return Pattern::Shifted(ticks);
    }
    if let Some(pairs) = permutation(rows, differs) {
        return Pattern::Permuted(pairs);
    }
    let Some(&first) = differs.first() else {
        return Pattern::Unknown;
    };
    if let Some(factor) = rows.ratio(first).filter(|&k| all(&|c| rows.holds(c, |x| k * x))) {
        return Pattern::Scale(factor);
    }
    let offsets: Vec<_> = differs.iter().map(|&column| (column, rows.first_offset(column))).collect();
    if offsets.iter().all(|&(column, offset)| rows.holds(column, |x| x + offset)) {
        return Pattern::Offsets(offsets);
    }
    if let Some(pattern) = own_lines(rows, differs) {
        return pattern;
    }
    let within = |x, (low, high)| gaitway_maths::scalar::limit(x, low, high);
    if all(&|c| rows.holds(c, |x| within(x, rows.extent_found(c)))) {
        let (low, high) = rows.extent_found(first);
        return Pattern::Clipped(low, high);
    }
    if all(&|c| rows.holds_inverse(c, |x| within(x, rows.extent_expected(c)))) {
        let (low, high) = rows.extent_expected(first);
        return Pattern::NotClipped(low, high);
    }
    Pattern::Unknown
}

/// The pattern of columns each of which has a factor, and an offset, of its own.
fn own_lines(rows: &Rows, differs: &[usize]) -> Option<Pattern> {
    let lines: Vec<_> = differs.iter().map(|&column| rows.line(column, column)).collect::<Option<_>>()?;
    if lines.len() < 2 || lines.iter().any(|(factor, _)| *factor < 0.0) {
        return None;
    }
    if lines.iter().all(|(_, offset)| close(*offset, 0.0)) {
        let factors = differs.iter().zip(&lines).map(|(&column, &(factor, _))| (column, factor));
        return Some(Pattern::Scales(factors.collect()));
    }
    let extent = |values: &mut dyn Iterator<Item = f32>| {
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
    };
    Some(Pattern::Unnormalised {
        mean: extent(&mut lines.iter().map(|line| line.1)),
        deviation: extent(&mut lines.iter().map(|line| line.0)),
    })
}

/// One offset where all have the same.
fn simplest(offsets: Vec<(usize, f32)>) -> Pattern {
    match offsets.first() {
        Some(&(_, first)) if offsets.iter().all(|&(_, offset)| close(offset, first)) => {
            Pattern::Offset(first)
        }
        _ => Pattern::Offsets(offsets),
    }
}

/// Offsets of a term, which may come from the pose it is measured from.
fn term_offsets(contract: &Contract, term: &Term, offsets: Vec<(usize, f32)>) -> Pattern {
    let joints = contract.action_len();
    let is_angle = matches!(term.source, Source::JointPosition | Source::Target);
    let everywhere =
        offsets.len() == term.width as usize && matches!(simplest(offsets.clone()), Pattern::Offset(_));
    if !is_angle || everywhere {
        return simplest(offsets);
    }
    let references: Vec<_> = offsets
        .iter()
        .filter(|(index, _)| *index < joints)
        .map(|&(joint, offset)| (joint, -offset / term.scale as f32))
        .collect();
    pose(contract, term.relative_to, &references).unwrap_or_else(|| simplest(offsets))
}

/// What of the default pose differs where joints are measured from another angle than theirs: (joint, ours minus
/// theirs in rad).
fn pose(contract: &Contract, ours: Reference, references: &[(usize, f32)]) -> Option<Pattern> {
    let joints = &contract.action.joints;
    let default = |joint: usize| joints.get(joint).map_or(0.0, |joint| joint.default_rad as f32);
    let name = |joint: usize| joints.get(joint).map_or_else(String::new, |joint| joint.name.clone());
    let of_all = references.len() == joints.iter().filter(|joint| joint.default_rad != 0.0).count();
    let sign = if ours == Reference::Zero { -1.0 } else { 1.0 };
    if of_all && references.iter().all(|&(joint, offset)| close(offset, sign * default(joint))) {
        return Some(match ours {
            Reference::Zero => Pattern::Reference(Reference::Zero, Reference::DefaultPose),
            Reference::DefaultPose => Pattern::Reference(Reference::DefaultPose, Reference::Zero),
        });
    }
    if ours == Reference::Zero {
        return None;
    }
    let theirs = |&(joint, offset): &(usize, f32)| {
        let others = references.iter().map(|&(other, _)| other).filter(|&other| other != joint);
        let other = others.into_iter().find(|&other| close(default(joint) - offset, default(other)))?;
        Some((name(joint), name(other)))
    };
    Some(match references.iter().map(theirs).collect() {
        Some(pairs) => Pattern::JointOrder(pairs),
        None => {
            Pattern::DefaultPose(references.iter().map(|&(joint, offset)| (name(joint), offset)).collect())
        }
    })
}

/// True where two terms are in the other order: neighbours of any width, or any two of the same width.
fn exchanged(rows: &Rows, spans: &[TermSpan], one: usize, other: usize) -> bool {
    let (first, second) = (&spans[one.min(other)], &spans[one.max(other)]);
    let moved = |span: &TermSpan, places: i64| {
        (span.start..span.start + span.width).all(|column| rows.is_other(column, column as i64 + places))
    };
    if one.abs_diff(other) == 1 {
        moved(first, second.width as i64) && moved(second, -(first.width as i64))
    } else {
        let places = second.start as i64 - first.start as i64;
        one != other && first.width == second.width && moved(first, places) && moved(second, -places)
    }
}

/// Where in the golden observation our numbers are.
fn borrowed(rows: &Rows, spans: &[TermSpan], span: &TermSpan, differs: &[usize]) -> Pattern {
    let columns = rows.columns() as i64;
    let fits = |places: &i64| differs.iter().all(|&column| rows.is_other(column, column as i64 + places));
    let nearest = (1..columns).flat_map(|places| [places, -places]).find(fits);
    let other = |places| spans.iter().find(|other| other.start as i64 == span.start as i64 + places);
    match nearest.map(|places| (places, other(places))) {
        Some((_, Some(other))) if other.width >= span.width => Pattern::NumbersOf(other.name.clone()),
        Some((places, _)) => Pattern::Moved(places),
        None => Pattern::Unknown,
    }
}

/// For each column that differs, the other column it has the numbers of.
fn permutation(rows: &Rows, differs: &[usize]) -> Option<Vec<(usize, usize)>> {
    let source = |&column: &usize| {
        let mut others = differs.iter().filter(|&&other| other != column);
        others.find(|&&other| rows.is_column(column, other, 0)).map(|&other| (column, other))
    };
    differs.iter().map(source).collect()
}

/// Ticks of a gait, where cosine and sine turn evenly in both.
fn period(rows: &Rows, term: &Term, start: usize) -> Pattern {
    let turn = |rows: &[Vec<f32>], before: usize, tick: usize| {
        let plain =
            |tick: usize, column: usize| (rows[tick][column] - term.offset as f32) / term.scale as f32;
        let (old, new) =
            ([plain(before, start), plain(before, start + 1)], [plain(tick, start), plain(tick, start + 1)]);
        let on_circle =
            close(new[0] * new[0] + new[1] * new[1], 1.0) && close(old[0] * old[0] + old[1] * old[1], 1.0);
        let angle = trig::acos(old[0] * new[0] + old[1] * new[1]);
        on_circle.then(|| angle.copysign(old[0] * new[1] - old[1] * new[0]))
    };
    let even = |values: &[Vec<f32>]| {
        // The first tick of an episode may see a first value that lies elsewhere.
        let ticks = (0..values.len()).filter(|&tick| rows.tick_before(tick, 2).is_some());
        let turns: Option<Vec<f32>> = ticks.map(|tick| turn(values, tick - 1, tick)).collect();
        let turns = turns?;
        let &first = turns.first()?;
        let even = first.abs() > 1e-3 && turns.iter().all(|turn| (turn - first).abs() < 1e-3);
        even.then(|| core::f32::consts::TAU / first)
    };
    match (even(&rows.found), even(&rows.expected)) {
        (Some(ours), Some(theirs)) => Pattern::Period(ours, theirs),
        _ => Pattern::Unknown,
    }
}
