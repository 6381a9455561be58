//! `Motors`: the robot's motors for tools, with guards that cut the torque when this process is killed or frozen.

use crate::count::Count;
use crate::errors;
use crate::here::Here;
use crate::robot::Robot;
use gaitway_feetech::audit::{Finding, Severity};
use gaitway_feetech::servo::ServoState;
use gaitway_platform::heartbeat::TOOL_LIMIT_NS;
use gaitway_platform::{Guard, GuardError, Heartbeat, MonotonicClock, SerialPort, guard};
use gaitway_runtime::devices::{self, DeviceError};
use gaitway_runtime::motors::{Motors as Driven, MotorsError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};

type Servos = Driven<SerialPort, Arc<MonotonicClock>>;

#[pyclass(frozen, module = "gaitway._native")]
pub struct Motors {
    robot: Robot,
    /// Until they are closed.
    open: Here<Mutex<Option<Open>>>,
}

/// An open port, and who watches it from the first joint on that is driven: what only looks writes nothing.
struct Open {
    servos: Servos,
    guard: Option<Guard>,
    port: OwnedFd,
    command: Vec<String>,
    heartbeat: Heartbeat,
    torque_off: Vec<u8>,
}

impl Open {
    /// False, and everything limp, where the guards have died: nobody would cut the torque after this process.
    fn is_guarded(&mut self) -> bool {
        let is_gone = self.guard.as_mut().is_some_and(|guard| guard.alive() == 0);
        if is_gone {
            // There is nobody left to be told of a port that is gone, too.
            let _ = self.servos.limp();
        }
        !is_gone
    }

    /// Somebody who cuts the torque after this process, in place of one who has died.
    fn start_guard(&mut self) -> Result<(), GuardError> {
        if let Some(guard) = &mut self.guard {
            guard.alive();
            return guard.complete();
        }
        let words = self.command.clone();
        let command = move || {
            let mut command = Command::new(words.first().map_or("", String::as_str));
            command.args(words.iter().skip(1));
            command
        };
        let port = self.port.try_clone().map_err(GuardError::Start)?;
        self.guard = Some(Guard::start_as(command, port, &self.torque_off, None, &self.heartbeat)?);
        Ok(())
    }
}

impl Motors {
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut Servos) -> Result<T, MotorsError> + Send,
    ) -> PyResult<T> {
        let done = self.with_open(py, |open| act(&mut open.servos))?;
        done.map_err(|error| errors::bus(error.to_string(), &error.hint()))
    }

    fn with_open<T: Send>(&self, py: Python<'_>, act: impl FnOnce(&mut Open) -> T + Send) -> PyResult<T> {
        let open = self.open.get()?;
        let done = py.detach(|| open.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(act));
        done.ok_or_else(|| errors::usage("the motors are closed".to_owned(), "open them again"))
    }

    fn indices(&self, joints: &[Count]) -> PyResult<Vec<usize>> {
        let count = self.robot.profile.joints.len();
        let index = |joint: &Count| usize::try_from(joint.0).ok().filter(|joint| *joint < count);
        joints.iter().map(|joint| index(joint).ok_or_else(|| no_such_joint(joint, count))).collect()
    }
}

fn no_such_joint(joint: &Count, count: usize) -> PyErr {
    errors::usage(
        format!("joint {}: expected one below {count}", joint.0),
        "count joints as the profile does",
    )
}

#[pymethods]
impl Motors {
    /// The servos of `robot` on the port `path`; `kp` is another gain than the profile's, `torque` the share driven
    /// servos may use, `guard` the command of a program that does nothing but `run_guard`.
    #[new]
    #[pyo3(signature = (robot, path, *, guard, kp=None, torque=0.5))]
    fn new(
        py: Python<'_>,
        robot: &Robot,
        path: PathBuf,
        guard: Vec<String>,
        kp: Option<Count>,
        torque: f32,
    ) -> PyResult<Motors> {
        let kp = kp.map(|kp| kp.narrow("kp")).transpose()?;
        let robot = robot.clone();
        let profile = Arc::clone(&robot.profile);
        let opened = py.detach(|| open(&profile, &path, guard, kp, torque));
        let opened = opened.map_err(|(message, hint)| errors::bus(message, &hint))?;
        Ok(Motors { robot, open: Here::new(Mutex::new(Some(opened))) })
    }

    /// What each servo says, `None` for one that does not answer.
    fn look<'py>(&self, py: Python<'py>) -> PyResult<Vec<Option<Bound<'py, PyDict>>>> {
        let states = self.with(py, Driven::look)?;
        states.iter().map(|state| state.as_ref().map(|state| describe(py, state)).transpose()).collect()
    }

    /// Drives joints, by their indices, where they are.
    fn hold(&self, py: Python<'_>, joints: Vec<Count>) -> PyResult<()> {
        let joints = self.indices(&joints)?;
        let guarded = self.with_open(py, Open::start_guard)?;
        guarded.map_err(|error| errors::bus(error.to_string(), error.hint()))?;
        self.with(py, |servos| servos.hold(&joints))
    }

    /// Waits for the next tick and goes one step towards a target for each joint, rad; true once all have arrived.
    fn step(&self, py: Python<'_>, targets: Vec<f32>) -> PyResult<bool> {
        let (expected, found) = (self.robot.profile.joints.len(), targets.len());
        if found != expected {
            let message = format!("targets: expected {expected} angles, found {found}");
            return Err(errors::usage(message, "one for each joint, NaN for those that stay"));
        }
        let stepped = self
            .with_open(py, |open| if open.is_guarded() { Some(open.servos.step(&targets)) } else { None })?;
        match stepped {
            Some(stepped) => stepped.map_err(|error| errors::bus(error.to_string(), &error.hint())),
            None => {
                Err(errors::bus("the guard processes are gone: everything is limp".to_owned(), "begin again"))
            }
        }
    }

    /// Lets joints go limp; all of them where none is named.
    #[pyo3(signature = (joints=None))]
    fn release(&self, py: Python<'_>, joints: Option<Vec<Count>>) -> PyResult<()> {
        match joints {
            Some(joints) => {
                let joints = self.indices(&joints)?;
                self.with(py, |servos| servos.release(&joints))
            }
            None => self.with(py, Driven::limp),
        }
    }

    /// Joint angles as last heard, rad; NaN where never.
    fn positions_rad(&self, py: Python<'_>) -> PyResult<Vec<f32>> {
        self.with(py, |servos| Ok(servos.positions_rad()))
    }

    /// Sums since the bus was opened.
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.with(py, |servos| Ok(servos.counters()))?;
        let sums = PyDict::new(py);
        sums.set_item("reads", counters.reads)?;
        sums.set_item("retries", counters.retries)?;
        sums.set_item("strays", counters.strays)?;
        sums.set_item("implausible", counters.implausible)?;
        sums.set_item("garbage_bytes", counters.garbage_bytes)?;
        Ok(sums)
    }

    /// What is wrong with each servo's settings, `None` for one that does not answer; `fix` puts right what can be.
    #[pyo3(signature = (*, fix=false))]
    fn audit<'py>(&self, py: Python<'py>, fix: bool) -> PyResult<Vec<Option<Vec<Bound<'py, PyDict>>>>> {
        let profile = &self.robot.profile;
        let found = self.with(py, |servos| {
            let found = servos.audit(profile)?;
            if !fix || servos.fix(&found)? == 0 {
                return Ok(found);
            }
            servos.audit(profile)
        })?;
        let row = |findings: &Vec<Finding>| findings.iter().map(|found| finding(py, found)).collect();
        found.iter().map(|findings| findings.as_ref().map(row).transpose()).collect()
    }

    /// What was driven is limp, the guard sent home, the port closed.
    fn close(&self, py: Python<'_>) {
        let Ok(open) = self.open.get() else { return };
        py.detach(|| {
            let open = open.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(Open { mut servos, guard: Some(guard), .. }) = open
                && servos.limp().is_ok()
            {
                // One that does not answer, and one nobody says goodbye to, cuts the torque once more.
                let _ = guard.goodbye();
            }
        });
    }
}

fn open(
    profile: &gaitway_model::RobotProfile,
    path: &std::path::Path,
    command: Vec<String>,
    kp: Option<u8>,
    torque: f32,
) -> Result<Open, (String, String)> {
    let port = SerialPort::open(path, profile.actuators.baud);
    let port = port.map_err(|error| (error.to_string(), error.hint()))?;
    let held = port.try_clone_fd().map_err(|error| (error.to_string(), error.hint().to_owned()))?;
    let refused = |error: DeviceError| (error.to_string(), error.hint());
    let mut bus = devices::servos(profile).map_err(refused)?;
    let torque_off = bus.torque_off().to_vec();
    let clock = Arc::new(MonotonicClock::default());
    let mut servos = Driven::new(profile, port, clock, kp, torque).map_err(refused)?;
    let heartbeat = Heartbeat::new(TOOL_LIMIT_NS).map_err(|source| {
        let error = GuardError::Start(source);
        (error.to_string(), error.hint().to_owned())
    })?;
    servos.beat_with(heartbeat.clone());
    Ok(Open { servos, guard: None, port: held, command, heartbeat, torque_off })
}

fn describe<'py>(py: Python<'py>, state: &ServoState) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    found.set_item("position_rad", state.position_rad)?;
    found.set_item("velocity_rps", state.velocity_rps)?;
    found.set_item("faults", state.faults.names().collect::<Vec<_>>())?;
    found.set_item("answers", state.health.answers)?;
    found.set_item("misses", state.health.misses)?;
    found.set_item("voltage_v", state.slow.map(|slow| slow.voltage_v))?;
    found.set_item("temperature_c", state.slow.map(|slow| slow.temperature_c))?;
    found.set_item("current_a", state.slow.map(|slow| slow.current_a))?;
    found.set_item("load", state.slow.map(|slow| slow.load))?;
    found.set_item("torque_on", state.slow.map(|slow| slow.torque_on))?;
    Ok(found)
}

fn finding<'py>(py: Python<'py>, finding: &Finding) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    let severity = match finding.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Grave => "grave",
    };
    found.set_item("register", finding.register.name)?;
    found.set_item("expected", finding.expected)?;
    found.set_item("found", finding.found)?;
    found.set_item("severity", severity)?;
    found.set_item("fixable", finding.fixable)?;
    found.set_item("consequence", finding.consequence)?;
    Ok(found)
}

/// The guard's whole program; its exit code.
#[pyfunction]
pub fn run_guard(py: Python<'_>) -> u8 {
    py.detach(|| u8::from(guard::run(None) != ExitCode::SUCCESS))
}
