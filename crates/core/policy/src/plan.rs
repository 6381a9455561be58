//! The plan: a list of steps over one stretch of memory, ready to run.

use crate::cpu::CpuPath;
use crate::error::LengthError;
use crate::ir::{Constants, Op, Operand, Span, Step, Zip};
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
    pub(crate) input_name: String,
    pub(crate) input_len: usize,
    pub(crate) output_name: String,
    pub(crate) output: Operand,
    pub(crate) output_len: usize,
    pub(crate) macs: u64,
    pub(crate) parameters: u64,
}

/// All the memory that running a plan needs. One per thread that runs it.
#[derive(Debug, Clone)]
pub struct Workspace {
    arena: Vec<f32>,
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
    /// Numbers in the input.
    pub fn input_len(&self) -> usize {
        self.input_len
    }

    /// Numbers in the output.
    pub fn output_len(&self) -> usize {
        self.output_len
    }

    /// The input's name in the file.
    pub fn input_name(&self) -> &str {
        &self.input_name
    }

    /// The output's name in the file.
    pub fn output_name(&self) -> &str {
        &self.output_name
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
        Workspace { arena: vec![0.0; self.arena_len] }
    }

    /// Runs the network once: no allocation, no panic, the same bits on every CPU path.
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
        LengthError::check("input", self.input_len, input.len())?;
        LengthError::check("output", self.output_len, output.len())?;
        LengthError::check("workspace", self.arena_len, workspace.arena.len())?;
        let arena = workspace.arena.as_mut_slice();
        arena[..input.len()].copy_from_slice(input);
        kernels::run_steps(self.cpu_path, &self.steps, &self.constants, arena);
        output.copy_from_slice(match self.output {
            Operand::Arena(span) => &arena[span.start..span.start + span.len],
            Operand::Constant(span) => &self.constants.floats[span.start..span.start + span.len],
        });
        kernels::canonicalise(output);
        Ok(())
    }

    /// The normaliser, where the network begins with one: the whole input minus a constant, then times or divided by
    /// another; a correction may have been added to the input before. With it the units of an unknown file's input can
    /// be checked.
    pub fn input_normaliser(&self) -> Option<Normaliser> {
        let input = Operand::Arena(Span { start: 0, len: self.input_len });
        let shift = |row| self.zip_with_constant(row, |zip| zip == Zip::Sub);
        let (shift, mean) = shift(input).or_else(|| shift(self.corrected(input)?))?;
        let shifted = Operand::Arena(shift.output);
        let std = match self.zip_with_constant(shifted, |zip| matches!(zip, Zip::Mul | Zip::Div)) {
            Some((Step { op: Op::Zip(Zip::Mul), .. }, inverse)) => {
                inverse.iter().map(|inverse| 1.0 / inverse).collect()
            }
            Some((_, std)) => std,
            None => vec![1.0; self.input_len],
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
            let values = &self.constants.floats[constant.start..constant.start + constant.len];
            wanted(zip).then(|| (step, values.iter().copied().cycle().take(self.input_len).collect()))
        })
    }
}
