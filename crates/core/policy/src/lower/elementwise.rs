//! Operators on each element or each pair of elements.

use super::layout::{broadcast, pairs_of_ints, spread};
use super::{Lowering, NodeView, Source, Value};
use crate::error::OnnxError;
use crate::ir::{Map, Op, Zip};
use crate::tensor::Numbers;

/// Operators of two operands, each repeated along its axes of one.
pub fn zip(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    // Before version 7 an attribute allowed what is always allowed since; without `axis` it means the same.
    node.allow_attributes(&["broadcast", "consumed_inputs"])?;
    node.require_inputs(2, 2)?;
    if let (Some(left), Some(right)) = (node.any(0)?.constant_ints(), node.any(1)?.constant_ints()) {
        return whole_numbers(lowering, node, left, right);
    }
    let op = match node.node.op_type.as_str() {
        "Add" => Zip::Add,
        "Sub" => Zip::Sub,
        "Mul" => Zip::Mul,
        "Div" => Zip::Div,
        "Pow" => Zip::Pow,
        _ => Zip::PRelu,
    };
    pair(lowering, node, op, node.floats(0)?, node.floats(1)?)
}

/// Arithmetic of known whole numbers, as exporters do it with the dimensions of a shape.
fn whole_numbers(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    left: &[i64],
    right: &[i64],
) -> Result<Value, OnnxError> {
    let operation: fn(i64, i64) -> Option<i64> = match node.node.op_type.as_str() {
        "Add" => i64::checked_add,
        "Sub" => i64::checked_sub,
        "Mul" => i64::checked_mul,
        "Div" => i64::checked_div,
        _ => return Err(node.unsupported("int64")),
    };
    let (dims, pairs) = pairs_of_ints(lowering, node, left, right)?;
    let ints: Option<Vec<i64>> = pairs.map(|(left, right)| operation(left, right)).collect();
    let ints = ints.ok_or_else(|| node.invalid("its int64 overflow, or are divided by zero"))?;
    Ok(Value { dims, source: Source::Constant(Numbers::Ints(ints.into())) })
}

/// Operators of one operand or more: the first two, then what comes of them and the third, and so on.
pub fn zip_all(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["consumed_inputs"])?;
    node.require_inputs(1, usize::MAX)?;
    let op = match node.node.op_type.as_str() {
        "Sum" => Zip::Add,
        "Max" => Zip::Max,
        _ => Zip::Min,
    };
    let mut value = node.floats(0)?.clone();
    for index in 1..node.inputs.len() {
        value = pair(lowering, node, op, &value, node.floats(index)?)?;
    }
    Ok(value)
}

/// A function of two values.
pub fn pair(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    op: Zip,
    left: &Value,
    right: &Value,
) -> Result<Value, OnnxError> {
    let dims = broadcast(&left.dims, &right.dims).ok_or_else(|| {
        let expected = format!("what fits {:?}, axis by axis or one", left.dims);
        node.mismatch("the right operand", expected, format!("{:?}", right.dims))
    })?;
    let left = spread(lowering, node, left, &dims)?;
    let right = spread(lowering, node, right, &dims)?;
    lowering.emit(node, Op::Zip(op), &left, Some(&right), dims)
}

/// A function of each element.
pub fn each(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    op: Map,
    value: &Value,
) -> Result<Value, OnnxError> {
    lowering.emit(node, Op::Map(op), value, None, value.dims.clone())
}

/// Whether [`map`] knows the operator.
pub fn is_map(operator: &str) -> bool {
    attributes(operator).is_some()
}

/// The floats among the attributes of an operator with one operand, with what they are where left out.
fn attributes(operator: &str) -> Option<&'static [(&'static str, f32)]> {
    Some(match operator {
        "Abs" | "Neg" | "Reciprocal" | "Sqrt" | "Exp" | "Log" | "Sin" | "Cos" | "Erf" => &[],
        "Relu" | "Tanh" | "Sigmoid" | "Softplus" | "Softsign" | "Mish" | "HardSwish" | "Gelu" => &[],
        "Elu" | "Swish" => &[("alpha", 1.0)],
        "LeakyRelu" => &[("alpha", 0.01)],
        "Selu" => &[("alpha", 1.673_263_2), ("gamma", 1.050_701)],
        "HardSigmoid" => &[("alpha", 0.2), ("beta", 0.5)],
        _ => return None,
    })
}

/// Operators with one operand.
pub fn map(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    let operator = node.node.op_type.as_str();
    let floats = attributes(operator).unwrap_or_default();
    let names = floats.iter().map(|(name, _)| *name).chain(["consumed_inputs"]);
    let names: Vec<&str> = names.chain((operator == "Gelu").then_some("approximate")).collect();
    node.allow_attributes(&names)?;
    node.require_inputs(1, 1)?;
    let mut numbers = [0.0; 2];
    for (number, (name, otherwise)) in numbers.iter_mut().zip(floats) {
        *number = node.float(name)?.unwrap_or(*otherwise);
    }
    let [alpha, second] = numbers;
    let op = match operator {
        "Abs" => Map::Abs,
        "Neg" => Map::Neg,
        "Reciprocal" => Map::Reciprocal,
        "Sqrt" => Map::Sqrt,
        "Exp" => Map::Exp,
        "Log" => Map::Log,
        "Sin" => Map::Sin,
        "Cos" => Map::Cos,
        "Erf" => Map::Erf,
        "Relu" => Map::Relu,
        "Tanh" => Map::Tanh,
        "Sigmoid" => Map::Sigmoid,
        "Softplus" => Map::Softplus,
        "Softsign" => Map::Softsign,
        "Mish" => Map::Mish,
        "HardSwish" => Map::HardSwish,
        "Gelu" => gelu(node)?,
        "Elu" => Map::Elu { alpha },
        "Swish" => Map::Swish { alpha },
        "LeakyRelu" => Map::LeakyRelu { alpha },
        "Selu" => Map::Selu { alpha, gamma: second },
        _ => Map::HardSigmoid { alpha, beta: second },
    };
    each(lowering, node, op, node.floats(0)?)
}

/// Gelu as it is, or by the approximation that it names.
fn gelu(node: &NodeView<'_>) -> Result<Map, OnnxError> {
    match node.text("approximate")?.as_deref() {
        None | Some("none") => Ok(Map::Gelu),
        Some("tanh") => Ok(Map::GeluTanh),
        Some(other) => Err(node.unsupported(format!("the approximation {other:?}"))),
    }
}

/// Clip, whose bounds are constant.
pub fn clip(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["min", "max", "consumed_inputs"])?;
    node.require_inputs(1, 3)?;
    let op = Map::Clip {
        low: bound(node, "min", 1)?.unwrap_or(f32::NEG_INFINITY),
        high: bound(node, "max", 2)?.unwrap_or(f32::INFINITY),
    };
    each(lowering, node, op, node.floats(0)?)
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
