//! A value of several rows, row by row: what an operator does to one, done to each.

use super::{Lowering, NodeView, Source, Value};
use crate::error::OnnxError;
use crate::ir::Span;
use crate::tensor::Numbers;

/// Does to each row of a value, its last axis, what `of_row` does to one of the dimensions [1, n], and gives what comes
/// of them in the value's dimensions with another last one.
pub fn each_row(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    value: &Value,
    of_row: impl Fn(&mut Lowering, &Value) -> Result<Value, OnnxError>,
) -> Result<Value, OnnxError> {
    let rows = rows(lowering, node, value)?;
    let results = rows.iter().map(|row| of_row(lowering, row)).collect::<Result<Vec<_>, _>>()?;
    let len = results.first().map_or(0, Value::len);
    let leading = &value.dims[..value.dims.len().saturating_sub(1)];
    let dims: Vec<usize> = leading.iter().copied().chain([len]).collect();
    match results.as_slice() {
        [one] => Ok(Value { dims, source: one.source.clone() }),
        all => join(lowering, node, &all.iter().collect::<Vec<_>>(), dims),
    }
}

/// The rows of a value.
fn rows(lowering: &mut Lowering, node: &NodeView<'_>, value: &Value) -> Result<Vec<Value>, OnnxError> {
    let len = value.dims.last().copied().unwrap_or(1);
    let count = value.len().checked_div(len).unwrap_or(0);
    if count == 0 {
        return Err(node.mismatch("the input", "rows of one element at least", format!("{:?}", value.dims)));
    }
    lowering.reserve_steps(count)?;
    Ok((0..count).map(|row| part(value, row * len, len)).collect())
}

/// `len` elements of a value of floats, from `first` on, in the dimensions [1, len].
fn part(value: &Value, first: usize, len: usize) -> Value {
    let source = match &value.source {
        Source::Arena(span) => Source::Arena(Span { start: span.start + first, len }),
        Source::Constant(Numbers::Floats(all)) if all.len() == len => value.source.clone(),
        Source::Constant(Numbers::Floats(all)) => {
            Source::Constant(Numbers::Floats(all[first..first + len].into()))
        }
        Source::Constant(Numbers::Ints(_)) => value.source.clone(),
    };
    Value { dims: vec![1, len], source }
}

/// The values of the parts, one after the other, in these dimensions.
pub fn join(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    parts: &[&Value],
    dims: Vec<usize>,
) -> Result<Value, OnnxError> {
    let len = lowering.elements(node, &dims)?;
    let ints: Option<Vec<&[i64]>> = parts.iter().map(|part| part.constant_ints()).collect();
    if let Some(ints) = ints {
        lowering.reserve_ints(len)?;
        return Ok(Value { dims, source: Source::Constant(Numbers::Ints(ints.concat().into())) });
    }
    if parts.iter().any(|part| part.constant_ints().is_some()) {
        return Err(node.unsupported("int64 and float32 together"));
    }
    let known: Option<Vec<&[f32]>> = parts.iter().map(|part| part.constant()).collect();
    match known {
        Some(known) => {
            lowering.reserve(len as u64)?;
            Ok(Value::from_floats(dims, known.concat()))
        }
        None => lowering.join(parts, dims),
    }
}
