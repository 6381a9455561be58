//! `bus_ticks`: the servo driver's ticks against a twin, measured on a real-time thread.

use crate::count::Count;
use crate::errors;
use crate::robot::Robot;
use gaitway_testbed::bench::{self, BusBenchOptions, BusTick, BusTicks};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;

/// Drives the twin at `path`: every tick reads all servos and writes all goals.
#[pyfunction]
#[pyo3(signature = (robot, path, ticks, *, period_ns = None, slow_reads = false, bare = false, priority = None))]
#[allow(clippy::too_many_arguments, reason = "keywords of one Python function")]
pub fn bus_ticks<'py>(
    py: Python<'py>,
    robot: &Robot,
    path: PathBuf,
    ticks: Count,
    period_ns: Option<Count>,
    slow_reads: bool,
    bare: bool,
    priority: Option<Count>,
) -> PyResult<Bound<'py, PyDict>> {
    let options = BusBenchOptions {
        period_ns: period_ns.map(|period_ns| period_ns.0),
        ticks: ticks.0,
        slow_reads,
        bare,
        priority: priority.map(|priority| priority.narrow("priority")).transpose()?,
    };
    let measured = py.detach(|| bench::bus_ticks(&robot.profile, &path, options));
    columns(py, &measured.map_err(|error| errors::bus_bench(&error))?)
}

fn columns<'py>(py: Python<'py>, measured: &BusTicks) -> PyResult<Bound<'py, PyDict>> {
    let result = PyDict::new(py);
    let column = |value: fn(&BusTick) -> u64| measured.ticks.iter().map(value).collect::<Vec<u64>>();
    result.set_item("start_ns", column(|tick| tick.start_ns))?;
    result.set_item("read_ns", column(|tick| tick.read_ns))?;
    result.set_item("told_ns", column(|tick| tick.told_ns))?;
    result.set_item("end_ns", column(|tick| tick.end_ns))?;
    result.set_item("fresh", column(|tick| tick.fresh))?;
    result.set_item("bytes", column(|tick| tick.bytes))?;
    result.set_item("skipped", column(|tick| tick.skipped))?;
    result.set_item("bytes_before", measured.bytes_before)?;
    result.set_item("cpu_ns", measured.cpu_ns)?;
    result.set_item("retries", measured.counters.retries)?;
    result.set_item("real_time", measured.real_time)?;
    result.set_item("report", measured.report.iter().map(ToString::to_string).collect::<Vec<String>>())?;
    Ok(result)
}
