//! The plan: a list of steps over one stretch of memory, ready to run.

use crate::cpu::CpuPath;
use crate::error::LengthError;
use crate::interface::{Fed, PortSpan, Read, State};
use crate::ir::{Constants, Op, Operand, Step, Zip};
use crate::kernels;

/// A policy network, checked, folded, packed and ready to run.
///
/// Immutable, so threads may share it; what changes while it runs is in a [`Workspace`].
#[derive(Debug)]
pub struct Plan {
    pub(crate) cpu_path: CpuPath,
    pub(crate) steps: Vec<Step>,
    pub(crate) constants: Constants,
    pub(crate) arena_len: usize,
    pub(crate) inputs: Vec<Fed>,
    pub(crate) outputs: Vec<Read>,
    pub(crate) states: Vec<State>,
    pub(crate) macs: u64,
    pub(crate) parameters: u64,
}

/// All the memory that running a plan needs. One per thread that runs it.
#[derive(Debug, Clone)]
pub struct Workspace {
    arena: Vec<f32>,
    state: Vec<f32>,
}

impl Workspace {
    /// What a recurrent network remembers, all states one after the other; zero before the first run.
    pub fn state(&self) -> &[f32] {
        &self.state
    }

    /// Goes on from another state.
    ///
    /// # Errors
    /// Where it is not as long as the plan's.
    pub fn set_state(&mut self, state: &[f32]) -> Result<(), LengthError> {
        LengthError::check("state", self.state.len(), state.len())?;
        self.state.copy_from_slice(state);
        Ok(())
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.state.fill(0.0);
    }
}

/// The mean and standard deviation that the network takes its input's units from, each of the input's length.
#[derive(Debug, Clone, PartialEq)]
pub struct Normaliser {
    /// Subtracted from the input.
    pub mean: Vec<f32>,
    /// Then divided by; the reciprocal where the network multiplies, one where it does not scale.
    pub std: Vec<f32>,
}

impl Plan {
    /// Numbers in all inputs that are fed.
    pub fn input_len(&self) -> usize {
        self.inputs.last().map_or(0, |last| last.port.end())
    }

    /// Numbers in all outputs that are read.
    pub fn output_len(&self) -> usize {
        self.outputs.last().map_or(0, |last| last.port.end())
    }

    /// Numbers in all states.
    pub fn state_len(&self) -> usize {
        self.states.iter().map(|state| state.at.len).sum()
    }

    /// The inputs that are fed, in order.
    pub fn inputs(&self) -> impl Iterator<Item = &PortSpan> {
        self.inputs.iter().map(|input| &input.port)
    }

    /// The outputs that are read, in order.
    pub fn outputs(&self) -> impl Iterator<Item = &PortSpan> {
        self.outputs.iter().map(|output| &output.port)
    }

    /// The path it runs on.
    pub fn cpu_path(&self) -> CpuPath {
        self.cpu_path
    }

    /// Multiply-adds in one run, those of matrices only.
    pub fn macs(&self) -> u64 {
        self.macs
    }

    /// Floating-point numbers in the file's initialisers and constants.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }

    /// All the memory that running will ever need.
    pub fn workspace(&self) -> Workspace {
        Workspace { arena: vec![0.0; self.arena_len], state: vec![0.0; self.state_len()] }
    }

    /// Runs the network once: no allocation, no panic, the same bits on every CPU path.
    ///
    /// All inputs follow each other in `input`, all outputs in `output`. A state that would not be finite is not taken
    /// over: one bad observation must not be remembered for ever.
    ///
    /// The caller holds a [`crate::FloatMode`] where another library may have changed the control word. A NaN in the output
    /// is always 0x7fc00000.
    ///
    /// # Errors
    /// Where a slice's length is not the plan's, or the workspace belongs to another plan; nothing is written then.
    pub fn run(
        &self,
        workspace: &mut Workspace,
        input: &[f32],
        output: &mut [f32],
    ) -> Result<(), LengthError> {
        LengthError::check("input", self.input_len(), input.len())?;
        LengthError::check("output", self.output_len(), output.len())?;
        LengthError::check("workspace", self.arena_len, workspace.arena.len())?;
        LengthError::check("workspace's state", self.state_len(), workspace.state.len())?;
        let Workspace { arena, state } = workspace;
        for Fed { port, at } in &self.inputs {
            arena[at.range()].copy_from_slice(&input[port.start..][..port.len]);
        }
        let mut rest = state.as_slice();
        for State { at, .. } in &self.states {
            let (own, others) = rest.split_at(at.len);
            arena[at.range()].copy_from_slice(own);
            rest = others;
        }
        kernels::run_steps(self.cpu_path, &self.steps, &self.constants, arena);
        for Read { port, from } in &self.outputs {
            output[port.start..][..port.len].copy_from_slice(self.found(*from, arena));
        }
        kernels::canonicalise(output);
        self.remember(arena, state);
        Ok(())
    }

    /// Takes over what the run gave for the next, where all of it is finite.
    fn remember(&self, arena: &[f32], state: &mut [f32]) {
        let is_finite = |next: &State| self.found(next.from, arena).iter().all(|number| number.is_finite());
        if !self.states.iter().all(is_finite) {
            return;
        }
        let mut rest = state;
        for State { from, at } in &self.states {
            let (own, others) = rest.split_at_mut(at.len);
            own.copy_from_slice(self.found(*from, arena));
            rest = others;
        }
    }

    fn found<'a>(&'a self, operand: Operand, arena: &'a [f32]) -> &'a [f32] {
        match operand {
            Operand::Arena(span) => &arena[span.range()],
            Operand::Constant(span) => &self.constants.floats[span.range()],
        }
    }

    /// The normaliser, where the network begins with one: the whole input minus a constant, then times or divided by
    /// another; a correction may have been added to the input before. With it the units of an unknown file's input can
    /// be checked.
    pub fn input_normaliser(&self) -> Option<Normaliser> {
        let [Fed { at, .. }] = self.inputs.as_slice() else { return None };
        let input = Operand::Arena(*at);
        let shift = |row| self.zip_with_constant(row, |zip| zip == Zip::Sub);
        let (shift, mean) = shift(input).or_else(|| shift(self.corrected(input)?))?;
        let shifted = Operand::Arena(shift.output);
        let std = match self.zip_with_constant(shifted, |zip| matches!(zip, Zip::Mul | Zip::Div)) {
            Some((Step { op: Op::Zip(Zip::Mul), .. }, inverse)) => {
                inverse.iter().map(|inverse| 1.0 / inverse).collect()
            }
            Some((_, std)) => std,
            None => vec![1.0; self.input_len()],
        };
        Some(Normaliser { mean, std })
    }

    /// The sum of `row` and something that was computed.
    fn corrected(&self, row: Operand) -> Option<Operand> {
        let is_sum = |step: &&Step| {
            let other = if step.left == row { step.right } else { step.left };
            let takes_row = step.left == row || step.right == row;
            matches!(step.op, Op::Zip(Zip::Add)) && takes_row && matches!(other, Operand::Arena(_))
        };
        self.steps.iter().find(is_sum).map(|step| Operand::Arena(step.output))
    }

    /// The first wanted step that takes `left` and a constant, and that constant at the input's length.
    fn zip_with_constant(&self, left: Operand, wanted: impl Fn(Zip) -> bool) -> Option<(&Step, Vec<f32>)> {
        self.steps.iter().find_map(|step| {
            let Op::Zip(zip) = step.op else { return None };
            let constant = match (step.left, step.right) {
                (value, Operand::Constant(span)) if value == left => span,
                (Operand::Constant(span), value) if value == left && zip == Zip::Mul => span,
                _ => return None,
            };
            let values = &self.constants.floats[constant.range()];
            wanted(zip).then(|| (step, values.iter().copied().cycle().take(self.input_len()).collect()))
        })
    }
}
