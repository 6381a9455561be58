//! Hobby servos: where they are to go, and the width of the pulses that say so.

/// Width in the middle, and how far it goes to either side, ns.
const NEUTRAL_NS: i64 = 1_500_000;
const REACH_NS: f32 = 500_000.0;
/// A target that differs by less from where a servo is changes nothing: a hand at rest is never quite still.
const DEAD_BAND: f32 = 0.02;
/// They are neutral for so long before they are let go, ns: a servo turns all the way in it.
const FAREWELL_NS: u64 = 300_000_000;

/// The pulse servos of one robot.
#[derive(Debug, Clone)]
pub struct PulseServos {
    directions: Vec<i8>,
    /// Where they are, -1 to 1.
    shown: Vec<f32>,
    let_go_ns: Option<u64>,
}

impl PulseServos {
    /// Neutral ones. A direction is 1, or -1 where a longer pulse moves one the other way.
    pub fn new(directions: Vec<i8>) -> PulseServos {
        PulseServos { shown: vec![0.0; directions.len()], directions, let_go_ns: None }
    }

    /// Moves them, -1 to 1 each. What is beyond counts as the end, and what is no number as no target.
    pub fn set_targets(&mut self, targets: impl IntoIterator<Item = f32>) {
        for (shown, target) in self.shown.iter_mut().zip(targets) {
            let target = target.clamp(-1.0, 1.0);
            let is_stop = target == 0.0 || target.abs() == 1.0;
            if is_stop || (target - *shown).abs() >= DEAD_BAND {
                *shown = target;
            }
        }
    }

    /// Neutral from now on, and let go a moment later.
    pub fn let_go(&mut self, now_ns: u64) {
        self.let_go_ns = Some(now_ns + FAREWELL_NS);
    }

    /// True until they have been let go: there are pulses.
    pub fn are_driven(&self, now_ns: u64) -> bool {
        self.let_go_ns.is_none_or(|end_ns| now_ns < end_ns)
    }

    /// Width of the pulses of each, ns.
    pub fn widths_ns(&self) -> impl Iterator<Item = u64> {
        let is_neutral = self.let_go_ns.is_some();
        let shown = self.shown.iter().map(move |shown| if is_neutral { 0.0 } else { *shown });
        self.directions.iter().zip(shown).map(|(direction, shown)| width_ns(*direction, shown))
    }
}

fn width_ns(direction: i8, shown: f32) -> u64 {
    let aside_ns = (REACH_NS * shown).round() as i64 * i64::from(direction.signum());
    (NEUTRAL_NS + aside_ns) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(servos: &PulseServos, now_ns: u64) -> Option<[u64; 2]> {
        let widths: Vec<u64> = servos.widths_ns().collect();
        servos.are_driven(now_ns).then(|| widths.try_into().unwrap())
    }

    fn shown(servos: &mut PulseServos, targets: [f32; 2]) -> [u64; 2] {
        servos.set_targets(targets);
        widths(servos, 0).unwrap()
    }

    #[test]
    fn one_to_two_milliseconds_and_a_direction_each() {
        let mut servos = PulseServos::new(vec![1, -1]);
        assert_eq!(widths(&servos, 0), Some([1_500_000; 2]));
        for (targets, expected) in [
            ([1.0, 1.0], [2_000_000, 1_000_000]),
            ([-1.0, -1.0], [1_000_000, 2_000_000]),
            ([0.5, 0.0], [1_750_000, 1_500_000]),
            ([0.0, 0.25], [1_500_000, 1_375_000]),
        ] {
            assert_eq!(shown(&mut servos, targets), expected);
        }
    }

    #[test]
    fn no_target_goes_beyond_an_end_and_no_number_is_no_target() {
        let mut servos = PulseServos::new(vec![1, -1]);
        for beyond in [1.001, 7.0, f32::MAX, f32::INFINITY] {
            assert_eq!(shown(&mut servos, [beyond, beyond]), [2_000_000, 1_000_000]);
            assert_eq!(shown(&mut servos, [-beyond, f32::NAN]), [1_000_000, 1_000_000]);
        }
        for direction in i8::MIN..=i8::MAX {
            let [left, right] = shown(&mut PulseServos::new(vec![direction, 1]), [1.0, -1.0]);
            assert!((1_000_000..=2_000_000).contains(&left) && right == 1_000_000);
        }
    }

    #[test]
    fn a_hand_at_rest_moves_nothing_and_middle_and_ends_are_reached() {
        let mut servos = PulseServos::new(vec![1, -1]);
        let held = shown(&mut servos, [0.5, 0.5]);
        for tremble in [0.49, 0.51, 0.485, 0.515] {
            assert_eq!(shown(&mut servos, [tremble, tremble]), held);
        }
        assert_ne!(shown(&mut servos, [0.53, 0.5]), held);
        for (near, stop) in [(0.99, 1.0), (-0.99, -1.0), (0.01, 0.0)] {
            let before = shown(&mut servos, [near, 0.0]);
            assert_ne!(shown(&mut servos, [stop, 0.0]), before, "{stop}");
        }
    }

    #[test]
    fn they_are_neutral_for_a_moment_before_they_are_let_go() {
        let mut servos = PulseServos::new(vec![1, -1]);
        servos.set_targets([1.0, 1.0]);
        servos.let_go(5_000_000_000);
        servos.set_targets([1.0, 1.0]);
        assert_eq!(widths(&servos, 5_000_000_000), Some([1_500_000; 2]));
        assert_eq!(widths(&servos, 5_299_999_999), Some([1_500_000; 2]));
        assert_eq!(widths(&servos, 5_300_000_000), None);
    }
}
