//! `Controller` and the `Record` of its last tick.

use crate::count::Count;
use crate::policy::Policy;
use crate::robot::Robot;
use crate::{buffers, errors};
use gaitway_control::{Options, Refusal, TickRecord};
use gaitway_model::{Command, Sensors};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pyclass(module = "gaitway._native")]
pub struct Controller {
    pub(crate) controller: gaitway_control::Controller,
    pub(crate) options: Options,
    pub(crate) sensors: Sensors,
    row: Vec<f32>,
    action: Vec<f32>,
}

impl Controller {
    fn read(
        &mut self,
        py: Python<'_>,
        sensors: &Bound<'_, PyAny>,
        command: &Bound<'_, PyAny>,
        phase_factor_offset: f32,
    ) -> PyResult<Command> {
        buffers::read(py, sensors, "sensors", &mut self.row)?;
        // The row was made for these joints.
        let _ = self.sensors.copy_from_flat(&self.row);
        let mut read = Command { phase_factor_offset, ..Command::default() };
        let axes = self.controller.axes();
        buffers::read(py, command, "command", &mut read.values[..axes])?;
        Ok(read)
    }

    fn write_goals(&self, py: Python<'_>, goals: &Bound<'_, PyAny>) -> PyResult<()> {
        buffers::write(py, goals, "goals", self.controller.goals().rad())
    }
}

#[pymethods]
impl Controller {
    #[new]
    #[pyo3(signature = (policy, robot, *, loop_hz=None, kp=None, phase_factor=1.0))]
    fn new(
        policy: &Policy,
        robot: &Robot,
        loop_hz: Option<Count>,
        kp: Option<f64>,
        phase_factor: f64,
    ) -> PyResult<Controller> {
        let loop_hz = loop_hz.map(|hz| hz.narrow("loop_hz")).transpose()?;
        let options = Options { loop_hz, kp, phase_factor, ..Options::default() };
        let controller = gaitway_control::Controller::new(&policy.policy, &robot.profile, &options)
            .map_err(|error| errors::control(&error))?;
        let (joints, contacts) = (controller.joints(), controller.contacts());
        Ok(Controller {
            controller,
            options,
            action: Vec::new(),
            sensors: Sensors::still(joints, contacts),
            row: vec![0.0; Sensors::flat_len(joints, contacts)],
        })
    }

    #[pyo3(signature = (sensors, command, goals, phase_factor_offset=0.0))]
    fn step(
        &mut self,
        py: Python<'_>,
        sensors: &Bound<'_, PyAny>,
        command: &Bound<'_, PyAny>,
        goals: &Bound<'_, PyAny>,
        phase_factor_offset: f32,
    ) -> PyResult<()> {
        let command = self.read(py, sensors, command, phase_factor_offset)?;
        self.controller.step(&self.sensors, &command).map_err(|error| errors::control(&error))?;
        self.write_goals(py, goals)
    }

    #[pyo3(signature = (sensors, command, phase_factor_offset=0.0))]
    fn observe(
        &mut self,
        py: Python<'_>,
        sensors: &Bound<'_, PyAny>,
        command: &Bound<'_, PyAny>,
        phase_factor_offset: f32,
    ) -> PyResult<bool> {
        let command = self.read(py, sensors, command, phase_factor_offset)?;
        self.controller.observe(&self.sensors, &command).map_err(|error| errors::control(&error))
    }

    fn act(&mut self, py: Python<'_>, action: &Bound<'_, PyAny>, goals: &Bound<'_, PyAny>) -> PyResult<()> {
        self.action.resize(self.controller.record().action.len(), 0.0);
        buffers::read(py, action, "action", &mut self.action)?;
        self.controller.act(&self.action).map_err(|error| errors::control(&error))?;
        self.write_goals(py, goals)
    }

    fn reset(&mut self, py: Python<'_>, pose: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut pose_rad = vec![0.0; self.controller.joints()];
        buffers::read(py, pose, "pose", &mut pose_rad)?;
        self.controller.reset(&pose_rad).map_err(|error| errors::control(&error))
    }

    /// From now on somebody asks for the policy at this place of the set, or nobody for any.
    #[pyo3(signature = (place=None))]
    fn ask(&mut self, place: Option<usize>) {
        self.controller.ask(place);
    }

    /// Goes on from another controller of the same robot, in the middle of what it does; goals go over within so many
    /// ticks of the loop.
    fn take_over(&mut self, before: PyRef<'_, Controller>, blend_ticks: u32) -> PyResult<()> {
        let (joints, found) = (self.controller.joints(), before.controller.joints());
        if joints != found {
            return Err(errors::control(&gaitway_control::ControlError::Length {
                what: "joints",
                expected: joints,
                found,
            }));
        }
        self.controller.take_over(&before.controller, blend_ticks);
        Ok(())
    }

    fn save<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.controller.save())
    }

    fn restore(&mut self, state: &[u8]) -> PyResult<()> {
        self.controller.restore(state).map_err(|error| errors::control(&error))
    }

    fn record(&self) -> Record {
        Record { record: self.controller.record().clone(), axes: self.controller.axes() }
    }

    #[getter]
    fn joints(&self) -> usize {
        self.controller.joints()
    }

    #[getter]
    fn loop_hz(&self) -> u32 {
        self.controller.loop_hz()
    }

    #[getter]
    fn divider(&self) -> u32 {
        self.controller.divider()
    }

    #[getter]
    fn gains(&self) -> Vec<(f64, f64)> {
        self.controller.gains().iter().map(|gains| (gains.kp, gains.kd)).collect()
    }

    #[getter]
    fn overrides(&self) -> Vec<String> {
        self.controller.overrides().to_vec()
    }
}

#[pyclass(frozen, module = "gaitway._native")]
pub struct Record {
    record: TickRecord,
    axes: usize,
}

#[pymethods]
impl Record {
    #[getter]
    fn tick(&self) -> u64 {
        self.record.tick
    }

    #[getter]
    fn policy_ran(&self) -> bool {
        self.record.policy_ran
    }

    #[getter]
    fn stood(&self) -> bool {
        self.record.stood
    }

    #[getter]
    fn policy(&self) -> usize {
        self.record.policy
    }

    #[getter]
    fn observation<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        buffers::view(py, &self.record.observation)
    }

    #[getter]
    fn action<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        buffers::view(py, &self.record.action)
    }

    #[getter]
    fn target_rad<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        buffers::view(py, &self.record.target_rad)
    }

    #[getter]
    fn goal_rad<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        buffers::view(py, &self.record.goal_rad)
    }

    #[getter]
    fn fed_back_rad<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        buffers::view(py, &self.record.fed_back_rad)
    }

    #[getter]
    fn command<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        buffers::view(py, &self.record.command.values[..self.axes])
    }

    #[getter]
    fn joint_limits<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.record.joint_limits)
    }

    #[getter]
    fn command_limited(&self) -> bool {
        self.record.command_limits.any()
    }

    #[getter]
    fn refusal(&self) -> Option<&'static str> {
        match self.record.refusal {
            Refusal::None => None,
            Refusal::NonFiniteObservation => Some("non-finite observation"),
            Refusal::NonFiniteAction => Some("non-finite action"),
        }
    }

    #[getter]
    fn phase_step(&self) -> f64 {
        self.record.phase_step
    }

    #[getter]
    fn tilt_rad(&self) -> f32 {
        self.record.tilt_rad
    }

    #[getter]
    fn fallen(&self) -> bool {
        self.record.fallen
    }

    /// Sums since the controller was made: refusals, limited, by position, by velocity, by action bounds, command
    /// limited, falls.
    #[getter]
    fn counters(&self) -> [u64; 7] {
        self.record.counters.as_array()
    }
}
