//! A tick of a controller that somebody else steps, a simulator or a program of one's own: the sensors it was given,
//! and what it made of them. No servo is read, no fault judged.

use crate::convert::policy_of;
use crate::tick::{Imu, Tick, Truth};
use gaitway_control::Controller;
use gaitway_model::{Command, Sensors};

/// The tick that `controller` has just made of `sensors`: the `number`th, at `at_ns`.
pub fn tick(
    number: u64,
    at_ns: u64,
    sensors: &Sensors,
    controller: &Controller,
    truth: Option<Truth>,
) -> Tick {
    let command = &controller.record().command_requested;
    let mut tick = Tick {
        tick: number,
        deadline_ns: at_ns,
        woken_ns: at_ns,
        imu: Some(Imu {
            sampled_ns: 0,
            gyro_rps: sensors.gyro_rps.to_vec(),
            accel_mps2: sensors.accel_mps2.to_vec(),
            foot_contact: sensors.contact.clone(),
        }),
        imu_age_s: sensors.imu_age_s,
        joint_position_rad: sensors.joint_position_rad.clone(),
        joint_velocity_rps: sensors.joint_velocity_rps.clone(),
        joint_age_s: sensors.joint_age_s.clone(),
        command: command.values[..controller.axes()].to_vec(),
        phase_factor_offset: command.phase_factor_offset,
        truth,
        ..Tick::default()
    };
    outputs(&mut tick, controller);
    tick
}

/// What went into a tick.
pub(crate) fn read_inputs(tick: &Tick, sensors: &mut Sensors, command: &mut Command) {
    if let Some(imu) = &tick.imu {
        fill(&mut sensors.gyro_rps, &imu.gyro_rps);
        fill(&mut sensors.accel_mps2, &imu.accel_mps2);
        fill(&mut sensors.contact, &imu.foot_contact);
    }
    sensors.imu_age_s = tick.imu_age_s;
    fill(&mut sensors.joint_position_rad, &tick.joint_position_rad);
    fill(&mut sensors.joint_velocity_rps, &tick.joint_velocity_rps);
    fill(&mut sensors.joint_age_s, &tick.joint_age_s);
    fill(&mut command.values, &tick.command);
    command.phase_factor_offset = tick.phase_factor_offset;
}

/// Adds what came out of it: the same for a tick that is recorded and one that is run again.
pub(crate) fn outputs(tick: &mut Tick, controller: &Controller) {
    let record = controller.record();
    tick.state = if record.fallen { "fallen" } else { "running" }.to_owned();
    tick.policy = Some(policy_of(record, controller.axes()));
    tick.goal_rad = controller.goals().rad().to_vec();
}

/// Takes a row from a file, which may have any length.
fn fill(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
