//! Operators on shapes, and those that change a shape and no number. Shapes are known when a file is read.

use super::choose::is_not_zero;
use super::layout::{Layout, Window, broadcast, lay_out, pick};
use super::{Lowering, NodeView, Source, Value};
use crate::error::OnnxError;
use crate::proto;
use crate::tensor::{self, Numbers};

/// Cast between float32 and int64, and of numbers that are what they shall be.
pub fn cast(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["to", "saturate", "round_mode"])?;
    node.require_inputs(1, 1)?;
    let value = node.any(0)?;
    if value.constant().is_some() || value.constant_ints().is_some() {
        lowering.reserve_ints(value.len())?;
    }
    let to = node.int("to")?.ok_or_else(|| node.invalid("attribute \"to\" is missing"))?;
    let numbers = match (i32::try_from(to).unwrap_or(-1), &value.source) {
        (tensor::FLOAT | tensor::FLOAT16, Source::Arena(_) | Source::Constant(Numbers::Floats(_)))
        | (tensor::INT64, Source::Constant(Numbers::Ints(_))) => return Ok(value.clone()),
        (tensor::FLOAT | tensor::FLOAT16, Source::Constant(Numbers::Ints(ints))) => {
            Numbers::Floats(ints.iter().map(|&int| int as f32).collect())
        }
        (tensor::INT64, Source::Constant(Numbers::Floats(floats))) => {
            Numbers::Ints(floats.iter().map(|&float| float as i64).collect())
        }
        (tensor::BOOL, Source::Arena(_) | Source::Constant(Numbers::Floats(_))) => {
            return is_not_zero(lowering, node, value);
        }
        (other, _) => return Err(node.unsupported(format!("a cast to {}", tensor::type_name(other)))),
    };
    Ok(Value { dims: value.dims.clone(), source: Source::Constant(numbers) })
}

/// The dimensions of its input, a batch of any size being one.
pub fn shape(node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["start", "end"])?;
    node.require_inputs(1, 1)?;
    let dims = &node.any(0)?.dims;
    let rank = dims.len() as i64;
    let (start, end) = (node.int("start")?.unwrap_or(0), node.int("end")?.unwrap_or(rank));
    let part = Window::of_slice(start, end, 1, dims.len());
    let ints: Vec<i64> = dims.iter().skip(part.first).take(part.count).map(|&dim| dim as i64).collect();
    Ok(Value { dims: vec![ints.len()], source: Source::Constant(Numbers::Ints(ints.into())) })
}

/// Without these dimensions of one, or without any.
pub fn squeeze(node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axes"])?;
    node.require_inputs(1, 2)?;
    let value = node.any(0)?;
    let rank = value.dims.len();
    let mut goes: Vec<bool> = value.dims.iter().map(|&dim| dim == 1).collect();
    if let Some(axes) = node.ints("axes", 1)? {
        goes.fill(false);
        for axis in axes {
            let axis = node.axis(axis, rank)?;
            if value.dims[axis] != 1 {
                return Err(node.mismatch(format!("axis {axis}"), "1", value.dims[axis].to_string()));
            }
            goes[axis] = true;
        }
    }
    let dims = value.dims.iter().zip(goes).filter(|(_, goes)| !goes).map(|(&dim, _)| dim).collect();
    Ok(Value { dims, source: value.source.clone() })
}

/// With dimensions of one at these axes of the result.
pub fn unsqueeze(node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axes"])?;
    node.require_inputs(1, 2)?;
    let value = node.any(0)?;
    let axes = node.ints("axes", 1)?.ok_or_else(|| node.invalid("axes are missing"))?;
    let rank = value.dims.len().saturating_add(axes.len());
    proto::limit_rank(&node.label, rank)?;
    let mut is_new = vec![false; rank];
    for axis in axes {
        if std::mem::replace(&mut is_new[node.axis(axis, rank)?], true) {
            return Err(node.invalid(format!("axis {axis} is named twice")));
        }
    }
    let mut old = value.dims.iter();
    let dims = is_new.iter().map(|is_new| if *is_new { 1 } else { old.next().copied().unwrap_or(1) });
    Ok(Value { dims: dims.collect(), source: value.source.clone() })
}

/// Axes in another order.
pub fn transpose(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["perm"])?;
    node.require_inputs(1, 1)?;
    let value = node.any(0)?;
    let rank = value.dims.len();
    let order = match node.ints("perm", usize::MAX)? {
        Some(order) => order.iter().map(|&axis| node.axis(axis, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).rev().collect(),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err(node.invalid(format!("perm {order:?} is no order of {rank} axes")));
    }
    lay_out(lowering, node, value, &Layout::of(&value.dims).permuted(&order))
}

/// Elements along one axis, whose indices are known.
pub fn gather(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["axis"])?;
    node.require_inputs(2, 2)?;
    let value = node.any(0)?;
    let axis = node.axis(node.int("axis")?.unwrap_or(0), value.dims.len())?;
    let indices_dims = node.any(1)?.dims.clone();
    let indices = node.constant_ints(1, "an index")?;
    lowering.reserve_ints(indices.len())?;
    let indices = indices.iter().map(|&index| node.axis(index, value.dims[axis]));
    let indices = indices.collect::<Result<Vec<usize>, _>>()?;
    let dims: Vec<usize> =
        value.dims[..axis].iter().chain(&indices_dims).chain(&value.dims[axis + 1..]).copied().collect();
    let count = lowering.elements(node, &dims)?;
    lowering.reserve_ints(count)?;
    let (len, inner) = (value.dims[axis], value.dims[axis + 1..].iter().product::<usize>());
    let outer = count.checked_div(indices.len() * inner).unwrap_or(0);
    let mut places = Vec::with_capacity(count);
    for before in 0..outer {
        for &index in &indices {
            let first = (before * len + index) * inner;
            places.extend(first..first + inner);
        }
    }
    pick(lowering, node, value, dims, places)
}

/// Repeated along its axes of one, as far as the shape asks.
pub fn expand(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&[])?;
    node.require_inputs(2, 2)?;
    let value = node.any(0)?;
    let shape = node.constant_ints(1, "a shape")?;
    proto::limit_rank(&node.label, shape.len())?;
    let asked: Option<Vec<usize>> = shape.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    let wrong = || node.mismatch("the shape", format!("what fits {:?}", value.dims), format!("{shape:?}"));
    let dims = asked.and_then(|asked| broadcast(&value.dims, &asked)).ok_or_else(wrong)?;
    lay_out(lowering, node, value, &Layout::of(&value.dims).spread(&dims))
}

/// The same number in all places of a shape that is known.
pub fn constant_of_shape(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["value"])?;
    node.require_inputs(1, 1)?;
    let shape = node.constant_ints(0, "a shape")?;
    proto::limit_rank(&node.label, shape.len())?;
    let dims: Vec<usize> = shape.iter().map(|&dim| usize::try_from(dim).unwrap_or(0)).collect();
    let too_large = || node.invalid(format!("the shape {shape:?} is far beyond a policy's"));
    let len = tensor::elements(&dims).ok_or_else(too_large)?;
    lowering.reserve_ints(len)?;
    let given = node.attribute("value").and_then(|attribute| attribute.t.as_ref());
    let numbers = match given.map(|given| tensor::decode(given, &node.label)).transpose()? {
        None => Numbers::Floats(vec![0.0; len].into()),
        Some((_, Numbers::Floats(one))) if one.len() == 1 => Numbers::Floats(vec![one[0]; len].into()),
        Some((_, Numbers::Ints(one))) if one.len() == 1 => Numbers::Ints(vec![one[0]; len].into()),
        Some(_) => return Err(node.invalid("the value is not one number")),
    };
    Ok(Value { dims, source: Source::Constant(numbers) })
}
