//! Convolution along one axis: at each place, what the window sees, times one matrix.

use super::layout::{Layout, lay_out, pick};
use super::linear::{full_bias, require_constant};
use super::rows::{each_row, join};
use super::{Lowering, NodeView, Value};
use crate::error::OnnxError;
use crate::ir::Op;

/// How the window moves.
struct Motion {
    kernel: usize,
    stride: usize,
    dilation: usize,
    pads: [usize; 2],
}

/// Conv of `[1, channels, length]` with constant weights `[outputs, channels, kernel]`.
pub fn conv(lowering: &mut Lowering, node: &NodeView<'_>) -> Result<Value, OnnxError> {
    node.allow_attributes(&["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"])?;
    node.require_inputs(2, 3)?;
    let (value, weights) = (node.floats(0)?, require_constant(node, 1)?);
    let (&[1, channels, length], &[outputs, of_channels, kernel]) = (&value.dims[..], &weights.dims[..])
    else {
        let found = format!("{:?} and {:?}", value.dims, weights.dims);
        return Err(node.mismatch("input and weights", "[1, channels, n] and [m, channels, k]", found));
    };
    if node.int("group")?.unwrap_or(1) != 1 {
        return Err(node.unsupported("groups"));
    }
    if of_channels != channels || outputs == 0 || kernel == 0 || channels == 0 {
        let found = format!("{of_channels} channels, {outputs} outputs and a kernel of {kernel}");
        return Err(node.mismatch("the weights", format!("{channels} channels"), found));
    }
    let motion = Motion::of(node, kernel)?;
    let places = motion.places(node, length)?;
    let windows = windows(lowering, node, value, &motion, places)?;
    let bias = match node.optional(2) {
        Some(_) => Some(require_constant(node, 2)?),
        None => None,
    };
    let bias = full_bias(node, bias, outputs)?;
    let inputs = channels * kernel;
    let numbers = weights.constant().unwrap_or_default();
    let matrix = lowering.matrix(inputs, &bias, |k, j| numbers[j * inputs + k])?;
    let results = each_row(lowering, node, &windows, |lowering, window| {
        lowering.emit(node, Op::Matvec(matrix.clone()), window, None, vec![1, outputs])
    })?;
    lay_out(lowering, node, &results, &Layout::of(&[1, places, outputs]).permuted(&[0, 2, 1]))
}

impl Motion {
    fn of(node: &NodeView<'_>, kernel: usize) -> Result<Motion, OnnxError> {
        let pad = node.text("auto_pad")?.unwrap_or_default();
        if !["", "NOTSET", "VALID"].contains(&pad.as_str()) {
            return Err(node.unsupported(format!("auto_pad {pad}")));
        }
        let [stride] = numbers(node, "strides", [1])?;
        let [dilation] = numbers(node, "dilations", [1])?;
        let pads = numbers(node, "pads", [0, 0])?;
        let [declared] = numbers(node, "kernel_shape", [kernel])?;
        let largest = [stride, dilation, pads[0], pads[1]].into_iter().max().unwrap_or(0);
        if stride == 0 || dilation == 0 || declared != kernel || largest > 1 << 20 {
            let reason =
                format!("stride {stride}, dilation {dilation}, pads {pads:?}, kernel_shape {declared}");
            return Err(node.invalid(reason));
        }
        Ok(Motion { kernel, stride, dilation, pads })
    }

    /// How many places the window stands at.
    fn places(&self, node: &NodeView<'_>, length: usize) -> Result<usize, OnnxError> {
        let padded = self.pads[0].saturating_add(length).saturating_add(self.pads[1]);
        let sees = (self.kernel - 1).saturating_mul(self.dilation).saturating_add(1);
        let steps = padded.checked_sub(sees).map(|rest| rest / self.stride);
        steps.map(|steps| steps + 1).ok_or_else(|| {
            node.mismatch("the length", format!("{sees} or more with its pads"), padded.to_string())
        })
    }

    /// Where along the axis the window at a place sees its n-th element; none in a pad.
    fn seen(&self, place: usize, nth: usize, length: usize) -> Option<usize> {
        let seen = (place * self.stride + nth * self.dilation).checked_sub(self.pads[0])?;
        (seen < length).then_some(seen)
    }
}

/// What the window sees at each place: `[1, places, channels · kernel]`.
fn windows(
    lowering: &mut Lowering,
    node: &NodeView<'_>,
    value: &Value,
    motion: &Motion,
    places: usize,
) -> Result<Value, OnnxError> {
    let (channels, length) = (value.dims[1], value.dims[2]);
    let dims = vec![1, places, channels.saturating_mul(motion.kernel)];
    let count = lowering.elements(node, &dims)?;
    lowering.reserve_ints(count)?;
    // A pad sees the zero behind all others.
    let zero = Value::from_floats(vec![1], vec![0.0]);
    let value = match motion.pads {
        [0, 0] => value.clone(),
        _ => join(lowering, node, &[value, &zero], vec![value.len() + 1])?,
    };
    let mut found = Vec::with_capacity(count);
    for place in 0..places {
        for channel in 0..channels {
            for nth in 0..motion.kernel {
                let seen = motion.seen(place, nth, length);
                found.push(seen.map_or(channels * length, |seen| channel * length + seen));
            }
        }
    }
    pick(lowering, node, &value, dims, found)
}

/// An attribute of so many whole numbers, none below zero.
fn numbers<const N: usize>(
    node: &NodeView<'_>,
    name: &str,
    otherwise: [usize; N],
) -> Result<[usize; N], OnnxError> {
    let Some(attribute) = node.attribute(name) else { return Ok(otherwise) };
    let found: Option<Vec<usize>> = attribute.ints.iter().map(|&int| usize::try_from(int).ok()).collect();
    let wrong = || node.unsupported(format!("{name} {:?}; one axis is", attribute.ints));
    found.and_then(|found| found.try_into().ok()).ok_or_else(wrong)
}
