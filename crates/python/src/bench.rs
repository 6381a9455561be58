//! `tick_times`, `pace` and `canary`: the runtime's own measurements.

use crate::controller::Controller;
use crate::count::Count;
use crate::errors;
use crate::pacer::{Wake, quantiles};
use crate::policy::Policy;
use crate::robot::Robot;
use gaitway_control::Options;
use gaitway_runtime::robot::Setup;
use gaitway_runtime::{PacerCounters, PacerError};
use gaitway_testbed::bench::{self, PaceOptions, Stall};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Ticks of one measurement of work without waiting: a minute or two.
const MAX_TICKS: u64 = 10_000_000;

/// Times `ticks` ticks inside the module, no Python between them.
#[pyfunction]
pub fn tick_times<'py>(
    py: Python<'py>,
    policy: &Policy,
    controller: &mut Controller,
    ticks: Count,
) -> PyResult<Bound<'py, PyDict>> {
    let ticks = ticks.within("ticks", 1..=MAX_TICKS)?;
    let controller = &mut controller.controller;
    let times = py.detach(|| bench::tick_times(&policy.policy, controller, ticks));
    let times = times.map_err(|error| errors::control(&error))?;
    let result = PyDict::new(py);
    result.set_item("tick_ns", quantiles(py, times.tick.quantiles())?)?;
    result.set_item("inference_ns", quantiles(py, times.inference.quantiles())?)?;
    result.set_item("allocations", times.allocations)?;
    Ok(result)
}

/// Times how long the loop waits for `ticks` ticks to be recorded.
#[pyfunction]
pub fn push_times<'py>(
    py: Python<'py>,
    policy: &Policy,
    robot: &Robot,
    ticks: Count,
) -> PyResult<Bound<'py, PyDict>> {
    let ticks = ticks.within("ticks", 1..=MAX_TICKS)?;
    let setup = Setup::new(&policy.policy, &robot.profile, &Options::default());
    let setup = setup.map_err(|error| errors::setup(&error))?;
    let times = py.detach(|| bench::push_times(setup, ticks));
    let result = PyDict::new(py);
    result.set_item("push_ns", quantiles(py, times.push.quantiles())?)?;
    result.set_item("clock_ns", times.clock_ns)?;
    result.set_item("allocations", times.allocations)?;
    Ok(result)
}

/// Every wake-up of a measured loop. It becomes Python objects only when asked for: the thread that measured may
/// have a priority at which nothing else should be done.
#[pyclass(module = "gaitway._native", frozen)]
pub struct Pace {
    pace: bench::Pace,
}

#[pymethods]
impl Pace {
    fn wakes(&self) -> Vec<Wake> {
        self.pace.wakes.iter().map(|wake| Wake { wake: *wake }).collect()
    }

    #[getter]
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let PacerCounters { run, late, skipped, caught_up, held } = self.pace.counters;
        let counters = PyDict::new(py);
        let named =
            [("run", run), ("late", late), ("skipped", skipped), ("caught_up", caught_up), ("held", held)];
        for (name, count) in named {
            counters.set_item(name, count)?;
        }
        Ok(counters)
    }

    #[getter]
    fn spin_ns(&self) -> u64 {
        self.pace.spin_ns
    }
}

/// Runs the pacer on a native thread that inherits the calling thread's scheduling.
#[pyfunction]
#[pyo3(signature = (period_ns, ticks, *, overrun = "skip", work_ns = Count(0), stall_every = None, stall_ns = Count(0)))]
pub fn pace(
    py: Python<'_>,
    period_ns: Count,
    ticks: Count,
    overrun: &str,
    work_ns: Count,
    stall_every: Option<Count>,
    stall_ns: Count,
) -> PyResult<Pace> {
    let overrun = overrun.parse().map_err(|error: PacerError| usage(&error, error.hint()))?;
    let stall = stall_every.map(|every| Stall { every: every.0, work_ns: stall_ns.0 });
    let options = PaceOptions { period_ns: period_ns.0, ticks: ticks.0, overrun, work_ns: work_ns.0, stall };
    let pace = py.detach(|| bench::pace(options)).map_err(|error| usage(&error, error.hint()))?;
    Ok(Pace { pace })
}

/// Sleeps on the calling thread to each of `looks` deadlines; returns how late it was woken for each, ns.
#[pyfunction]
pub fn canary(py: Python<'_>, period_ns: Count, looks: Count) -> PyResult<Vec<u64>> {
    py.detach(|| bench::canary(period_ns.0, looks.0)).map_err(|error| usage(&error, error.hint()))
}

fn usage(error: &impl std::fmt::Display, hint: &str) -> PyErr {
    errors::usage(error.to_string(), hint)
}
