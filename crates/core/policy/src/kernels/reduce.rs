//! One number of many, in one order for all CPUs: the sum of the first two, then the third, and so on.

use crate::ir::Reduce;

#[inline(always)]
pub fn reduce(reduce: Reduce, x: &[f32]) -> f32 {
    match reduce {
        Reduce::Sum => sum(x, |x| x),
        Reduce::Mean => sum(x, |x| x) / x.len() as f32,
        Reduce::L1 => sum(x, f32::abs),
        Reduce::L2 => sum(x, |x| x * x).sqrt(),
        Reduce::SumSquare => sum(x, |x| x * x),
        Reduce::Max => extreme(x, |x, most| x > most),
        Reduce::Min => extreme(x, |x, most| x < most),
    }
}

#[inline(always)]
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut sum = 0.0;
    for &x in x {
        sum += f(x);
    }
    sum
}

#[inline(always)]
fn extreme(x: &[f32], exceeds: impl Fn(f32, f32) -> bool) -> f32 {
    let mut most = x[0];
    for &x in x {
        if x.is_nan() || exceeds(x, most) {
            most = x;
        }
        if most.is_nan() {
            break;
        }
    }
    most
}
