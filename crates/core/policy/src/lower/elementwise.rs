//! Operators on each element or each pair of elements.

use super::{Lowering, NodeView, Value};
use crate::error::OnnxError;
use crate::ir::{Map, Op, Zip};

/// Add, Sub, Mul, Div, with operands of the same length or one of them a single number.
pub fn zip(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    // Before version 7 an attribute allowed what is always allowed since; without `axis` it means the same.
    node.allow_attributes(&["broadcast", "consumed_inputs"])?;
    node.require_inputs(2, 2)?;
    let (left, right) = (node.floats(0)?, node.floats(1)?);
    let op = match node.node.op_type.as_str() {
        "Add" => Zip::Add,
        "Sub" => Zip::Sub,
        "Mul" => Zip::Mul,
        _ => Zip::Div,
    };
    let dims = broadcast(&left.dims, &right.dims).ok_or_else(|| {
        node.mismatch(
            "the right operand",
            format!("{:?} or one number", left.dims),
            format!("{:?}", right.dims),
        )
    })?;
    lowering.emit(node, Op::Zip(op), left, Some(right), dims)
}

/// Operators with one operand.
pub fn map(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    let attributes: &[&str] = match node.node.op_type.as_str() {
        "Elu" | "Swish" => &["alpha", "consumed_inputs"],
        "Clip" => &["min", "max", "consumed_inputs"],
        _ => &["consumed_inputs"],
    };
    node.allow_attributes(attributes)?;
    node.require_inputs(1, if node.node.op_type == "Clip" { 3 } else { 1 })?;
    let value = node.floats(0)?;
    let op = match node.node.op_type.as_str() {
        "Abs" => Map::Abs,
        "Relu" => Map::Relu,
        "Elu" => Map::Elu { alpha: node.float("alpha")?.unwrap_or(1.0) },
        "Tanh" => Map::Tanh,
        "Sigmoid" => Map::Sigmoid,
        "Swish" => Map::Swish { alpha: node.float("alpha")?.unwrap_or(1.0) },
        _ => Map::Clip {
            low: bound(node, "min", 1)?.unwrap_or(f32::NEG_INFINITY),
            high: bound(node, "max", 2)?.unwrap_or(f32::INFINITY),
        },
    };
    lowering.emit(node, Op::Map(op), value, None, value.dims.clone())
}

/// A bound of Clip: an attribute before version 11, an input since, both optional. An infinite one bounds nothing.
fn bound(node: &NodeView<'_>, name: &str, input: usize) -> Result<Option<f32>, OnnxError> {
    let found = match node.optional(input) {
        None => node.any_float(name)?,
        Some(_) => match node.any_floats(input)?.constant() {
            Some([bound]) => Some(*bound),
            Some(many) => return Err(node.mismatch(name, "one number", many.len().to_string())),
            None => return Err(node.unsupported(format!("{name} that is not constant"))),
        },
    };
    match found {
        Some(bound) if bound.is_nan() => Err(node.invalid(format!("{name} is not a number"))),
        _ => Ok(found),
    }
}

/// The dimensions of the result where one operand is a single number or both have the same after leading ones.
fn broadcast(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let single = |dims: &[usize]| dims.iter().all(|&dim| dim == 1);
    let kept = match (significant(left), significant(right)) {
        (left, right) if left == right => left,
        (left, _) if single(right) => left,
        (_, right) if single(left) => right,
        _ => return None,
    };
    let rank = left.len().max(right.len());
    Some(std::iter::repeat_n(1, rank - kept.len()).chain(kept.iter().copied()).collect())
}

/// Without the leading ones.
fn significant(dims: &[usize]) -> &[usize] {
    let ones = dims.iter().take_while(|&&dim| dim == 1).count();
    &dims[ones..]
}
