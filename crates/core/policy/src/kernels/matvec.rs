//! One row times a packed matrix.
//!
//! For each output j: `acc = bias[j]`, then for k in order `acc = acc + x[k] * w[k][j]`, the product and the sum each
//! rounded. A tile's accumulators stay in registers for all k, and its weights are read once, in order.

use super::tile::Tile;
use crate::pack::{LANES, Matrix};

/// `y = x · matrix + bias`; `y` has the matrix's padded length.
#[inline(always)]
pub fn matvec<T: Tile>(matrix: &Matrix, x: &[f32], y: &mut [f32]) {
    let (mut lines, _) = y.as_chunks_mut::<LANES>();
    let mut weights = matrix.weights.as_slice();
    let mut bias = matrix.bias.as_slice();
    for &width in &matrix.tiles {
        match width {
            8 => T::tile::<8>(x, weights, bias, lines),
            4 => T::tile::<4>(x, weights, bias, lines),
            2 => T::tile::<2>(x, weights, bias, lines),
            _ => T::tile::<1>(x, weights, bias, lines),
        }
        weights = &weights[width * matrix.inputs..];
        bias = &bias[width..];
        lines = &mut lines[width..];
    }
}
