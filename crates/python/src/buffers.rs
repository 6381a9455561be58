//! Rows of numbers that cross as buffers: `array.array("f")`, numpy arrays, memoryviews.

use crate::errors;
use pyo3::buffer::{Element, PyBuffer};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

const HINT: &str = "pass array.array('f', ...) or a numpy array of this dtype";

/// A number that crosses: its name in numpy, and its struct-module formats in this machine's byte order. PyO3 takes
/// the other order for the same.
pub(crate) trait Number: Element + Copy {
    const NAME: &str;
    const FORMATS: [&[u8]; 4];
}

impl Number for f32 {
    const NAME: &str = "float32";
    const FORMATS: [&[u8]; 4] =
        [b"f", b"@f", b"=f", if cfg!(target_endian = "little") { b"<f" } else { b">f" }];
}

impl Number for f64 {
    const NAME: &str = "float64";
    const FORMATS: [&[u8]; 4] =
        [b"d", b"@d", b"=d", if cfg!(target_endian = "little") { b"<d" } else { b">d" }];
}

/// A buffer of exactly `len` numbers.
fn get<T: Number>(object: &Bound<'_, PyAny>, what: &str, len: usize) -> PyResult<PyBuffer<T>> {
    let buffer = PyBuffer::<T>::get(object).ok();
    let native = |buffer: &PyBuffer<T>| T::FORMATS.contains(&buffer.format().to_bytes());
    let buffer = buffer.filter(native).ok_or_else(|| {
        let found = object.get_type().to_string();
        errors::usage(format!("{what}: expected a buffer of {}, found {found}", T::NAME), HINT)
    })?;
    if buffer.item_count() != len || !buffer.is_c_contiguous() {
        let found = format!("{} numbers in shape {:?}", buffer.item_count(), buffer.shape());
        let message = format!("{what}: expected {len} numbers, contiguous, found {found}");
        return Err(errors::usage(message, HINT));
    }
    Ok(buffer)
}

/// Copies a buffer into `row`.
pub(crate) fn read<T: Number>(
    py: Python<'_>,
    object: &Bound<'_, PyAny>,
    what: &str,
    row: &mut [T],
) -> PyResult<()> {
    get::<T>(object, what, row.len())?.copy_to_slice(py, row)
}

/// The numbers of a buffer that must have `len`: nothing is made of another's size.
pub(crate) fn read_new<T: Number + Default>(
    py: Python<'_>,
    object: &Bound<'_, PyAny>,
    what: &str,
    len: usize,
) -> PyResult<Vec<T>> {
    let buffer = get::<T>(object, what, len)?;
    let mut row = vec![T::default(); len];
    buffer.copy_to_slice(py, &mut row)?;
    Ok(row)
}

/// Copies `row` into a writable buffer.
pub(crate) fn write<T: Number>(
    py: Python<'_>,
    object: &Bound<'_, PyAny>,
    what: &str,
    row: &[T],
) -> PyResult<()> {
    let buffer = get::<T>(object, what, row.len())?;
    if buffer.readonly() {
        return Err(errors::usage(
            format!("{what}: expected a writable buffer, found a read-only one"),
            HINT,
        ));
    }
    buffer.copy_from_slice(py, row)
}

/// A read-only float32 memoryview over a copy of `row`.
pub(crate) fn view<'py>(py: Python<'py>, row: &[f32]) -> PyResult<Bound<'py, PyAny>> {
    let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_ne_bytes()).collect();
    let view = py.import("builtins")?.getattr("memoryview")?.call1((PyBytes::new(py, &bytes),))?;
    view.call_method1("cast", ("f",))
}
