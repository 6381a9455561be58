//! The PyO3 classes behind the gaitway package: thin, no logic.

// PyO3 hands arguments over by value and its macros write code that these lints do not like.
#![allow(missing_docs)]

mod batch;
mod bench;
mod buffers;
#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod contacts;
mod contract;
mod controller;
mod count;
#[cfg(target_os = "linux")]
mod desk;
mod errors;
#[cfg(target_os = "linux")]
mod exclusive;
mod file_kind;
mod here;
#[cfg(target_os = "linux")]
mod imu;
#[cfg(target_os = "linux")]
mod machine;
#[cfg(target_os = "linux")]
mod motors;
mod network;
mod pacer;
#[cfg(target_os = "linux")]
mod pad;
mod policy;
mod recording;
mod robot;
#[cfg(target_os = "linux")]
mod secure;
mod servo_rows;
#[cfg(target_os = "linux")]
mod twin;
mod virtual_robot;

use gaitway_platform::allocations::CountingAllocator;
use gaitway_policy::CpuPath;
use pyo3::prelude::*;
use pyo3::types::PyDict;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[pymodule]
mod _native {
    #[pymodule_export]
    pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use super::batch::Batch;
    #[pymodule_export]
    use super::bench::{Pace, canary, pace, push_times, tick_times};
    #[pymodule_export]
    use super::build_info;
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::bus::bus_ticks;
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::contacts::Contacts;
    #[pymodule_export]
    use super::contract::{Contract, axes};
    #[pymodule_export]
    use super::controller::{Controller, Record};
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::desk::ServoDesk;
    #[pymodule_export]
    use super::errors::remedy;
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::exclusive::holder;
    #[pymodule_export]
    use super::file_kind::file_kind;
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::imu::Imu;
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::machine::ask_real_time;
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::motors::{Motors, run_guard};
    #[pymodule_export]
    use super::network::Network;
    #[pymodule_export]
    use super::pacer::{Pacer, Wake};
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::pad::{Pad, PadSender, make_pad_key, pad_key_path};
    #[pymodule_export]
    use super::policy::{Policy, check, embed, inline_weights, survey};
    #[pymodule_export]
    use super::recording::{Recording, StepRecorder, cut, recordings_folder, repair, summarise};
    #[pymodule_export]
    use super::robot::Robot;
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::secure::SecureChannel;
    #[cfg(target_os = "linux")]
    #[pymodule_export]
    use super::twin::TwinHost;
    #[pymodule_export]
    use super::virtual_robot::VirtualRobot;
}

/// How this module was built, and which kernels this machine's CPU gets.
#[pyfunction]
fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("version", _native::VERSION)?;
    info.set_item("profile", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    info.set_item("target", format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS))?;
    let path =
        CpuPath::from_environment().map_err(|error| errors::usage(error.to_string(), "unset GAITWAY_CPU"))?;
    info.set_item("cpu_path", path.to_string())?;
    let available: Vec<String> = CpuPath::available().iter().map(ToString::to_string).collect();
    info.set_item("cpu_paths", available)?;
    Ok(info)
}
