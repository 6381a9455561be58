//! `Contract`: what a policy must be fed and what its numbers mean.

use crate::{buffers, errors};
use gaitway_model::Command;
use gaitway_model::axis::STANDARD_AXES;
use gaitway_model::envelope::CommandEnvelope;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};
use std::sync::Arc;

/// Names of the standard command axes, in the order of their rows.
#[pyfunction]
pub fn axes() -> [&'static str; STANDARD_AXES.len()] {
    STANDARD_AXES.map(|(name, _)| name)
}

#[pyclass(frozen, eq, module = "gaitway._native")]
#[derive(Clone, PartialEq)]
pub struct Contract {
    pub(crate) contract: Arc<gaitway_model::Contract>,
}

#[pymethods]
impl Contract {
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Contract> {
        let contract = gaitway_model::Contract::from_json(text).map_err(|error| errors::contract(&error))?;
        Ok(Contract { contract: Arc::new(contract) })
    }

    #[staticmethod]
    fn json_schema() -> String {
        gaitway_model::Contract::json_schema()
    }

    fn to_json(&self) -> PyResult<String> {
        self.contract.canonical_json().map_err(|error| errors::contract(&error))
    }

    #[getter]
    fn sha256(&self) -> PyResult<String> {
        self.contract.hash().map_err(|error| errors::contract(&error))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.contract.name
    }

    #[getter]
    fn weights_sha256(&self) -> &str {
        &self.contract.weights_sha256
    }

    #[getter]
    fn policy_rate_hz(&self) -> u32 {
        self.contract.policy_rate_hz
    }

    #[getter]
    fn observation_len(&self) -> usize {
        self.contract.observation_len()
    }

    #[getter]
    fn action_len(&self) -> usize {
        self.contract.action_len()
    }

    #[getter]
    fn output_len(&self) -> usize {
        self.contract.output_len()
    }

    #[getter]
    fn envelope<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let axes = self.contract.command.iter();
        axes.map(|known| (known.axis.as_str(), (known.min, known.max))).into_py_dict(py)
    }

    /// What of a command row along `axes`, the standard ones if None, the policy is never asked: a sentence each.
    #[pyo3(signature = (row, axes=None))]
    fn clipped(
        &self,
        py: Python<'_>,
        row: &Bound<'_, PyAny>,
        axes: Option<Vec<String>>,
    ) -> PyResult<Vec<String>> {
        let axes = axes.unwrap_or_else(|| STANDARD_AXES.map(|(name, _)| name.to_owned()).to_vec());
        let values = buffers::read_new::<f32>(py, row, "command", axes.len())?;
        let command = Command::of(&values);
        let names = axes.iter().map(String::as_str);
        let envelope = CommandEnvelope::new(&self.contract.command, self.contract.policy_rate_hz, names);
        Ok(envelope.clipped(&command).iter().map(ToString::to_string).collect())
    }

    #[getter]
    fn terms(&self) -> Vec<(String, u32)> {
        self.contract.observation.iter().map(|term| (term.name.clone(), term.width)).collect()
    }

    fn __repr__(&self) -> String {
        format!("Contract({:?})", self.contract.name)
    }
}
