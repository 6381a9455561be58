//! GRU and LSTM, one step of time: a row and a state to the next state, in steps of the other operators.
//!
//! Each gate is one product with the row and one with the state, each with its own bias, and their sum.

use super::elementwise::{each, pair};
use super::{Lowering, NodeView, Value};
use crate::error::OnnxError;
use crate::ir::{Map, Op, Zip};

/// Inputs of both operators.
const WEIGHTS: usize = 1;
const RECURRENT: usize = 2;
const BIAS: usize = 3;
const LENGTHS: usize = 4;
const HIDDEN: usize = 5;
const CELL: usize = 6;

/// Y and the last hidden state, which are the same numbers.
pub fn gru(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Vec<Value>, OnnxError> {
    let gates = Gates::of(node, 3, &["linear_before_reset"], HIDDEN)?;
    let before = gates.state(HIDDEN)?;
    let [update, reset, new] = [0, 1, 2];
    let update = gates.gate(lowering, update, &before, Map::Sigmoid)?;
    let reset = gates.gate(lowering, reset, &before, Map::Sigmoid)?;
    let of_row = gates.of_row(lowering, new)?;
    let of_state = if node.int("linear_before_reset")?.unwrap_or(0) != 0 {
        let of_state = gates.of_state(lowering, new, &before)?;
        pair(lowering, node, Zip::Mul, &reset, &of_state)?
    } else {
        let kept = pair(lowering, node, Zip::Mul, &reset, &before)?;
        gates.of_state(lowering, new, &kept)?
    };
    let sum = pair(lowering, node, Zip::Add, &of_row, &of_state)?;
    let new = each(lowering, node, Map::Tanh, &sum)?;
    // (1 - z) · new + z · before
    let one = Value::from_floats(vec![], vec![1.0]);
    let rest = pair(lowering, node, Zip::Sub, &one, &update)?;
    let new = pair(lowering, node, Zip::Mul, &rest, &new)?;
    let kept = pair(lowering, node, Zip::Mul, &update, &before)?;
    let hidden = pair(lowering, node, Zip::Add, &new, &kept)?;
    Ok(outputs(node, &hidden, None))
}

/// Y, the last hidden state, which is the same numbers, and the last cell state.
pub fn lstm(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Vec<Value>, OnnxError> {
    let gates = Gates::of(node, 4, &["input_forget"], CELL)?;
    if node.int("input_forget")?.unwrap_or(0) != 0 {
        return Err(node.unsupported("input_forget"));
    }
    let (before, cell) = (gates.state(HIDDEN)?, gates.state(CELL)?);
    let [input, output, forget, new] = [0, 1, 2, 3];
    let input = gates.gate(lowering, input, &before, Map::Sigmoid)?;
    let output = gates.gate(lowering, output, &before, Map::Sigmoid)?;
    let forget = gates.gate(lowering, forget, &before, Map::Sigmoid)?;
    let new = gates.gate(lowering, new, &before, Map::Tanh)?;
    let kept = pair(lowering, node, Zip::Mul, &forget, &cell)?;
    let added = pair(lowering, node, Zip::Mul, &input, &new)?;
    let cell = pair(lowering, node, Zip::Add, &kept, &added)?;
    let bounded = each(lowering, node, Map::Tanh, &cell)?;
    let hidden = pair(lowering, node, Zip::Mul, &output, &bounded)?;
    Ok(outputs(node, &hidden, Some(&cell)))
}

/// The weights of all gates, checked.
struct Gates<'a> {
    node: &'a NodeView<'a>,
    row: &'a Value,
    count: usize,
    inputs: usize,
    hidden: usize,
}

impl<'a> Gates<'a> {
    fn of(
        node: &'a NodeView<'_>,
        count: usize,
        more: &[&str],
        last_input: usize,
    ) -> Result<Gates<'a>, OnnxError> {
        let known = ["hidden_size", "direction", "layout", "output_sequence"];
        node.allow_attributes(&[&known[..], more].concat())?;
        node.require_inputs(RECURRENT + 1, last_input + 1)?;
        if let Some(direction) = node.text("direction")?.filter(|direction| direction != "forward") {
            return Err(node.unsupported(format!("direction {direction}")));
        }
        if node.optional(LENGTHS).is_some_and(|lengths| lengths.constant_ints() != Some(&[1])) {
            return Err(node.unsupported("sequence_lens; one step of time is"));
        }
        // The step of time, the batch, and the row: a row, whatever the layout.
        let (row, inputs) = node.row(0)?;
        let dims = &node.floats(RECURRENT)?.dims;
        let hidden = match dims.as_slice() {
            [1, _, hidden] if *hidden > 0 => *hidden,
            _ => return Err(node.mismatch("the recurrent weights", "[1, n, hidden]", format!("{dims:?}"))),
        };
        let gates = Gates { node, row, count, inputs, hidden };
        gates.require(WEIGHTS, "the weights", &[1, count * hidden, inputs])?;
        gates.require(RECURRENT, "the recurrent weights", &[1, count * hidden, hidden])?;
        if node.optional(BIAS).is_some() {
            gates.require(BIAS, "the bias", &[1, 2 * count * hidden])?;
        }
        Ok(gates)
    }

    fn require(&self, input: usize, what: &str, expected: &[usize]) -> Result<(), OnnxError> {
        let value = self.node.floats(input)?;
        if value.constant().is_none() {
            return Err(self.node.unsupported(format!("{what} that are not constant")));
        }
        if value.dims != expected {
            return Err(self.node.mismatch(what, format!("{expected:?}"), format!("{:?}", value.dims)));
        }
        Ok(())
    }

    /// A state before this step; zero where none is given.
    fn state(&self, input: usize) -> Result<Value, OnnxError> {
        let Some(given) = self.node.optional(input) else {
            return Ok(Value::from_floats(vec![1, 1, self.hidden], vec![0.0; self.hidden]));
        };
        if given.row_len() != Some(self.hidden) {
            let expected = format!("[1, 1, {}]", self.hidden);
            return Err(self.node.mismatch("the state", expected, format!("{:?}", given.dims)));
        }
        self.node.floats(input).cloned()
    }

    /// `function(row · W + bias + state · R + bias)` of one gate.
    fn gate(
        &self,
        lowering: &mut Lowering,
        gate: usize,
        state: &Value,
        function: Map,
    ) -> Result<Value, OnnxError> {
        let of_row = self.of_row(lowering, gate)?;
        let of_state = self.of_state(lowering, gate, state)?;
        let sum = pair(lowering, self.node, Zip::Add, &of_row, &of_state)?;
        each(lowering, self.node, function, &sum)
    }

    fn of_row(&self, lowering: &mut Lowering, gate: usize) -> Result<Value, OnnxError> {
        self.product(lowering, self.row, (WEIGHTS, self.inputs), (gate, 0))
    }

    fn of_state(&self, lowering: &mut Lowering, gate: usize, state: &Value) -> Result<Value, OnnxError> {
        self.product(lowering, state, (RECURRENT, self.hidden), (gate, self.count))
    }

    /// A row times the part of the weights that is the gate's; the biases of the state's lie `bias_behind` gates on.
    fn product(
        &self,
        lowering: &mut Lowering,
        row: &Value,
        (input, inputs): (usize, usize),
        (gate, bias_behind): (usize, usize),
    ) -> Result<Value, OnnxError> {
        let (node, hidden) = (self.node, self.hidden);
        let weights = node.floats(input)?.constant().unwrap_or_default();
        let bias = match node.optional(BIAS).and_then(Value::constant) {
            Some(all) => all[(gate + bias_behind) * hidden..][..hidden].to_vec(),
            None => vec![0.0; hidden],
        };
        let first = gate * hidden;
        let matrix = lowering.matrix(inputs, &bias, |k, j| weights[(first + j) * inputs + k])?;
        lowering.emit(node, Op::Matvec(matrix), row, None, vec![1, 1, hidden])
    }
}

/// As many as the node gives: Y with a dimension more, then the states.
fn outputs(node: &NodeView<'_>, hidden: &Value, cell: Option<&Value>) -> Vec<Value> {
    let y = Value { dims: vec![1, 1, 1, hidden.len()], source: hidden.source.clone() };
    let all = [Some(y), Some(hidden.clone()), cell.cloned()].into_iter().flatten();
    all.take(node.node.output.len()).collect()
}
