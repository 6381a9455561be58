//! What a name of the graph stands for.

use crate::ir::Span;
use crate::tensor::Numbers;

/// What a name stands for: numbers known now, or a stretch of the arena when the plan runs.
#[derive(Debug, Clone)]
pub struct Value {
    pub dims: Vec<usize>,
    pub source: Source,
}

#[derive(Debug, Clone)]
pub enum Source {
    Arena(Span),
    Constant(Numbers),
}

impl Value {
    /// Numbers that are known now.
    pub fn from_floats(dims: Vec<usize>, floats: Vec<f32>) -> Value {
        Value { dims, source: Source::Constant(Numbers::Floats(floats.into())) }
    }

    /// Elements in it.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// The length where it is a single row: no dimension but the last may differ from one. A number without dimensions
    /// is a row of one.
    pub fn row_len(&self) -> Option<usize> {
        match self.dims.split_last() {
            None => Some(1),
            Some((&len, leading)) if len > 0 && leading.iter().all(|&dim| dim == 1) => Some(len),
            _ => None,
        }
    }

    /// The numbers where they are known and floats.
    pub fn constant(&self) -> Option<&[f32]> {
        match &self.source {
            Source::Constant(Numbers::Floats(floats)) => Some(floats),
            _ => None,
        }
    }

    /// The numbers where they are known and integers.
    pub fn constant_ints(&self) -> Option<&[i64]> {
        match &self.source {
            Source::Constant(Numbers::Ints(ints)) => Some(ints),
            _ => None,
        }
    }
}
