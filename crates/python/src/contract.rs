//! `Contract`: what a policy must be fed and what its numbers mean.

use crate::{buffers, errors};
use gaitway_model::envelope::CommandEnvelope;
use gaitway_model::{Axis, Command};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};
use std::sync::Arc;

/// Names of the command axes, in the order of every command row.
#[pyfunction]
pub fn axes() -> [&'static str; Axis::ALL.len()] {
    Axis::ALL.map(Axis::name)
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
    fn envelope<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let axes = self.contract.command.iter();
        axes.map(|known| (known.axis.name(), (known.min, known.max))).into_py_dict(py)
    }

    /// What of a command row the policy is never asked, a sentence each.
    fn clipped(&self, py: Python<'_>, row: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
        let mut command = Command::default();
        buffers::read(py, row, "command", &mut command.values)?;
        let envelope = CommandEnvelope::new(&self.contract.command, self.contract.policy_rate_hz);
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
