//! Operators that move numbers without changing them. Most only name a part of what is there.

use super::window::{Window, window, with_row_len};
use super::{Lowering, NodeView, Source, Value};
use crate::error::OnnxError;
use crate::proto;
use crate::tensor::{self, Numbers};

/// Split along the row: sizes from the attribute, from the input, or equal parts.
pub fn split(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Vec<Value>, OnnxError> {
    node.allow_attributes(&["axis", "split", "num_outputs"])?;
    node.require_inputs(1, 2)?;
    let (row, len) = node.row(0)?;
    node.require_last_axis(node.int("axis")?.unwrap_or(0), row)?;
    let outputs = node.node.output.len();
    let sizes = match node.ints("split", 1)? {
        Some(sizes) => sizes,
        None => equal_parts(len, outputs, node.int("num_outputs")?.is_some()),
    };
    let sizes: Vec<usize> = sizes.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect();
    let sum = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
    if sizes.len() != outputs || sizes.contains(&0) || sum != Some(len) {
        let expected = format!("{outputs} positive sizes that add up to {len}");
        return Err(node.mismatch("the parts", expected, format!("{sizes:?}")));
    }
    let mut first = 0;
    let mut parts = Vec::with_capacity(outputs);
    for size in sizes {
        parts.push(window(lowering, node, row, Window { first, count: size, stride: 1 })?);
        first += size;
    }
    Ok(parts)
}

/// Equal parts; with `uneven` (version 18) the last may be smaller. Sizes that do not fit are refused by the caller.
fn equal_parts(len: usize, outputs: usize, uneven: bool) -> Vec<i64> {
    let outputs = outputs.max(1);
    let size = if uneven { len.div_ceil(outputs) } else { len / outputs };
    let last = if uneven { len.saturating_sub(size.saturating_mul(outputs - 1)) } else { size };
    let sizes = std::iter::repeat_n(size, outputs - 1).chain([last]);
    sizes.map(|size| i64::try_from(size).unwrap_or(0)).collect()
}

/// Slice along the row; other axes may only be kept whole.
pub fn slice(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["starts", "ends", "axes"])?;
    node.require_inputs(1, 5)?;
    let (row, len) = node.any_row(0)?;
    let missing = || node.invalid("starts or ends are missing");
    let starts = node.ints("starts", 1)?.ok_or_else(missing)?;
    let ends = node.ints("ends", 2)?.ok_or_else(missing)?;
    let axes = node.ints("axes", 3)?.unwrap_or_else(|| (0i64..).take(starts.len()).collect());
    let steps = node.ints("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || steps.contains(&0) {
        return Err(node.invalid("starts, ends, axes and steps differ in length, or a step is zero"));
    }
    let mut kept = Window { first: 0, count: len, stride: 1 };
    let mut cut = vec![false; row.dims.len()];
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = node.axis(axis, row.dims.len())?;
        if std::mem::replace(&mut cut[axis], true) {
            return Err(node.invalid(format!("axis {axis} is sliced twice")));
        }
        let along = Window::of_slice(start, end, step, row.dims[axis]);
        if along.count == 0 {
            return Err(node.mismatch(format!("axis {axis}"), "at least one element", "none"));
        }
        if axis + 1 == row.dims.len() {
            kept = along;
        }
    }
    window(lowering, node, row, kept)
}

/// Concat along the row.
pub fn concat(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axis"])?;
    node.require_inputs(1, usize::MAX)?;
    let (first, _) = node.any_row(0)?;
    node.require_last_axis(node.int("axis")?.unwrap_or(1), first)?;
    let mut parts = Vec::with_capacity(node.inputs.len());
    let mut sum = 0;
    for index in 0..node.inputs.len() {
        let (part, len) = node.any_row(index)?;
        if part.dims.len() != first.dims.len() {
            let expected = format!("{} dimensions", first.dims.len());
            return Err(node.mismatch(format!("input {index}"), expected, part.dims.len().to_string()));
        }
        lowering.reserve(len as u64)?;
        parts.push(part);
        sum += len;
    }
    let dims = with_row_len(&first.dims, sum);
    let ints: Option<Vec<&[i64]>> = parts.iter().map(|part| part.constant_ints()).collect();
    if let Some(ints) = ints {
        lowering.reserve_ints(sum)?;
        return Ok(Value { dims, source: Source::Constant(Numbers::Ints(ints.concat().into())) });
    }
    if parts.iter().any(|part| part.constant_ints().is_some()) {
        return Err(node.unsupported("int64 and float32 together"));
    }
    let known: Option<Vec<&[f32]>> = parts.iter().map(|part| part.constant()).collect();
    match known {
        Some(known) => Ok(Value::from_floats(dims, known.concat())),
        None => lowering.join(&parts, dims),
    }
}

/// Constant: a tensor, or numbers in an attribute.
pub fn constant(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["value", "value_float", "value_floats", "value_int", "value_ints"])?;
    node.require_inputs(0, 0)?;
    let [attribute] = node.node.attribute.as_slice() else {
        return Err(node.invalid(format!("expected 1 attribute, found {}", node.node.attribute.len())));
    };
    let missing = || node.invalid(format!("attribute {:?} is empty", attribute.name));
    let (dims, numbers) = match attribute.name.as_str() {
        "value" => tensor::decode(attribute.t.as_ref().ok_or_else(missing)?, &node.label)?,
        "value_float" => (vec![], Numbers::Floats([attribute.f.ok_or_else(missing)?].into())),
        "value_floats" => (vec![attribute.floats.len()], Numbers::Floats(attribute.floats.as_slice().into())),
        "value_int" => (vec![], Numbers::Ints([attribute.i.ok_or_else(missing)?].into())),
        _ => (vec![attribute.ints.len()], Numbers::Ints(attribute.ints.as_slice().into())),
    };
    lowering.count_parameters(&numbers);
    Ok(Value { dims, source: Source::Constant(numbers) })
}

/// The input itself, of any type. Dropout drops nothing but in training.
pub fn identity(node: &NodeView<'_>) -> Result<Value, OnnxError> {
    let is_dropout = node.node.op_type == "Dropout";
    node.allow_attributes(if is_dropout { &["seed", "ratio", "consumed_inputs"] } else { &[] })?;
    node.require_inputs(1, if is_dropout { 2 } else { 1 })?;
    node.any(0).cloned()
}

/// Flatten, where a row stays a row.
pub fn flatten(node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axis"])?;
    node.require_inputs(1, 1)?;
    let (row, len) = node.row(0)?;
    let axis = node.int("axis")?.unwrap_or(1);
    let rank = row.dims.len() as i64;
    // As many axes as `axis` says become the first dimension, which must stay one.
    if axis < -rank || axis > rank || (axis == rank && len != 1) {
        return Err(node.mismatch("axis", format!("-{rank} to {}", rank - 1), axis.to_string()));
    }
    Ok(Value { dims: vec![1, len], source: row.source.clone() })
}

/// Reshape to a constant shape, where a row stays a row.
pub fn reshape(node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["allowzero", "shape", "consumed_inputs"])?;
    node.require_inputs(1, 2)?;
    let (row, len) = node.row(0)?;
    let shape = node.ints("shape", 1)?.ok_or_else(|| node.invalid("the shape is missing"))?;
    proto::limit_rank(&node.label, shape.len())?;
    let copies_zero = node.int("allowzero")?.unwrap_or(0) == 0;
    let dims: Vec<i64> = shape
        .iter()
        .enumerate()
        .map(|(axis, &dim)| match row.dims.get(axis) {
            Some(&same) if dim == 0 && copies_zero => i64::try_from(same).unwrap_or(0),
            _ => dim,
        })
        .collect();
    let fits =
        |(axis, &dim): (usize, &i64)| dim == -1 || dim == if axis + 1 == dims.len() { len as i64 } else { 1 };
    let inferred = dims.iter().filter(|&&dim| dim == -1).count();
    if dims.is_empty() || inferred > 1 || !dims.iter().enumerate().all(fits) {
        return Err(node.mismatch("the shape", format!("one row of {len}"), format!("{shape:?}")));
    }
    Ok(Value { dims: with_row_len(&vec![1; dims.len()], len), source: row.source.clone() })
}
