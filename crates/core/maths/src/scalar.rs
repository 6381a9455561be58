//! Scalars.

/// `value`, brought into `low` to `high`. Unlike the standard clamp it never panics, and what is not a number
/// passes through unchanged on every CPU, to be seen by whoever checks for it.
pub fn limit(value: f32, low: f32, high: f32) -> f32 {
    if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn limits_and_lets_pass_what_is_no_number() {
        assert_eq!([limit(-2.0, -1.0, 1.0), limit(2.0, -1.0, 1.0), limit(0.5, -1.0, 1.0)], [-1.0, 1.0, 0.5]);
        assert!(limit(f32::NAN, -1.0, 1.0).is_nan());
        assert_eq!(limit(1.0, f32::NAN, f32::NAN), 1.0);
    }
}
