//! `Imu`: the chip on its bus, for tools.

use crate::errors;
use crate::here::Here;
use crate::robot::Robot;
use gaitway_bno055::{Calibration, Mode};
use gaitway_runtime::devices::{self, DeviceError};
use gaitway_runtime::robot::ImuSlot;
use gaitway_runtime::robot::contacts::ContactSlot;
use gaitway_runtime::robot::imu_chip::ImuChip;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::Arc;

#[pyclass(module = "gaitway._native", frozen)]
pub struct Imu {
    chip: Here<ImuChip>,
    slot: Arc<ImuSlot>,
    expected_address: u8,
}

#[pymethods]
impl Imu {
    /// Reads the IMU of `robot` on the bus `path`; `axes` is another mount than the profile's, `calibration` 9 offsets
    /// or, with the radii, 11.
    #[new]
    #[pyo3(signature = (robot, path, *, axes=None, calibration=None, fuses_magnetometer=true))]
    fn new(
        py: Python<'_>,
        robot: &Robot,
        path: PathBuf,
        axes: Option<[String; 3]>,
        calibration: Option<Vec<i16>>,
        fuses_magnetometer: bool,
    ) -> PyResult<Imu> {
        let axes = axes.or_else(|| robot.profile.imu_axes().cloned()).unwrap_or_default();
        let calibration = calibration.map(|words| read_calibration(&words)).transpose()?;
        let mode = if fuses_magnetometer { Mode::Ndof } else { Mode::ImuPlus };
        let imu = devices::imu(&robot.profile, &axes, mode, calibration).map_err(|error| match error {
            DeviceError::Axes(axes) => {
                errors::usage(axes.to_string(), "write them as [\"-y\", \"+x\", \"+z\"]")
            }
            other => errors::usage(other.to_string(), &other.hint()),
        })?;
        let expected_address = imu.address();
        let slot = Arc::new(ImuSlot::new());
        let (contacts, theirs) = (Arc::new(ContactSlot::default()), Arc::clone(&slot));
        let chip = py.detach(|| ImuChip::start(&path, imu, contacts, theirs));
        let chip = chip.map_err(|error| errors::usage(error.to_string(), &error.hint()))?;
        Ok(Imu { chip: Here::new(chip), slot, expected_address })
    }

    /// How it is, and its newest sample.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = self.chip.get()?.state();
        let result = PyDict::new(py);
        result.set_item("is_up", state.is_up)?;
        result.set_item("samples", state.samples)?;
        result.set_item("saturated", state.saturated)?;
        result.set_item("failures", state.health.failures)?;
        result.set_item("bring_ups", state.health.bring_ups)?;
        let problem = state.health.problem.map(|problem| problem.to_string());
        result.set_item("problem", problem)?;
        result.set_item("hint", state.health.problem.map(|problem| problem.hint()))?;
        result.set_item("address", state.address)?;
        result.set_item("expected_address", self.expected_address)?;
        let sample = self.slot.take();
        result.set_item("gyro_rps", sample.map(|sample| sample.gyro_rps))?;
        result.set_item("accel_mps2", sample.map(|sample| sample.accel_mps2))?;
        let fusion = state.fusion;
        result.set_item("quaternion", fusion.map(|fusion| fusion.quaternion))?;
        result.set_item("gravity_mps2", fusion.map(|fusion| fusion.gravity_mps2))?;
        result.set_item("temperature_c", fusion.map(|fusion| fusion.temperature_c))?;
        let known = fusion.map(|fusion| fusion.calibration);
        let known = known.map(|known| [known.system, known.gyro, known.accel, known.mag]);
        result.set_item("calibration", known.map(|levels| levels.map(u32::from)))?;
        Ok(result)
    }

    /// Asks for what it has learned.
    fn ask_for_calibration(&self) -> PyResult<()> {
        self.chip.get()?.ask_for_calibration();
        Ok(())
    }

    /// What it has learned, once: offsets of accelerometer, magnetometer and gyroscope, and two radii.
    fn take_calibration(&self) -> PyResult<Option<Vec<i16>>> {
        let Some(found) = self.chip.get()?.take_calibration() else { return Ok(None) };
        let offsets = [found.accel, found.mag, found.gyro];
        Ok(Some(offsets.into_iter().flatten().chain(found.radii.into_iter().flatten()).collect()))
    }
}

fn read_calibration(words: &[i16]) -> PyResult<Calibration> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Calibration::from_bytes(&bytes).ok_or_else(|| {
        let message = format!("calibration: expected 9 or 11 numbers, found {}", words.len());
        errors::usage(message, "calibrate again")
    })
}
