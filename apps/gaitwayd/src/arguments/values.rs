//! Values of flags: from text to numbers, files and commands.

use super::error::ArgumentError;
use super::flag::Flag;
use super::settings::{CarriedPolicy, PolicySettings};
use gaitway_runtime::Overrun;
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

type Result<T> = std::result::Result<T, ArgumentError>;

/// True for what looks like a flag and not like a negative number.
pub(super) fn is_flag(value: &OsStr) -> bool {
    let Some(behind) = value.as_encoded_bytes().strip_prefix(b"-") else { return false };
    behind.first().is_some_and(|first| first.is_ascii_alphabetic()) || (behind.len() > 1 && behind[0] == b'-')
}

/// Most characters of an argument that a message shows: a line of it is to be read whole.
const SHOWN: usize = 100;

/// A value as it is shown in messages.
pub(super) fn quoted(value: &OsStr) -> String {
    format!("{:?}", shortened(&value.to_string_lossy()))
}

/// An argument as it is shown in messages: of a long one both ends, for a path's end says most.
pub(super) fn shortened(text: &str) -> String {
    let end = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    let count = text.chars().count();
    if count <= SHOWN {
        return text.to_owned();
    }
    format!("{}…{}", &text[..end(SHOWN / 2)], &text[end(count - SHOWN / 2)..])
}

/// A whole number within a range.
pub(super) fn whole<T>(flag: &Flag, value: OsString, range: RangeInclusive<T>) -> Result<T>
where
    T: TryFrom<i64> + PartialOrd + std::fmt::Display,
{
    let number = text(flag, &value)?.parse::<i64>().ok().and_then(|number| T::try_from(number).ok());
    let expected = || format!("a whole number from {} to {}", range.start(), range.end());
    number.filter(|number| range.contains(number)).ok_or_else(|| flag.wrong(expected(), &quoted(&value)))
}

/// A number that `holds`, which is finite in any case.
pub(super) fn number(
    flag: &Flag,
    value: OsString,
    expected: &str,
    holds: impl Fn(f64) -> bool,
) -> Result<f64> {
    let number = text(flag, &value)?.parse::<f64>().ok();
    let number = number.filter(|&number| number.is_finite() && holds(number));
    number.ok_or_else(|| flag.wrong(expected, &quoted(&value)))
}

/// A policy: the name of one that needs no file, or a file that exists.
pub(super) fn policy(flag: &Flag, value: OsString, to: &mut PolicySettings) -> Result<()> {
    match CarriedPolicy::ALL.into_iter().find(|carried| value == carried.name()) {
        Some(carried) => (to.file, to.carried) = (None, carried),
        None => to.file = Some(file(flag, value)?),
    }
    Ok(())
}

/// A path to something that need not be there yet.
pub(super) fn path(flag: &Flag, value: OsString) -> Result<PathBuf> {
    if value.is_empty() { Err(flag.wrong("a path", &quoted(&value))) } else { Ok(value.into()) }
}

/// An address and a port.
pub(super) fn address(flag: &Flag, value: OsString) -> Result<SocketAddr> {
    let found = text(flag, &value)?.parse();
    found.map_err(|_| flag.wrong("an address and a port", &quoted(&value)))
}

/// A path to a file that is there.
pub(super) fn file(flag: &Flag, value: OsString) -> Result<PathBuf> {
    let path = PathBuf::from(&value);
    if path.is_file() {
        Ok(path)
    } else {
        Err(ArgumentError::NoFile { flag: flag.name, found: quoted(&value) })
    }
}

/// A name, which is not empty.
pub(super) fn name(flag: &Flag, value: OsString) -> Result<String> {
    let name = text(flag, &value)?;
    if name.is_empty() { Err(flag.wrong("a name", "none")) } else { Ok(name.to_owned()) }
}

/// The axes of a command in three numbers.
const VELOCITIES: [&str; 3] = ["vx", "vy", "wz"];

/// What happens after an overrun.
pub(super) fn overrun(flag: &Flag, value: OsString) -> Result<Overrun> {
    let name = text(flag, &value)?.replace('-', "_");
    name.parse().map_err(|_| flag.wrong("skip, catch_up or hold", &quoted(&value)))
}

/// Axes by name, or forward, leftward and turning velocity as three numbers. Which axes there are the robot's profile
/// says, later.
pub(super) fn command(flag: &Flag, value: OsString) -> Result<Vec<(String, f32)>> {
    let given = text(flag, &value)?;
    if given.contains('=') { command_by_name(flag, given) } else { command_by_order(flag, given) }
}

fn command_by_name(flag: &Flag, given: &str) -> Result<Vec<(String, f32)>> {
    let mut command: Vec<(String, f32)> = Vec::new();
    for part in given.split(',').map(str::trim) {
        let Some((axis, number)) = part.split_once('=') else {
            return Err(flag.wrong("AXIS=NUMBER between commas", &format!("{part:?}")));
        };
        let axis = axis.trim().replace('-', "_");
        if command.iter().any(|(known, _)| *known == axis) {
            return Err(flag.wrong(format!("{axis} once"), "it twice"));
        }
        command.push((axis, command_number(flag, number)?));
    }
    Ok(command)
}

fn command_by_order(flag: &Flag, given: &str) -> Result<Vec<(String, f32)>> {
    let numbers = given.split([' ', ',']).filter(|part| !part.is_empty());
    let numbers = numbers.map(|part| command_number(flag, part)).collect::<Result<Vec<f32>>>()?;
    match numbers[..] {
        [_, _, _] => Ok(VELOCITIES.into_iter().map(str::to_owned).zip(numbers).collect()),
        _ => Err(flag.wrong("three numbers, or axes by name", &format!("{} numbers", numbers.len()))),
    }
}

fn command_number(flag: &Flag, number: &str) -> Result<f32> {
    let parsed = number.trim().parse::<f32>().ok().filter(|number| number.is_finite());
    parsed.ok_or_else(|| flag.wrong("a number for each axis", &format!("{number:?}")))
}

fn text<'a>(flag: &Flag, value: &'a OsStr) -> Result<&'a str> {
    value.to_str().ok_or_else(|| flag.wrong("Unicode text", &quoted(value)))
}
