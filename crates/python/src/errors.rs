//! Rust errors as the exceptions of `gaitway.errors`, message and hint.

use gaitway_batch::BatchError;
use gaitway_control::{ControlError, PolicyError};
use gaitway_importers::duck_config::ConfigError;
use gaitway_model::{ContractError, ProfileError};
use gaitway_platform::files;
use gaitway_policy::OnnxError;
use gaitway_record::RecordError;
use gaitway_runtime::robot::SetupError;
#[cfg(target_os = "linux")]
use gaitway_testbed::{bench::BusBenchError, twin_host::TwinHostError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The exception class `name` of `gaitway.errors`, with its hint.
fn raise(name: &str, message: String, hint: String) -> PyErr {
    Python::attach(|py| {
        let built = py.import("gaitway.errors").and_then(|module| {
            let keywords = PyDict::new(py);
            keywords.set_item("hint", hint)?;
            module.getattr(name)?.call((message,), Some(&keywords))
        });
        match built {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        }
    })
}

pub(crate) fn profile(error: &ProfileError) -> PyErr {
    raise("ProfileError", error.to_string(), error.hint())
}

/// Every mistake in the configuration that a person calls `name`.
pub(crate) fn config(error: &ConfigError, name: &str) -> PyErr {
    raise("ProfileError", format!("{name}: {error}"), error.hint(name))
}

pub(crate) fn contract(error: &ContractError) -> PyErr {
    raise("ContractError", error.to_string(), error.hint())
}

pub(crate) fn policy(error: &PolicyError) -> PyErr {
    match error {
        PolicyError::Contract(inner) => contract(inner),
        PolicyError::Onnx(OnnxError::UnsupportedOperator { .. }) => {
            raise("UnsupportedOperatorError", error.to_string(), error.hint())
        }
        _ => raise("PolicyError", error.to_string(), error.hint()),
    }
}

pub(crate) fn control(error: &ControlError) -> PyErr {
    match error {
        ControlError::Contract(inner) => contract(inner),
        _ => raise("ControlError", error.to_string(), error.hint()),
    }
}

pub(crate) fn setup(error: &SetupError) -> PyErr {
    match error {
        SetupError::Control(inner) => control(inner),
        SetupError::Device(_) => usage(error.to_string(), &error.hint()),
    }
}

pub(crate) fn recording(message: String) -> PyErr {
    raise("RecordingError", message, "make room, or name another folder".to_owned())
}

pub(crate) fn record(error: &RecordError) -> PyErr {
    raise("RecordingError", error.to_string(), error.hint().to_owned())
}

pub(crate) fn batch(error: &BatchError) -> PyErr {
    match error {
        BatchError::Control(inner) => control(inner),
        BatchError::Policy(inner) => policy(inner),
        BatchError::NonFiniteAction { .. } | BatchError::NonFiniteObservation { .. } => {
            raise("TrainingError", error.to_string(), error.hint())
        }
        _ => raise("UsageError", error.to_string(), error.hint()),
    }
}

#[cfg(target_os = "linux")]
pub(crate) fn twin_host(error: &TwinHostError) -> PyErr {
    let name = match error {
        TwinHostError::Pty { .. } | TwinHostError::System { .. } => "SimulationError",
        _ => "UsageError",
    };
    raise(name, error.to_string(), error.hint().to_owned())
}

#[cfg(target_os = "linux")]
pub(crate) fn bus_bench(error: &BusBenchError) -> PyErr {
    let name = match error {
        BusBenchError::Port(_) | BusBenchError::Thread(_) | BusBenchError::Panic => "SimulationError",
        _ => "UsageError",
    };
    raise(name, error.to_string(), error.hint())
}

#[cfg(target_os = "linux")]
pub(crate) fn bus(message: String, hint: &str) -> PyErr {
    raise("BusError", message, hint.to_owned())
}

/// What a person can do about what the system says, by its number.
#[pyfunction]
pub fn remedy(errno: i32) -> &'static str {
    files::remedy(&std::io::Error::from_raw_os_error(errno))
}

/// A robot elsewhere that cannot be talked to.
#[cfg(target_os = "linux")]
pub(crate) fn daemon(message: String, hint: &str) -> PyErr {
    raise("DaemonError", message, hint.to_owned())
}

pub(crate) fn usage(message: String, hint: &str) -> PyErr {
    raise("UsageError", message, hint.to_owned())
}
