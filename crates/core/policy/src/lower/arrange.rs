//! Operators that move numbers without changing them. Most only name a part of what is there.

use super::layout::{Layout, Window, lay_out};
use super::rows::join;
use super::{Lowering, NodeView, Source, Value};
use crate::error::OnnxError;
use crate::proto;
use crate::tensor::{self, Numbers};

/// Split along an axis: sizes from the attribute, from the input, or equal parts.
pub fn split(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Vec<Value>, OnnxError> {
    node.allow_attributes(&["axis", "split", "num_outputs"])?;
    node.require_inputs(1, 2)?;
    let value = node.any(0)?;
    let axis = node.axis(node.int("axis")?.unwrap_or(0), value.dims.len())?;
    let len = value.dims[axis];
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
        let part = Layout::of(&value.dims).cut(axis, Window { first, count: size, stride: 1 });
        parts.push(lay_out(lowering, node, value, &part)?);
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

/// Slice along some axes.
pub fn slice(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["starts", "ends", "axes"])?;
    node.require_inputs(1, 5)?;
    let value = node.any(0)?;
    let missing = || node.invalid("starts or ends are missing");
    let starts = node.ints("starts", 1)?.ok_or_else(missing)?;
    let ends = node.ints("ends", 2)?.ok_or_else(missing)?;
    let axes = node.ints("axes", 3)?.unwrap_or_else(|| (0i64..).take(starts.len()).collect());
    let steps = node.ints("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || steps.contains(&0) {
        return Err(node.invalid("starts, ends, axes and steps differ in length, or a step is zero"));
    }
    let mut kept = Layout::of(&value.dims);
    let mut cut = vec![false; value.dims.len()];
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = node.axis(axis, value.dims.len())?;
        if std::mem::replace(&mut cut[axis], true) {
            return Err(node.invalid(format!("axis {axis} is sliced twice")));
        }
        let along = Window::of_slice(start, end, step, value.dims[axis]);
        if along.count == 0 {
            return Err(node.mismatch(format!("axis {axis}"), "at least one element", "none"));
        }
        kept = kept.cut(axis, along);
    }
    lay_out(lowering, node, value, &kept)
}

/// Concat along an axis.
pub fn concat(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axis"])?;
    node.require_inputs(1, usize::MAX)?;
    let first = node.any(0)?;
    let axis = node.axis(node.int("axis")?.unwrap_or(1), first.dims.len())?;
    let mut parts = Vec::with_capacity(node.inputs.len());
    let mut dims = first.dims.clone();
    dims[axis] = 0;
    for index in 0..node.inputs.len() {
        let part = node.any(index)?;
        let fits = |(own, &len)| own == axis || part.dims[own] == len;
        if part.dims.len() != dims.len() || !dims.iter().enumerate().all(fits) {
            let expected = format!("{:?} but for axis {axis}", first.dims);
            return Err(node.mismatch(format!("input {index}"), expected, format!("{:?}", part.dims)));
        }
        parts.push(part);
        dims[axis] = dims[axis].saturating_add(part.dims[axis]);
    }
    // One after the other they lie in the order of their axis where all axes before it have one element; else they are
    // joined along it as if it were the first, and it is brought to its place.
    let along_first =
        |dims: &[usize]| (0..dims.len()).map(|place| dims[(place + axis) % dims.len()]).collect();
    if dims[..axis].iter().all(|&len| len == 1) {
        return join(lowering, node, &parts, dims);
    }
    let turned: Vec<usize> = (0..dims.len()).map(|place| (place + axis) % dims.len()).collect();
    let turn = |lowering: &mut Lowering, part: &Value| {
        lay_out(lowering, node, part, &Layout::of(&part.dims).permuted(&turned))
    };
    let parts = parts.into_iter().map(|part| turn(lowering, part)).collect::<Result<Vec<_>, _>>()?;
    let whole = join(lowering, node, &parts.iter().collect::<Vec<_>>(), along_first(&dims))?;
    let back: Vec<usize> = (0..dims.len()).map(|place| (place + dims.len() - axis) % dims.len()).collect();
    lay_out(lowering, node, &whole, &Layout::of(&whole.dims).permuted(&back))
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

/// Flatten to two dimensions.
pub fn flatten(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axis"])?;
    node.require_inputs(1, 1)?;
    let value = node.any(0)?;
    let (axis, rank) = (node.int("axis")?.unwrap_or(1), value.dims.len() as i64);
    // As many axes as `axis` says become the first dimension.
    let leading = if axis < 0 { axis + rank } else { axis };
    if !(0..=rank).contains(&leading) {
        return Err(node.mismatch("axis", format!("-{rank} to {rank}"), axis.to_string()));
    }
    lowering.elements(node, &value.dims)?;
    let (first, second) = value.dims.split_at(leading as usize);
    Ok(Value { dims: vec![first.iter().product(), second.iter().product()], source: value.source.clone() })
}

/// Reshape to a constant shape.
pub fn reshape(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["allowzero", "shape", "consumed_inputs"])?;
    node.require_inputs(1, 2)?;
    let value = node.any(0)?;
    let len = value.len();
    let shape = node.ints("shape", 1)?.ok_or_else(|| node.invalid("the shape is missing"))?;
    proto::limit_rank(&node.label, shape.len())?;
    let copies_zero = node.int("allowzero")?.unwrap_or(0) == 0;
    let wrong = || node.mismatch("the shape", format!("{len} elements"), format!("{shape:?}"));
    let known = |(axis, &dim): (usize, &i64)| match dim {
        -1 => Some(None),
        0 if copies_zero => value.dims.get(axis).map(|&same| Some(same)),
        dim => usize::try_from(dim).ok().map(Some),
    };
    let dims: Vec<Option<usize>> =
        shape.iter().enumerate().map(known).collect::<Option<_>>().ok_or_else(wrong)?;
    let others: Vec<usize> = dims.iter().copied().flatten().collect();
    let product = lowering.elements(node, &others)?;
    let inferred = match shape.iter().filter(|&&dim| dim == -1).count() {
        0 => product == len,
        1 => product > 0 && len.is_multiple_of(product),
        _ => false,
    };
    if !inferred {
        return Err(wrong());
    }
    let dims = dims.into_iter().map(|dim| dim.unwrap_or_else(|| len / product)).collect();
    Ok(Value { dims, source: value.source.clone() })
}
