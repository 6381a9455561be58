//! Two antennas on hobby servos: what they are wished to do, and the width of the pulses that say so.

/// Width in the middle, and how far it goes to either side, ns.
const NEUTRAL_NS: i64 = 1_500_000;
const REACH_NS: f32 = 500_000.0;
/// A wish that differs by less from what is shown changes nothing: a hand at rest is never quite still.
const DEAD_BAND: f32 = 0.02;
/// They are neutral for so long before they are let go, ns: a servo turns all the way in it.
const FAREWELL_NS: u64 = 300_000_000;

/// Left and right.
#[derive(Debug, Clone)]
pub struct Antennas {
    directions: [i8; 2],
    /// What is shown, -1 to 1.
    shown: [f32; 2],
    let_go_ns: Option<u64>,
}

impl Antennas {
    /// Neutral ones. A direction is 1, or -1 where a longer pulse moves an antenna the other way.
    pub fn new(directions: [i8; 2]) -> Antennas {
        Antennas { directions, shown: [0.0; 2], let_go_ns: None }
    }

    /// Wishes them somewhere, -1 to 1 each. What is beyond counts as the end, and what is no number as no wish.
    pub fn wish(&mut self, wished: [f32; 2]) {
        for (shown, wished) in self.shown.iter_mut().zip(wished) {
            let wished = wished.clamp(-1.0, 1.0);
            let is_stop = wished == 0.0 || wished.abs() == 1.0;
            if is_stop || (wished - *shown).abs() >= DEAD_BAND {
                *shown = wished;
            }
        }
    }

    /// Neutral from now on, and let go a moment later.
    pub fn let_go(&mut self, now_ns: u64) {
        self.let_go_ns = Some(now_ns + FAREWELL_NS);
    }

    /// Width of the pulses, left and right, ns; `None` where they have been let go.
    pub fn widths_ns(&self, now_ns: u64) -> Option<[u64; 2]> {
        match self.let_go_ns {
            None => Some([0, 1].map(|side| width_ns(self.directions[side], self.shown[side]))),
            Some(end_ns) => (now_ns < end_ns).then_some([NEUTRAL_NS as u64; 2]),
        }
    }
}

fn width_ns(direction: i8, shown: f32) -> u64 {
    let aside_ns = (REACH_NS * shown).round() as i64 * i64::from(direction.signum());
    (NEUTRAL_NS + aside_ns) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(antennas: &mut Antennas, wished: [f32; 2]) -> [u64; 2] {
        antennas.wish(wished);
        antennas.widths_ns(0).unwrap()
    }

    #[test]
    fn one_to_two_milliseconds_and_a_direction_each() {
        let mut antennas = Antennas::new([1, -1]);
        assert_eq!(antennas.widths_ns(0), Some([1_500_000; 2]));
        for (wished, expected) in [
            ([1.0, 1.0], [2_000_000, 1_000_000]),
            ([-1.0, -1.0], [1_000_000, 2_000_000]),
            ([0.5, 0.0], [1_750_000, 1_500_000]),
            ([0.0, 0.25], [1_500_000, 1_375_000]),
        ] {
            assert_eq!(shown(&mut antennas, wished), expected);
        }
    }

    #[test]
    fn no_wish_goes_beyond_an_end_and_no_number_is_no_wish() {
        let mut antennas = Antennas::new([1, -1]);
        for beyond in [1.001, 7.0, f32::MAX, f32::INFINITY] {
            assert_eq!(shown(&mut antennas, [beyond, beyond]), [2_000_000, 1_000_000]);
            assert_eq!(shown(&mut antennas, [-beyond, f32::NAN]), [1_000_000, 1_000_000]);
        }
        for direction in i8::MIN..=i8::MAX {
            let [left, right] = shown(&mut Antennas::new([direction, 1]), [1.0, -1.0]);
            assert!((1_000_000..=2_000_000).contains(&left) && right == 1_000_000);
        }
    }

    #[test]
    fn a_hand_at_rest_moves_nothing_and_middle_and_ends_are_reached() {
        let mut antennas = Antennas::new([1, -1]);
        let held = shown(&mut antennas, [0.5, 0.5]);
        for tremble in [0.49, 0.51, 0.485, 0.515] {
            assert_eq!(shown(&mut antennas, [tremble, tremble]), held);
        }
        assert_ne!(shown(&mut antennas, [0.53, 0.5]), held);
        for (near, stop) in [(0.99, 1.0), (-0.99, -1.0), (0.01, 0.0)] {
            let before = shown(&mut antennas, [near, 0.0]);
            assert_ne!(shown(&mut antennas, [stop, 0.0]), before, "{stop}");
        }
    }

    #[test]
    fn they_are_neutral_for_a_moment_before_they_are_let_go() {
        let mut antennas = Antennas::new([1, -1]);
        antennas.wish([1.0, 1.0]);
        antennas.let_go(5_000_000_000);
        antennas.wish([1.0, 1.0]);
        assert_eq!(antennas.widths_ns(5_000_000_000), Some([1_500_000; 2]));
        assert_eq!(antennas.widths_ns(5_299_999_999), Some([1_500_000; 2]));
        assert_eq!(antennas.widths_ns(5_300_000_000), None);
    }
}
