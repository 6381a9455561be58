//! Weights laid out for the kernel: tile after tile, and in a tile input after input.

use crate::cpu::CpuPath;

/// Floats in a line: one AVX-512 register, one cache line.
pub const LANES: usize = 16;

/// Sixteen floats in one cache line, so that no vector load straddles two.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Line(pub [f32; LANES]);

/// Where a matrix and its bias lie among the packed weights.
///
/// The outputs are cut into tiles of 8, 4, 2 or 1 lines; the outputs beyond the last are padded with zeros to a whole
/// line. How they are cut depends on the CPU path and has no influence on the bits.
#[derive(Debug)]
pub struct Matrix {
    /// Length of the row it multiplies.
    pub inputs: usize,
    /// Lines in each tile.
    pub tiles: Vec<usize>,
    /// Its first line: `[tile][bias, then input after input][line of the tile]`, as the kernel reads them.
    pub first: usize,
}

impl Matrix {
    /// Packs `bias.len()` outputs behind all other weights; `weight(k, j)` is what input k contributes to output j.
    pub fn pack(
        path: CpuPath,
        weights: &mut Vec<Line>,
        inputs: usize,
        bias: &[f32],
        weight: impl Fn(usize, usize) -> f32,
    ) -> Matrix {
        let outputs = bias.len();
        let tiles = tile_widths(outputs.div_ceil(LANES), widest_tile(path));
        let matrix = Matrix { inputs, tiles, first: weights.len() };
        weights.reserve(matrix.lines() * matrix.rows());
        let mut first = 0;
        for width in &matrix.tiles {
            let lines = (first..).step_by(LANES).take(*width);
            weights.extend(lines.clone().map(|first| padded(outputs, first, |j| bias[j])));
            for k in 0..inputs {
                weights.extend(lines.clone().map(|first| padded(outputs, first, |j| weight(k, j))));
            }
            first += width * LANES;
        }
        matrix
    }

    /// Rows of each tile: its bias, and one for each input.
    pub fn rows(&self) -> usize {
        self.inputs + 1
    }

    /// Outputs rounded up to whole lines.
    pub fn padded_outputs(&self) -> usize {
        self.lines() * LANES
    }

    fn lines(&self) -> usize {
        self.tiles.iter().sum()
    }
}

/// Lines whose accumulators fit the registers and leave some for weights and products.
fn widest_tile(path: CpuPath) -> usize {
    match path {
        CpuPath::Avx512 => 8,
        CpuPath::Avx2 | CpuPath::Neon => 4,
        CpuPath::Sse2 => 2,
        CpuPath::Scalar => 1,
    }
}

/// As many of the widest tiles as fit, then ever narrower ones.
fn tile_widths(mut lines: usize, widest: usize) -> Vec<usize> {
    let mut tiles = Vec::new();
    let mut width = widest;
    while lines > 0 {
        if width <= lines {
            tiles.push(width);
            lines -= width;
        } else {
            width /= 2;
        }
    }
    tiles
}

fn padded(outputs: usize, first: usize, value: impl Fn(usize) -> f32) -> Line {
    Line(std::array::from_fn(|lane| if first + lane < outputs { value(first + lane) } else { 0.0 }))
}
