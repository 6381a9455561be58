//! One value of a contract against what it may be.

use crate::error::ContractError;
use crate::per_element::PerElement;
use std::fmt::Display;

/// Longest memory of a source, in ticks: two seconds at 50 Hz.
pub const MAX_DEPTH: u32 = 100;

pub type Checked = Result<(), ContractError>;

pub fn per_element(
    path: &str,
    values: &PerElement,
    count: usize,
    range: std::ops::RangeInclusive<f64>,
) -> Checked {
    let found = format!("{} numbers", values.values().len());
    check(path, values.fits(count), format!("one number, or {count}"), found)?;
    let inside = values.values().iter().all(|value| range.contains(value));
    check(
        path,
        inside,
        format!("numbers from {} to {}", range.start(), range.end()),
        format!("{:?}", values.values()),
    )
}

pub fn range(path: &str, [low, high]: [f64; 2]) -> Checked {
    finite(path, &[low, high])?;
    check(path, low < high, "low before high", format!("{low} to {high}"))
}

/// Finite also in the precision the controller computes in.
pub fn finite(path: &str, values: &[f64]) -> Checked {
    check(
        path,
        values.iter().all(|&value| (value as f32).is_finite()),
        "finite 32-bit numbers",
        format!("{values:?}"),
    )
}

pub fn sha256(path: &str, text: &str) -> Checked {
    let hexadecimal =
        text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    check(path, hexadecimal, "64 lower-case hexadecimal digits", text)
}

pub fn check(path: &str, holds: bool, expected: impl Display, found: impl Display) -> Checked {
    if holds {
        return Ok(());
    }
    Err(ContractError::Value {
        path: path.to_owned(),
        expected: expected.to_string(),
        found: found.to_string(),
    })
}
