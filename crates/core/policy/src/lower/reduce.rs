//! Operators that make one number of several.

use super::layout::{Layout, lay_out};
use super::rows::each_row;
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

/// Over the axes that are named, or all.
pub fn reduce(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axes", "keepdims", "noop_with_empty_axes"])?;
    node.require_inputs(1, 2)?;
    let reduction = of(&node.node.op_type).ok_or_else(|| node.unsupported("unknown"))?;
    let value = node.floats(0)?;
    let rank = value.dims.len();
    let axes = node.ints("axes", 1)?.unwrap_or_default();
    if axes.is_empty() && node.int("noop_with_empty_axes")?.unwrap_or(0) != 0 {
        return Err(node.unsupported("noop_with_empty_axes"));
    }
    let mut is_reduced = vec![axes.is_empty(); rank];
    for axis in axes {
        is_reduced[node.axis(axis, rank)?] = true;
    }
    let keeps = node.int("keepdims")?.unwrap_or(1) != 0;
    let of_axis = |(axis, &is_reduced): (usize, &bool)| match is_reduced {
        true => keeps.then_some(1),
        false => Some(value.dims[axis]),
    };
    let dims = is_reduced.iter().enumerate().filter_map(of_axis).collect();
    let rows = reduced_last(lowering, node, value, &is_reduced)?;
    let found = each_row(lowering, node, &rows, |lowering, row| row_to_one(lowering, node, reduction, row))?;
    Ok(Value { dims, source: found.source })
}

/// The value with the axes that are reduced as one, behind all others.
fn reduced_last(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    value: &Value,
    is_reduced: &[bool],
) -> Result<Value, OnnxError> {
    let axes = |wanted: bool| (0..is_reduced.len()).filter(move |&axis| is_reduced[axis] == wanted);
    let order: Vec<usize> = axes(false).chain(axes(true)).collect();
    let turned = lay_out(lowering, node, value, &Layout::of(&value.dims).permuted(&order))?;
    let (kept, len): (Vec<usize>, usize) = (
        axes(false).map(|axis| value.dims[axis]).collect(),
        axes(true).map(|axis| value.dims[axis]).product(),
    );
    Ok(Value { dims: kept.into_iter().chain([len]).collect(), source: turned.source })
}

/// What a row comes to.
pub fn row_to_one(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    reduction: Reduce,
    row: &Value,
) -> Result<Value, OnnxError> {
    lowering.emit(node, Op::Reduce(reduction), row, None, vec![1, 1])
}
