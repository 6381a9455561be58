//! Gemm and MatMul: rows times a constant matrix.

use super::rows::each_row;
use super::{Lowering, NodeView, Value};
use crate::error::OnnxError;
use crate::ir::Op;
use crate::tensor;

/// `alpha row · B + beta C`.
///
/// `alpha` and `beta` are multiplied into the weights and the bias at load, each product rounded to float32; the sum
/// of each output then begins with its bias.
pub fn gemm(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["alpha", "beta", "transA", "transB"])?;
    node.require_inputs(2, 3)?;
    if node.int("transA")?.unwrap_or(0) != 0 {
        return Err(node.unsupported("transA"));
    }
    let transposed = node.int("transB")?.unwrap_or(0) != 0;
    let weights = scaled(node, require_constant(node, 1)?, node.float("alpha")?)?;
    let bias = match node.optional(2) {
        Some(_) => Some(scaled(node, require_constant(node, 2)?, node.float("beta")?)?),
        None => None,
    };
    product(lowering, node, &weights, bias.as_ref(), transposed)
}

/// `row · B`.
pub fn matmul(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&[])?;
    node.require_inputs(2, 2)?;
    product(lowering, node, require_constant(node, 1)?, None, false)
}

fn product(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    weights: &Value,
    bias: Option<&Value>,
    transposed: bool,
) -> Result<Value, OnnxError> {
    let rows = node.floats(0)?;
    let found = rows.dims.last().copied().unwrap_or(0);
    let (inputs, outputs) = match weights.dims[..] {
        [outputs, inputs] if transposed => (inputs, outputs),
        [inputs, outputs] => (inputs, outputs),
        _ => return Err(node.mismatch("the matrix", "two dimensions", format!("{:?}", weights.dims))),
    };
    if found != inputs || outputs == 0 {
        return Err(node.mismatch(
            "the row times the matrix",
            format!("{inputs} by n > 0"),
            format!("{found} by {outputs}"),
        ));
    }
    let bias = full_bias(node, bias, outputs)?;
    let numbers = weights.constant().unwrap_or_default();
    let matrix = lowering
        .matrix(inputs, &bias, |k, j| numbers[if transposed { j * inputs + k } else { k * outputs + j }])?;
    each_row(lowering, node, rows, |lowering, row| {
        lowering.emit(node, Op::Matvec(matrix.clone()), row, None, vec![1, outputs])
    })
}

/// The bias of each output: zero without one, repeated where it is a single number.
pub fn full_bias(node: &NodeView<'_>, bias: Option<&Value>, outputs: usize) -> Result<Vec<f32>, OnnxError> {
    let Some(bias) = bias else {
        return Ok(vec![0.0; outputs]);
    };
    let numbers = bias.constant().unwrap_or_default();
    match numbers {
        [one] if bias.dims.len() <= 2 => Ok(vec![*one; outputs]),
        _ if bias.row_len() == Some(outputs) && bias.dims.len() <= 2 => Ok(numbers.to_vec()),
        _ => Err(node.mismatch("the bias", format!("[{outputs}]"), format!("{:?}", bias.dims))),
    }
}

pub fn require_constant<'a>(node: &'a NodeView<'_>, index: usize) -> Result<&'a Value, OnnxError> {
    let value = node.floats(index)?;
    match value.constant() {
        Some(_) => Ok(value),
        None => Err(node.unsupported(format!("input {index} that is not constant"))),
    }
}

/// The constant times the factor, the constant itself where there is none.
fn scaled(node: &NodeView<'_>, value: &Value, factor: Option<f32>) -> Result<Value, OnnxError> {
    let (Some(factor), Some(numbers)) = (factor, value.constant()) else {
        return Ok(value.clone());
    };
    let products: Vec<f32> = numbers.iter().map(|number| factor * number).collect();
    tensor::require_finite(&node.label, &products)?;
    Ok(Value::from_floats(value.dims.clone(), products))
}
