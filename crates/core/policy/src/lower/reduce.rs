//! Operators that make one number of a row.

use super::{Lowering, NodeView, Value};
use crate::error::OnnxError;
use crate::ir::{Op, Reduce};

/// What the operator makes of a row.
pub fn of(operator: &str) -> Option<Reduce> {
    Some(match operator {
        "ReduceSum" => Reduce::Sum,
        "ReduceMean" => Reduce::Mean,
        "ReduceL1" => Reduce::L1,
        "ReduceL2" => Reduce::L2,
        "ReduceSumSquare" => Reduce::SumSquare,
        "ReduceMax" => Reduce::Max,
        "ReduceMin" => Reduce::Min,
        _ => return None,
    })
}

/// Over the row, and over any of the axes before it, which have one element.
pub fn reduce(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axes", "keepdims", "noop_with_empty_axes"])?;
    node.require_inputs(1, 2)?;
    let reduction = of(&node.node.op_type).ok_or_else(|| node.unsupported("unknown"))?;
    let (row, _) = node.row(0)?;
    let rank = row.dims.len();
    let axes = node.ints("axes", 1)?.unwrap_or_default();
    if axes.is_empty() && node.int("noop_with_empty_axes")?.unwrap_or(0) != 0 {
        return Err(node.unsupported("noop_with_empty_axes"));
    }
    let mut is_reduced = vec![axes.is_empty(); rank];
    for axis in axes {
        is_reduced[node.axis(axis, rank)?] = true;
    }
    if is_reduced.last() == Some(&false) {
        return Err(node.unsupported("axes without the last, along which the row lies"));
    }
    let keeps = node.int("keepdims")?.unwrap_or(1) != 0;
    let dims = is_reduced.iter().filter(|is_reduced| keeps || !**is_reduced).map(|_| 1).collect();
    whole(lowering, node, reduction, row, dims)
}

/// What the row comes to, with these dimensions.
pub fn whole(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    reduction: Reduce,
    row: &Value,
    dims: Vec<usize>,
) -> Result<Value, OnnxError> {
    lowering.emit(node, Op::Reduce(reduction), row, None, dims)
}
