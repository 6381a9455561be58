//! One row times a packed matrix.
//!
//! For each output j: `acc = bias[j]`, then for k in order `acc = acc + x[k] * w[k][j]`, the product and the sum each
//! rounded. A tile's accumulators stay in registers for all k, and its weights are read once, in order.

use super::tile::Tile;
use crate::pack::{LANES, Line, Matrix};

/// `y = x · matrix + bias`; `weights` are those of all matrices, and `y` has the matrix's padded length.
#[inline(always)]
pub fn matvec<T: Tile>(matrix: &Matrix, weights: &[Line], x: &[f32], y: &mut [f32]) {
    let (mut lines, _) = y.as_chunks_mut::<LANES>();
    let mut rows = &weights[matrix.first..];
    for &width in &matrix.tiles {
        match width {
            8 => T::tile::<8>(x, rows, lines),
            4 => T::tile::<4>(x, rows, lines),
            2 => T::tile::<2>(x, rows, lines),
            _ => T::tile::<1>(x, rows, lines),
        }
        rows = &rows[width * matrix.rows()..];
        lines = &mut lines[width..];
    }
}
