//! `Pacer`: absolute deadlines for a loop in Python, waited for with the interpreter lock released.

use crate::count::Count;
use crate::errors;
use gaitway_platform::{Clock, MonotonicClock, Quantiles};
use gaitway_runtime::Overrun;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Longest time in which signals are not looked at, ns.
const SLICE_NS: u64 = 20_000_000;

#[pyclass(module = "gaitway._native")]
pub struct Pacer {
    pacer: gaitway_runtime::Pacer<MonotonicClock>,
}

#[pymethods]
impl Pacer {
    /// Measures for some ten milliseconds how late this thread is woken; the first deadline is then.
    #[new]
    #[pyo3(signature = (period_ns, overrun = "skip"))]
    fn new(py: Python<'_>, period_ns: Count, overrun: &str) -> PyResult<Pacer> {
        let pacer = overrun.parse::<Overrun>().and_then(|overrun| {
            let clock = py.detach(MonotonicClock::measured);
            gaitway_runtime::Pacer::new(clock, period_ns.0, overrun)
        });
        let pacer = pacer.map_err(|error| errors::usage(error.to_string(), error.hint()))?;
        Ok(Pacer { pacer })
    }

    /// Waits for the next deadline, the interpreter lock released.
    fn wait(&mut self, py: Python<'_>) -> PyResult<Wake> {
        let pacer = &mut self.pacer;
        // A signal's handler runs between two slices: Ctrl-C ends the longest wait.
        while pacer.next_deadline_ns() > pacer.clock().now_ns() + 2 * SLICE_NS {
            let until_ns = pacer.clock().now_ns() + SLICE_NS;
            py.detach(|| pacer.clock().wait_until(until_ns));
            py.check_signals()?;
        }
        Ok(Wake { wake: py.detach(|| pacer.wait()) })
    }

    #[getter]
    fn run(&self) -> u64 {
        self.pacer.counters().run
    }

    #[getter]
    fn late(&self) -> u64 {
        self.pacer.counters().late
    }

    #[getter]
    fn skipped(&self) -> u64 {
        self.pacer.counters().skipped
    }

    #[getter]
    fn caught_up(&self) -> u64 {
        self.pacer.counters().caught_up
    }

    #[getter]
    fn held(&self) -> u64 {
        self.pacer.counters().held
    }

    #[getter]
    fn spin_ns(&self) -> u64 {
        self.pacer.clock().spin_ns()
    }

    /// Lateness in ns that a share `quantile` of the wake-ups does not exceed.
    fn lateness_ns(&self, quantile: f64) -> u64 {
        self.pacer.lateness().quantile_ns(quantile)
    }

    /// The lateness of all wake-ups in four figures, ns.
    fn lateness_quantiles_ns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        quantiles(py, self.pacer.lateness().quantiles())
    }
}

#[pyclass(module = "gaitway._native", frozen)]
pub struct Wake {
    pub(crate) wake: gaitway_runtime::Wake,
}

#[pymethods]
impl Wake {
    #[getter]
    fn tick(&self) -> u64 {
        self.wake.tick
    }

    #[getter]
    fn deadline_ns(&self) -> u64 {
        self.wake.deadline_ns
    }

    #[getter]
    fn now_ns(&self) -> u64 {
        self.wake.now_ns
    }

    #[getter]
    fn lateness_ns(&self) -> u64 {
        self.wake.lateness_ns
    }

    #[getter]
    fn skipped(&self) -> u64 {
        self.wake.skipped
    }

    #[getter]
    fn held(&self) -> u64 {
        self.wake.held
    }

    #[getter]
    fn hold(&self) -> bool {
        self.wake.hold()
    }

    #[getter]
    fn caught_up(&self) -> bool {
        self.wake.caught_up
    }

    fn __repr__(&self) -> String {
        let gaitway_runtime::Wake { tick, lateness_ns, skipped, held, caught_up, .. } = self.wake;
        let caught_up = if caught_up { "True" } else { "False" };
        format!(
            "Wake(tick={tick}, lateness_ns={lateness_ns}, skipped={skipped}, held={held}, caught_up={caught_up})"
        )
    }
}

/// Four figures by their names.
pub(crate) fn quantiles(py: Python<'_>, quantiles: Quantiles) -> PyResult<Bound<'_, PyDict>> {
    let Quantiles { p50, p99, p99_9, max } = quantiles;
    let result = PyDict::new(py);
    for (name, value) in [("p50", p50), ("p99", p99), ("p99_9", p99_9), ("max", max)] {
        result.set_item(name, value)?;
    }
    Ok(result)
}
