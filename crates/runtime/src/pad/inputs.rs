//! The folder of input devices.

use std::path::PathBuf;

/// Where input devices come and go.
pub(super) const INPUTS: &str = "/dev/input";

/// Every input device.
pub(super) fn event_files() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(INPUTS).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let is_event =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("event"));
    paths.retain(is_event);
    paths.sort();
    paths
}
