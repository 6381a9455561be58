//! Do a network's own statistics agree with the units a contract claims?
//!
//! A file of 101 inputs and 14 outputs may have been trained with other scales; its shape cannot tell, but the
//! normaliser inside it can: it holds mean and standard deviation of every number it was trained on.

use crate::error::PolicyError;
use gaitway_model::Contract;
use gaitway_model::term::{Source, Term};
use gaitway_policy::Normaliser;

/// Compares every term's standard deviation, in the source's own unit, with what a walking robot can have.
pub(crate) fn check(contract: &Contract, normaliser: &Normaliser) -> Result<(), PolicyError> {
    let mut start = 0;
    for term in contract.terms().iter() {
        let end = start + term.width as usize;
        let (Some(mean), Some(std)) = (normaliser.mean.get(start..end), normaliser.std.get(start..end))
        else {
            return Err(wrong(
                term,
                format!("numbers {start} to {end}"),
                format!("{} numbers", normaliser.std.len()),
            ));
        };
        check_spread(term, std)?;
        if term.source == Source::Accelerometer {
            check_gravity(term, mean)?;
        }
        start = end;
    }
    Ok(())
}

fn check_spread(term: &Term, std: &[f32]) -> Result<(), PolicyError> {
    let Some((low, high)) = plausible_std(term.source) else {
        return Ok(());
    };
    let width = term.tick_width();
    let in_unit: Vec<f32> =
        (0..).zip(std).map(|(place, std)| std / term.scale_of(place % width).abs() as f32).collect();
    let in_unit = median(&in_unit);
    if (low..=high).contains(&in_unit) {
        return Ok(());
    }
    let unit = term.source.unit();
    Err(wrong(
        term,
        format!("a standard deviation of {low} to {high} {unit}"),
        format!("{in_unit:.4} {unit}, as if the scale were not {}", term.scale_of(0)),
    ))
}

/// An accelerometer that includes gravity has a mean of about one g; linear acceleration has none, and a gravity
/// direction has length one.
fn check_gravity(term: &Term, mean: &[f32]) -> Result<(), PolicyError> {
    // One tick of the history is enough: they all have the same mean.
    if term.tick_width() != 3 {
        return Ok(());
    }
    let newest = (0..3).zip(mean);
    let in_unit =
        newest.map(|(place, &mean)| (f64::from(mean) - term.offset_of(place)) / term.scale_of(place));
    let length = in_unit.map(|mean| mean.powi(2)).sum::<f64>().sqrt();
    if (6.0..=13.0).contains(&length) {
        return Ok(());
    }
    Err(wrong(term, "a mean of about 9.8 m/s2".to_owned(), format!("{length:.2} m/s2")))
}

/// Range of standard deviations that training a small legged robot gives, generously: a factor of about four to
/// either side of what the policies seen so far have. The wrong scales in circulation are off by 4 to 20.
fn plausible_std(source: Source) -> Option<(f64, f64)> {
    match source {
        Source::Gyro => Some((0.1, 4.0)),
        Source::Accelerometer => Some((0.5, 12.0)),
        Source::JointPosition => Some((0.015, 0.6)),
        Source::JointVelocity => Some((0.4, 8.0)),
        Source::Target => Some((0.015, 0.6)),
        Source::Phase => Some((0.5, 0.9)),
        _ => None,
    }
}

fn median(values: &[f32]) -> f64 {
    let mut sorted: Vec<f32> = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).map_or(0.0, |&value| f64::from(value))
}

fn wrong(term: &Term, expected: String, found: String) -> PolicyError {
    PolicyError::Units { term: term.name.clone(), expected, found }
}
