//! Operators that bring a row to a common scale, in steps of the others.

use super::elementwise::{each, pair};
use super::reduce::row_to_one;
use super::rows::each_row;
use super::{Lowering, NodeView, Value};
use crate::error::OnnxError;
use crate::ir::{Map, Reduce, Zip};

/// Of LayerNormalization and RMSNormalization, where none is said.
const EPSILON: f32 = 1e-5;

/// `exp(x - max) / sum`.
pub fn softmax(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axis"])?;
    node.require_inputs(1, 1)?;
    let value = node.floats(0)?;
    node.require_last_axis(node.int("axis")?.unwrap_or(-1), value)?;
    each_row(lowering, node, value, |lowering, row| {
        let most = row_to_one(lowering, node, Reduce::Max, row)?;
        let shifted = pair(lowering, node, Zip::Sub, row, &most)?;
        let powers = each(lowering, node, Map::Exp, &shifted)?;
        let sum = row_to_one(lowering, node, Reduce::Sum, &powers)?;
        pair(lowering, node, Zip::Div, &powers, &sum)
    })
}

/// `(x - mean) / √(variance + epsilon) · scale + bias`.
pub fn layer(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    let value = normalised(node, 3)?;
    let bias = node.optional(2).map(|_| node.floats(2)).transpose()?;
    each_row(lowering, node, value, |lowering, row| {
        let mean = row_to_one(lowering, node, Reduce::Mean, row)?;
        let centred = pair(lowering, node, Zip::Sub, row, &mean)?;
        let scaled = by_root_mean_square(lowering, node, &centred)?;
        match bias {
            Some(bias) => pair(lowering, node, Zip::Add, &scaled, bias),
            None => Ok(scaled),
        }
    })
}

/// `x / √(mean of squares + epsilon) · scale`.
pub fn root_mean_square(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    let value = normalised(node, 2)?;
    each_row(lowering, node, value, |lowering, row| by_root_mean_square(lowering, node, row))
}

/// `(x - mean) · (scale / √(variance + epsilon)) + bias` of each channel, which is the second axis; all constant.
pub fn batch(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&[
        "epsilon",
        "momentum",
        "training_mode",
        "spatial",
        "is_test",
        "consumed_inputs",
    ])?;
    node.require_inputs(5, 5)?;
    if node.int("training_mode")?.unwrap_or(0) != 0 {
        return Err(node.unsupported("training_mode"));
    }
    let value = node.floats(0)?;
    let &[_, channels, ref rest @ ..] = value.dims.as_slice() else {
        return Err(node.mismatch("the input", "[1, n] or [1, n, ...]", format!("{:?}", value.dims)));
    };
    let per_channel: Vec<usize> = [channels].into_iter().chain(rest.iter().map(|_| 1)).collect();
    let constant = |index, what| match node.floats(index)?.constant() {
        Some(numbers) if numbers.len() == channels => {
            Ok(Value::from_floats(per_channel.clone(), numbers.to_vec()))
        }
        found => {
            let found = found.map_or("no constant".to_owned(), |numbers| numbers.len().to_string());
            Err(node.mismatch(what, format!("{channels} constant numbers"), found))
        }
    };
    let (scale, bias) = (constant(1, "the scale")?, constant(2, "the bias")?);
    let (mean, variance) = (constant(3, "the mean")?, constant(4, "the variance")?);
    let epsilon = Value::from_floats(vec![], vec![node.float("epsilon")?.unwrap_or(EPSILON)]);
    let variance = pair(lowering, node, Zip::Add, &variance, &epsilon)?;
    let deviation = each(lowering, node, Map::Sqrt, &variance)?;
    let factor = pair(lowering, node, Zip::Div, &scale, &deviation)?;
    let centred = pair(lowering, node, Zip::Sub, value, &mean)?;
    let scaled = pair(lowering, node, Zip::Mul, &centred, &factor)?;
    pair(lowering, node, Zip::Add, &scaled, &bias)
}

/// The value of a normalisation along its last axis, after its attributes were looked at.
fn normalised<'a>(node: &'a NodeView<'_>, most_inputs: usize) -> Result<&'a Value, OnnxError> {
    node.allow_attributes(&["axis", "epsilon", "stash_type"])?;
    node.require_inputs(2, most_inputs)?;
    let value = node.floats(0)?;
    node.require_last_axis(node.int("axis")?.unwrap_or(-1), value)?;
    Ok(value)
}

/// `row / √(mean of squares + epsilon) · scale`, the scale being input 1.
fn by_root_mean_square(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    row: &Value,
) -> Result<Value, OnnxError> {
    let epsilon = Value::from_floats(vec![], vec![node.float("epsilon")?.unwrap_or(EPSILON)]);
    let squares = pair(lowering, node, Zip::Mul, row, row)?;
    let mean = row_to_one(lowering, node, Reduce::Mean, &squares)?;
    let raised = pair(lowering, node, Zip::Add, &mean, &epsilon)?;
    let root = each(lowering, node, Map::Sqrt, &raised)?;
    let scaled = pair(lowering, node, Zip::Div, row, &root)?;
    pair(lowering, node, Zip::Mul, &scaled, node.floats(1)?)
}
