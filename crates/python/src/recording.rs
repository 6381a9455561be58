//! `Recording`, `StepRecorder`, `summarise`, `repair` and `cut`.

use crate::controller::Controller;
use crate::here::Here;
use crate::policy::Policy;
use crate::robot::Robot;
use crate::{buffers, errors};
use gaitway_model::RobotProfile;
use gaitway_record::About;
use gaitway_record::message::Values;
use gaitway_record::tick::Truth;
use gaitway_runtime::devices::actuator_log;
use gaitway_runtime::recorder::{self, Bounds, Folder};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::path::PathBuf;

#[pyclass(frozen, module = "gaitway._native")]
pub struct Recording {
    recording: gaitway_record::Recording,
}

#[pymethods]
impl Recording {
    #[staticmethod]
    fn read(py: Python<'_>, data: &[u8]) -> PyResult<Recording> {
        let read = py.detach(|| gaitway_record::Recording::read(data));
        Ok(Recording { recording: read.map_err(|error| errors::record(&error))? })
    }

    #[getter]
    fn notes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let notes = PyDict::new(py);
        for (name, note) in &self.recording.about.notes {
            notes.set_item(name, note)?;
        }
        Ok(notes)
    }

    #[getter]
    fn profile(&self) -> &str {
        &self.recording.about.profile
    }

    /// Name and unit of each axis of a command, in order.
    #[getter]
    fn command_axes(&self) -> PyResult<Vec<(String, String)>> {
        let profile = RobotProfile::from_json(&self.recording.about.profile);
        let axes = profile.map_err(|error| errors::profile(&error))?.command_axes;
        Ok(axes.into_iter().map(|axis| (axis.name, axis.unit)).collect())
    }

    #[getter]
    fn contract(&self) -> &str {
        &self.recording.about.contract
    }

    #[getter]
    fn policy<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.recording.about.policy)
    }

    #[getter]
    fn epoch_ns(&self) -> u64 {
        self.recording.about.epoch_ns
    }

    #[getter]
    fn cut(&self) -> Option<&str> {
        self.recording.cut.as_deref()
    }

    #[getter]
    fn ticks(&self) -> usize {
        self.recording.ticks.len()
    }

    fn verify<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let verified =
            py.detach(|| self.recording.verify(actuator_log)).map_err(|error| errors::record(&error))?;
        let found = PyDict::new(py);
        found.set_item("same", verified.same)?;
        found.set_item("different", verified.different)?;
        found.set_item("skipped", verified.skipped)?;
        found.set_item("cpu_path", verified.cpu_path)?;
        let first = verified.first.map(|difference| -> PyResult<_> {
            let first = PyDict::new(py);
            first.set_item("tick", difference.tick)?;
            first.set_item("place", difference.place)?;
            first.set_item("recorded", difference.recorded)?;
            first.set_item("replayed", difference.replayed)?;
            Ok(first)
        });
        found.set_item("first", first.transpose()?)?;
        Ok(found)
    }

    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns =
            py.detach(|| self.recording.columns(actuator_log)).map_err(|error| errors::record(&error))?;
        let table = PyDict::new(py);
        for column in columns {
            match column.values {
                Values::Numbers(numbers) => {
                    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
                    table.set_item(column.name, PyBytes::new(py, &bytes))?;
                }
                Values::Texts(texts) => table.set_item(column.name, texts)?,
            }
        }
        Ok(table)
    }
}

/// What a recording is of, at a glance.
#[pyfunction]
pub fn summarise<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    let read = py.detach(|| gaitway_record::Summary::read(data));
    let summary = read.map_err(|error| errors::record(&error))?;
    let found = PyDict::new(py);
    let (begun_ns, ended_ns) = summary.span_ns.unwrap_or_default();
    found.set_item("notes", summary.about.notes)?;
    found.set_item("begun_ns", summary.about.epoch_ns.saturating_add(begun_ns))?;
    found.set_item("seconds", ended_ns.saturating_sub(begun_ns) as f64 * 1e-9)?;
    found.set_item("ticks", summary.ticks)?;
    found.set_item("faults", summary.faults)?;
    found.set_item("cut", summary.cut)?;
    Ok(found)
}

/// Writes what a controller does into files of a folder.
#[pyclass(module = "gaitway._native")]
pub struct StepRecorder {
    recorder: Option<Here<recorder::StepRecorder>>,
    path: PathBuf,
}

impl StepRecorder {
    fn open(&mut self) -> PyResult<&mut recorder::StepRecorder> {
        let ended = || errors::usage("the recording has ended".to_owned(), "begin another one");
        self.recorder.as_mut().ok_or_else(ended)?.get_mut()
    }
}

#[pymethods]
impl StepRecorder {
    #[new]
    fn new(
        folder: PathBuf,
        robot: &Robot,
        policy: &Policy,
        onnx: &[u8],
        controller: &Controller,
    ) -> PyResult<StepRecorder> {
        let mut about = About::new(&robot.profile, (&policy.policy, onnx), &controller.options, None)
            .map_err(|error| errors::record(&error))?;
        about.notes.insert("program".to_owned(), "python".to_owned());
        let folder = Folder::new(folder, Bounds::default());
        let recorder = recorder::StepRecorder::new(folder, about, &controller.controller);
        let recorder = recorder.map_err(|error| errors::record(&error))?;
        let path = recorder.path().to_owned();
        Ok(StepRecorder { recorder: Some(Here::new(recorder)), path })
    }

    /// The file that is being written, or the last.
    #[getter]
    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    fn begin(&mut self, controller: &Controller) -> PyResult<()> {
        self.open()?.begin(&controller.controller);
        Ok(())
    }

    /// After a step; `truth` is position 3, velocity 3, turning rate, heading, tilt.
    #[pyo3(signature = (controller, truth=None))]
    fn end(
        &mut self,
        py: Python<'_>,
        controller: &Controller,
        truth: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let truth = truth.map(|row| read_truth(py, row)).transpose()?;
        let ended = self.open()?.end(&controller.controller, &controller.sensors, truth);
        ended.map_err(|error| errors::record(&error))
    }

    /// Ends the file.
    fn finish(&mut self) -> PyResult<()> {
        if let Some(recorder) = self.recorder.take() {
            self.path = recorder.take()?.finish().map_err(|error| errors::record(&error))?;
        }
        Ok(())
    }
}

fn read_truth(py: Python<'_>, row: &Bound<'_, PyAny>) -> PyResult<Truth> {
    let mut values = [0.0_f32; 9];
    buffers::read(py, row, "truth", &mut values)?;
    let [x, y, z, vx, vy, vz, yaw_rate_rps, yaw_rad, tilt_rad] = values;
    let (position_m, velocity_mps) = (vec![x, y, z], vec![vx, vy, vz]);
    Ok(Truth { position_m, velocity_mps, yaw_rate_rps, yaw_rad, tilt_rad })
}

/// Where recordings go unless another folder is named.
#[pyfunction]
pub fn recordings_folder() -> PathBuf {
    Folder::default_path()
}

#[pyfunction]
pub fn cut<'py>(py: Python<'py>, data: &[u8], from_s: f64, to_s: f64) -> PyResult<Bound<'py, PyBytes>> {
    let cut = py.detach(|| gaitway_record::cut(data, from_s, to_s));
    Ok(PyBytes::new(py, &cut.map_err(|error| errors::record(&error))?))
}

#[pyfunction]
pub fn repair<'py>(py: Python<'py>, data: &[u8]) -> PyResult<(Bound<'py, PyBytes>, u64)> {
    let (bytes, messages) =
        py.detach(|| gaitway_record::repair(data)).map_err(|error| errors::record(&error))?;
    Ok((PyBytes::new(py, &bytes), messages))
}
