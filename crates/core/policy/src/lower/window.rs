//! A part of a row, as Split and Slice take it.

use std::ops::Range;

use super::{Lowering, NodeView, Source, Value};
use crate::error::OnnxError;
use crate::ir::{Op, Span};
use crate::tensor::Numbers;

/// Elements `first`, `first + stride`, ... of a row, `count` of them.
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

/// A part of a row: the same memory under another name where it lies in one piece.
pub fn window(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    row: &Value,
    window: Window,
) -> Result<Value, OnnxError> {
    let dims = with_row_len(&row.dims, window.count);
    match &row.source {
        Source::Arena(span) if window.stride == 1 => {
            let part = Span { start: span.start + window.first, len: window.count };
            Ok(Value { dims, source: Source::Arena(part) })
        }
        Source::Constant(Numbers::Ints(ints)) => {
            lowering.reserve_ints(window.count)?;
            let at = |index| window.first.wrapping_add_signed(window.stride.wrapping_mul(index as isize));
            let taken: Vec<i64> = (0..window.count).map(|index| ints[at(index)]).collect();
            Ok(Value { dims, source: Source::Constant(Numbers::Ints(taken.into())) })
        }
        _ => {
            let pick = Op::Pick { first: window.first, stride: window.stride };
            lowering.emit(node, pick, row, None, dims)
        }
    }
}

/// The dimensions with another length of the row.
pub fn with_row_len(dims: &[usize], len: usize) -> Vec<usize> {
    let mut dims = dims.to_vec();
    dims.pop();
    dims.push(len);
    dims
}
