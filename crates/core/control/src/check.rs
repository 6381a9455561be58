//! Runs a contract's golden vectors through program, network and action map, and names what differs.
//!
//! The golden action and target and not our own are fed back from tick to tick, so that one error shows in one place.

use crate::controller::Controller;
use crate::diagnose::{self, Pattern, Rows, Targets};
use crate::error::ControlError;
use crate::options::Options;
use crate::policy::Policy;
use gaitway_model::golden::{Golden, GoldenTick};
use gaitway_model::observation::TermSpan;
use gaitway_model::{Command, RobotProfile, Sensors};

/// What the golden vectors said.
#[derive(Debug, Clone)]
pub struct Report {
    /// How many ticks were run.
    pub ticks: usize,
    /// False where another engine runs the network, whose actions were not compared.
    pub actions_checked: bool,
    /// Largest |a−b| / (1+|b|) of all actions compared.
    pub largest_action_error: f64,
    /// What differs: the observation's terms in order, then the action, then the target fed
    /// back, then the one sent to the filter. Empty: all agrees.
    pub findings: Vec<Finding>,
}

/// One thing that differs.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Name of the term, or `action`, `target` or `sent`.
    pub what: String,
    /// First golden tick in which it differs.
    pub tick: usize,
    /// Which number of it, from 0.
    pub index: usize,
    /// All its numbers that differ in any tick.
    pub indices: Vec<usize>,
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
    let mut findings = Vec::new();
    for (index, span) in replay.terms.iter().enumerate() {
        let pattern =
            |differs: &[usize]| diagnose::term(&replay.observation, contract, &replay.terms, index, differs);
        let columns = span.start..span.start + span.width;
        findings.extend(compare(&span.name, &replay.observation, columns, pattern));
    }
    let joints = contract.action_len();
    if policy.plan().is_some() {
        let pattern = |differs: &[usize]| diagnose::action(&replay.action, contract, differs);
        findings.extend(compare("action", &replay.action, 0..joints, pattern));
    }
    let targets = Targets::new(contract, golden, &replay.commands, &replay.target);
    let pattern = |differs: &[usize]| targets.as_ref().map_or(Pattern::Unknown, |t| t.pattern(differs));
    let target = compare("target", &replay.target, 0..joints, pattern);
    // A target that is wrong already is sent as it is: one error shall show in one place.
    let pattern = |differs: &[usize]| diagnose::sent(&replay.sent, contract, &replay.commands, differs);
    let sent = || compare("sent", &replay.sent, 0..joints, pattern);
    findings.extend(target.or_else(sent));
    Ok(Some(Report {
        ticks: golden.ticks.len(),
        actions_checked: policy.plan().is_some(),
        largest_action_error: replay.action.largest_error(),
        findings,
    }))
}

/// Ours and theirs of every tick.
struct Replay {
    terms: Vec<TermSpan>,
    /// Commands as the envelope let them through, in the order of the contract's axes.
    commands: Vec<Vec<f32>>,
    observation: Rows,
    action: Rows,
    target: Rows,
    sent: Rows,
}

impl Replay {
    fn run(policy: &Policy, profile: &RobotProfile, golden: &Golden) -> Result<Replay, ControlError> {
        let contract = policy.contract();
        let neutral = RobotProfile { options: Default::default(), ..profile.clone() };
        let mut controller = Controller::new(policy, &neutral, &Options::default())?;
        let resets: Vec<bool> = golden.ticks.iter().map(|tick| tick.reset).collect();
        let rows = || Rows::new(&resets, golden.tolerance);
        let mut replay = Replay {
            terms: controller.terms().to_vec(),
            commands: Vec::new(),
            observation: rows(),
            action: rows(),
            target: rows(),
            sent: rows(),
        };
        let mut own_action = vec![0.0; contract.action_len()];
        for tick in &golden.ticks {
            if tick.reset {
                controller.reset(&neutral.default_pose_rad())?;
            }
            let sensors = sensors(tick, &controller, profile.joints.len());
            controller.observe(&sensors, &command(tick, &controller))?;
            replay.observation.push(&tick.observation, &controller.record().observation);
            let golden_observation = to_f32(&tick.observation);
            if controller.infer_into(&golden_observation, &mut own_action)? {
                replay.action.push(&tick.action, &own_action);
            }
            let before = controller.state.observation.clone();
            controller.act(&to_f32(&tick.action))?;
            let (record, state) = (&controller.record, &mut controller.state);
            let axes = controller.fixed.program.axes();
            replay.commands.push(axes.iter().map(|axis| record.command.get(*axis)).collect());
            replay.target.push(&tick.target, &record.fed_back_rad);
            let program = &controller.fixed.program;
            let sent: Vec<f32> = program.joints().iter().map(|&joint| record.target_rad[joint]).collect();
            replay.sent.push(&tick.sent, &sent);
            state.observation = before;
            program.remember(&mut state.observation, &state.action.action, &to_f32(&tick.target));
        }
        Ok(replay)
    }
}

fn sensors(tick: &GoldenTick, controller: &Controller, joints: usize) -> Sensors {
    let mut sensors = Sensors::still(joints, controller.contacts());
    sensors.gyro_rps = tick.gyro.map(|x| x as f32);
    sensors.accel_mps2 = tick.accelerometer.map(|x| x as f32);
    let program = &controller.fixed.program;
    for (&contact, &value) in program.contacts().iter().zip(&tick.foot_contact) {
        sensors.contact[contact] = value as f32;
    }
    for (index, &joint) in program.joints().iter().enumerate() {
        sensors.joint_position_rad[joint] = tick.joint_position[index] as f32;
        sensors.joint_velocity_rps[joint] = tick.joint_velocity[index] as f32;
    }
    sensors
}

fn command(tick: &GoldenTick, controller: &Controller) -> Command {
    let mut command = Command::default();
    for (axis, &value) in controller.fixed.program.axes().iter().zip(&tick.command) {
        command.values[axis.index()] = value as f32;
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
    pattern: impl Fn(&[usize]) -> Pattern,
) -> Option<Finding> {
    let differs: Vec<usize> = span.clone().filter(|&column| rows.differs(column)).collect();
    let (tick, column) = rows.first_difference(&differs)?;
    Some(Finding {
        what: what.to_owned(),
        tick,
        index: column - span.start,
        indices: differs.iter().map(|column| column - span.start).collect(),
        expected: rows.expected[tick][column],
        found: rows.found[tick][column],
        pattern: pattern(&differs),
    })
}
