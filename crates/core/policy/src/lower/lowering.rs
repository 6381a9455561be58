//! A plan in the making: memory laid out, steps folded where all they read is known.

use super::node::NodeView;
use super::value::{Source, Value};
use crate::cpu::CpuPath;
use crate::error::OnnxError;
use crate::interface::{Fed, Read, State};
use crate::ir::{Constants, Op, Operand, Span, Step};
use crate::kernels;
use crate::pack::{LANES, Line, Matrix};
use crate::plan::Plan;
use crate::proto;
use crate::tensor::{self, Numbers};
use crate::weights::Weights;
use std::sync::Arc;

/// Floats in all constants, packed weights and intermediate values together (256 MiB).
const MAX_FLOATS: u64 = 64 << 20;
/// Lines of packed weights that there is room for from the start (64 MiB).
const RESERVED_LINES: usize = 1 << 20;

/// What a step costs beside its numbers, in floats: one may be made of each row of one number.
const FLOATS_OF_STEP: u64 = 32;

/// A plan in the making.
pub struct Lowering {
    path: CpuPath,
    steps: Vec<Step>,
    constants: Vec<f32>,
    weights: Vec<Line>,
    arena_len: usize,
    floats: u64,
    macs: u64,
    parameters: u64,
}

impl Lowering {
    pub fn new(path: CpuPath) -> Lowering {
        let (steps, constants, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        // Address space alone: so much an allocator asks the system for and gives back. What grows piece by piece it
        // keeps. Where there is not so much, it grows.
        let _ = weights.try_reserve_exact(RESERVED_LINES);
        Lowering { path, steps, constants, weights, arena_len: 0, floats: 0, macs: 0, parameters: 0 }
    }

    /// Lays out an input of the graph. None may be laid out behind a step.
    pub fn input(&mut self, name: &str, dims: Vec<usize>) -> Result<(Value, Span), OnnxError> {
        let numbers = dims.iter().fold(1u64, |product, &dim| product.saturating_mul(dim as u64));
        proto::limit(&format!("numbers of {name:?}"), MAX_FLOATS, numbers)?;
        let len = dims.iter().product();
        let span = self.allocate(len, len)?;
        Ok((Value { dims, source: Source::Arena(span) }, span))
    }

    pub fn count_parameters(&mut self, numbers: &Numbers) {
        if let Numbers::Floats(floats) = numbers {
            self.parameters += floats.len() as u64;
        }
    }

    /// Asks for memory before any is taken, so that a small file cannot ask for much.
    pub fn reserve(&mut self, floats: u64) -> Result<(), OnnxError> {
        self.floats = self.floats.saturating_add(floats);
        proto::limit("numbers that the network needs memory for", MAX_FLOATS, self.floats)
    }

    /// As [`Lowering::reserve`], for steps.
    pub fn reserve_steps(&mut self, count: usize) -> Result<(), OnnxError> {
        self.reserve((count as u64).saturating_mul(FLOATS_OF_STEP))
    }

    /// How many elements a value of these dimensions has, where a network may have so many.
    pub fn elements(&self, node: &NodeView<'_>, dims: &[usize]) -> Result<usize, OnnxError> {
        proto::limit_rank(&node.label, dims.len())?;
        let too_large = || node.invalid(format!("the dimensions {dims:?} are far beyond a policy's"));
        tensor::elements(dims).ok_or_else(too_large)
    }

    /// As [`Lowering::reserve`], for whole numbers, of which each is as large as two floats.
    pub fn reserve_ints(&mut self, count: usize) -> Result<(), OnnxError> {
        self.reserve((count as u64).saturating_mul(2))
    }

    /// Packs a matrix of `bias.len()` outputs; `weight(k, j)` is what input k contributes to output j.
    pub fn matrix(
        &mut self,
        inputs: usize,
        bias: &[f32],
        weight: impl Fn(usize, usize) -> f32,
    ) -> Result<Arc<Matrix>, OnnxError> {
        self.reserve(bias.len().next_multiple_of(LANES) as u64 * (inputs as u64 + 1))?;
        Ok(Arc::new(Matrix::pack(self.path, &mut self.weights, inputs, bias, weight)))
    }

    /// The value of an operation: computed now where its operands are known, else by a step of the plan.
    pub fn emit(
        &mut self,
        node: &NodeView<'_>,
        op: Op,
        left: &Value,
        right: Option<&Value>,
        dims: Vec<usize>,
    ) -> Result<Value, OnnxError> {
        let len = self.elements(node, &dims)?;
        let known = match right {
            Some(right) => left.constant().zip(right.constant()),
            None => left.constant().map(|left| (left, [].as_slice())),
        };
        if let Some((left, right)) = known {
            let numbers = self.fold(node, &op, left, right, len)?;
            return Ok(Value { dims, source: Source::Constant(numbers) });
        }
        let span = self.allocate(len, op.padded_len(len))?;
        self.push(op, left, right, span)?;
        Ok(Value { dims, source: Source::Arena(span) })
    }

    /// Lays out a value of these dimensions and fills it with the parts, one after the other.
    pub fn join(&mut self, parts: &[&Value], dims: Vec<usize>) -> Result<Value, OnnxError> {
        let len = dims.iter().product();
        let whole = self.allocate(len, len)?;
        let mut start = whole.start;
        for part in parts {
            let span = Span { start, len: part.len() };
            self.push(Op::Pick { first: 0, stride: 1 }, part, None, span)?;
            start += part.len();
        }
        Ok(Value { dims, source: Source::Arena(whole) })
    }

    pub fn into_plan(self, inputs: Vec<Fed>, outputs: Vec<Read>, states: Vec<State>) -> Plan {
        Plan {
            cpu_path: self.path,
            steps: self.steps,
            constants: Constants { floats: self.constants, weights: Weights::new(self.weights) },
            arena_len: self.arena_len,
            inputs,
            outputs,
            states,
            macs: self.macs,
            parameters: self.parameters,
        }
    }

    /// Runs the same kernel at load; at the baseline, since the path makes no difference to the bits.
    fn fold(
        &mut self,
        node: &NodeView<'_>,
        op: &Op,
        left: &[f32],
        right: &[f32],
        len: usize,
    ) -> Result<Numbers, OnnxError> {
        let padded = op.padded_len(len);
        self.reserve(padded as u64)?;
        let mut out = vec![0.0; padded];
        kernels::apply::<kernels::Scalar>(op, &self.weights, left, right, &mut out);
        out.truncate(len);
        tensor::require_finite(&node.label, &out)?;
        Ok(Numbers::Floats(out.into()))
    }

    fn push(&mut self, op: Op, left: &Value, right: Option<&Value>, output: Span) -> Result<(), OnnxError> {
        if let Op::Matvec(matrix) = &op {
            self.macs += matrix.inputs as u64 * output.len as u64;
        }
        self.reserve_steps(1)?;
        let left = self.operand(left)?;
        let right = right.map_or(Ok(Operand::NONE), |right| self.operand(right))?;
        let output = Span { start: output.start, len: op.padded_len(output.len) };
        self.steps.push(Step { op, left, right, output });
        Ok(())
    }

    /// Where a step finds the value when the plan runs.
    pub fn operand(&mut self, value: &Value) -> Result<Operand, OnnxError> {
        match &value.source {
            Source::Arena(span) => Ok(Operand::Arena(*span)),
            Source::Constant(Numbers::Floats(floats)) => {
                self.reserve(floats.len() as u64)?;
                let span = Span { start: self.constants.len(), len: floats.len() };
                self.constants.extend_from_slice(floats);
                Ok(Operand::Constant(span))
            }
            // Operators take their operands by `NodeView::floats`, so none arrives here.
            Source::Constant(Numbers::Ints(_)) => Ok(Operand::NONE),
        }
    }

    /// A stretch behind all others for `len` floats, with room for `padded`, beginning at a whole line.
    fn allocate(&mut self, len: usize, padded: usize) -> Result<Span, OnnxError> {
        self.reserve(padded as u64)?;
        let span = Span { start: self.arena_len, len };
        self.arena_len += padded.next_multiple_of(LANES);
        Ok(span)
    }
}
