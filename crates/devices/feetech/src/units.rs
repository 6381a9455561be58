//! Counts of the encoder and radians.

use core::f64::consts::TAU;

/// Counts of one turn.
pub const COUNTS_PER_TURN: f64 = 4096.0;

/// Count at a servo angle of zero.
pub const ZERO_COUNT: f64 = 2048.0;

/// Servo angle of `count`, rad.
pub fn angle_rad(count: i32) -> f64 {
    (f64::from(count) - ZERO_COUNT) * (TAU / COUNTS_PER_TURN)
}

/// Angular velocity of `counts_per_s`, rad/s.
pub fn velocity_rps(counts_per_s: i32) -> f64 {
    f64::from(counts_per_s) * (TAU / COUNTS_PER_TURN)
}

/// The goal for a servo angle, whole counts, kept within the single turn the register can say: a negative number
/// would read as a huge one.
pub fn goal_count(angle_rad: f64) -> u16 {
    // Truncated, as the community's runtime does: its offsets were found that way. `as` saturates.
    (ZERO_COUNT + angle_rad * (COUNTS_PER_TURN / TAU)).clamp(0.0, COUNTS_PER_TURN - 1.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_is_a_thousand_and_twenty_four_counts() {
        assert!((angle_rad(3072) - TAU / 4.0).abs() < 1e-12);
        assert_eq!(goal_count(TAU / 4.0 + 1e-9), 3072);
        assert!((velocity_rps(-1) + 0.001_534).abs() < 1e-6);
    }

    #[test]
    fn a_tenth_of_a_radian_is_2113() {
        assert_eq!(goal_count(0.1), 2113);
    }

    #[test]
    fn what_no_register_can_say_stays_in_the_turn() {
        assert_eq!([goal_count(4.0), goal_count(-4.0), goal_count(f64::NAN)], [4095, 0, 0]);
    }
}
