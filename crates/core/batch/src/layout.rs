//! Where a robot's joints, IMU and contacts lie in a simulator's rows.

use crate::error::{BatchError, at_most};

/// Longest row of a simulation.
const MAX_LEN: usize = 4096;

/// Indices into the rows of one simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Numbers in a row of positions.
    pub qpos_len: usize,
    /// Numbers in a row of velocities.
    pub qvel_len: usize,
    /// Numbers in a row of sensors.
    pub sensor_len: usize,
    /// Position of each joint, in the order of the robot.
    pub joint_qpos: Vec<usize>,
    /// Velocity of each joint.
    pub joint_qvel: Vec<usize>,
    /// Where a joint has play behind it: joint, and position of the play, added to the joint's own.
    pub play_qpos: Vec<(usize, usize)>,
    /// First of the three numbers of the gyro, rad/s.
    pub gyro: usize,
    /// First of the three numbers of the accelerometer, m/s².
    pub accelerometer: usize,
    /// Each contact, in the order of the robot: above 0 on the ground.
    pub contacts: Vec<usize>,
}

impl Layout {
    /// Checks the indices against the lengths, and the numbers of joints and contacts.
    pub(crate) fn check(&self, joints: usize, contacts: usize) -> Result<(), BatchError> {
        at_most("qpos_len", MAX_LEN, self.qpos_len)?;
        at_most("qvel_len", MAX_LEN, self.qvel_len)?;
        at_most("sensor_len", MAX_LEN, self.sensor_len)?;
        for (what, expected, found) in [
            ("joint positions", joints, self.joint_qpos.len()),
            ("joint velocities", joints, self.joint_qvel.len()),
            ("contacts", contacts, self.contacts.len()),
        ] {
            if found != expected {
                return Err(BatchError::Length { what, expected, found });
            }
        }
        let play = self.play_qpos.iter();
        inside("joint positions", self.joint_qpos.iter().copied(), self.qpos_len)?;
        inside("joint velocities", self.joint_qvel.iter().copied(), self.qvel_len)?;
        inside("joints with play", play.clone().map(|&(joint, _)| joint), joints)?;
        inside("positions of the play", play.map(|&(_, at)| at), self.qpos_len)?;
        let imu = [self.gyro, self.accelerometer].into_iter().map(|first| first.saturating_add(2));
        inside("IMU", imu, self.sensor_len)?;
        inside("contacts", self.contacts.iter().copied(), self.sensor_len)
    }
}

fn inside(
    what: &'static str,
    mut indices: impl Iterator<Item = usize>,
    len: usize,
) -> Result<(), BatchError> {
    match indices.find(|&index| index >= len) {
        Some(found) => Err(BatchError::Index { what, len, found }),
        None => Ok(()),
    }
}
