//! Runs a contract's golden vectors through program, network and action map, and names what differs.
//!
//! The golden action and not our own is fed back from tick to tick, so that one error shows in one place.

use crate::controller::{Controller, Options};
use crate::diagnose::{self, Pattern, Rows};
use crate::error::ControlError;
use crate::policy::Policy;
use gaitway_contract::golden::{Golden, GoldenTick};
use gaitway_contract::{Command, Contract, RobotProfile, Sensors};

/// What the golden vectors said.
#[derive(Debug, Clone)]
pub struct Report {
    /// How many ticks were run.
    pub ticks: usize,
    /// False where another engine runs the network, whose actions were not compared.
    pub actions_checked: bool,
    /// Largest |a−b| / (1+|b|) of all actions compared.
    pub largest_action_error: f64,
    /// What differs: the observation's terms in order, then the action, then the target. Empty: all agrees.
    pub findings: Vec<Finding>,
}

/// One thing that differs.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Name of the term, or `action`, or `target`.
    pub what: String,
    /// First golden tick in which it differs.
    pub tick: usize,
    /// Which number of it, from 0.
    pub index: usize,
    /// The golden number.
    pub expected: f32,
    /// Ours.
    pub found: f32,
    /// How they differ, over all ticks.
    pub pattern: Pattern,
}

/// Runs the golden vectors of `policy`; `Ok(None)` where its contract has none.
pub fn run(policy: &Policy, profile: &RobotProfile) -> Result<Option<Report>, ControlError> {
    let contract = policy.contract();
    let Some(golden) = &contract.golden else {
        return Ok(None);
    };
    let replay = Replay::run(policy, profile, golden)?;
    let tolerance = golden.tolerance;
    let mut findings = Vec::new();
    let spans = replay
        .terms
        .iter()
        .map(|(name, start, width)| (name.as_str(), *start, *width))
        .collect::<Vec<_>>();
    for &(name, start, width) in &spans {
        let pattern = |differs: &[usize]| diagnose::term(&replay.observation, &spans, start, differs);
        findings.extend(compare(
            name,
            &replay.observation,
            start..start + width,
            tolerance,
            pattern,
        ));
    }
    let joints = contract.action_len();
    if policy.plan().is_some() {
        let pattern = |differs: &[usize]| diagnose::row(&replay.action, differs);
        findings.extend(compare("action", &replay.action, 0..joints, tolerance, pattern));
    }
    let pattern = |differs: &[usize]| diagnose::row(&replay.target, differs);
    findings.extend(compare("target", &replay.target, 0..joints, tolerance, pattern));
    Ok(Some(Report {
        ticks: golden.ticks.len(),
        actions_checked: policy.plan().is_some(),
        largest_action_error: replay.action.largest_error(),
        findings,
    }))
}

/// Ours and theirs of every tick.
struct Replay {
    terms: Vec<(String, usize, usize)>,
    observation: Rows,
    action: Rows,
    target: Rows,
}

impl Replay {
    fn run(policy: &Policy, profile: &RobotProfile, golden: &Golden) -> Result<Replay, ControlError> {
        let contract = policy.contract();
        let neutral = RobotProfile {
            options: Default::default(),
            ..profile.clone()
        };
        let mut controller = Controller::new(policy, &neutral, &Options::default())?;
        let resets: Vec<bool> = golden.ticks.iter().map(|tick| tick.reset).collect();
        let terms = controller
            .terms()
            .iter()
            .map(|term| (term.name.clone(), term.start, term.width))
            .collect();
        let mut replay = Replay {
            terms,
            observation: Rows::new(&resets),
            action: Rows::new(&resets),
            target: Rows::new(&resets),
        };
        let mut own_action = vec![0.0; contract.action_len()];
        for tick in &golden.ticks {
            if tick.reset {
                controller.reset(&neutral.default_pose_rad())?;
            }
            let sensors = sensors(tick, &controller, profile.joints.len());
            controller.observe(&sensors, &command(tick, contract))?;
            replay
                .observation
                .push(&tick.observation, &controller.record().observation);
            let golden_observation = to_f32(&tick.observation);
            if controller.infer_into(&golden_observation, &mut own_action)? {
                replay.action.push(&tick.action, &own_action);
            }
            controller.act(&to_f32(&tick.action))?;
            replay
                .target
                .push(&tick.target, &controller.record().fed_back_rad);
        }
        Ok(replay)
    }
}

fn sensors(tick: &GoldenTick, controller: &Controller, joints: usize) -> Sensors {
    let mut sensors = Sensors::still(joints);
    sensors.gyro_rps = tick.gyro.map(|x| x as f32);
    sensors.accel_mps2 = tick.accelerometer.map(|x| x as f32);
    sensors.foot_contact = tick.foot_contact.map(|x| x as f32);
    for (index, &joint) in controller.fixed.program.joints().iter().enumerate() {
        sensors.joint_position_rad[joint] = tick.joint_position[index] as f32;
        sensors.joint_velocity_rps[joint] = tick.joint_velocity[index] as f32;
    }
    sensors
}

fn command(tick: &GoldenTick, contract: &Contract) -> Command {
    let mut command = Command::default();
    for (entry, &value) in contract.command.iter().zip(&tick.command) {
        command.values[entry.axis as usize] = value as f32;
    }
    command
}

fn to_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// The finding of one span of columns, if any differs.
fn compare(
    what: &str,
    rows: &Rows,
    span: std::ops::Range<usize>,
    tolerance: f64,
    pattern: impl Fn(&[usize]) -> Pattern,
) -> Option<Finding> {
    let differs: Vec<usize> = span
        .clone()
        .filter(|&column| rows.differs(column, tolerance))
        .collect();
    let (tick, column) = rows.first_difference(&differs, tolerance)?;
    Some(Finding {
        what: what.to_owned(),
        tick,
        index: column - span.start,
        expected: rows.expected[tick][column],
        found: rows.found[tick][column],
        pattern: pattern(&differs),
    })
}
