//! `VirtualRobot`: the real loop on a virtual clock, for a host of the physics.

use crate::count::Count;
use crate::errors;
use crate::here::Here;
use crate::policy::Policy;
use crate::robot::Robot;
use crate::servo_rows::{self, OneFault};
use gaitway_control::Options;
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::RequestedMode;
use gaitway_emulators::{BusOptions, FaultPlan, ServoBus};
use gaitway_model::Command;
use gaitway_record::About;
use gaitway_runtime::devices::actuator_log;
use gaitway_runtime::recorder::{Bounds, Folder, Recorder, Said};
use gaitway_runtime::robot::{Event, Setup};
use gaitway_testbed::ServoView;
use gaitway_testbed::virtual_robot::{ChipPath, MAX_STARVED_NS, STEP_NS, Trouble, VirtualRobot as Room};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;

#[pyclass(module = "gaitway._native")]
pub struct VirtualRobot {
    room: Room,
    robot: Robot,
    views: Vec<ServoView>,
    recorder: Option<Here<Recorder>>,
}

/// Ticks between two looks of the recorder into its ring, and ticks the ring has room for.
const RECORD_EVERY: u64 = 10;
const RING_TICKS: usize = 64;

#[pymethods]
impl VirtualRobot {
    #[new]
    #[pyo3(signature = (robot, policy, *, step_ns=Count(2_000_000), seed=Count(0)))]
    fn new(robot: &Robot, policy: &Policy, step_ns: Count, seed: Count) -> PyResult<VirtualRobot> {
        let step_ns = step_ns.within("step_ns", STEP_NS)?;
        let robot = robot.clone();
        let profile = &robot.profile;
        let setup = Setup::new(&policy.policy, profile, &Options::default());
        let setup = setup.map_err(|error| errors::setup(&error))?;
        let ids: Vec<u8> = profile.joints.iter().map(|joint| joint.id).collect();
        let options = BusOptions { baud: profile.actuators.baud, ..BusOptions::default() };
        let plan = FaultPlan { seed: seed.0, ..FaultPlan::default() };
        let twin = ServoBus::new(options, &ids, plan);
        let mut twin = twin.map_err(|error| errors::usage(error.to_string(), error.hint()))?;
        twin.servos_mut().iter_mut().for_each(|servo| servo.configure());
        let room = Room::new(setup, twin, step_ns);
        let room = room.map_err(|error| errors::usage(error.to_string(), error.hint()))?;
        Ok(VirtualRobot { room, views: vec![ServoView::LIMP; ids.len()], robot, recorder: None })
    }

    /// From now on the IMU is a chip on an I²C bus; without foot switches both feet count as on the ground.
    fn read_chip(&mut self, has_switches: bool, seed: Count) -> PyResult<()> {
        let now_ns = self.room.now_ns();
        let path = ChipPath::new(&self.robot.profile, now_ns, has_switches, seed.0);
        self.room
            .read_chip(path.map_err(|error| errors::usage(error.to_string(), "correct imu.trunk_axes"))?);
        Ok(())
    }

    /// Waits for the next tick; returns the time, ns.
    fn wait(&mut self, py: Python<'_>) -> u64 {
        let room = &mut self.room;
        py.detach(|| room.wait())
    }

    /// Due steps of the physics that were driven alike, and by what.
    fn take_steps(&mut self, py: Python<'_>, row: &Bound<'_, PyAny>) -> PyResult<usize> {
        let taken = self.room.take_steps(&mut self.views);
        if taken > 0 {
            servo_rows::write_servos(py, row, &self.views, &self.robot.profile.joints)?;
        }
        Ok(taken)
    }

    /// Joint angles, velocities and drives.
    fn set_joints(&mut self, py: Python<'_>, row: &Bound<'_, PyAny>) -> PyResult<()> {
        let states = servo_rows::read_joints(py, row, &self.robot.profile.joints)?;
        self.room.set_joints(&states);
        Ok(())
    }

    /// Takes an IMU sample of `at_ns`.
    fn sample_imu(&mut self, py: Python<'_>, row: &Bound<'_, PyAny>, at_ns: Count) -> PyResult<()> {
        self.room.sample_imu(servo_rows::read_imu(py, row, self.robot.profile.contacts.len(), at_ns.0)?);
        Ok(())
    }

    /// The robot's tick.
    fn tick(&mut self, py: Python<'_>) -> PyResult<&'static str> {
        let room = &mut self.room;
        let mut recorder = self.recorder.as_mut().map(Here::get_mut).transpose()?;
        let state = py.detach(|| {
            let state = room.tick();
            if let Some(recorder) = &mut recorder
                && room.robot().record().tick.is_multiple_of(RECORD_EVERY)
            {
                recorder.step(room.now_ns());
            }
            state
        });
        Ok(state.name())
    }

    /// Records every tick from now on.
    fn record(&mut self, folder: PathBuf, policy: &Policy, onnx: &[u8]) -> PyResult<()> {
        let log = actuator_log(&self.robot.profile, self.room.robot().controller().gains());
        let log = log.map_err(|error| errors::record(&error.into()))?;
        let settled = Some((self.room.robot().options(), &*log));
        let about = About::new(&self.robot.profile, (&policy.policy, onnx), &Options::default(), settled);
        let source = self.room.robot_mut().record_to_ring(RING_TICKS);
        let folder = Folder::new(folder, Bounds::default());
        let about = about.map_err(|error| errors::record(&error))?;
        self.recorder = Some(Here::new(Recorder::new(source, about, folder, log)));
        Ok(())
    }

    /// Ends the recording.
    fn end_recording(&mut self) -> PyResult<()> {
        self.room.robot_mut().end_recording();
        let Some(recorder) = self.recorder.take() else { return Ok(()) };
        let mut recorder = recorder.take()?;
        while recorder.step(self.room.now_ns()) {}
        for said in recorder.take_said() {
            if let Said::Stopped { why } = said {
                return Err(errors::recording(format!("the recording stopped: {why}")));
            }
        }
        Ok(())
    }

    /// Something goes wrong, now or where the text says `at=` so much later.
    fn inject(&mut self, fault: &str) -> PyResult<()> {
        let (after_ns, read) = servo_rows::read_fault(fault, &self.robot.profile.joints)?;
        let trouble = match read {
            OneFault::Bus(fault) => Trouble::Bus(fault),
            OneFault::Imu(fault) => Trouble::Imu(fault),
            OneFault::Chip(_) => {
                let message = format!("fault {fault:?}: there is no chip here, only its samples");
                return Err(errors::usage(message, "imu-frozen, imu-late and imu-lost are"));
            }
        };
        let planned = self.room.plan(after_ns, trouble);
        planned.map_err(|error| errors::usage(error.to_string(), error.hint()))
    }

    /// The loop gets no processor for `for_ns`, `after_ns` from now.
    #[pyo3(signature = (for_ns, *, after_ns=Count(0)))]
    fn starve(&mut self, for_ns: Count, after_ns: Count) -> PyResult<()> {
        let for_ns = for_ns.within("for_ns", 0..=MAX_STARVED_NS)?;
        let planned = self.room.plan(after_ns.0, Trouble::Starved(for_ns));
        planned.map_err(|error| errors::usage(error.to_string(), error.hint()))
    }

    /// What the operator wants.
    #[pyo3(signature = (wish, *, at_once=false))]
    fn wish(&self, wish: &str, at_once: bool) -> PyResult<()> {
        let wish = match wish {
            "limp" => RequestedMode::Limp,
            "stand" => RequestedMode::Stand,
            "walk" => RequestedMode::Walk,
            _ => {
                let message = format!("wish: expected limp, stand or walk, found {wish:?}");
                return Err(errors::usage(message, "the robot can be wished to be nothing else"));
            }
        };
        self.room.mailbox().request_mode(wish, at_once);
        Ok(())
    }

    /// A velocity on a lease that never ends.
    fn command(&self, vx_mps: f32, vy_mps: f32, wz_rps: f32) {
        let command = Command::velocity(vx_mps, vy_mps, wz_rps);
        self.room.mailbox().offer(Source::Program, &command, u64::MAX);
    }

    /// The emergency stop, as an agent sets it.
    fn emergency_stop(&self) {
        self.room.mailbox().set_emergency_stop(Source::Agent);
    }

    #[getter]
    fn now_ns(&self) -> u64 {
        self.room.now_ns()
    }

    #[getter]
    fn state(&self) -> &'static str {
        self.room.robot().record().state.name()
    }

    #[getter]
    fn reason(&self) -> String {
        self.room.robot().record().reason.to_string()
    }

    #[getter]
    fn torque_off_since_ns(&self) -> Option<u64> {
        self.room.torque_off_since_ns()
    }

    /// What it has said since this was last asked: when, and which fault came or went or which state was entered.
    fn take_events(&mut self) -> Vec<(u64, String)> {
        let word = |event: &Event| match event {
            Event::State(change) => format!("{}: {}", change.to.name(), change.reason),
            Event::Fault(change) => {
                format!("{} {}", change.alarm.kind.name(), if change.came { "came" } else { "went" })
            }
            Event::Obstacle(obstacle) => {
                obstacle.map_or("no obstacle".to_owned(), |obstacle| format!("obstacle: {obstacle}"))
            }
            Event::ServoReset { joint } => {
                format!("servo reset: {}", self.robot.profile.joints[*joint].name)
            }
            Event::Implausible { last, count } => {
                let joint = last.joint.map_or("", |joint| &self.robot.profile.joints[joint].name);
                format!("implausible {} {joint} {:.2}, {count} dropped", last.value.name(), last.found)
            }
            Event::PolicyTaken => "policy taken".to_owned(),
            Event::PortGone(_) => "port gone".to_owned(),
            Event::PortBack => "port back".to_owned(),
            Event::Watchdog(trip) => format!("watchdog: {trip}"),
        };
        let events = self.room.take_events();
        events.iter().map(|stamped| (stamped.at_ns, word(&stamped.event))).collect()
    }

    /// What was counted, whatever happened.
    fn watched<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let watched = self.room.watched();
        let result = PyDict::new(py);
        let counts = [
            ("goals", watched.goals),
            ("goals_out_of_range", watched.goals_out_of_range),
            ("goals_not_finite", watched.goals_not_finite),
            ("worn", watched.worn),
            ("allocations", watched.allocations),
            ("stale_joints", watched.stale_joints),
            ("stale_imu", watched.stale_imu),
            ("impossible", watched.impossible),
            ("longest_limp_ns", watched.longest_limp_ns),
            ("longest_replugged_ns", watched.longest_replugged_ns),
        ];
        for (name, count) in counts {
            result.set_item(name, count)?;
        }
        result.set_item("largest_step_rad", watched.largest_step_rad)?;
        result.set_item("largest_jerk_rad", watched.largest_jerk_rad)?;
        Ok(result)
    }
}
