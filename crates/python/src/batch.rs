//! `Batch`: many robots between their simulators and one network, for `gaitway.train`.

use crate::buffers;
use crate::contract::Contract;
use crate::count::Count;
use crate::errors;
use crate::robot::Robot;
use gaitway_batch::{CommandSampling, Disturbance, Layout, Rows};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

#[pyclass(module = "gaitway._native")]
pub struct Batch {
    batch: gaitway_batch::Batch,
    qpos: Vec<f64>,
    qvel: Vec<f64>,
    sensordata: Vec<f64>,
    observations: Vec<f32>,
    commands: Vec<f32>,
    actions: Vec<f32>,
    ctrl: Vec<f64>,
}

#[pymethods]
impl Batch {
    #[new]
    #[pyo3(signature = (contract, robot, count, *, seed, layout, disturbance, commands=None))]
    #[allow(clippy::too_many_arguments, reason = "keywords of one Python constructor")]
    fn new(
        contract: &Contract,
        robot: &Robot,
        count: Count,
        seed: Count,
        layout: &Bound<'_, PyDict>,
        disturbance: &Bound<'_, PyDict>,
        commands: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Batch> {
        let count: usize = count.narrow("count")?;
        let layout = read_layout(layout)?;
        let disturbance = read_disturbance(disturbance)?;
        let commands = commands.map(read_commands).transpose()?;
        let lengths = [layout.qpos_len, layout.qvel_len, layout.sensor_len];
        let (contract, profile) = (&contract.contract, &robot.profile);
        let batch =
            gaitway_batch::Batch::new(contract, profile, count, seed.0, layout, disturbance, commands)
                .map_err(|error| errors::batch(&error))?;
        // The batch has refused counts whose product does not fit into memory.
        let [qpos, qvel, sensordata] = lengths.map(|len| vec![0.0; len * count]);
        Ok(Batch {
            qpos,
            qvel,
            sensordata,
            observations: vec![0.0; count * batch.observation_len()],
            commands: vec![0.0; count * batch.command_len()],
            actions: vec![0.0; count * batch.action_len()],
            ctrl: vec![0.0; count * batch.joints()],
            batch,
        })
    }

    fn reset(&mut self, py: Python<'_>, which: Vec<u32>, poses: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut poses_rad = vec![0.0; which.len() * self.batch.joints()];
        buffers::read(py, poses, "poses", &mut poses_rad)?;
        let batch = &mut self.batch;
        py.detach(|| batch.reset(&which, &poses_rad)).map_err(|error| errors::batch(&error))
    }

    fn set_commands(&mut self, py: Python<'_>, commands: &Bound<'_, PyAny>) -> PyResult<()> {
        buffers::read(py, commands, "commands", &mut self.commands)?;
        self.batch.set_commands(&self.commands).map_err(|error| errors::batch(&error))
    }

    fn observe(
        &mut self,
        py: Python<'_>,
        qpos: &Bound<'_, PyAny>,
        qvel: &Bound<'_, PyAny>,
        sensordata: &Bound<'_, PyAny>,
        observations: &Bound<'_, PyAny>,
        commands: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        buffers::read(py, qpos, "qpos", &mut self.qpos)?;
        buffers::read(py, qvel, "qvel", &mut self.qvel)?;
        buffers::read(py, sensordata, "sensordata", &mut self.sensordata)?;
        let Batch { batch, qpos, qvel, sensordata, observations: seen, commands: followed, .. } = self;
        let rows = Rows { qpos, qvel, sensordata };
        py.detach(|| batch.observe(&rows, seen, followed)).map_err(|error| errors::batch(&error))?;
        buffers::write(py, observations, "observations", seen)?;
        buffers::write(py, commands, "commands", followed)
    }

    fn act(&mut self, py: Python<'_>, actions: &Bound<'_, PyAny>, ctrl: &Bound<'_, PyAny>) -> PyResult<()> {
        buffers::read(py, actions, "actions", &mut self.actions)?;
        let Batch { batch, actions, ctrl: goals, .. } = self;
        py.detach(|| batch.act(actions, goals)).map_err(|error| errors::batch(&error))?;
        buffers::write(py, ctrl, "ctrl", goals)
    }

    fn save<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.batch.save())
    }

    fn restore(&mut self, state: &[u8]) -> PyResult<()> {
        self.batch.restore(state).map_err(|error| errors::batch(&error))
    }

    #[getter]
    fn count(&self) -> usize {
        self.batch.count()
    }

    #[getter]
    fn observation_len(&self) -> usize {
        self.batch.observation_len()
    }

    #[getter]
    fn action_len(&self) -> usize {
        self.batch.action_len()
    }
}

fn read_layout(given: &Bound<'_, PyDict>) -> PyResult<Layout> {
    Ok(Layout {
        qpos_len: item(given, "qpos_len")?,
        qvel_len: item(given, "qvel_len")?,
        sensor_len: item(given, "sensor_len")?,
        joint_qpos: item(given, "joint_qpos")?,
        joint_qvel: item(given, "joint_qvel")?,
        play_qpos: item(given, "play_qpos")?,
        gyro: item(given, "gyro")?,
        accelerometer: item(given, "accelerometer")?,
        contacts: item(given, "contacts")?,
    })
}

fn read_disturbance(given: &Bound<'_, PyDict>) -> PyResult<Disturbance> {
    Ok(Disturbance {
        gyro_rps: item(given, "gyro_rps")?,
        accel_mps2: item(given, "accel_mps2")?,
        joint_position_rad: item(given, "joint_position_rad")?,
        joint_velocity_rps: item(given, "joint_velocity_rps")?,
        joint_zero_rad: item(given, "joint_zero_rad")?,
        late_goals: item(given, "late_goals")?,
        late_imu: item(given, "late_imu")?,
        lost_answers: item(given, "lost_answers")?,
    })
}

fn read_commands(given: &Bound<'_, PyDict>) -> PyResult<CommandSampling> {
    Ok(CommandSampling {
        still: item(given, "still")?,
        one_axis: item(given, "one_axis")?,
        at_limit: item(given, "at_limit")?,
        head_still: item(given, "head_still")?,
        hold_ticks: item(given, "hold_ticks")?,
    })
}

fn item<'py, T: for<'a> FromPyObject<'a, 'py>>(given: &Bound<'py, PyDict>, key: &str) -> PyResult<T> {
    let value = given.get_item(key)?.ok_or_else(|| PyKeyError::new_err(key.to_owned()))?;
    value.extract().map_err(Into::into)
}
