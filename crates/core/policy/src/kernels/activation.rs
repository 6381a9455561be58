//! The exponential and what is built on it, branch-free so that it vectorises.
//!
//! Coefficients come from `scripts/fit_expm1.py`. Every multiply and add is rounded by itself. A NaN goes in and a NaN
//! comes out, of unspecified sign and payload; a plan makes the NaNs of its output canonical.
//!
//! Largest errors, which the test below holds: expm1 and Elu 1 ulp, Sigmoid 2.5, Tanh 2.6, Swish 3.3.

/// Below this, `exp` is zero and `expm1` is -1: the scale's exponent field reaches zero exactly.
const LOWEST: f32 = -88.0;
/// 1.5 · 2²³: adding it rounds to an integer, which then stands in the low bits of the sum.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts; the high one has nine trailing zero bits, so that its product with the exponent is exact.
const LN2_HIGH: f32 = f32::from_bits(0x3f31_7200);
const LN2_LOW: f32 = f32::from_bits(0x35bf_be8e);
/// expm1(r) = r + r² q(r) on |r| <= ln(2)/2, relative error 1.4e-8.
const Q0: f32 = f32::from_bits(0x3eff_ffff);
const Q1: f32 = f32::from_bits(0x3e2a_aa5a);
const Q2: f32 = f32::from_bits(0x3d2a_ab7b);
const Q3: f32 = f32::from_bits(0x3c09_129b);
const Q4: f32 = f32::from_bits(0x3ab5_cbe1);

/// `(p, s)` with `exp(x) = s + s p`, `s` a power of two and `p = expm1` of the reduced argument; for x <= 0.
#[inline(always)]
fn reduce(x: f32) -> (f32, f32) {
    let x = if x < LOWEST { LOWEST } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let q = (((Q4 * r + Q3) * r + Q2) * r + Q1) * r + Q0;
    let p = (r * r) * q + r;
    // The integer's low bits, moved into the exponent field, plus the bias: 2^n, and zero for n = -127.
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    (p, scale)
}

/// `exp(x) - 1` for x <= 0, without the loss near zero; for x > 0 the result means nothing.
///
/// The activations need no positive argument, so there is no overflow to guard. Largest error 1 ulp.
#[inline(always)]
pub fn expm1(x: f32) -> f32 {
    let (p, scale) = reduce(x);
    scale * p + (scale - 1.0)
}

/// `exp(x)` for x <= 0, zero below about -87.7.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let (p, scale) = reduce(x);
    scale * p + scale
}

/// `x` where it is positive, else `alpha expm1(x)`.
#[inline(always)]
pub fn elu(x: f32, alpha: f32) -> f32 {
    let negative = alpha * expm1(x);
    if x < 0.0 { negative } else { x }
}

/// `1 / (1 + exp(-x))`, from `t = exp(-|x|)` so that both tails keep their relative precision.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    let t = exp(-x.abs());
    let numerator = if x < 0.0 { t } else { 1.0 };
    numerator / (1.0 + t)
}

/// `x sigmoid(alpha x)`; bit for bit what Sigmoid and Mul give.
#[inline(always)]
pub fn swish(x: f32, alpha: f32) -> f32 {
    x * sigmoid(alpha * x)
}

/// Hyperbolic tangent, from `t = expm1(-2|x|)`, with the sign of x.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let t = expm1(-2.0 * x.abs());
    (-t / (2.0 + t)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error in units of the last place of the exact result, over every 97th float in the range, both signs
    /// where asked for. Below 1e-37 the unit is kept at 1e-37's, since results there may be flushed to zero.
    fn largest_ulp(
        bits: std::ops::Range<u32>,
        sign: f32,
        f: impl Fn(f32) -> f32,
        exact: impl Fn(f64) -> f64,
    ) -> f64 {
        let mut largest = 0.0f64;
        for bits in bits.step_by(97) {
            let x = f32::from_bits(bits) * sign;
            let expected = exact(f64::from(x));
            let unit = ulp(expected.abs().max(1e-37));
            largest = largest.max((f64::from(f(x)) - expected).abs() / unit);
        }
        largest
    }

    /// The distance between float32 neighbours at a positive value.
    fn ulp(value: f64) -> f64 {
        let below = value as f32;
        f64::from(f32::from_bits(below.to_bits() + 1)) - f64::from(below)
    }

    /// All magnitudes from 1e-30 to the argument's limit.
    fn magnitudes(limit: f32) -> std::ops::Range<u32> {
        1e-30f32.to_bits()..limit.to_bits()
    }

    #[test]
    fn limits_are_exact() {
        assert_eq!([exp(-88.0), exp(-1e30), exp(f32::NEG_INFINITY), exp(0.0)], [0.0, 0.0, 0.0, 1.0]);
        assert_eq!([expm1(-88.0), expm1(f32::NEG_INFINITY), expm1(0.0)], [-1.0, -1.0, 0.0]);
        assert_eq!([tanh(f32::INFINITY), tanh(f32::NEG_INFINITY), tanh(0.0)], [1.0, -1.0, 0.0]);
        assert_eq!([sigmoid(f32::INFINITY), sigmoid(f32::NEG_INFINITY), sigmoid(0.0)], [1.0, 0.0, 0.5]);
        assert_eq!(tanh(-0.0).to_bits(), (-0.0f32).to_bits());
        assert!(
            [expm1(f32::NAN), elu(f32::NAN, 1.0), sigmoid(f32::NAN), tanh(f32::NAN)]
                .iter()
                .all(|y| y.is_nan())
        );
    }

    #[test]
    fn errors_stay_below_their_documented_bounds() {
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        let cases = [
            ("expm1", 1.0, largest_ulp(magnitudes(100.0), -1.0, expm1, f64::exp_m1)),
            ("exp", 1.0, largest_ulp(magnitudes(87.0), -1.0, exp, f64::exp)),
            ("elu", 1.0, largest_ulp(magnitudes(100.0), -1.0, |x| elu(x, 1.0), f64::exp_m1)),
            ("sigmoid -", 2.5, largest_ulp(magnitudes(80.0), -1.0, sigmoid, logistic)),
            ("sigmoid +", 1.6, largest_ulp(magnitudes(100.0), 1.0, sigmoid, logistic)),
            ("tanh -", 2.6, largest_ulp(magnitudes(50.0), -1.0, tanh, f64::tanh)),
            ("tanh +", 2.6, largest_ulp(magnitudes(50.0), 1.0, tanh, f64::tanh)),
            ("swish -", 3.3, largest_ulp(magnitudes(80.0), -1.0, |x| swish(x, 1.0), |x| x * logistic(x))),
            ("swish +", 2.3, largest_ulp(magnitudes(100.0), 1.0, |x| swish(x, 1.0), |x| x * logistic(x))),
        ];
        for (name, bound, found) in cases {
            println!("{name}: {found:.3} ulp");
            assert!(found <= bound, "{name}: {found} ulp");
        }
    }
}
