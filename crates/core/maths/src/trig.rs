//! Sine, cosine, arc cosine and arc tangent from the pinned `libm`: the platform's own differ in the last bit.

/// Cosine and sine of `angle_rad`.
pub fn cos_sin(angle_rad: f64) -> (f64, f64) {
    (libm::cos(angle_rad), libm::sin(angle_rad))
}

/// Angle of the direction (x, y), from -π to π.
pub fn atan2(y: f32, x: f32) -> f32 {
    libm::atan2f(y, x)
}

/// Angle in radians whose cosine is `cosine`; the argument is first brought into [-1, 1].
pub fn acos(cosine: f32) -> f32 {
    libm::acosf(cosine.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_turns_are_exact_enough_to_name() {
        let (cos, sin) = cos_sin(core::f64::consts::FRAC_PI_2);
        assert!(cos.abs() < 1e-16 && sin == 1.0);
    }

    #[test]
    fn bits_of_the_gait_clock_do_not_move_with_the_library() {
        // One gait of 27 ticks, folded into one number: a changed libm changes it.
        let mut fold = 0u64;
        for tick in 0..27 {
            let (cos, sin) = cos_sin(core::f64::consts::TAU * f64::from(tick) / 27.0);
            fold = fold.rotate_left(5) ^ (cos as f32).to_bits() as u64;
            fold = fold.rotate_left(5) ^ (sin as f32).to_bits() as u64;
        }
        assert_eq!(fold, GAIT_FOLD, "found {fold:#x}");
    }

    const GAIT_FOLD: u64 = 0xa269_e7c2_26ba_3c0f;

    #[test]
    fn arc_cosine_takes_rounded_dot_products() {
        assert_eq!(acos(1.000_001), 0.0);
        assert!((acos(-1.5) - core::f32::consts::PI).abs() < 1e-6);
    }
}
