//! Rows of joints, servos and IMU as they cross to a host of the physics.

use crate::buffers;
use crate::errors;
use gaitway_emulators::{
    Bno055Fault, Fault, IMU_CONTACTS, ImuFault, ImuSample, JointState, WrittenFault, parse_fault,
};
use gaitway_model::profile::Joint;
use gaitway_testbed::ServoView;
use pyo3::prelude::*;

/// Rows of numbers of each joint in `read_servos`: goal, P, D, I, torque limit.
const SERVO_ROWS: usize = 5;
/// Rows of numbers of each joint in `set_joints`: position, velocity, drive.
const JOINT_ROWS: usize = 3;
/// Gyro and accelerometer, before the contacts.
const IMU_NUMBERS: usize = 6;

/// What the servos of `joints` count, of joint angles, velocities and drives.
pub(crate) fn read_joints(
    py: Python<'_>,
    row: &Bound<'_, PyAny>,
    joints: &[Joint],
) -> PyResult<Vec<JointState>> {
    let count = joints.len();
    let mut numbers = vec![0.0_f32; JOINT_ROWS * count];
    buffers::read(py, row, "joints", &mut numbers)?;
    let state = |(at, joint): (usize, &Joint)| {
        let [position, velocity, drive] = [0, 1, 2].map(|part| f64::from(numbers[part * count + at]));
        let direction = f64::from(joint.direction);
        JointState {
            position_rad: direction * position + joint.offset_rad,
            velocity_rps: direction * velocity,
            drive_nm: direction * drive,
        }
    };
    Ok(joints.iter().enumerate().map(state).collect())
}

/// Goals as joint angles (NaN where limp), P, D, I, torque limits.
pub(crate) fn write_servos(
    py: Python<'_>,
    row: &Bound<'_, PyAny>,
    views: &[ServoView],
    joints: &[Joint],
) -> PyResult<()> {
    let goal = |(view, joint): (&ServoView, &Joint)| {
        let servo_rad = view.goal_rad.unwrap_or(f64::NAN);
        ((servo_rad - joint.offset_rad) * f64::from(joint.direction)) as f32
    };
    let mut numbers: Vec<f32> = Vec::with_capacity(SERVO_ROWS * views.len());
    numbers.extend(views.iter().zip(joints).map(goal));
    numbers.extend(views.iter().map(|view| f32::from(view.stiffness.p_gain)));
    numbers.extend(views.iter().map(|view| f32::from(view.stiffness.d_gain)));
    numbers.extend(views.iter().map(|view| f32::from(view.stiffness.i_gain)));
    numbers.extend(views.iter().map(|view| view.stiffness.torque_limit as f32));
    buffers::write(py, row, "servos", &numbers)
}

/// An IMU sample of `sampled_ns`, and what a robot's `contacts` feel beside it.
pub(crate) fn read_imu(
    py: Python<'_>,
    row: &Bound<'_, PyAny>,
    contacts: usize,
    sampled_ns: u64,
) -> PyResult<ImuSample> {
    let mut numbers = [0.0; IMU_NUMBERS + IMU_CONTACTS];
    let contacts = contacts.min(IMU_CONTACTS);
    buffers::read(py, row, "imu", &mut numbers[..IMU_NUMBERS + contacts])?;
    let [gyro_x, gyro_y, gyro_z, accel_x, accel_y, accel_z, touching @ ..] = numbers;
    Ok(ImuSample {
        sampled_ns,
        gyro_rps: [gyro_x, gyro_y, gyro_z],
        accel_mps2: [accel_x, accel_y, accel_z],
        contact: touching.map(|number| number > 0.5),
        contacts,
    })
}

/// One fault of a bus or an IMU.
pub(crate) enum OneFault {
    Bus(Fault),
    Imu(ImuFault),
    Chip(Bno055Fault),
}

/// One fault as it was written: how long from now, ns, and what.
pub(crate) fn read_fault(text: &str, joints: &[Joint]) -> PyResult<(u64, OneFault)> {
    let names: Vec<&str> = joints.iter().map(|joint| joint.name.as_str()).collect();
    let parsed = parse_fault(text, &names);
    match parsed.map_err(|error| errors::usage(error.to_string(), error.hint()))? {
        (at_ns, WrittenFault::Bus(fault)) => Ok((at_ns, OneFault::Bus(fault))),
        (at_ns, WrittenFault::Imu(fault)) => Ok((at_ns, OneFault::Imu(fault))),
        (at_ns, WrittenFault::Chip(fault)) => Ok((at_ns, OneFault::Chip(fault))),
        (_, WrittenFault::Rates(_)) => Err(errors::usage(
            format!("fault {text:?}: expected one fault, found rates"),
            "faults by chance belong into `faults`: they hold from the start",
        )),
    }
}
