//! `tick_times`: the runtime's own measurement.

use crate::controller::Controller;
use crate::count::Count;
use crate::errors;
use crate::policy::Policy;
use gaitway_runtime::Histogram;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Times `ticks` ticks inside the module, no Python between them.
#[pyfunction]
pub fn tick_times<'py>(
    py: Python<'py>,
    policy: &Policy,
    controller: &mut Controller,
    ticks: Count,
) -> PyResult<Bound<'py, PyDict>> {
    let controller = &mut controller.controller;
    let times = py.detach(|| gaitway_runtime::bench::tick_times(&policy.policy, controller, ticks.0));
    let times = times.map_err(|error| errors::control(&error))?;
    let result = PyDict::new(py);
    result.set_item("tick_ns", quantiles(py, &times.tick)?)?;
    result.set_item("inference_ns", quantiles(py, &times.inference)?)?;
    result.set_item("allocations", times.allocations)?;
    Ok(result)
}

pub(crate) fn quantiles<'py>(py: Python<'py>, histogram: &Histogram) -> PyResult<Bound<'py, PyDict>> {
    let result = PyDict::new(py);
    result.set_item("p50", histogram.quantile_ns(0.5))?;
    result.set_item("p99", histogram.quantile_ns(0.99))?;
    result.set_item("max", histogram.max_ns())?;
    Ok(result)
}
