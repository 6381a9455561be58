//! `Pacer`: absolute deadlines for a loop in Python, waited for with the interpreter lock released.

use crate::count::Count;
use crate::errors;
use gaitway_runtime::MonotonicClock;
use pyo3::prelude::*;

#[pyclass(module = "gaitway._native")]
pub struct Pacer {
    pacer: gaitway_runtime::Pacer<MonotonicClock>,
}

#[pymethods]
impl Pacer {
    #[new]
    fn new(period_ns: Count) -> PyResult<Pacer> {
        let pacer = gaitway_runtime::Pacer::new(MonotonicClock, period_ns.0)
            .map_err(|error| errors::usage(error.to_string(), &error.hint()))?;
        Ok(Pacer { pacer })
    }

    /// Waits for the next deadline; returns its number, the lateness in ns and how many were skipped before it.
    fn wait(&mut self, py: Python<'_>) -> (u64, u64, u64) {
        let pacer = &mut self.pacer;
        let wake = py.detach(|| pacer.wait());
        (wake.tick, wake.lateness_ns, wake.skipped)
    }

    #[getter]
    fn skipped(&self) -> u64 {
        self.pacer.skipped()
    }

    /// Lateness in ns that a share `quantile` of the wake-ups does not exceed.
    fn lateness_ns(&self, quantile: f64) -> u64 {
        self.pacer.lateness().quantile_ns(quantile)
    }
}
