//! The observation program: a contract compiled, for one robot, into gather, scale and clip.
//!
//! Every source has a bank in one flat memory: `depth` rows of `width` numbers, newest row first. A tick pushes one
//! row into each bank; an element of the observation is then one slot of the memory, taken through
//! `clip(scale * (x - reference) + offset)`, multiply and add rounded separately.

mod fit;

use crate::axis::{Axis, Command};
use crate::contract::{ActionJoint, Contract, SensorReset};
use crate::error::ContractError;
use crate::profile::RobotProfile;
use crate::sensors::Sensors;
use crate::term::{Reference, Source, Term};
use crate::validate::source_width;
use gaitway_maths::scalar::limit;

/// A contract compiled for one robot.
#[derive(Debug, Clone)]
pub struct ObservationProgram {
    elements: Vec<Element>,
    terms: Vec<TermSpan>,
    banks: [Bank; Source::ALL.len()],
    memory_len: usize,
    joints: Vec<usize>,
    observed_joints: Vec<usize>,
    contacts: Vec<usize>,
    axes: Vec<Axis>,
    reset: ResetRows,
}

/// What the controller works out of the sensors, for the observation to take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Estimates<'a> {
    /// Direction of gravity in the trunk frame, length one.
    pub projected_gravity: [f32; 3],
    /// Roll, pitch and yaw of the trunk, rad.
    pub euler_rad: [f32; 3],
    /// Cosines, then sines, of all phases of the gait clock.
    pub phase: &'a [f32],
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
    /// Samples since the reset, as far as the memory reaches; zero where nobody asks for it.
    pub samples: u32,
}

#[derive(Debug, Clone, Copy)]
struct Element {
    slot: usize,
    reference: f32,
    scale: f32,
    offset: f32,
    low: f32,
    high: f32,
    /// How many samples there must be for it to be of this episode.
    samples: u32,
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
    sensors: SensorReset,
}

impl ObservationProgram {
    /// Compiles `contract` for `profile`, or says which term does not fit.
    pub fn compile(contract: &Contract, profile: &RobotProfile) -> Result<ObservationProgram, ContractError> {
        fit::same_robot(contract, profile)?;
        let joints = fit::joints("action", &contract.action.joints, profile)?;
        fit::actions(contract, profile)?;
        let terms = contract.terms();
        let (banks, memory_len) = lay_out(contract, &terms);
        let default_pose = default_pose(&contract.action.joints);
        let mut program = ObservationProgram {
            elements: Vec::with_capacity(contract.observation_len()),
            terms: Vec::with_capacity(terms.len()),
            banks,
            memory_len,
            joints,
            observed_joints: fit::joints("observed", contract.observed_joints(), profile)?,
            contacts: fit::contacts(contract, profile)?,
            axes: fit::axes(contract, profile)?,
            reset: ResetRows {
                action: vec![contract.reset.action as f32; default_pose.len()],
                target: reference_row(contract.reset.target, &default_pose, default_pose.len()),
                sensors: contract.reset.sensors,
            },
        };
        let observed_pose = self::default_pose(contract.observed_joints());
        for term in terms.iter() {
            fit::term(term, profile)?;
            let pose = if term.source == Source::Target { &default_pose } else { &observed_pose };
            program.add_term(term, pose);
        }
        Ok(program)
    }

    fn add_term(&mut self, term: &Term, default_pose: &[f32]) {
        let bank = self.banks[term.source as usize];
        let start = self.elements.len();
        let reference = reference_row(term.relative_to, default_pose, bank.width);
        let [low, high] = term.clip.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        let newest = newest_row(term);
        let columns = match term.source.width_of_term(term) {
            // All of them are the one zero.
            Some(width) => vec![0; width],
            None => term.elements(bank.width),
        };
        for row in newest..newest + term.history as usize {
            // What was fed back in a tick is there for the observation of the next.
            let samples = row as u32 + 1 + u32::from(term.source.is_feedback());
            for (place, &column) in columns.iter().enumerate() {
                self.elements.push(Element {
                    slot: bank.start + row * bank.width + column,
                    reference: reference[column],
                    scale: term.scale_of(place) as f32,
                    offset: term.offset_of(place) as f32,
                    low: low as f32,
                    high: high as f32,
                    samples,
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

    /// For each joint whose position and velocity are observed, its index in the robot profile.
    pub fn observed_joints(&self) -> &[usize] {
        &self.observed_joints
    }

    /// True where what lies before the first tick is zero in the observation, and so samples are counted.
    pub fn counts_samples(&self) -> bool {
        self.reset.sensors == SensorReset::ZeroObservation
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
        let mut state = ObservationState { memory: vec![0.0; self.memory_len], fresh: true, samples: 0 };
        self.reset(&mut state);
        state
    }

    /// Brings `state` back to before the first tick.
    pub fn reset(&self, state: &mut ObservationState) {
        state.memory.fill(0.0);
        state.fresh = true;
        state.samples = 0;
        for (source, row) in [(Source::Action, &self.reset.action), (Source::Target, &self.reset.target)] {
            let bank = self.banks[source as usize];
            for slots in bank.rows(&mut state.memory) {
                slots.copy_from_slice(row);
            }
        }
    }

    /// Pushes one tick's samples.
    pub fn sense(
        &self,
        state: &mut ObservationState,
        sensors: &Sensors,
        command: &Command,
        estimates: Estimates<'_>,
    ) {
        self.push(state, Source::Gyro, sensors.gyro_rps);
        self.push(state, Source::Accelerometer, sensors.accel_mps2);
        self.push(state, Source::ProjectedGravity, estimates.projected_gravity);
        self.push(state, Source::Command, self.axes.iter().map(|&axis| command.get(axis)));
        let joints = &self.observed_joints;
        self.push(state, Source::JointPosition, joints.iter().map(|&j| sensors.joint_position_rad[j]));
        self.push(state, Source::JointVelocity, joints.iter().map(|&j| sensors.joint_velocity_rps[j]));
        self.push(state, Source::FootContact, self.contacts.iter().map(|&contact| sensors.contact[contact]));
        self.push(state, Source::Phase, estimates.phase.iter().copied());
        self.push(state, Source::Euler, estimates.euler_rad);
        state.fresh = false;
        if self.counts_samples() {
            state.samples = state.samples.saturating_add(1);
        }
    }

    /// Builds the observation into `observation`, which must be [`ObservationProgram::len`] long.
    pub fn observe(&self, state: &ObservationState, observation: &mut [f32]) {
        for (value, element) in observation.iter_mut().zip(&self.elements) {
            *value = element.apply(state.memory[element.slot]);
        }
        if self.counts_samples() {
            for (value, element) in observation.iter_mut().zip(&self.elements) {
                if state.samples < element.samples {
                    *value = 0.0;
                }
            }
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
        if state.fresh && self.reset.sensors == SensorReset::FirstSample {
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
fn newest_row(term: &Term) -> usize {
    (term.lag - u32::from(term.source.is_feedback())) as usize
}

fn lay_out(contract: &Contract, terms: &[Term]) -> ([Bank; Source::ALL.len()], usize) {
    let mut banks = [Bank::default(); Source::ALL.len()];
    for term in terms {
        let bank = &mut banks[term.source as usize];
        bank.width = match term.source {
            Source::Constant => 1,
            source => source_width(source, contract),
        };
        bank.depth = bank.depth.max(newest_row(term) + term.history as usize);
    }
    let mut end = 0;
    for bank in &mut banks {
        bank.start = end;
        end += bank.width * bank.depth;
    }
    (banks, end)
}

fn default_pose(joints: &[ActionJoint]) -> Vec<f32> {
    joints.iter().map(|joint| joint.default_rad as f32).collect()
}

fn reference_row(reference: Reference, default_pose: &[f32], width: usize) -> Vec<f32> {
    match reference {
        Reference::Zero => vec![0.0; width],
        Reference::DefaultPose => default_pose.to_vec(),
    }
}
