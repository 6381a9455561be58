//! `SecureChannel`: the side that calls of a channel to a robot elsewhere. The socket is the caller's.

use crate::errors;
use gaitway_runtime::api::SecureError;
use gaitway_runtime::pad::key_file;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;

#[pyclass(module = "gaitway._native")]
pub struct SecureChannel {
    channel: gaitway_runtime::api::SecureChannel,
    first: Vec<u8>,
}

#[pymethods]
impl SecureChannel {
    /// A channel to a robot that has the key of this file, too.
    #[new]
    fn new(key: PathBuf) -> PyResult<SecureChannel> {
        let key = key_file::load(&key).map_err(|error| errors::usage(error.to_string(), &error.hint()))?;
        let (channel, first) = gaitway_runtime::api::SecureChannel::calling(&key).map_err(closed)?;
        Ok(SecureChannel { channel, first })
    }

    fn first<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.first)
    }

    #[getter]
    fn is_open(&self) -> bool {
        self.channel.is_open()
    }

    fn take<'py>(&mut self, py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        // The side that calls has nothing to answer after its first bytes.
        let (mut content, mut answer) = (Vec::new(), Vec::new());
        self.channel.take(data, &mut content, &mut answer).map_err(closed)?;
        Ok(PyBytes::new(py, &content))
    }

    fn seal<'py>(&mut self, py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let mut sealed = Vec::new();
        self.channel.seal(data, &mut sealed).map_err(closed)?;
        Ok(PyBytes::new(py, &sealed))
    }
}

fn closed(error: SecureError) -> PyErr {
    errors::daemon(error.to_string(), error.hint())
}
