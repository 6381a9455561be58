//! From ONNX nodes to steps: shapes checked, constants folded, weights packed, memory laid out.

mod arrange;
mod elementwise;
mod linear;
mod lowering;
mod node;
mod value;
mod window;

pub use lowering::Lowering;
pub use node::NodeView;
pub use value::{Source, Value};

use crate::error::OnnxError;

/// The values a node gives, one for each of its outputs.
pub fn lower(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Vec<Value>, OnnxError> {
    if !node.node.domain.is_empty() && node.node.domain != "ai.onnx" {
        return Err(node.unsupported("only ONNX's own operators are"));
    }
    if node.node.op_type == "Split" {
        return arrange::split(lowering, node);
    }
    let value = match node.node.op_type.as_str() {
        "Gemm" => linear::gemm(lowering, node),
        "MatMul" => linear::matmul(lowering, node),
        "Add" | "Sub" | "Mul" | "Div" => elementwise::zip(lowering, node),
        "Abs" | "Relu" | "Elu" | "Tanh" | "Sigmoid" | "Swish" | "Clip" => elementwise::map(lowering, node),
        "Slice" => arrange::slice(lowering, node),
        "Concat" => arrange::concat(lowering, node),
        "Constant" => arrange::constant(lowering, node),
        "Identity" => arrange::identity(node),
        "Flatten" => arrange::flatten(node),
        "Reshape" => arrange::reshape(node),
        _ => Err(node.unsupported("it is none of those a gait policy is made of")),
    }?;
    match node.node.output.len() {
        1 => Ok(vec![value]),
        count => Err(node.invalid(format!("expected 1 output, found {count}"))),
    }
}
