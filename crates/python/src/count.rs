//! Whole numbers from Python.

use crate::errors;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use std::ops::RangeInclusive;

/// A whole number from 0 to 2^64 - 1. A number outside is a UsageError, what is no whole number a TypeError.
#[derive(Clone, Copy)]
pub struct Count(pub u64);

impl<'py> FromPyObject<'_, 'py> for Count {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Count> {
        match object.extract() {
            Ok(value) => Ok(Count(value)),
            Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
                Err(out_of_range("a number", "one less than that, or more than 64 bits hold"))
            }
            Err(error) => Err(error),
        }
    }
}

impl Count {
    /// The number as a narrower one, or an error that names `what` it is.
    pub(crate) fn narrow<T: TryFrom<u64>>(self, what: &str) -> PyResult<T> {
        T::try_from(self.0).map_err(|_| out_of_range(what, self.0))
    }

    /// The number, where it is in `range`; or an error that names `what` it is.
    pub(crate) fn within(self, what: &str, range: RangeInclusive<u64>) -> PyResult<u64> {
        if range.contains(&self.0) {
            return Ok(self.0);
        }
        let (least, most) = (range.start(), range.end());
        let message = format!("{what}: expected {least} to {most}, found {}", self.0);
        Err(errors::usage(message, "a number beyond it would take more time or memory than a computer has"))
    }
}

fn out_of_range(what: &str, found: impl std::fmt::Display) -> PyErr {
    errors::usage(
        format!("{what}: expected a whole number from 0, found {found}"),
        "no rate, period or count of this size makes sense",
    )
}
