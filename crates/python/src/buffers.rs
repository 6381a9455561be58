//! Rows of float32 that cross as buffers: `array.array("f")`, numpy arrays, memoryviews.

use crate::errors;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

const HINT: &str = "pass array.array('f', ...) or a numpy array of dtype float32";

/// The struct-module formats of a float32 in this machine's byte order. PyO3 takes the other order for the same.
const FORMATS: [&[u8]; 4] = [b"f", b"@f", b"=f", if cfg!(target_endian = "little") { b"<f" } else { b">f" }];

/// A buffer of exactly `len` float32.
fn get(object: &Bound<'_, PyAny>, what: &str, len: usize) -> PyResult<PyBuffer<f32>> {
    let buffer = PyBuffer::<f32>::get(object).ok();
    let native = |buffer: &PyBuffer<f32>| FORMATS.contains(&buffer.format().to_bytes());
    let buffer = buffer.filter(native).ok_or_else(|| {
        let found = object.get_type().to_string();
        errors::usage(format!("{what}: expected a buffer of float32, found {found}"), HINT)
    })?;
    if buffer.item_count() != len || !buffer.is_c_contiguous() {
        let found = format!("{} numbers in shape {:?}", buffer.item_count(), buffer.shape());
        let message = format!("{what}: expected {len} numbers, contiguous, found {found}");
        return Err(errors::usage(message, HINT));
    }
    Ok(buffer)
}

/// Copies a buffer into `row`.
pub(crate) fn read(py: Python<'_>, object: &Bound<'_, PyAny>, what: &str, row: &mut [f32]) -> PyResult<()> {
    get(object, what, row.len())?.copy_to_slice(py, row)
}

/// Copies `row` into a writable buffer.
pub(crate) fn write(py: Python<'_>, object: &Bound<'_, PyAny>, what: &str, row: &[f32]) -> PyResult<()> {
    let buffer = get(object, what, row.len())?;
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
