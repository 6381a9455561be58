//! The observation program: a contract compiled, for one robot, into gather, scale and clip.
//!
//! Every source has a bank in one flat memory: `depth` rows of `width` numbers, newest row first. A tick pushes one
//! row into each bank; an element of the observation is then one slot of the memory, taken through
//! `clip(scale * (x - reference) + offset)`, multiply and add rounded separately.

use crate::axis::{Axis, Command};
use crate::contract::{CommandAxis, Contract, SensorReset};
use crate::error::ContractError;
use crate::profile::RobotProfile;
use crate::sensors::Sensors;
use crate::term::{Frame, Reference, Source};
use crate::validate::source_width;
use gaitway_maths::scalar::limit;

/// Largest difference between a default pose of contract and robot that is only a rounding, rad.
const POSE_TOLERANCE_RAD: f64 = 1e-6;

/// A contract compiled for one robot.
#[derive(Debug, Clone)]
pub struct ObservationProgram {
    elements: Vec<Element>,
    terms: Vec<TermSpan>,
    banks: [Bank; Source::ALL.len()],
    memory_len: usize,
    joints: Vec<usize>,
    contacts: Vec<usize>,
    axes: Vec<Axis>,
    reset: ResetRows,
}

/// Where a term lies in the observation.
#[derive(Debug, Clone, PartialEq)]
pub struct TermSpan {
    /// Name in the contract.
    pub name: String,
    /// Index of its first number.
    pub start: usize,
    /// How many numbers it has.
    pub width: usize,
}

/// What an observation program remembers between ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservationState {
    /// All banks, flat.
    pub memory: Vec<f32>,
    /// True until the first sample.
    pub fresh: bool,
}

#[derive(Debug, Clone, Copy)]
struct Element {
    slot: usize,
    reference: f32,
    scale: f32,
    offset: f32,
    low: f32,
    high: f32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bank {
    start: usize,
    width: usize,
    depth: usize,
}

#[derive(Debug, Clone)]
struct ResetRows {
    action: Vec<f32>,
    target: Vec<f32>,
    fill_with_first_sample: bool,
}

impl ObservationProgram {
    /// Compiles `contract` for `profile`, or says which term does not fit.
    pub fn compile(contract: &Contract, profile: &RobotProfile) -> Result<ObservationProgram, ContractError> {
        let joints = fit_joints(contract, profile)?;
        let default_pose: Vec<f32> = contract.action.joints.iter().map(|j| j.default_rad as f32).collect();
        let (banks, memory_len) = lay_out(contract);
        let mut program = ObservationProgram {
            elements: Vec::with_capacity(contract.observation_len()),
            terms: Vec::with_capacity(contract.observation.len()),
            banks,
            memory_len,
            joints,
            contacts: fit_contacts(contract, profile)?,
            axes: fit_axes(contract, profile)?,
            reset: ResetRows {
                action: vec![contract.reset.action as f32; default_pose.len()],
                target: reference_row(contract.reset.target, &default_pose, default_pose.len()),
                fill_with_first_sample: contract.reset.sensors == SensorReset::FirstSample,
            },
        };
        for term in &contract.observation {
            if term.frame == Some(Frame::World) {
                let (expected, found) = ("frame world", "an IMU fixed to the trunk: frame trunk");
                return Err(misfit(profile, &format!("observation term {}", term.name), expected, found));
            }
            if term.source.has_frame() && profile.imu().is_none() {
                let (expected, found) = ("an IMU", "none");
                return Err(misfit(profile, &format!("observation term {}", term.name), expected, found));
            }
            program.add_term(term, &default_pose);
        }
        Ok(program)
    }

    fn add_term(&mut self, term: &crate::term::Term, default_pose: &[f32]) {
        let bank = self.banks[term.source as usize];
        let start = self.elements.len();
        let reference = reference_row(term.relative_to, default_pose, bank.width);
        let [low, high] = term.clip.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        let newest = newest_row(term);
        for row in newest..newest + term.history as usize {
            for (column, &reference) in reference.iter().enumerate() {
                self.elements.push(Element {
                    slot: bank.start + row * bank.width + column,
                    reference,
                    scale: term.scale as f32,
                    offset: term.offset as f32,
                    low: low as f32,
                    high: high as f32,
                });
            }
        }
        self.terms.push(TermSpan { name: term.name.clone(), start, width: self.elements.len() - start });
    }

    /// Numbers in one observation.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// True for an observation without numbers, which no valid contract has.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Where each term lies.
    pub fn terms(&self) -> &[TermSpan] {
        &self.terms
    }

    /// Ticks whose samples are in the memory.
    pub fn depth(&self) -> usize {
        self.banks.iter().map(|bank| bank.depth).max().unwrap_or(0)
    }

    /// For each joint of the contract, its index in the robot profile.
    pub fn joints(&self) -> &[usize] {
        &self.joints
    }

    /// For each contact of the contract, its index in the robot profile.
    pub fn contacts(&self) -> &[usize] {
        &self.contacts
    }

    /// For each command axis of the contract, its place on the robot.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The memory before the first tick.
    pub fn initial_state(&self) -> ObservationState {
        let mut state = ObservationState { memory: vec![0.0; self.memory_len], fresh: true };
        self.reset(&mut state);
        state
    }

    /// Brings `state` back to before the first tick.
    pub fn reset(&self, state: &mut ObservationState) {
        state.memory.fill(0.0);
        state.fresh = true;
        for (source, row) in [(Source::Action, &self.reset.action), (Source::Target, &self.reset.target)] {
            let bank = self.banks[source as usize];
            for slots in bank.rows(&mut state.memory) {
                slots.copy_from_slice(row);
            }
        }
    }

    /// Pushes one tick's samples. `projected_gravity` and `phase` come from the controller's own clocks.
    pub fn sense(
        &self,
        state: &mut ObservationState,
        sensors: &Sensors,
        command: &Command,
        projected_gravity: [f32; 3],
        phase: [f32; 2],
    ) {
        self.push(state, Source::Gyro, sensors.gyro_rps);
        self.push(state, Source::Accelerometer, sensors.accel_mps2);
        self.push(state, Source::ProjectedGravity, projected_gravity);
        self.push(state, Source::Command, self.axes.iter().map(|&axis| command.get(axis)));
        self.push(state, Source::JointPosition, self.joints.iter().map(|&j| sensors.joint_position_rad[j]));
        self.push(state, Source::JointVelocity, self.joints.iter().map(|&j| sensors.joint_velocity_rps[j]));
        self.push(state, Source::FootContact, self.contacts.iter().map(|&contact| sensors.contact[contact]));
        self.push(state, Source::Phase, phase);
        state.fresh = false;
    }

    /// Builds the observation into `observation`, which must be [`ObservationProgram::len`] long.
    pub fn observe(&self, state: &ObservationState, observation: &mut [f32]) {
        for (value, element) in observation.iter_mut().zip(&self.elements) {
            *value = element.apply(state.memory[element.slot]);
        }
    }

    /// Remembers what this tick gave, for the ticks to come: both in the order of the contract's joints.
    pub fn remember(&self, state: &mut ObservationState, action: &[f32], target_rad: &[f32]) {
        self.push(state, Source::Action, action.iter().copied());
        self.push(state, Source::Target, target_rad.iter().copied());
    }

    fn push(&self, state: &mut ObservationState, source: Source, row: impl IntoIterator<Item = f32>) {
        let bank = self.banks[source as usize];
        if bank.depth == 0 {
            return;
        }
        let last = bank.start + bank.width * (bank.depth - 1);
        state.memory.copy_within(bank.start..last, bank.start + bank.width);
        let newest = &mut state.memory[bank.start..bank.start + bank.width];
        for (slot, value) in newest.iter_mut().zip(row) {
            *slot = value;
        }
        if state.fresh && self.reset.fill_with_first_sample {
            for older in 1..bank.depth {
                let newest = bank.start..bank.start + bank.width;
                state.memory.copy_within(newest, bank.start + older * bank.width);
            }
        }
    }
}

impl Element {
    fn apply(&self, value: f32) -> f32 {
        limit(self.scale * (value - self.reference) + self.offset, self.low, self.high)
    }
}

impl Bank {
    fn rows<'a>(&self, memory: &'a mut [f32]) -> impl Iterator<Item = &'a mut [f32]> {
        memory[self.start..self.start + self.width * self.depth].chunks_exact_mut(self.width.max(1))
    }
}

/// Row of a bank that holds a term's newest number. What the controller computed is pushed after it was observed,
/// so its row 0 is already one tick old.
fn newest_row(term: &crate::term::Term) -> usize {
    (term.lag - u32::from(term.source.is_feedback())) as usize
}

fn lay_out(contract: &Contract) -> ([Bank; Source::ALL.len()], usize) {
    let mut banks = [Bank::default(); Source::ALL.len()];
    for term in &contract.observation {
        let bank = &mut banks[term.source as usize];
        bank.width = source_width(term.source, contract);
        bank.depth = bank.depth.max(newest_row(term) + term.history as usize);
    }
    let mut end = 0;
    for bank in &mut banks {
        bank.start = end;
        end += bank.width * bank.depth;
    }
    (banks, end)
}

fn reference_row(reference: Reference, default_pose: &[f32], width: usize) -> Vec<f32> {
    match reference {
        Reference::Zero => vec![0.0; width],
        Reference::DefaultPose => default_pose.to_vec(),
    }
}

/// For each joint of the contract its index on the robot; every joint must exist and have the same default pose.
fn fit_joints(contract: &Contract, profile: &RobotProfile) -> Result<Vec<usize>, ContractError> {
    if contract.robot.profile != profile.name {
        return Err(misfit(profile, "robot.profile", &contract.robot.profile, &profile.name));
    }
    let mut joints = Vec::with_capacity(contract.action.joints.len());
    for joint in &contract.action.joints {
        let term = format!("action joint {}", joint.name);
        let Some(index) = profile.joint_index(&joint.name) else {
            return Err(misfit(profile, &term, "a joint of the robot", "none of that name"));
        };
        let robot_default_rad = profile.default_rad(index);
        if (robot_default_rad - joint.default_rad).abs() > POSE_TOLERANCE_RAD {
            let expected = format!("default pose {} rad", joint.default_rad);
            return Err(misfit(profile, &term, &expected, &format!("{robot_default_rad} rad")));
        }
        joints.push(index);
    }
    Ok(joints)
}

/// For each contact of the observation its index on the robot.
fn fit_contacts(contract: &Contract, profile: &RobotProfile) -> Result<Vec<usize>, ContractError> {
    let is_observed = contract.observation.iter().any(|term| term.source == Source::FootContact);
    let robot = profile.contacts.len();
    match &contract.contacts {
        Some(names) => {
            let index = |name: &String| {
                let missing = || {
                    misfit(profile, &format!("contact {name}"), "a contact of the robot", "none of that name")
                };
                profile.contact_index(name).ok_or_else(missing)
            };
            names.iter().map(index).collect()
        }
        None if !is_observed => Ok(Vec::new()),
        None if robot == contract.contacts_len() => Ok((0..robot).collect()),
        None => Err(misfit(profile, "contacts", "two, left and right, or their names", &robot.to_string())),
    }
}

/// For each axis of the contract its place on the robot; every axis must exist there, in the same unit.
fn fit_axes(contract: &Contract, profile: &RobotProfile) -> Result<Vec<Axis>, ContractError> {
    let place = |entry: &CommandAxis| {
        let term = format!("command axis {}", entry.axis);
        let Some(axis) = profile.axis(&entry.axis) else {
            return Err(misfit(profile, &term, "an axis of the robot", "none of that name"));
        };
        let unit = &profile.command_axes[axis.index()].unit;
        if *unit != entry.unit {
            return Err(misfit(profile, &term, &format!("unit {}", entry.unit), unit));
        }
        Ok(axis)
    };
    contract.command.iter().map(place).collect()
}

fn misfit(profile: &RobotProfile, term: &str, expected: &str, found: &str) -> ContractError {
    ContractError::Misfit {
        robot: profile.name.clone(),
        term: term.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}
