//! A policy wired to a robot: everything of a controller that does not change.

use crate::action_map::ActionMap;
use crate::error::ControlError;
use crate::gate::SafetyGate;
use crate::phase::GaitClock;
use crate::policy::{Basis, Policy};
use gaitway_contract::contract::FedBack;
use gaitway_contract::envelope::CommandEnvelope;
use gaitway_contract::{Axis, Command, Contract, ObservationProgram, RobotProfile};

/// Fastest loop, Hz: far beyond what a servo bus carries.
const MAX_LOOP_HZ: u32 = 10_000;

/// How a controller may differ from its contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Ticks of the loop in a second; a whole multiple of the policy's rate. `None`: the policy's rate.
    pub loop_hz: Option<u32>,
    /// Proportional gain for all joints of the policy, in servo register units, instead of the contract's.
    pub kp: Option<f64>,
    /// Speed of the gait clock, one being the contract's.
    pub phase_factor: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options { loop_hz: None, kp: None, phase_factor: 1.0 }
    }
}

/// What does not change while a controller lives.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub contract_sha256: String,
    pub program: ObservationProgram,
    pub envelope: CommandEnvelope,
    pub clock: Option<GaitClock>,
    pub map: ActionMap,
    pub gate: SafetyGate,
    pub fed_back: FedBack,
    /// For each head joint that follows a command axis: index in the contract, axis.
    head: Vec<(usize, Axis)>,
    pub reset_action: f32,
    pub default_pose_rad: Vec<f32>,
    pub divider: u32,
    pub loop_hz: u32,
    pub gains: Vec<(f64, f64)>,
    pub overrides: Vec<String>,
}

impl Fixed {
    pub fn new(policy: &Policy, profile: &RobotProfile, options: &Options) -> Result<Fixed, ControlError> {
        let contract = policy.contract();
        let program = ObservationProgram::compile(contract, profile)?;
        let loop_hz = options.loop_hz.unwrap_or(contract.policy_rate_hz);
        let divider = divider(loop_hz, contract.policy_rate_hz)?;
        // The sum, since the robot's own offset may turn a sensible factor into a clock that runs backwards.
        let factor = options.phase_factor + profile.options.phase_factor_offset;
        let factor_fits = (0.1..=3.0).contains(&factor);
        check_option("phase factor, with the robot's offset", factor_fits, "0.1 to 3", factor)?;
        let kp_fits = options.kp.is_none_or(|kp| (0.0..=255.0).contains(&kp));
        check_option("kp", kp_fits, "0 to 255", options.kp.unwrap_or_default())?;
        let map = ActionMap::new(contract).ok_or(ControlError::Option {
            what: "action filter",
            expected: "a cut-off frequency above 0 Hz",
            found: f64::NAN,
        })?;
        Ok(Fixed {
            contract_sha256: policy.contract_sha256().to_owned(),
            envelope: CommandEnvelope::new(&contract.command, contract.policy_rate_hz),
            clock: contract.phase.as_ref().map(|clock| GaitClock::new(clock, factor)),
            map,
            gate: SafetyGate::new(profile, loop_hz),
            fed_back: contract.action.fed_back,
            head: head(contract),
            reset_action: contract.reset.action as f32,
            default_pose_rad: profile.default_pose_rad(),
            divider,
            loop_hz,
            gains: gains(contract, profile, &program, options),
            overrides: overrides(policy, profile, options),
            program,
        })
    }

    /// Adds the head command to a row of targets in the order of the contract's joints, where the runtime has to.
    pub fn add_head_command(&self, command: &Command, target_rad: &mut [f32]) {
        for &(joint, axis) in &self.head {
            target_rad[joint] += command.get(axis);
        }
    }
}

fn divider(loop_hz: u32, policy_hz: u32) -> Result<u32, ControlError> {
    if loop_hz == 0 || loop_hz > MAX_LOOP_HZ || !loop_hz.is_multiple_of(policy_hz) {
        return Err(ControlError::Rate { loop_hz, policy_hz });
    }
    Ok(loop_hz / policy_hz)
}

fn head(contract: &Contract) -> Vec<(usize, Axis)> {
    let index = |name: &str| contract.action.joints.iter().position(|joint| joint.name == name);
    let joints = contract.head_command.joints.iter().filter(|_| contract.head_command.added_to_target);
    joints.filter_map(|head| Some((index(&head.joint)?, head.axis))).collect()
}

/// Gains of every joint of the robot: the policy's joints from the contract or the override, the rest as profiled.
fn gains(
    contract: &Contract,
    profile: &RobotProfile,
    program: &ObservationProgram,
    options: &Options,
) -> Vec<(f64, f64)> {
    let mut gains: Vec<_> = profile.joints.iter().map(|joint| (joint.kp, joint.kd)).collect();
    for (index, &joint) in program.joints().iter().enumerate() {
        let kp = options.kp.or(contract.gains.kp.get(index)).unwrap_or(gains[joint].0);
        let kd = contract.gains.kd.get(index).unwrap_or(gains[joint].1);
        gains[joint] = (kp, kd);
    }
    gains
}

/// Every way in which this pair is not exactly what the contract describes.
fn overrides(policy: &Policy, profile: &RobotProfile, options: &Options) -> Vec<String> {
    let mut found = Vec::new();
    if policy.basis() == Basis::Assumed {
        found.extend(policy.notes().iter().cloned());
    }
    let (expected, robot) = (&policy.contract().robot.profile_sha256, profile.policy_sha256());
    if *expected != robot {
        found.push(format!(
            "robot profile differs from the one trained for: expected {}, found {}",
            &expected[..12],
            &robot[..12]
        ));
    }
    if let Some(kp) = options.kp {
        found.push(format!("kp {kp} for all joints instead of the contract's gains"));
    }
    let factor = options.phase_factor + profile.options.phase_factor_offset;
    if factor != 1.0 {
        found.push(format!("gait clock at {factor} of the contract's speed"));
    }
    found
}

fn check_option(
    what: &'static str,
    holds: bool,
    expected: &'static str,
    found: f64,
) -> Result<(), ControlError> {
    if holds { Ok(()) } else { Err(ControlError::Option { what, expected, found }) }
}
