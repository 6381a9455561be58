//! The kernels: what one step of a plan computes, written once and instantiated for each CPU path.
//!
//! Every output is computed by the same sequence of separately rounded operations whatever the vector width, so the
//! path changes the speed and never a bit. Nothing here may fuse a multiply with an add or reorder a sum.

mod activation;
mod elementwise;
mod functions;
mod matvec;
mod reduce;
mod tile;

pub use elementwise::canonicalise;

pub use tile::Scalar;
use tile::Tile;

use crate::cpu::CpuPath;
use crate::ir::{Constants, Op, Operand, Step};
use crate::pack::Line;

/// Computes one step. `out` has the length that [`Op::padded_len`] gives; `weights` are those of all matrices.
#[inline(always)]
pub fn apply<T: Tile>(op: &Op, weights: &[Line], left: &[f32], right: &[f32], out: &mut [f32]) {
    match op {
        Op::Matvec(matrix) => matvec::matvec::<T>(matrix, weights, left, out),
        Op::Map(map) => elementwise::map(*map, left, out),
        Op::Zip(zip) => elementwise::zip(*zip, left, right, out),
        Op::Pick { first, stride } => {
            for (i, y) in out.iter_mut().enumerate() {
                *y = left[first.wrapping_add_signed(stride.wrapping_mul(i as isize))];
            }
        }
        Op::Gather(indices) => {
            for (&index, y) in indices.iter().zip(out) {
                *y = left[index];
            }
        }
        Op::Reduce(reduce) => out[0] = reduce::reduce(*reduce, left),
    }
}

/// Runs all steps on the path, which the caller has checked to be available on this CPU.
pub fn run_steps(path: CpuPath, steps: &[Step], constants: &Constants, arena: &mut [f32]) {
    match path {
        // SAFETY: a plan is built only for a path that `CpuPath::require` found available on this CPU.
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        CpuPath::Avx512 => unsafe { run_avx512(steps, constants, arena) },
        // SAFETY: as above.
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        CpuPath::Avx2 => unsafe { run_avx2(steps, constants, arena) },
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        CpuPath::Sse2 => interpret::<tile::Sse2>(steps, constants, arena),
        #[cfg(target_arch = "aarch64")]
        CpuPath::Neon => interpret::<tile::Neon>(steps, constants, arena),
        _ => interpret::<Scalar>(steps, constants, arena),
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512(steps: &[Step], constants: &Constants, arena: &mut [f32]) {
    interpret::<tile::Avx512>(steps, constants, arena);
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[target_feature(enable = "avx2")]
fn run_avx2(steps: &[Step], constants: &Constants, arena: &mut [f32]) {
    interpret::<tile::Avx2>(steps, constants, arena);
}

#[inline(always)]
fn interpret<T: Tile>(steps: &[Step], constants: &Constants, arena: &mut [f32]) {
    for step in steps {
        // The lowering lays a step's output behind all its inputs, so one split separates them.
        let (before, after) = arena.split_at_mut(step.output.start);
        let left = resolve(step.left, before, &constants.floats);
        let right = resolve(step.right, before, &constants.floats);
        apply::<T>(&step.op, &constants.weights, left, right, &mut after[..step.output.len]);
    }
}

#[inline(always)]
fn resolve<'a>(operand: Operand, arena: &'a [f32], constants: &'a [f32]) -> &'a [f32] {
    match operand {
        Operand::Arena(span) => &arena[span.range()],
        Operand::Constant(span) => &constants[span.range()],
    }
}
