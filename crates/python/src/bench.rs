//! `tick_times` and `pace`: the runtime's own measurements.

use crate::controller::Controller;
use crate::count::Count;
use crate::errors;
use crate::pacer::{Wake, quantiles};
use crate::policy::Policy;
use gaitway_runtime::bench::{self, PaceOptions, Stall};
use gaitway_runtime::{Overrun, PacerCounters};
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
    let times = py.detach(|| bench::tick_times(&policy.policy, controller, ticks.0));
    let times = times.map_err(|error| errors::control(&error))?;
    let result = PyDict::new(py);
    result.set_item("tick_ns", quantiles(py, times.tick.quantiles())?)?;
    result.set_item("inference_ns", quantiles(py, times.inference.quantiles())?)?;
    result.set_item("allocations", times.allocations)?;
    Ok(result)
}

/// Runs the pacer on a native thread that inherits the calling thread's scheduling, and returns every wake-up.
#[pyfunction]
#[pyo3(signature = (period_ns, ticks, *, overrun = "skip", work_ns = Count(0), stall_every = None, stall_ns = Count(0)))]
pub fn pace<'py>(
    py: Python<'py>,
    period_ns: Count,
    ticks: Count,
    overrun: &str,
    work_ns: Count,
    stall_every: Option<Count>,
    stall_ns: Count,
) -> PyResult<Bound<'py, PyDict>> {
    let overrun: Overrun =
        overrun.parse().map_err(|error: gaitway_runtime::PacerError| usage(&error, error.hint()))?;
    let stall = stall_every.map(|every| Stall { every: every.0, work_ns: stall_ns.0 });
    let options = PaceOptions { period_ns: period_ns.0, ticks: ticks.0, overrun, work_ns: work_ns.0, stall };
    let measured = py.detach(|| bench::pace(options)).map_err(|error| usage(&error, error.hint()))?;
    let wakes: Vec<Wake> = measured.wakes.into_iter().map(|wake| Wake { wake }).collect();
    let result = PyDict::new(py);
    result.set_item("wakes", wakes)?;
    let counters = PyDict::new(py);
    let PacerCounters { run, late, skipped, caught_up, held } = measured.counters;
    let named =
        [("run", run), ("late", late), ("skipped", skipped), ("caught_up", caught_up), ("held", held)];
    for (name, count) in named {
        counters.set_item(name, count)?;
    }
    result.set_item("counters", counters)?;
    result.set_item("stalls", measured.stalls)?;
    result.set_item("spin_ns", measured.spin_ns)?;
    Ok(result)
}

fn usage(error: &impl std::fmt::Display, hint: &str) -> PyErr {
    errors::usage(error.to_string(), hint)
}
