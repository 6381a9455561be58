//! Functions of each element and of each pair of elements.

use super::activation::{elu, sigmoid, swish, tanh};
use super::functions::{
    gelu, gelu_tanh, hard_sigmoid, hard_swish, leaky_relu, mish, selu, softplus, softsign,
};
use crate::ir::{Map, Zip};

#[inline(always)]
pub fn map(map: Map, x: &[f32], y: &mut [f32]) {
    match map {
        Map::Abs => each(x, y, f32::abs),
        Map::Neg => each(x, y, |x| -x),
        Map::Reciprocal => each(x, y, |x| 1.0 / x),
        Map::Sqrt => each(x, y, f32::sqrt),
        Map::Exp => each(x, y, libm::expf),
        Map::Log => each(x, y, libm::logf),
        Map::Sin => each(x, y, libm::sinf),
        Map::Cos => each(x, y, libm::cosf),
        Map::Erf => each(x, y, libm::erff),
        Map::Softplus => each(x, y, softplus),
        Map::Softsign => each(x, y, softsign),
        Map::Mish => each(x, y, mish),
        Map::Gelu => each(x, y, gelu),
        Map::GeluTanh => each(x, y, gelu_tanh),
        Map::LeakyRelu { alpha } => each(x, y, |x| leaky_relu(x, alpha)),
        Map::Selu { alpha, gamma } => each(x, y, |x| selu(x, alpha, gamma)),
        Map::HardSigmoid { alpha, beta } => each(x, y, |x| hard_sigmoid(x, alpha, beta)),
        Map::HardSwish => each(x, y, hard_swish),
        Map::Relu => each(x, y, |x| if x < 0.0 { 0.0 } else { x }),
        Map::Elu { alpha } => each(x, y, |x| elu(x, alpha)),
        Map::Tanh => each(x, y, tanh),
        Map::Sigmoid => each(x, y, sigmoid),
        Map::Swish { alpha } => each(x, y, |x| swish(x, alpha)),
        Map::Clip { low, high } => each(x, y, |x| clip(x, low, high)),
    }
}

#[inline(always)]
pub fn zip(zip: Zip, left: &[f32], right: &[f32], y: &mut [f32]) {
    match zip {
        Zip::Add => pairs(left, right, y, |a, b| a + b),
        Zip::Sub => pairs(left, right, y, |a, b| a - b),
        Zip::Mul => pairs(left, right, y, |a, b| a * b),
        Zip::Div => pairs(left, right, y, |a, b| a / b),
        Zip::Pow => pairs(left, right, y, libm::powf),
        Zip::Max => pairs(left, right, y, |a, b| if a.is_nan() || a > b { a } else { b }),
        Zip::Min => pairs(left, right, y, |a, b| if a.is_nan() || a < b { a } else { b }),
        Zip::PRelu => pairs(left, right, y, |a, b| if a < 0.0 { a * b } else { a }),
        Zip::Less => pairs(left, right, y, |a, b| if a < b { 1.0 } else { 0.0 }),
        Zip::LessOrEqual => pairs(left, right, y, |a, b| if a <= b { 1.0 } else { 0.0 }),
        Zip::Equal => pairs(left, right, y, |a, b| if a == b { 1.0 } else { 0.0 }),
        Zip::KeepWhere => pairs(left, right, y, |a, b| if a != 0.0 { b } else { 0.0 }),
        Zip::KeepUnless => pairs(left, right, y, |a, b| if a != 0.0 { 0.0 } else { b }),
        Zip::Merge => pairs(left, right, y, |a, b| f32::from_bits(a.to_bits() | b.to_bits())),
    }
}

/// Makes every NaN the same one, 0x7fc00000: CPUs differ in the sign and payload that arithmetic gives.
///
/// On the bits, because a compiler may take any NaN for any other.
pub fn canonicalise(values: &mut [f32]) {
    for value in values {
        let bits = value.to_bits();
        if bits & 0x7fff_ffff > 0x7f80_0000 {
            *value = f32::from_bits(0x7fc0_0000);
        }
    }
}

/// Explicit comparisons, since the minimum and maximum instructions of CPUs treat NaN differently.
#[inline(always)]
fn clip(x: f32, low: f32, high: f32) -> f32 {
    let raised = if x < low { low } else { x };
    if raised > high { high } else { raised }
}

#[inline(always)]
fn each(x: &[f32], y: &mut [f32], f: impl Fn(f32) -> f32) {
    for (&x, y) in x.iter().zip(y) {
        *y = f(x);
    }
}

#[inline(always)]
fn pairs(left: &[f32], right: &[f32], y: &mut [f32], f: impl Fn(f32, f32) -> f32) {
    match (left, right) {
        (_, &[right]) => each(left, y, |left| f(left, right)),
        (&[left], _) => each(right, y, |right| f(left, right)),
        _ => {
            for ((&left, &right), y) in left.iter().zip(right).zip(y) {
                *y = f(left, right);
            }
        }
    }
}
