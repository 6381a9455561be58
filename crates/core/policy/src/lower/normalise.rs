//! Operators that bring a row to a common scale, in steps of the others.

use super::elementwise::{each, pair};
use super::reduce::whole;
use super::{Lowering, NodeView, Value};
use crate::error::OnnxError;
use crate::ir::{Map, Reduce, Zip};

/// Of LayerNormalization and RMSNormalization, where none is said.
const EPSILON: f32 = 1e-5;

/// `exp(x - max) / sum`.
pub fn softmax(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axis"])?;
    node.require_inputs(1, 1)?;
    let (row, _) = node.row(0)?;
    node.require_last_axis(node.int("axis")?.unwrap_or(-1), row)?;
    let most = row_to_one(lowering, node, Reduce::Max, row)?;
    let shifted = pair(lowering, node, Zip::Sub, row, &most)?;
    let powers = each(lowering, node, Map::Exp, &shifted)?;
    let sum = row_to_one(lowering, node, Reduce::Sum, &powers)?;
    pair(lowering, node, Zip::Div, &powers, &sum)
}

/// `(x - mean) / √(variance + epsilon) · scale + bias`.
pub fn layer(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    let row = normalised(node, &["axis", "epsilon", "stash_type"], 3)?;
    let mean = row_to_one(lowering, node, Reduce::Mean, row)?;
    let centred = pair(lowering, node, Zip::Sub, row, &mean)?;
    let scaled = by_root_mean_square(lowering, node, &centred)?;
    match node.optional(2) {
        Some(_) => pair(lowering, node, Zip::Add, &scaled, node.floats(2)?),
        None => Ok(scaled),
    }
}

/// `x / √(mean of squares + epsilon) · scale`.
pub fn root_mean_square(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    let row = normalised(node, &["axis", "epsilon", "stash_type"], 2)?.clone();
    by_root_mean_square(lowering, node, &row)
}

/// `(x - mean) · (scale / √(variance + epsilon)) + bias`, all of them constant.
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
    let (row, len) = node.row(0)?;
    if row.dims.len() != 2 {
        return Err(node.unsupported(format!("{} dimensions; [1, n] is", row.dims.len())));
    }
    let epsilon = Value::from_floats(vec![], vec![node.float("epsilon")?.unwrap_or(EPSILON)]);
    for (index, what) in [(1, "the scale"), (2, "the bias"), (3, "the mean"), (4, "the variance")] {
        let found = node.floats(index)?.constant().map(<[f32]>::len);
        if found != Some(len) {
            let found = found.map_or("no constant".to_owned(), |len| len.to_string());
            return Err(node.mismatch(what, format!("{len} constant numbers"), found));
        }
    }
    let variance = pair(lowering, node, Zip::Add, node.floats(4)?, &epsilon)?;
    let deviation = each(lowering, node, Map::Sqrt, &variance)?;
    let factor = pair(lowering, node, Zip::Div, node.floats(1)?, &deviation)?;
    let centred = pair(lowering, node, Zip::Sub, row, node.floats(3)?)?;
    let scaled = pair(lowering, node, Zip::Mul, &centred, &factor)?;
    pair(lowering, node, Zip::Add, &scaled, node.floats(2)?)
}

/// The row of a normalisation, after its attributes were looked at.
fn normalised<'a>(
    node: &'a NodeView<'_>,
    attributes: &[&str],
    most_inputs: usize,
) -> Result<&'a Value, OnnxError> {
    node.allow_attributes(attributes)?;
    node.require_inputs(2, most_inputs)?;
    let (row, _) = node.row(0)?;
    node.require_last_axis(node.int("axis")?.unwrap_or(-1), row)?;
    Ok(row)
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

fn row_to_one(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    reduction: Reduce,
    row: &Value,
) -> Result<Value, OnnxError> {
    whole(lowering, node, reduction, row, vec![1; row.dims.len()])
}
