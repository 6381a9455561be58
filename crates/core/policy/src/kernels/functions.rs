//! Functions beyond those of common activations, by the pinned `libm`: slower, and the same bits on every CPU.

use super::activation::{elu, tanh};

/// √(2/π), of Gelu's approximation.
const GELU_SCALE: f32 = 0.797_884_6;
const GELU_CUBE: f32 = 0.044_715;

#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    // Neither end overflows.
    libm::log1pf(libm::expf(-x.abs())) + if x < 0.0 { 0.0 } else { x }
}

#[inline(always)]
pub fn softsign(x: f32) -> f32 {
    x / (1.0 + x.abs())
}

#[inline(always)]
pub fn mish(x: f32) -> f32 {
    x * tanh(softplus(x))
}

#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
}

#[inline(always)]
pub fn gelu_tanh(x: f32) -> f32 {
    let cube = x * x * x;
    0.5 * x * (1.0 + tanh(GELU_SCALE * (x + GELU_CUBE * cube)))
}

#[inline(always)]
pub fn leaky_relu(x: f32, alpha: f32) -> f32 {
    if x < 0.0 { alpha * x } else { x }
}

#[inline(always)]
pub fn selu(x: f32, alpha: f32, gamma: f32) -> f32 {
    gamma * elu(x, alpha)
}

#[inline(always)]
pub fn hard_sigmoid(x: f32, alpha: f32, beta: f32) -> f32 {
    let line = alpha * x + beta;
    let raised = if line < 0.0 { 0.0 } else { line };
    if raised > 1.0 { 1.0 } else { raised }
}

#[inline(always)]
pub fn hard_swish(x: f32) -> f32 {
    x * hard_sigmoid(x, 1.0 / 6.0, 0.5)
}
