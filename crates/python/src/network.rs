//! `Network`: what the native engine makes of an ONNX file, whatever its numbers mean.

use crate::buffers;
use crate::count::Count;
use crate::errors;
use gaitway_policy::{FloatMode, Interface, Plan};
use pyo3::prelude::*;

/// Rows that are inferred in one call.
const MAX_ROWS: u64 = 1_000_000;

#[pyclass(frozen, module = "gaitway._native")]
pub struct Network {
    plan: Plan,
}

#[pymethods]
impl Network {
    /// For all outputs of the file, or the one that is named, and all inputs that they need.
    #[new]
    #[pyo3(signature = (data, output=None))]
    fn new(py: Python<'_>, data: &[u8], output: Option<&str>) -> PyResult<Network> {
        let plan = py.detach(|| match output {
            Some(output) => Plan::from_onnx_with(data, &Interface::of_output(output)),
            None => Plan::from_onnx(data),
        });
        Ok(Network { plan: plan.map_err(|error| errors::policy(&error.into()))? })
    }

    /// Name and dimensions of each input.
    #[getter]
    fn inputs(&self) -> Vec<(String, Vec<usize>)> {
        self.plan.inputs().map(|port| (port.name.clone(), port.dims.clone())).collect()
    }

    /// Name and dimensions of each output.
    #[getter]
    fn outputs(&self) -> Vec<(String, Vec<usize>)> {
        self.plan.outputs().map(|port| (port.name.clone(), port.dims.clone())).collect()
    }

    #[getter]
    fn input_len(&self) -> usize {
        self.plan.input_len()
    }

    #[getter]
    fn output_len(&self) -> usize {
        self.plan.output_len()
    }

    #[getter]
    fn macs(&self) -> u64 {
        self.plan.macs()
    }

    #[getter]
    fn parameters(&self) -> u64 {
        self.plan.parameters()
    }

    #[getter]
    fn cpu_path(&self) -> String {
        self.plan.cpu_path().to_string()
    }

    /// Mean and standard deviation by which the network begins, where it does.
    fn normaliser(&self) -> Option<(Vec<f32>, Vec<f32>)> {
        self.plan.input_normaliser().map(|found| (found.mean, found.std))
    }

    fn infer(
        &self,
        py: Python<'_>,
        inputs: &Bound<'_, PyAny>,
        outputs: &Bound<'_, PyAny>,
        rows: Count,
    ) -> PyResult<()> {
        infer_rows(py, &self.plan, inputs, outputs, rows, None)
    }
}

/// The plan's outputs for rows that follow each other in one buffer; `state` is what it remembers, before and after.
pub fn infer_rows(
    py: Python<'_>,
    plan: &Plan,
    inputs: &Bound<'_, PyAny>,
    outputs: &Bound<'_, PyAny>,
    rows: Count,
    state: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let rows = rows.within("rows", 0..=MAX_ROWS)? as usize;
    let (width, out_width) = (plan.input_len(), plan.output_len());
    let input: Vec<f32> = buffers::read_new(py, inputs, "observations", rows.saturating_mul(width))?;
    let mut output: Vec<f32> = buffers::read_new(py, outputs, "actions", rows.saturating_mul(out_width))?;
    let mut remembered = vec![0.0; plan.state_len()];
    if let Some(state) = state {
        buffers::read(py, state, "state", &mut remembered)?;
    }
    py.detach(|| {
        let _mode = FloatMode::set();
        let mut workspace = plan.workspace();
        // The lengths are the plan's own.
        let _ = workspace.set_state(&remembered);
        for (observation, action) in input.chunks_exact(width).zip(output.chunks_exact_mut(out_width)) {
            let _ = plan.run(&mut workspace, observation, action);
        }
        remembered.copy_from_slice(workspace.state());
    });
    if let Some(state) = state {
        buffers::write(py, state, "state", &remembered)?;
    }
    buffers::write(py, outputs, "actions", &output)
}
