//! What a plan is made of: steps, where they read and write, and what each computes.

use crate::pack::Matrix;

/// A stretch of the arena or of the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub len: usize,
}

/// Where a step reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    Arena(Span),
    Constant(Span),
}

impl Operand {
    /// The right operand of a step that has none.
    pub const NONE: Operand = Operand::Constant(Span { start: 0, len: 0 });
}

/// One operation; its output lies behind everything it reads.
#[derive(Debug)]
pub struct Step {
    pub op: Op,
    pub left: Operand,
    pub right: Operand,
    pub output: Span,
}

/// What a step computes. `left` and `right` are its operands; only `Zip` has a right one.
#[derive(Debug)]
pub enum Op {
    /// `left · matrix + bias`.
    Matvec(Matrix),
    /// A function of each element.
    Map(Map),
    /// A function of each pair of elements; an operand of one element is used for all.
    Zip(Zip),
    /// Elements `first`, `first + stride`, ... of the operand.
    Pick {
        /// Index of the first element.
        first: usize,
        /// Distance to the next; may be negative.
        stride: isize,
    },
}

impl Op {
    /// How many floats the step writes for a value of `len` elements: a matrix writes whole lines.
    pub fn padded_len(&self, len: usize) -> usize {
        match self {
            Op::Matvec(matrix) => matrix.padded_outputs(),
            Op::Map(_) | Op::Zip(_) | Op::Pick { .. } => len,
        }
    }
}

/// A function of one element. A NaN passes through all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Map {
    /// Absolute value.
    Abs,
    /// Zero where the element is below zero.
    Relu,
    /// `alpha expm1(x)` where x is below zero.
    Elu {
        /// What the function goes to for x → -∞ is `-alpha`.
        alpha: f32,
    },
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
    /// `x sigmoid(alpha x)`.
    Swish {
        /// Factor inside the sigmoid.
        alpha: f32,
    },
    /// Raised to `low`, then lowered to `high`; where `low > high`, all becomes `high`.
    Clip {
        /// Lower bound, -∞ for none.
        low: f32,
        /// Upper bound, +∞ for none.
        high: f32,
    },
}

/// A function of two elements, by IEEE 754, rounded once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zip {
    /// left + right.
    Add,
    /// left - right.
    Sub,
    /// left × right.
    Mul,
    /// left ÷ right.
    Div,
}
