//! The inner loop of a matrix product, in the vector instructions of each CPU path.
//!
//! In intrinsics, because the compiler's own vectorisation spills the accumulators of wide tiles. Multiply and add are
//! two instructions in all of them.

use crate::pack::{LANES, Line};

/// Computes `N` lines of outputs: `acc = rows[0]`, then `acc += x[k] * rows[1 + k]` for k in order.
///
/// All slices hold what `N` lines need; what is too long is ignored.
pub trait Tile {
    fn tile<const N: usize>(x: &[f32], rows: &[Line], y: &mut [[f32; LANES]]);
}

/// The target's baseline, left to the compiler.
pub struct Scalar;

impl Tile for Scalar {
    fn tile<const N: usize>(x: &[f32], rows: &[Line], y: &mut [[f32; LANES]]) {
        let Some((bias, rows)) = rows.as_chunks::<N>().0.split_first() else { return };
        for (n, (bias, y)) in bias.iter().zip(y).enumerate() {
            let mut acc = bias.0;
            for (&xk, row) in x.iter().zip(rows) {
                for (acc, weight) in acc.iter_mut().zip(&row[n].0) {
                    *acc += xk * weight;
                }
            }
            *y = acc;
        }
    }
}

/// Lines ahead of the one that is read, at which the CPU is told to fetch: two small pages, so that those pages'
/// addresses, too, are found by the time they are needed. What the CPU fetches by itself ends with the page and begins
/// late.
#[allow(dead_code, reason = "only where there are vectors")]
const AHEAD: usize = 128;

/// A tile in one instruction set: its features, the lanes of its vectors, how to fetch ahead, and its five instructions.
#[allow(unused_macros, reason = "only where there are vectors")]
macro_rules! vector_tile {
    (
        $path:ident, $features:literal, $lanes:literal, $fetch:path,
        $splat:path, $load:path, $store:path, $mul:path, $add:path
    ) => {
        #[doc = concat!("Vectors of ", $lanes, " lanes.")]
        pub struct $path;

        impl Tile for $path {
            #[inline(always)]
            fn tile<const N: usize>(x: &[f32], rows: &[Line], y: &mut [[f32; LANES]]) {
                #[target_feature(enable = $features)]
                fn run<const N: usize>(
                    x: &[f32],
                    bias: &[Line; N],
                    rows: &[[Line; N]],
                    y: &mut [[f32; LANES]; N],
                ) {
                    const VECTORS: usize = LANES / $lanes;
                    // SAFETY: v * lanes < 16, so the whole vector lies in the line, which is aligned to 64 bytes.
                    let load = |line: &Line, v: usize| unsafe { $load(line.0.as_ptr().add(v * $lanes)) };
                    let mut acc: [[_; VECTORS]; N] =
                        std::array::from_fn(|n| std::array::from_fn(|v| load(&bias[n], v)));
                    for (&xk, row) in x.iter().zip(rows) {
                        let xk = $splat(xk);
                        for n in 0..N {
                            $fetch((&raw const row[n]).wrapping_add(AHEAD));
                            for v in 0..VECTORS {
                                acc[n][v] = $add(acc[n][v], $mul(xk, load(&row[n], v)));
                            }
                        }
                    }
                    for n in 0..N {
                        for v in 0..VECTORS {
                            // SAFETY: as for the load; the store needs no alignment.
                            unsafe { $store(y[n].as_mut_ptr().add(v * $lanes), acc[n][v]) };
                        }
                    }
                }
                if let (Some((bias, rows)), Some(y)) = (rows.as_chunks().0.split_first(), y.first_chunk_mut())
                {
                    // SAFETY: `run_steps` takes this type only for a path that was found available on this CPU.
                    unsafe { run::<N>(x, bias, rows, y) }
                }
            }
        }
    };
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86 {
    #[cfg(target_arch = "x86")]
    use std::arch::x86::*;
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::*;

    use super::{AHEAD, LANES, Line, Tile};

    /// Begins to bring a line into the nearest cache; nothing else, wherever it points.
    #[inline(always)]
    fn fetch(line: *const Line) {
        // SAFETY: a prefetch reads nothing, so that no address is wrong; every x86 has it, or runs nothing in its place.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) };
    }

    vector_tile!(
        Avx512,
        "avx512f",
        16,
        fetch,
        _mm512_set1_ps,
        _mm512_load_ps,
        _mm512_storeu_ps,
        _mm512_mul_ps,
        _mm512_add_ps
    );
    vector_tile!(
        Avx2,
        "avx2",
        8,
        fetch,
        _mm256_set1_ps,
        _mm256_load_ps,
        _mm256_storeu_ps,
        _mm256_mul_ps,
        _mm256_add_ps
    );
    vector_tile!(Sse2, "sse2", 4, fetch, _mm_set1_ps, _mm_load_ps, _mm_storeu_ps, _mm_mul_ps, _mm_add_ps);
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub use x86::{Avx2, Avx512, Sse2};

#[cfg(target_arch = "aarch64")]
mod aarch64 {
    use std::arch::aarch64::*;

    use super::{AHEAD, LANES, Line, Tile};

    /// Left to the CPU: what it would gain was not measured on ARM.
    fn fetch(_: *const Line) {}

    vector_tile!(Neon, "neon", 4, fetch, vdupq_n_f32, vld1q_f32, vst1q_f32, vmulq_f32, vaddq_f32);
}

#[cfg(target_arch = "aarch64")]
pub use aarch64::Neon;
