//! One flag: how it is written, what it does, and what is said where its value is wrong.

use super::error::ArgumentError;
use super::settings::Settings;
use std::ffi::OsString;

/// One flag.
#[derive(Debug)]
pub(super) struct Flag {
    /// The long name with dashes, or the short one where there is no long one.
    pub name: &'static str,
    /// The letter behind one dash.
    pub short: Option<char>,
    /// What its value is called; empty where it takes none.
    pub value: &'static str,
    pub help: &'static str,
    pub example: &'static str,
    /// Takes the value over into the arguments.
    pub set: fn(&mut Settings, &Flag, OsString) -> Result<(), ArgumentError>,
}

impl Flag {
    /// An error of this flag.
    pub fn wrong(&self, expected: impl Into<String>, found: &str) -> ArgumentError {
        ArgumentError::Value {
            flag: self.name,
            expected: expected.into(),
            found: found.to_owned(),
            example: self.example,
        }
    }
}
