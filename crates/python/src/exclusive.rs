//! `holder`: who has a device or a socket for itself.

use gaitway_platform::exclusive;
use pyo3::prelude::*;
use std::path::PathBuf;

/// Process id and name of the program of ours that uses the device or socket at `path`; `None` where nobody does.
#[pyfunction]
pub fn holder(py: Python<'_>, path: PathBuf) -> Option<(u32, String)> {
    py.detach(|| exclusive::holder(&path)).map(|holder| (holder.pid, holder.name))
}
