//! A policy wired to a robot: everything of a controller that does not change.

use crate::action_map::ActionMap;
use crate::error::ControlError;
use crate::options::{Gains, Options};
use crate::phase::GaitClock;
use crate::policy::{Policy, numbers_of};
use crate::safety_filter::SafetyFilter;
use gaitway_model::contract::FedBack;
use gaitway_model::envelope::CommandEnvelope;
use gaitway_model::profile::Between;
use gaitway_model::term::Source;
use gaitway_model::{Axis, Command, Contract, ObservationProgram, RobotProfile};

/// Fastest loop, Hz: far beyond what a servo bus carries.
const MAX_LOOP_HZ: u32 = 10_000;

/// What does not change while a controller lives.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub contract_sha256: String,
    /// Of what the contract says of its numbers: policies with the same can go on with one memory.
    pub numbers_sha256: String,
    pub program: ObservationProgram,
    pub envelope: CommandEnvelope,
    pub clock: Option<GaitClock>,
    pub observes_euler: bool,
    /// Numbers of all outputs of the network, the action first.
    pub outputs: usize,
    pub map: ActionMap,
    pub filter: SafetyFilter,
    pub fed_back: FedBack,
    /// How many axes and contacts the robot has.
    pub axes: usize,
    pub contacts: usize,
    /// For each head joint that follows a command axis: index in the contract, axis.
    head: Vec<(usize, Axis)>,
    pub reset_action: f32,
    pub default_pose_rad: Vec<f32>,
    pub divider: u32,
    between: Between,
    pub loop_hz: u32,
    pub gains: Vec<Gains>,
    pub overrides: Vec<String>,
}

impl Fixed {
    pub fn new(policy: &Policy, profile: &RobotProfile, options: &Options) -> Result<Fixed, ControlError> {
        let contract = policy.contract();
        let program = ObservationProgram::compile(contract, profile)?;
        let loop_hz = options.loop_hz.unwrap_or(contract.policy_rate_hz);
        let divider = divider(loop_hz, contract.policy_rate_hz)?;
        options.check(contract, profile)?;
        let map = ActionMap::new(&options.action(contract, profile), contract.policy_rate_hz).ok_or(
            ControlError::Option {
                what: "action filter",
                expected: "a cut-off frequency above 0 Hz",
                found: f64::NAN,
            },
        )?;
        Ok(Fixed {
            contract_sha256: policy.contract_sha256().to_owned(),
            numbers_sha256: numbers_of(contract).hash()?,
            envelope: CommandEnvelope::new(&contract.command, contract.policy_rate_hz, profile.axis_names()),
            axes: profile.command_axes.len(),
            contacts: profile.contacts.len(),
            clock: options.phase(contract).map(|clock| {
                GaitClock::new(&clock, options.factor(profile), &contract.network, contract.action_len())
            }),
            outputs: contract.output_len(),
            observes_euler: contract.observation.iter().any(|term| term.source == Source::Euler),
            map,
            filter: SafetyFilter::new(profile, loop_hz),
            fed_back: contract.action.fed_back,
            head: head(contract, profile),
            reset_action: contract.reset.action as f32,
            default_pose_rad: profile.default_pose_rad(),
            divider,
            between: profile.rates.between_policy_ticks,
            loop_hz,
            gains: options.gains(contract, profile, &program),
            overrides: options.overrides(policy, profile),
            program,
        })
    }

    /// Adds the head command to a row of targets in the order of the contract's joints, where the runtime has to.
    pub fn add_head_command(&self, command: &Command, target_rad: &mut [f32]) {
        for &(joint, axis) in &self.head {
            target_rad[joint] += command.get(axis);
        }
    }

    /// The joints that follow a command, in the order of the robot, and the axis each follows.
    pub fn head_joints(&self) -> impl Iterator<Item = (usize, Axis)> {
        self.head.iter().filter_map(|&(joint, axis)| Some((*self.program.joints().get(joint)?, axis)))
    }

    /// Where goals are interpolated, replaces targets by the next point of the straight line from `goal_rad` to them,
    /// `ticks` after the policy ran. In the last tick before it runs again they are left as they are.
    pub fn go_part_of_the_way(&self, ticks: u32, goal_rad: &[f32], target_rad: &mut [f32]) {
        let left = self.divider - ticks;
        if self.between == Between::Hold || left <= 1 {
            return;
        }
        for (target, goal) in target_rad.iter_mut().zip(goal_rad) {
            *target = goal + (*target - goal) / left as f32;
        }
    }
}

fn divider(loop_hz: u32, policy_hz: u32) -> Result<u32, ControlError> {
    if loop_hz == 0 || loop_hz > MAX_LOOP_HZ || !loop_hz.is_multiple_of(policy_hz) {
        return Err(ControlError::Rate { loop_hz, policy_hz });
    }
    Ok(loop_hz / policy_hz)
}

fn head(contract: &Contract, profile: &RobotProfile) -> Vec<(usize, Axis)> {
    let index = |name: &str| contract.action.joints.iter().position(|joint| joint.name == name);
    let joints = contract.head_command.joints.iter().filter(|_| contract.head_command.added_to_target);
    joints.filter_map(|head| Some((index(&head.joint)?, profile.axis(&head.axis)?))).collect()
}
