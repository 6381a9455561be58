//! One robot of a batch.

use crate::commands::CommandSampling;
use crate::disturbance::Disturbance;
use crate::layout::Layout;
use crate::random::Random;
use gaitway_control::{ControlError, Controller};
use gaitway_model::contract::CommandAxis;
use gaitway_model::{Axis, Command, Sensors};

/// IMU numbers that wait for their turn: gyro and accelerometer.
type ImuRow = [f32; 6];

/// A controller, and what happens to its robot.
#[derive(Debug)]
pub(crate) struct BatchRobot {
    pub controller: Controller,
    pub random: Random,
    pub command: Command,
    /// Ticks for which the command still holds.
    pub hold_ticks: u32,
    sensors: Sensors,
    imu_before: ImuRow,
    goals_before: Vec<f32>,
    joint_zero_rad: Vec<f32>,
    late_goals: f32,
    late_imu: bool,
    was_reset: bool,
}

impl BatchRobot {
    pub fn new(controller: Controller, random: Random) -> BatchRobot {
        let joints = controller.joints();
        BatchRobot {
            random,
            command: Command::default(),
            hold_ticks: 0,
            sensors: Sensors::still(joints, controller.contacts()),
            imu_before: [0.0; 6],
            goals_before: controller.goals().rad().to_vec(),
            joint_zero_rad: vec![0.0; joints],
            late_goals: 0.0,
            late_imu: false,
            was_reset: true,
            controller,
        }
    }

    /// Begins anew with the robot at `pose_rad`.
    pub fn reset(&mut self, pose_rad: &[f32], noise: &Disturbance) -> Result<(), ControlError> {
        self.controller.reset(pose_rad)?;
        self.goals_before.copy_from_slice(pose_rad);
        for zero in &mut self.joint_zero_rad {
            *zero = self.random.uniform(-1.0, 1.0) * noise.joint_zero_rad;
        }
        self.late_goals = noise.draw_late_goals(&mut self.random);
        self.late_imu = self.random.chance(noise.late_imu);
        self.hold_ticks = 0;
        self.was_reset = true;
        Ok(())
    }

    /// Takes the simulator's rows in, as this robot senses them.
    pub fn sense(
        &mut self,
        layout: &Layout,
        noise: &Disturbance,
        qpos: &[f64],
        qvel: &[f64],
        sensordata: &[f64],
    ) {
        self.sense_imu(layout, noise, sensordata);
        let (random, sensors) = (&mut self.random, &mut self.sensors);
        for (joint, (&at, &velocity_at)) in layout.joint_qpos.iter().zip(&layout.joint_qvel).enumerate() {
            // Drawn whether it is used or not: what is lost must not shift what follows.
            let position_noise = random.uniform(-1.0, 1.0) * noise.joint_position_rad[joint];
            let velocity_noise = random.uniform(-1.0, 1.0) * noise.joint_velocity_rps;
            if random.chance(noise.lost_answers) && !self.was_reset {
                sensors.joint_age_s[joint] += 1.0 / self.controller.loop_hz() as f32;
                continue;
            }
            sensors.joint_age_s[joint] = 0.0;
            sensors.joint_position_rad[joint] = qpos[at] as f32 + self.joint_zero_rad[joint] + position_noise;
            sensors.joint_velocity_rps[joint] = qvel[velocity_at] as f32 + velocity_noise;
        }
        for &(joint, at) in &layout.play_qpos {
            if sensors.joint_age_s[joint] == 0.0 {
                sensors.joint_position_rad[joint] += qpos[at] as f32;
            }
        }
        self.was_reset = false;
    }

    fn sense_imu(&mut self, layout: &Layout, noise: &Disturbance, sensordata: &[f64]) {
        let at = |first: usize, axis: usize| sensordata[first + axis] as f32;
        let now: ImuRow = std::array::from_fn(|index| match index {
            0..3 => at(layout.gyro, index),
            _ => at(layout.accelerometer, index - 3),
        });
        let before = if self.was_reset { now } else { self.imu_before };
        let seen = if self.late_imu { before } else { now };
        self.imu_before = now;
        let sensors = &mut self.sensors;
        sensors.gyro_rps.copy_from_slice(&seen[..3]);
        sensors.accel_mps2.copy_from_slice(&seen[3..]);
        sensors.imu_age_s = if self.late_imu { 1.0 / self.controller.loop_hz() as f32 } else { 0.0 };
        for (contact, &at) in sensors.contact.iter_mut().zip(&layout.contacts) {
            *contact = if sensordata[at] > 0.0 { 1.0 } else { 0.0 };
        }
        noise.shake_imu(sensors, &mut self.random);
    }

    /// Draws another command where the old one has held long enough.
    pub fn follow_commands(&mut self, sampling: &CommandSampling, axes: &[(Axis, CommandAxis)]) {
        if self.hold_ticks == 0 {
            self.command = sampling.draw(axes, &mut self.random);
            self.hold_ticks = sampling.draw_hold(&mut self.random);
        }
        self.hold_ticks -= 1;
    }

    /// First half of a tick.
    pub fn observe(&mut self) -> Result<(), ControlError> {
        self.controller.observe(&self.sensors, &self.command).map(|_| ())
    }

    /// Second half: what the servos are told, late or not.
    pub fn act(&mut self, action: &[f32], ctrl: &mut [f64]) -> Result<(), ControlError> {
        let is_late = self.random.chance(self.late_goals);
        let goals = self.controller.act(action)?.rad();
        let told = if is_late { &self.goals_before } else { goals };
        for (ctrl, goal) in ctrl.iter_mut().zip(told) {
            *ctrl = f64::from(*goal);
        }
        self.goals_before.copy_from_slice(self.controller.goals().rad());
        Ok(())
    }

    /// Everything that changes, beside the controller's own state.
    pub fn numbers(&mut self) -> impl Iterator<Item = &mut f32> {
        let sensors = &mut self.sensors;
        let axes = self.controller.axes();
        self.command.values[..axes]
            .iter_mut()
            .chain(&mut sensors.gyro_rps)
            .chain(&mut sensors.accel_mps2)
            .chain([&mut sensors.imu_age_s])
            .chain(&mut sensors.contact)
            .chain(&mut sensors.joint_position_rad)
            .chain(&mut sensors.joint_velocity_rps)
            .chain(&mut sensors.joint_age_s)
            .chain(&mut self.imu_before)
            .chain(&mut self.goals_before)
            .chain(&mut self.joint_zero_rad)
            .chain([&mut self.late_goals])
    }

    /// The two switches.
    pub fn switches(&mut self) -> [&mut bool; 2] {
        [&mut self.late_imu, &mut self.was_reset]
    }
}
