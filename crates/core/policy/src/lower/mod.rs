//! From ONNX nodes to steps: shapes checked, constants folded, weights packed, memory laid out.

mod arrange;
mod choose;
mod convolve;
mod elementwise;
mod layout;
mod linear;
mod lowering;
mod node;
mod normalise;
mod recurrent;
mod reduce;
mod rows;
mod shape;
mod value;

pub use lowering::Lowering;
pub use node::NodeView;
pub use value::{Source, Value};

use crate::error::OnnxError;
use crate::proto;

/// What gives the one value of an operator.
type Rule = fn(&mut Lowering, &NodeView<'_>) -> Result<Value, OnnxError>;

/// What gives the values of an operator that has several.
type RuleOfSeveral = fn(&mut Lowering, &NodeView<'_>) -> Result<Vec<Value>, OnnxError>;

fn rule_of_several(operator: &str) -> Option<RuleOfSeveral> {
    Some(match operator {
        "Split" => arrange::split,
        "GRU" => recurrent::gru,
        "LSTM" => recurrent::lstm,
        _ => return None,
    })
}

fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Gemm" => linear::gemm,
        "MatMul" => linear::matmul,
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "PRelu" => elementwise::zip,
        "Sum" | "Max" | "Min" => elementwise::zip_all,
        "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" | "Equal" | "And" | "Or" => choose::compare,
        "Not" => choose::not,
        "Where" => choose::choose,
        "Conv" => convolve::conv,
        "Clip" => elementwise::clip,
        map if elementwise::is_map(map) => elementwise::map,
        reduction if reduce::of(reduction).is_some() => reduce::reduce,
        "Softmax" => normalise::softmax,
        "LayerNormalization" => normalise::layer,
        "RMSNormalization" => normalise::root_mean_square,
        "BatchNormalization" => normalise::batch,
        "Cast" => shape::cast,
        "Shape" => |_, node| shape::shape(node),
        "Squeeze" => |_, node| shape::squeeze(node),
        "Unsqueeze" => |_, node| shape::unsqueeze(node),
        "Transpose" => shape::transpose,
        "Gather" => shape::gather,
        "Expand" => shape::expand,
        "ConstantOfShape" => shape::constant_of_shape,
        "Slice" => arrange::slice,
        "Concat" => arrange::concat,
        "Constant" => arrange::constant,
        "Identity" | "Dropout" => |_, node| arrange::identity(node),
        "Flatten" => arrange::flatten,
        "Reshape" => arrange::reshape,
        _ => return None,
    })
}

/// Refuses an operator that is run by nothing here, whatever it is given.
pub fn require_known(node: &NodeView<'_>) -> Result<(), OnnxError> {
    if !proto::is_of_onnx(&node.node.domain) {
        return Err(node.unsupported("only ONNX's own operators are"));
    }
    match node.node.op_type.as_str() {
        several if rule_of_several(several).is_some() => Ok(()),
        known if rule(known).is_some() => Ok(()),
        random if is_random(random) => Err(node.unsupported(RANDOM)),
        _ => Err(node.unsupported("it is none of those a gait policy is made of")),
    }
}

/// Why no policy may roll dice.
const RANDOM: &str =
    "it is random: the same observation would give another action each time; export the mean action";

fn is_random(operator: &str) -> bool {
    operator.starts_with("Random") || matches!(operator, "Bernoulli" | "Multinomial")
}

/// The values a node gives, one for each of its outputs.
pub fn lower(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Vec<Value>, OnnxError> {
    require_known(node)?;
    let values = match (rule(&node.node.op_type), rule_of_several(&node.node.op_type)) {
        (Some(rule), _) => vec![rule(lowering, node)?],
        (None, Some(rule)) => rule(lowering, node)?,
        (None, None) => Vec::new(),
    };
    match node.node.output.len() {
        count if (1..=values.len()).contains(&count) => Ok(values),
        count => Err(node.invalid(format!("expected 1 to {} outputs, found {count}", values.len()))),
    }
}
