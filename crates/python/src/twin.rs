//! `TwinHost`: the emulated servos on a pseudo-terminal and the emulated IMU on a socket, for a host of the physics.

use crate::count::Count;
use crate::errors;
use crate::here::Here;
use crate::pacer::quantiles;
use crate::robot::Robot;
use crate::servo_rows::{self, OneFault};
use gaitway_emulators::registers::RETURN_DELAY;
use gaitway_emulators::{Bno055Fault, BusOptions, Exchange, FaultScript, JointState, Motion, ServoBus};
use gaitway_model::profile::{DEFAULT_POSE, Joint};
use gaitway_testbed::i2c_host::I2cHost;
use gaitway_testbed::imu_host::{ImuHost, ImuStatistics};
use gaitway_testbed::twin_host::{ServoView, TwinHost as Host, TwinHostError, TwinStatistics};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Unit of the return delay register, µs, and its largest value.
const RETURN_DELAY_UNIT_US: u64 = 2;
const RETURN_DELAY_MAX: u64 = 254;

/// Delays of the wire, µs.
const DELAY_US: RangeInclusive<u64> = 0..=1_000_000;
/// Exchanges that are kept at most: an hour of a busy bus.
const MAX_EXCHANGES: u64 = 1_000_000;

/// One thread may step the physics and another let faults strike.
#[pyclass(frozen, module = "gaitway._native")]
pub struct TwinHost {
    wires: Here<Mutex<Wires>>,
    robot: Robot,
}

struct Wires {
    host: Host,
    imu: Option<ImuHost>,
    i2c: Option<I2cHost>,
}

impl TwinHost {
    fn joints(&self) -> &[Joint] {
        &self.robot.profile.joints
    }

    /// Does something with the wires. The interpreter is let go meanwhile: whoever holds them may wait for it.
    fn with<T: Send>(&self, py: Python<'_>, act: impl FnOnce(&mut Wires) -> T + Send) -> PyResult<T> {
        let wires = self.wires.get()?;
        // What a panic of another thread left behind is as good as what it found.
        Ok(py.detach(|| act(&mut wires.lock().unwrap_or_else(PoisonError::into_inner))))
    }
}

#[pymethods]
impl TwinHost {
    #[new]
    #[pyo3(signature = (robot, *, link=None, imu_socket=None, i2c_socket=None, faults=Vec::new(), seed=Count(0), return_delay_us=None, usb_latency_us=Count(0), turnaround_us=Count(0), factory=false, exchanges=Count(0)))]
    #[allow(clippy::too_many_arguments, reason = "keywords of one Python constructor")]
    fn new(
        py: Python<'_>,
        robot: &Robot,
        link: Option<PathBuf>,
        imu_socket: Option<PathBuf>,
        i2c_socket: Option<PathBuf>,
        faults: Vec<String>,
        seed: Count,
        return_delay_us: Option<Count>,
        usb_latency_us: Count,
        turnaround_us: Count,
        factory: bool,
        exchanges: Count,
    ) -> PyResult<TwinHost> {
        let robot = robot.clone();
        let joints = &robot.profile.joints;
        let options = BusOptions {
            baud: robot.profile.actuators.baud,
            min_turnaround_ns: turnaround_us.within("turnaround_us", DELAY_US)? * 1_000,
            usb_frame_ns: usb_latency_us.within("usb_latency_us", DELAY_US)? * 1_000,
            exchanges: exchanges.within("exchanges", 0..=MAX_EXCHANGES)? as usize,
            ..BusOptions::default()
        };
        let script = read_faults(&faults, joints, seed)?;
        let return_delay = return_delay_us.map(return_delay_register).transpose()?;
        let ids: Vec<u8> = joints.iter().map(|joint| joint.id).collect();
        let pose_rad = robot.profile.pose_rad(DEFAULT_POSE).unwrap_or_default();
        let prepare = |bus: &mut ServoBus| prepare(bus, joints, &pose_rad, factory, return_delay);
        let plan = script.bus;
        let host = py.detach(|| Host::start_with(options, &ids, plan, link.as_deref(), prepare));
        let host = host.map_err(|error| errors::twin_host(&error))?;
        let start_imu = |path: &Path| ImuHost::start(path, script.imu);
        let imu = imu_socket.as_deref().map(start_imu).transpose();
        let imu = imu.map_err(|error| errors::twin_host(&error))?;
        let i2c = i2c_socket.as_deref().map(|path| start_i2c(path, &robot, seed, script.chip)).transpose();
        let i2c = i2c.map_err(|error| errors::twin_host(&error))?;
        Ok(TwinHost { wires: Here::new(Mutex::new(Wires { host, imu, i2c })), robot })
    }

    /// What a program opens.
    #[getter]
    fn path(&self, py: Python<'_>) -> PyResult<PathBuf> {
        self.with(py, |wires| wires.host.path())
    }

    /// Joint angles, velocities and drives.
    fn set_joints(&self, py: Python<'_>, row: &Bound<'_, PyAny>) -> PyResult<()> {
        let states = servo_rows::read_joints(py, row, self.joints())?;
        self.with(py, |wires| wires.host.set_joints(&states))?.map_err(|error| errors::twin_host(&error))
    }

    /// Goals as joint angles (NaN where limp), P, D, I, torque limits.
    fn read_servos(&self, py: Python<'_>, row: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut views = vec![ServoView::LIMP; self.joints().len()];
        let read = self.with(py, |wires| wires.host.read_servos(&mut views))?;
        read.map_err(|error| errors::twin_host(&error))?;
        servo_rows::write_servos(py, row, &views, self.joints())
    }

    /// Takes an IMU sample of now.
    fn sample_imu(&self, py: Python<'_>, row: &Bound<'_, PyAny>) -> PyResult<()> {
        let sample = servo_rows::read_imu(py, row, self.robot.profile.contacts.len(), 0)?;
        self.with(py, |wires| {
            if let Some(imu) = &mut wires.imu {
                imu.sample(sample);
            }
            if let Some(i2c) = &wires.i2c {
                let (gyro_rps, accel_mps2) = (sample.gyro_rps, sample.accel_mps2);
                i2c.set_motion(Motion { gyro_rps, accel_mps2, ..Motion::default() });
            }
        })
    }

    /// Sends what the IMU has to send by now; never waits.
    fn send_imu(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |wires| {
            if let Some(imu) = &mut wires.imu {
                imu.send_due();
            }
        })
    }

    /// Something goes wrong now.
    fn inject(&self, py: Python<'_>, fault: &str) -> PyResult<()> {
        let (at_ns, parsed) = servo_rows::read_fault(fault, self.joints())?;
        if at_ns > 0 {
            return Err(errors::usage(
                format!("fault {fault:?}: expected no at=, found one"),
                "a fault that is injected strikes now; one for later belongs into `faults`",
            ));
        }
        let injected = self.with(py, |wires| match parsed {
            OneFault::Bus(fault) => wires.host.inject(fault),
            OneFault::Imu(fault) => {
                if let Some(imu) = &mut wires.imu {
                    imu.inject(fault);
                }
                Ok(())
            }
            OneFault::Chip(fault) => {
                if let Some(i2c) = &wires.i2c {
                    i2c.inject(fault);
                }
                Ok(())
            }
        })?;
        injected.map_err(|error| errors::twin_host(&error))
    }

    /// Sums since the start.
    fn statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let sums = |wires: &mut Wires| {
            let imu = wires.imu.as_ref().map_or(ImuStatistics::default(), ImuHost::statistics);
            (wires.host.statistics(), imu)
        };
        let (statistics, imu) = self.with(py, sums)?;
        statistics_dict(py, &statistics, &imu)
    }

    /// The last exchanges, a column each.
    fn exchanges<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let exchanges = self.with(py, |wires| wires.host.exchanges())?;
        let columns = PyDict::new(py);
        let column = |value: fn(&Exchange) -> u64| exchanges.iter().map(value).collect::<Vec<u64>>();
        columns.set_item("written_ns", column(|exchange| exchange.written_ns))?;
        columns.set_item("begun_ns", column(|exchange| exchange.begun_ns))?;
        columns.set_item("ended_ns", column(|exchange| exchange.ended_ns))?;
        let fetched_ns: Vec<Option<u64>> = exchanges.iter().map(|exchange| exchange.fetched_ns).collect();
        columns.set_item("fetched_ns", fetched_ns)?;
        columns.set_item("bytes_to_servos", column(|exchange| exchange.bytes.to_servos))?;
        columns.set_item("bytes_to_host", column(|exchange| exchange.bytes.to_host))?;
        Ok(columns)
    }

    /// Hangs up and removes the link. A process that was forked has nothing to hang up.
    fn stop(&self, py: Python<'_>) {
        let _ = self.with(py, |wires| wires.host.stop());
    }
}

fn read_faults(texts: &[String], joints: &[Joint], seed: Count) -> PyResult<FaultScript> {
    let names: Vec<&str> = joints.iter().map(|joint| joint.name.as_str()).collect();
    let mut script = FaultScript::default();
    script.bus.seed = seed.0;
    for text in texts {
        script.add(text, &names).map_err(|error| errors::usage(error.to_string(), error.hint()))?;
    }
    Ok(script)
}

fn return_delay_register(delay_us: Count) -> PyResult<u16> {
    match delay_us.0 / RETURN_DELAY_UNIT_US {
        units @ 0..=RETURN_DELAY_MAX => Ok(units as u16),
        _ => Err(errors::usage(
            format!("return_delay_us: expected 0 to 508, found {}", delay_us.0),
            "the register counts units of 2 µs, 254 at most",
        )),
    }
}

/// Servos as a well-configured duck has them, or new ones with nothing but their ids; joints in the default pose.
/// The robot's IMU on a bus of its own, mounted as its profile says.
fn start_i2c(
    path: &Path,
    robot: &Robot,
    seed: Count,
    schedule: Vec<(u64, Bno055Fault)>,
) -> Result<I2cHost, TwinHostError> {
    let (imu, axes) = robot.profile.imu().zip(robot.profile.imu_axes()).ok_or(TwinHostError::NoImu)?;
    let byte = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    let chip = (byte(imu.i2c_address), imu.chip_id.map(byte));
    I2cHost::start(path, chip, [&axes[0], &axes[1], &axes[2]], seed.0, schedule)
}

fn prepare(bus: &mut ServoBus, joints: &[Joint], pose_rad: &[f64], factory: bool, return_delay: Option<u16>) {
    for servo in bus.servos_mut() {
        if !factory {
            servo.configure();
        }
        if let Some(delay) = return_delay {
            servo.registers_mut().store(RETURN_DELAY, delay);
        }
    }
    let state = |(joint, angle_rad): (&Joint, &f64)| JointState {
        position_rad: f64::from(joint.direction) * angle_rad + joint.offset_rad,
        ..JointState::default()
    };
    bus.set_joints(0, &joints.iter().zip(pose_rad).map(state).collect::<Vec<JointState>>());
}

fn statistics_dict<'py>(
    py: Python<'py>,
    statistics: &TwinStatistics,
    imu: &ImuStatistics,
) -> PyResult<Bound<'py, PyDict>> {
    let result = PyDict::new(py);
    result.set_item("busy_ns", statistics.busy_ns)?;
    result.set_item("waiting_ns", statistics.waiting_ns)?;
    result.set_item("bytes_to_servos", statistics.wire_bytes.to_servos)?;
    result.set_item("bytes_to_host", statistics.wire_bytes.to_host)?;
    result.set_item("transactions", statistics.transactions)?;
    result.set_item("lost_bytes", statistics.lost_bytes)?;
    result.set_item("users", statistics.users)?;
    result.set_item("lateness_ns", quantiles(py, statistics.lateness.quantiles())?)?;
    result.set_item("faults", statistics.faults)?;
    let log = statistics.fault_log.iter().map(|applied| (applied.at_ns, format!("{:?}", applied.fault)));
    result.set_item("fault_log", log.collect::<Vec<_>>())?;
    result.set_item("imu_sent", imu.sent)?;
    result.set_item("imu_dropped", imu.dropped)?;
    result.set_item("imu_faults", imu.faults)?;
    Ok(result)
}
