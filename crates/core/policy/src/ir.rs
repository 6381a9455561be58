//! What a plan is made of: steps, where they read and write, and what each computes.

use std::ops::Range;
use std::sync::Arc;

use crate::pack::Matrix;
use crate::weights::Weights;

/// A stretch of the arena or of the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub len: usize,
}

impl Span {
    pub fn range(self) -> Range<usize> {
        self.start..self.start + self.len
    }
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

/// The numbers of the file, as steps read them.
#[derive(Debug)]
pub struct Constants {
    /// Those that stand in [`Operand::Constant`].
    pub floats: Vec<f32>,
    /// Those of all matrices, in the order of the steps.
    pub weights: Weights,
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
    /// `left · matrix + bias`; shared by the rows of a value that has several.
    Matvec(Arc<Matrix>),
    /// A function of each element.
    Map(Map),
    /// A function of each pair of elements; an operand of one element is used for all.
    Zip(Zip),
    /// Elements `first`, `first + stride`, ... of the operand.
    Pick {
        /// Index of the first element.
        first: usize,
        /// Distance to the next; may be negative, or zero: the same element again and again.
        stride: isize,
    },
    /// The elements with these indices.
    Gather(Vec<usize>),
    /// One number made of all elements, first to last.
    Reduce(Reduce),
}

impl Op {
    /// How many floats the step writes for a value of `len` elements: a matrix writes whole lines.
    pub fn padded_len(&self, len: usize) -> usize {
        match self {
            Op::Matvec(matrix) => matrix.padded_outputs(),
            _ => len,
        }
    }
}

/// A function of one element. A NaN passes through all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Map {
    /// Absolute value.
    Abs,
    /// The other sign.
    Neg,
    /// 1 ÷ x.
    Reciprocal,
    /// Square root.
    Sqrt,
    /// e to the power of x.
    Exp,
    /// Natural logarithm.
    Log,
    /// Sine of x rad.
    Sin,
    /// Cosine of x rad.
    Cos,
    /// Error function.
    Erf,
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
    /// `ln(1 + exp(x))`.
    Softplus,
    /// `x ÷ (1 + |x|)`.
    Softsign,
    /// `x tanh(softplus(x))`.
    Mish,
    /// `x Φ(x)`, Φ the normal distribution's.
    Gelu,
    /// Gelu with Φ by a hyperbolic tangent.
    GeluTanh,
    /// `alpha x` where x is below zero.
    LeakyRelu {
        /// Slope below zero.
        alpha: f32,
    },
    /// `gamma` times an Elu.
    Selu {
        /// Of the Elu.
        alpha: f32,
        /// Factor of all.
        gamma: f32,
    },
    /// `alpha x + beta`, within 0 and 1.
    HardSigmoid {
        /// Slope.
        alpha: f32,
        /// At zero.
        beta: f32,
    },
    /// `x` times the hard sigmoid of slope 1/6.
    HardSwish,
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
    /// left to the power of right.
    Pow,
    /// The larger one; a NaN where one is.
    Max,
    /// The smaller one; a NaN where one is.
    Min,
    /// left where it is not below zero, else left × right.
    PRelu,
    /// One where left < right, else zero.
    Less,
    /// One where left ≤ right, else zero.
    LessOrEqual,
    /// One where both are equal, else zero.
    Equal,
    /// right where left is not zero, else zero.
    KeepWhere,
    /// right where left is zero, else zero.
    KeepUnless,
    /// The one of both that is not zero: bits of both together.
    Merge,
}

/// What becomes of all elements. Sums begin at zero and take each element in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduce {
    /// Their sum.
    Sum,
    /// Their sum ÷ their number.
    Mean,
    /// Sum of their absolute values.
    L1,
    /// Root of the sum of their squares.
    L2,
    /// Sum of their squares.
    SumSquare,
    /// The largest; a NaN where one is.
    Max,
    /// The smallest; a NaN where one is.
    Min,
}
