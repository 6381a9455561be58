//! All robots, row by row.

use crate::commands::CommandSampling;
use crate::disturbance::Disturbance;
use crate::error::{BatchError, at_most};
use crate::layout::Layout;
use crate::random::Random;
use crate::robot::BatchRobot;
use gaitway_control::{Controller, Options, Policy};
use gaitway_model::contract::CommandAxis;
use gaitway_model::{Axis, Command, Contract, RobotProfile};

/// Most robots of a batch: what one holds fits some 40 times into a MiB.
const MAX_ROBOTS: usize = 65_536;

/// A simulator's rows, robot after robot.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Positions.
    pub qpos: &'a [f64],
    /// Velocities.
    pub qvel: &'a [f64],
    /// Sensors.
    pub sensordata: &'a [f64],
}

/// Robots that one network is to move.
#[derive(Debug)]
pub struct Batch {
    robots: Vec<BatchRobot>,
    axes: Vec<(Axis, CommandAxis)>,
    command_len: usize,
    layout: Layout,
    disturbance: Disturbance,
    /// `None`: commands are given from outside, with [`Batch::set_commands`].
    commands: Option<CommandSampling>,
    observation_len: usize,
    action_len: usize,
    joints: usize,
}

impl Batch {
    /// `count` robots of `profile` under `contract`, ticking at its rate, with chance by `seed`.
    pub fn new(
        contract: &Contract,
        profile: &RobotProfile,
        count: usize,
        seed: u64,
        layout: Layout,
        disturbance: Disturbance,
        commands: Option<CommandSampling>,
    ) -> Result<Batch, BatchError> {
        at_most("robots", MAX_ROBOTS, count)?;
        let joints = profile.joints.len();
        layout.check(joints, profile.contacts.len())?;
        disturbance.check(joints)?;
        commands.as_ref().map_or(Ok(()), CommandSampling::check)?;
        let policy = Policy::of_contract(contract.clone())?;
        let robot = |index: usize| -> Result<BatchRobot, BatchError> {
            let controller = Controller::new(&policy, profile, &Options::default())?;
            Ok(BatchRobot::new(controller, Random::new(seed, index as u64)))
        };
        let robots: Vec<BatchRobot> = (0..count).map(robot).collect::<Result<_, _>>()?;
        Ok(Batch {
            robots,
            axes: contract
                .command
                .iter()
                .filter_map(|entry| Some((profile.axis(&entry.axis)?, entry.clone())))
                .collect(),
            command_len: profile.command_axes.len(),
            layout,
            disturbance,
            commands,
            observation_len: contract.observation_len(),
            action_len: contract.output_len(),
            joints,
        })
    }

    /// How many robots.
    pub fn count(&self) -> usize {
        self.robots.len()
    }

    /// Numbers in a row of observations.
    pub fn observation_len(&self) -> usize {
        self.observation_len
    }

    /// Numbers in a row of actions.
    pub fn action_len(&self) -> usize {
        self.action_len
    }

    /// Numbers in a row of commands.
    pub fn command_len(&self) -> usize {
        self.command_len
    }

    /// Numbers in a row of goals.
    pub fn joints(&self) -> usize {
        self.joints
    }

    /// Begins anew with the robots `which`, each at its row of `poses_rad`.
    pub fn reset(&mut self, which: &[u32], poses_rad: &[f32]) -> Result<(), BatchError> {
        same("poses", which.len() * self.joints, poses_rad.len())?;
        for (&index, pose) in which.iter().zip(poses_rad.chunks_exact(self.joints)) {
            let (found, len) = (index as usize, self.robots.len());
            let robot = self.robots.get_mut(found).ok_or(BatchError::Index { what: "robots", len, found })?;
            robot.reset(pose, &self.disturbance)?;
        }
        Ok(())
    }

    /// Gives each robot its command, a row in the order of the profile's axes; it holds until the next.
    pub fn set_commands(&mut self, rows: &[f32]) -> Result<(), BatchError> {
        same("commands", self.robots.len() * self.command_len, rows.len())?;
        for (robot, row) in self.robots.iter_mut().zip(rows.chunks_exact(self.command_len.max(1))) {
            robot.command =
                Command { phase_factor_offset: robot.command.phase_factor_offset, ..Command::of(row) };
        }
        Ok(())
    }

    /// First half of a tick: the simulator's rows in, a row of observations for each robot out, and the command each
    /// of them follows, within its envelope.
    pub fn observe(
        &mut self,
        rows: &Rows,
        observations: &mut [f32],
        commands: &mut [f32],
    ) -> Result<(), BatchError> {
        let count = self.robots.len();
        same("positions", count * self.layout.qpos_len, rows.qpos.len())?;
        same("velocities", count * self.layout.qvel_len, rows.qvel.len())?;
        same("sensors", count * self.layout.sensor_len, rows.sensordata.len())?;
        same("observations", count * self.observation_len, observations.len())?;
        same("commands", count * self.command_len, commands.len())?;
        let layout = &self.layout;
        for (index, robot) in self.robots.iter_mut().enumerate() {
            let qpos = &rows.qpos[index * layout.qpos_len..][..layout.qpos_len];
            let qvel = &rows.qvel[index * layout.qvel_len..][..layout.qvel_len];
            let sensordata = &rows.sensordata[index * layout.sensor_len..][..layout.sensor_len];
            if let Some(sampling) = &self.commands {
                robot.follow_commands(sampling, &self.axes);
            }
            robot.sense(layout, &self.disturbance, qpos, qvel, sensordata);
            robot.observe()?;
            let record = robot.controller.record();
            let numbers = &mut observations[index * self.observation_len..][..self.observation_len];
            numbers.copy_from_slice(&record.observation);
            commands[index * self.command_len..][..self.command_len]
                .copy_from_slice(&record.command.values[..self.command_len]);
            if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
                return Err(BatchError::NonFiniteObservation { robot: index, index: at, found: numbers[at] });
            }
        }
        Ok(())
    }

    /// Second half: a row of actions for each robot in, the goals of its servos out, rad.
    pub fn act(&mut self, actions: &[f32], ctrl: &mut [f64]) -> Result<(), BatchError> {
        let count = self.robots.len();
        same("actions", count * self.action_len, actions.len())?;
        same("goals", count * self.joints, ctrl.len())?;
        if let Some(at) = actions.iter().position(|number| !number.is_finite()) {
            return Err(BatchError::NonFiniteAction { robot: at / self.action_len, found: actions[at] });
        }
        let rows = actions.chunks_exact(self.action_len).zip(ctrl.chunks_exact_mut(self.joints));
        for (robot, (action, ctrl)) in self.robots.iter_mut().zip(rows) {
            robot.act(action, ctrl)?;
        }
        Ok(())
    }

    /// The state of every robot, chance included. A batch restored from it goes on bit for bit.
    pub fn save(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for robot in &mut self.robots {
            bytes.extend(robot.random.state.to_le_bytes());
            bytes.extend(robot.hold_ticks.to_le_bytes());
            bytes.extend(robot.switches().map(|switch| u8::from(*switch)));
            robot.numbers().for_each(|number| bytes.extend(number.to_le_bytes()));
            bytes.extend(robot.controller.save());
        }
        bytes
    }

    /// Puts a saved state back. Where an error is returned, the batch must not be used any more.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), BatchError> {
        let (expected, found) = (self.save().len(), bytes.len());
        if expected != found || self.robots.is_empty() {
            return Err(BatchError::Saved { expected, found });
        }
        let each = expected / self.robots.len();
        for (robot, saved) in self.robots.iter_mut().zip(bytes.chunks_exact(each)) {
            let controllers = robot.controller.save().len();
            let (own, controller) = saved.split_at(saved.len() - controllers);
            robot.controller.restore(controller)?;
            let mut rest = own.iter().copied();
            robot.random.state = u64::from_le_bytes(take(&mut rest));
            robot.hold_ticks = u32::from_le_bytes(take(&mut rest));
            for switch in robot.switches() {
                *switch = rest.next() == Some(1);
            }
            robot.numbers().for_each(|number| *number = f32::from_le_bytes(take(&mut rest)));
        }
        Ok(())
    }
}

/// The next bytes; lengths were compared before.
fn take<const N: usize>(bytes: &mut impl Iterator<Item = u8>) -> [u8; N] {
    std::array::from_fn(|_| bytes.next().unwrap_or_default())
}

fn same(what: &'static str, expected: usize, found: usize) -> Result<(), BatchError> {
    if expected == found { Ok(()) } else { Err(BatchError::Length { what, expected, found }) }
}
