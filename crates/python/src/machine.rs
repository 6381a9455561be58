//! `real_time`: what this machine grants a loop.

use crate::count::Count;
use gaitway_platform::RealTimeRequest;
use gaitway_platform::real_time::{self, Granted, spawn_real_time};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Kibibytes of stack of a thread that does nothing.
const STACK_KIB: usize = 64;

/// Asks for a thread of that priority, which ends at once: what was granted, what is the case, what can be done.
#[pyfunction]
#[pyo3(name = "real_time")]
pub fn ask_real_time<'py>(py: Python<'py>, priority: Count) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let request =
        RealTimeRequest { priority: Some(priority.narrow("priority")?), ..RealTimeRequest::default() };
    let (thread, mut report) = spawn_real_time("doctor", STACK_KIB, request, || ())?;
    py.detach(|| {
        // It does nothing that could panic.
        let _ = thread.join();
    });
    report.extend(real_time::machine(&request));
    let row = |item: &gaitway_platform::Item| {
        let row = PyDict::new(py);
        row.set_item("what", item.what)?;
        row.set_item("granted", item.granted != Granted::No && item.granted != Granted::Partly)?;
        row.set_item("found", &item.found)?;
        row.set_item("remedy", &item.remedy)?;
        Ok(row)
    };
    report.iter().map(row).collect()
}
