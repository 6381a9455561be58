//! `Recording` and `repair`.

use crate::errors;
use gaitway_record::message::Values;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

#[pyclass(frozen, module = "gaitway._native")]
pub struct Recording {
    recording: gaitway_record::Recording,
}

#[pymethods]
impl Recording {
    #[staticmethod]
    fn read(py: Python<'_>, data: &[u8]) -> PyResult<Recording> {
        let read = py.detach(|| gaitway_record::Recording::read(data));
        Ok(Recording { recording: read.map_err(|error| errors::record(&error))? })
    }

    #[getter]
    fn notes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let notes = PyDict::new(py);
        for (name, note) in &self.recording.about.notes {
            notes.set_item(name, note)?;
        }
        Ok(notes)
    }

    #[getter]
    fn profile(&self) -> &str {
        &self.recording.about.profile
    }

    #[getter]
    fn contract(&self) -> &str {
        &self.recording.about.contract
    }

    #[getter]
    fn policy<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.recording.about.policy)
    }

    #[getter]
    fn epoch_ns(&self) -> u64 {
        self.recording.about.epoch_ns
    }

    #[getter]
    fn cut(&self) -> Option<&str> {
        self.recording.cut.as_deref()
    }

    #[getter]
    fn ticks(&self) -> usize {
        self.recording.ticks.len()
    }

    fn verify<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let verified = py.detach(|| self.recording.verify()).map_err(|error| errors::record(&error))?;
        let found = PyDict::new(py);
        found.set_item("same", verified.same)?;
        found.set_item("different", verified.different)?;
        found.set_item("skipped", verified.skipped)?;
        found.set_item("cpu_path", verified.cpu_path)?;
        let first = verified.first.map(|difference| -> PyResult<_> {
            let first = PyDict::new(py);
            first.set_item("tick", difference.tick)?;
            first.set_item("place", difference.place)?;
            first.set_item("recorded", difference.recorded)?;
            first.set_item("replayed", difference.replayed)?;
            Ok(first)
        });
        found.set_item("first", first.transpose()?)?;
        Ok(found)
    }

    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = py.detach(|| self.recording.columns());
        let table = PyDict::new(py);
        for column in columns {
            match column.values {
                Values::Numbers(numbers) => {
                    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
                    table.set_item(column.name, PyBytes::new(py, &bytes))?;
                }
                Values::Texts(texts) => table.set_item(column.name, texts)?,
            }
        }
        Ok(table)
    }
}

#[pyfunction]
pub fn repair<'py>(py: Python<'py>, data: &[u8]) -> PyResult<(Bound<'py, PyBytes>, u64)> {
    let (bytes, messages) =
        py.detach(|| gaitway_record::repair(data)).map_err(|error| errors::record(&error))?;
    Ok((PyBytes::new(py, &bytes), messages))
}
