//! Numbers in another order: cut, moved, repeated. What stays in one piece is only named anew.

use std::ops::Range;

use super::{Lowering, NodeView, Source, Value};
use crate::error::OnnxError;
use crate::ir::{Op, Span};
use crate::tensor::{self, Numbers};

/// Elements `first`, `first + stride`, ... of an axis, `count` of them.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub first: usize,
    pub count: usize,
    pub stride: isize,
}

impl Window {
    /// What `[start:end:step]` of `len` elements means in ONNX: negative counts from the end, too far is cut.
    pub fn of_slice(start: i64, end: i64, step: i64, len: usize) -> Window {
        let len = len as i64;
        let from_end = |index: i64| {
            if index < 0 { index.saturating_add(len) } else { index }
        };
        let bounds: Range<i64> = if step > 0 { 0..len } else { -1..len - 1 };
        let start = from_end(start).clamp(bounds.start, bounds.end);
        let end = from_end(end).clamp(bounds.start, bounds.end);
        let distance = if step > 0 { end - start } else { start - end };
        let count = if distance > 0 { distance.unsigned_abs().div_ceil(step.unsigned_abs()) } else { 0 };
        // Both fit: they are at most `len`, except for a step so long that only one element is taken.
        Window { first: start.max(0) as usize, count: count as usize, stride: step as isize }
    }
}

/// Where the elements of a value are found in another: at `first`, and along each axis so many further.
#[derive(Debug, Clone)]
pub struct Layout {
    pub dims: Vec<usize>,
    first: usize,
    strides: Vec<isize>,
}

impl Layout {
    /// All elements in their order.
    pub fn of(dims: &[usize]) -> Layout {
        let mut strides = vec![1isize; dims.len()];
        for axis in (1..dims.len()).rev() {
            strides[axis - 1] = strides[axis].wrapping_mul(dims[axis] as isize);
        }
        Layout { dims: dims.to_vec(), first: 0, strides }
    }

    /// With only these elements of an axis.
    pub fn cut(mut self, axis: usize, window: Window) -> Layout {
        let stride = self.strides[axis];
        let first = stride.wrapping_mul(window.first as isize);
        self.first = self.first.wrapping_add_signed(first);
        self.strides[axis] = stride.wrapping_mul(window.stride);
        self.dims[axis] = window.count;
        self
    }

    /// With the axes in this order.
    pub fn permuted(&self, order: &[usize]) -> Layout {
        Layout {
            dims: order.iter().map(|&axis| self.dims[axis]).collect(),
            first: self.first,
            strides: order.iter().map(|&axis| self.strides[axis]).collect(),
        }
    }

    /// Repeated along its axes of one, and along new ones before them, to these dimensions, which must fit.
    pub fn spread(&self, dims: &[usize]) -> Layout {
        let new = dims.len() - self.dims.len();
        let stride = |axis: usize| match axis.checked_sub(new) {
            Some(own) if self.dims[own] == dims[axis] => self.strides[own],
            _ => 0,
        };
        Layout { dims: dims.to_vec(), first: self.first, strides: (0..dims.len()).map(stride).collect() }
    }

    /// The place of each element, in order.
    fn places(&self, count: usize) -> Vec<usize> {
        let mut index = vec![0usize; self.dims.len()];
        let mut place = self.first;
        let mut places = Vec::with_capacity(count);
        for _ in 0..count {
            places.push(place);
            for axis in (0..self.dims.len()).rev() {
                index[axis] += 1;
                place = place.wrapping_add_signed(self.strides[axis]);
                if index[axis] < self.dims[axis] {
                    break;
                }
                let back = self.strides[axis].wrapping_mul(self.dims[axis] as isize);
                place = place.wrapping_add_signed(back.wrapping_neg());
                index[axis] = 0;
            }
        }
        places
    }
}

/// The value as the layout finds it.
pub fn lay_out(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    value: &Value,
    layout: &Layout,
) -> Result<Value, OnnxError> {
    let count = lowering.elements(node, &layout.dims)?;
    lowering.reserve_ints(count)?;
    pick(lowering, node, value, layout.dims.clone(), layout.places(count))
}

/// The elements of a value at these places, as many as the dimensions ask for: the same memory under another name where
/// they follow each other.
pub fn pick(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    value: &Value,
    dims: Vec<usize>,
    places: Vec<usize>,
) -> Result<Value, OnnxError> {
    let step = step_of(&places);
    match &value.source {
        Source::Constant(Numbers::Ints(ints)) => {
            let taken: Vec<i64> = places.iter().map(|&place| ints[place]).collect();
            Ok(Value { dims, source: Source::Constant(Numbers::Ints(taken.into())) })
        }
        _ if step == Some(1) && places.len() == value.len() => {
            Ok(Value { dims, source: value.source.clone() })
        }
        Source::Arena(span) if step == Some(1) && !places.is_empty() => {
            let part = Span { start: span.start + places[0], len: places.len() };
            Ok(Value { dims, source: Source::Arena(part) })
        }
        _ => {
            let op = match step {
                Some(stride) if !places.is_empty() => Op::Pick { first: places[0], stride },
                _ => Op::Gather(places),
            };
            lowering.emit(node, op, value, None, dims)
        }
    }
}

/// The distance between two places that follow each other, where it is the same for all; one for a single place.
fn step_of(places: &[usize]) -> Option<isize> {
    let distance = |pair: &[usize]| pair[1] as isize - pair[0] as isize;
    let first = places.windows(2).next().map_or(1, distance);
    places.windows(2).all(|pair| distance(pair) == first).then_some(first)
}

/// The dimensions that two values have together: each is repeated along its axes of one.
pub fn broadcast(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let rank = left.len().max(right.len());
    let at = |dims: &[usize], axis: usize| match (axis + dims.len()).checked_sub(rank) {
        Some(own) => dims[own],
        None => 1,
    };
    let both = |axis| match (at(left, axis), at(right, axis)) {
        (left, right) if left == right || right == 1 => Some(left),
        (1, right) => Some(right),
        _ => None,
    };
    (0..rank).map(both).collect()
}

/// A value that is repeated to these dimensions; a single number stays one, since each operation repeats it.
pub fn spread(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    value: &Value,
    dims: &[usize],
) -> Result<Value, OnnxError> {
    let single = value.len() == 1;
    if single || tensor::elements(dims) == Some(value.len()) {
        return Ok(value.clone());
    }
    lay_out(lowering, node, value, &Layout::of(&value.dims).spread(dims))
}

/// Pairs of known whole numbers, one of the operands repeated where it is a single one, and their dimensions.
pub fn pairs_of_ints<'a>(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    left: &'a [i64],
    right: &'a [i64],
) -> Result<(Vec<usize>, impl Iterator<Item = (i64, i64)> + use<'a>), OnnxError> {
    let (dims_left, dims_right) = (&node.any(0)?.dims, &node.any(1)?.dims);
    let len = left.len().max(right.len());
    let dims = broadcast(dims_left, dims_right).filter(|dims| tensor::elements(dims) == Some(len));
    let differ = || node.mismatch("the right operand", format!("{dims_left:?}"), format!("{dims_right:?}"));
    let dims = dims.ok_or_else(differ)?;
    lowering.reserve_ints(len)?;
    let pairs = left.iter().cycle().zip(right.iter().cycle()).take(len);
    Ok((dims, pairs.map(|(&left, &right)| (left, right))))
}
