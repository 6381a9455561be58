//! Comparisons, and what is chosen by them. True is one, false is zero.

use super::elementwise::pair;
use super::layout::pairs_of_ints;
use super::{Lowering, NodeView, Source, Value};
use crate::error::OnnxError;
use crate::ir::Zip;
use crate::tensor::Numbers;

/// Comparisons of two values, and what two comparisons come to together.
pub fn compare(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["broadcast"])?;
    node.require_inputs(2, 2)?;
    if let (Some(left), Some(right)) = (node.any(0)?.constant_ints(), node.any(1)?.constant_ints()) {
        return whole_numbers(lowering, node, left, right);
    }
    let (left, right) = (node.any_floats(0)?, node.any_floats(1)?);
    let (op, left, right) = match node.node.op_type.as_str() {
        "Less" => (Zip::Less, left, right),
        "Greater" => (Zip::Less, right, left),
        "LessOrEqual" => (Zip::LessOrEqual, left, right),
        "GreaterOrEqual" => (Zip::LessOrEqual, right, left),
        "Equal" => (Zip::Equal, left, right),
        "And" => (Zip::KeepWhere, left, right),
        _ => (Zip::Merge, left, right),
    };
    pair(lowering, node, op, left, right)
}

/// Comparisons of known whole numbers, as exporters do it with the dimensions of a shape.
fn whole_numbers(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    left: &[i64],
    right: &[i64],
) -> Result<Value, OnnxError> {
    let holds: fn(&i64, &i64) -> bool = match node.node.op_type.as_str() {
        "Less" => i64::lt,
        "Greater" => i64::gt,
        "LessOrEqual" => i64::le,
        "GreaterOrEqual" => i64::ge,
        "Equal" => i64::eq,
        _ => return Err(node.unsupported("int64")),
    };
    let (dims, pairs) = pairs_of_ints(lowering, node, left, right)?;
    let floats = pairs.map(|(left, right)| f32::from(holds(&left, &right))).collect();
    Ok(Value::from_floats(dims, floats))
}

/// True becomes false, and false true.
pub fn not(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&[])?;
    node.require_inputs(1, 1)?;
    pair(lowering, node, Zip::KeepUnless, node.any_floats(0)?, &one())
}

/// True where a number is not zero.
pub fn is_not_zero(lowering: &mut Lowering, node: &NodeView<'_>, value: &Value) -> Result<Value, OnnxError> {
    pair(lowering, node, Zip::KeepWhere, value, &one())
}

/// The second where the first is true, the third where it is false.
pub fn choose(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&[])?;
    node.require_inputs(3, 3)?;
    let condition = node.any_floats(0)?;
    if let (Some(left), Some(right)) = (node.any(1)?.constant_ints(), node.any(2)?.constant_ints()) {
        return choose_ints(lowering, node, condition, left, right);
    }
    let kept = pair(lowering, node, Zip::KeepWhere, condition, node.floats(1)?)?;
    let other = pair(lowering, node, Zip::KeepUnless, condition, node.floats(2)?)?;
    pair(lowering, node, Zip::Merge, &kept, &other)
}

fn choose_ints(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    condition: &Value,
    left: &[i64],
    right: &[i64],
) -> Result<Value, OnnxError> {
    let known = condition.constant().ok_or_else(|| node.unsupported("int64 by what is not known"))?;
    let len = known.len().max(left.len()).max(right.len());
    if [known.len(), left.len(), right.len()].iter().any(|own| ![1, len].contains(own)) {
        return Err(node.unsupported("int64 of several dimensions"));
    }
    lowering.reserve_ints(len)?;
    let at = |of: &[i64], index: usize| of[index % of.len()];
    let choose = |index| match known[index % known.len()] {
        0.0 => at(right, index),
        _ => at(left, index),
    };
    let ints: Vec<i64> = (0..len).map(choose).collect();
    let dims = if len == 1 { vec![] } else { vec![len] };
    Ok(Value { dims, source: Source::Constant(Numbers::Ints(ints.into())) })
}

fn one() -> Value {
    Value::from_floats(vec![], vec![1.0])
}
