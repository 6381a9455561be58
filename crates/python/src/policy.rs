//! `Policy`, `embed`, `survey` and `check`.

use crate::contract::Contract;
use crate::count::Count;
use crate::errors;
use crate::network::infer_rows;
use crate::robot::Robot;
use gaitway_control::Basis;
use gaitway_policy::{Interface, OnnxError, Port, Survey, metadata};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use std::collections::BTreeMap;
use std::sync::Arc;

#[pyclass(frozen, module = "gaitway._native")]
pub struct Policy {
    pub(crate) policy: gaitway_control::Policy,
}

#[pymethods]
impl Policy {
    #[staticmethod]
    #[pyo3(signature = (data, known, assume=None, *, native=true))]
    fn from_onnx(
        py: Python<'_>,
        data: &[u8],
        known: Vec<PyRef<'_, Contract>>,
        assume: Option<&str>,
        native: bool,
    ) -> PyResult<Policy> {
        let known: Vec<_> = known.iter().map(|contract| contract.contract.as_ref().clone()).collect();
        let loaded = py.detach(|| match native {
            true => gaitway_control::Policy::from_onnx(data, &known, assume),
            false => gaitway_control::Policy::without_plan(data, &known, assume),
        });
        Ok(Policy { policy: loaded.map_err(|error| errors::policy(&error))? })
    }

    /// The same policy with another network that runs while the command asks for no velocity.
    fn with_standing(&self, py: Python<'_>, data: &[u8]) -> PyResult<Policy> {
        let policy = self.policy.clone();
        let pair = py.detach(|| policy.with_standing(data));
        Ok(Policy { policy: pair.map_err(|error| errors::policy(&error))? })
    }

    /// The policies that the text of a `policies.toml` names; `read` has the bytes of a file beside it.
    #[staticmethod]
    fn of_set(text: &str, read: &Bound<'_, PyAny>) -> PyResult<Policy> {
        let mut content = |name: &str| {
            let content = read.call1((name,)).and_then(|content| content.extract::<Vec<u8>>());
            content.map_err(|error| error.value(read.py()).to_string())
        };
        let policy = gaitway_control::Policy::of_set(text, &mut content);
        Ok(Policy { policy: policy.map_err(|error| errors::policy(&error))? })
    }

    /// The file of the set's default policy; none of one that runs alone.
    #[getter]
    fn default_file(&self) -> Option<&str> {
        let rules = self.policy.set()?.rules();
        rules.policies.get(rules.default_index()).map(|entry| entry.file.as_str())
    }

    /// Names of the policies of the set, in its order; none of one that runs alone.
    #[getter]
    fn set_names(&self) -> Vec<&str> {
        let rules = self.policy.set().map(|set| set.rules());
        rules
            .map(|rules| rules.policies.iter().map(|entry| entry.name.as_str()).collect())
            .unwrap_or_default()
    }

    #[getter]
    fn standing_name(&self) -> Option<&str> {
        self.policy.standing_name()
    }

    #[getter]
    fn contract(&self) -> Contract {
        Contract { contract: Arc::new(self.policy.contract().clone()) }
    }

    #[getter]
    fn contract_sha256(&self) -> &str {
        self.policy.contract_sha256()
    }

    #[getter]
    fn basis(&self) -> &'static str {
        match self.policy.basis() {
            Basis::Embedded => "embedded",
            Basis::Recognised => "recognised",
            Basis::Assumed => "assumed",
        }
    }

    #[getter]
    fn native(&self) -> bool {
        self.policy.plan().is_some()
    }

    #[getter]
    fn macs(&self) -> Option<u64> {
        self.policy.plan().map(|plan| plan.macs())
    }

    #[getter]
    fn cpu_path(&self) -> Option<String> {
        self.policy.plan().map(|plan| plan.cpu_path().to_string())
    }

    #[getter]
    fn state_len(&self) -> usize {
        self.policy.plan().map_or(0, |plan| plan.state_len())
    }

    /// The network's outputs for observations that follow each other in one buffer, and in time: a recurrent network
    /// begins with `state`, which then holds what it remembers, or with zeros.
    #[pyo3(signature = (observations, actions, rows, state=None))]
    fn infer(
        &self,
        py: Python<'_>,
        observations: &Bound<'_, PyAny>,
        actions: &Bound<'_, PyAny>,
        rows: Count,
        state: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let Some(plan) = self.policy.plan() else {
            return Err(errors::control(&gaitway_control::ControlError::ExternalEngine));
        };
        infer_rows(py, plan, observations, actions, rows, state)
    }
}

#[pyfunction]
pub fn embed<'py>(py: Python<'py>, data: &[u8], contract: &Contract) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = gaitway_control::embed(data, &contract.contract).map_err(|error| errors::policy(&error))?;
    Ok(PyBytes::new(py, &bytes))
}

/// The ONNX file with the weights that lie in files beside it inside; `read` has their content by name. What is no ONNX
/// file comes back as it is: who reads it says what it is.
#[pyfunction]
pub fn inline_weights<'py>(
    py: Python<'py>,
    data: &[u8],
    read: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut content = |name: &str| {
        let content = read.call1((name,)).and_then(|content| content.extract::<Vec<u8>>());
        content.map_err(|error| error.value(py).to_string())
    };
    let inlined = gaitway_policy::inline(data, &mut content).and_then(|bytes| {
        // What lies in a branch is brought in by nobody.
        metadata::refuse_data_elsewhere(&bytes)?;
        Ok(bytes)
    });
    match inlined {
        Ok(bytes) => Ok(PyBytes::new(py, &bytes)),
        Err(OnnxError::Malformed { .. }) => Ok(PyBytes::new(py, data)),
        Err(error) => Err(errors::policy(&error.into())),
    }
}

/// What an ONNX file has, and all that keeps the native engine from running it for `output`.
#[pyfunction]
#[pyo3(signature = (data, output=None))]
pub fn survey<'py>(py: Python<'py>, data: &[u8], output: Option<&str>) -> PyResult<Bound<'py, PyDict>> {
    let looked = metadata::refuse_other_files(data).and_then(|()| Survey::of(data));
    let found = looked.map_err(|error| errors::policy(&error.into()))?;
    let result = PyDict::new(py);
    result.set_item("producer", found.producer)?;
    result.set_item("opsets", found.opsets)?;
    result.set_item("inputs", ports(py, found.inputs)?)?;
    result.set_item("outputs", ports(py, found.outputs)?)?;
    result.set_item("operators", found.operators)?;
    result.set_item("metadata", found.metadata.into_iter().collect::<BTreeMap<_, _>>())?;
    let obstacles = PyList::empty(py);
    let interface = output.map_or_else(Interface::default, Interface::of_output);
    for error in gaitway_policy::obstacles(data, &interface) {
        let entry = PyDict::new(py);
        entry.set_item("message", error.to_string())?;
        entry.set_item("hint", error.hint())?;
        obstacles.append(entry)?;
    }
    result.set_item("obstacles", obstacles)?;
    Ok(result)
}

fn ports(py: Python<'_>, ports: Vec<Port>) -> PyResult<Bound<'_, PyList>> {
    let entries = ports.into_iter().map(|port| {
        let entry = PyDict::new(py);
        entry.set_item("name", port.name)?;
        entry.set_item("type", port.kind)?;
        entry.set_item("shape", port.shape)?;
        Ok(entry)
    });
    PyList::new(py, entries.collect::<PyResult<Vec<_>>>()?)
}

/// The golden vectors' report as a dict, or `None` where the contract carries none.
#[pyfunction]
pub fn check<'py>(py: Python<'py>, policy: &Policy, robot: &Robot) -> PyResult<Option<Bound<'py, PyDict>>> {
    let report = gaitway_control::check::run(&policy.policy, &robot.profile);
    let Some(report) = report.map_err(|error| errors::control(&error))? else {
        return Ok(None);
    };
    let findings = PyList::empty(py);
    for finding in &report.findings {
        let entry = PyDict::new(py);
        entry.set_item("what", &finding.what)?;
        entry.set_item("tick", finding.tick)?;
        entry.set_item("index", finding.index)?;
        entry.set_item("indices", &finding.indices)?;
        entry.set_item("expected", finding.expected)?;
        entry.set_item("found", finding.found)?;
        entry.set_item("pattern", finding.pattern.to_string())?;
        findings.append(entry)?;
    }
    let result = PyDict::new(py);
    result.set_item("ticks", report.ticks)?;
    result.set_item("actions_checked", report.actions_checked)?;
    result.set_item("largest_action_error", report.largest_action_error)?;
    result.set_item("findings", findings)?;
    Ok(Some(result))
}
