//! Pulses on lines that know nothing but high and low: fifty a second, each as long as its servo is told.

/// From one rise to the next, ns.
pub const PERIOD_NS: u64 = 20_000_000;

/// Lines that rise together and fall each at its own time.
///
/// A pulse is measured from when its rise was asked for, so that one who comes late to the rise makes no shorter
/// pulse; whoever comes late to the fall makes a longer one.
#[derive(Debug, Clone, Default)]
pub struct PulseTrain {
    /// When each falls, ns, and whether it has not yet.
    lines: Vec<(u64, bool)>,
    next_rise_ns: u64,
    /// Rises are this long after a whole number of periods, ns.
    phase_ns: u64,
}

impl PulseTrain {
    /// A train on so many lines.
    pub fn new(lines: usize) -> PulseTrain {
        PulseTrain { lines: vec![(0, false); lines], ..PulseTrain::default() }
    }

    /// From the next rise on they come a whole number of periods after `at_ns`, or before it.
    pub fn rise_at(&mut self, at_ns: u64) {
        self.phase_ns = at_ns % PERIOD_NS;
    }

    /// Brings the lines to how they shall stand at `now_ns`. `widths_ns` of the next pulses; `None`: there shall be none.
    pub fn advance(&mut self, now_ns: u64, widths_ns: Option<impl IntoIterator<Item = u64>>) {
        for (falls_ns, is_high) in &mut self.lines {
            *is_high &= now_ns < *falls_ns;
        }
        let is_due = !self.is_in_pulse() && now_ns >= self.next_rise_ns;
        if let (true, Some(widths_ns)) = (is_due, widths_ns) {
            for (line, width_ns) in self.lines.iter_mut().zip(widths_ns) {
                *line = (now_ns + width_ns.min(PERIOD_NS / 2), true);
            }
            // On its grid, whoever came late to this one.
            let soonest_ns = now_ns + PERIOD_NS / 2;
            let since_ns = (soonest_ns + PERIOD_NS - self.phase_ns) % PERIOD_NS;
            self.next_rise_ns = soonest_ns + (PERIOD_NS - since_ns) % PERIOD_NS;
        }
    }

    /// True for each line that is high.
    pub fn levels(&self) -> impl Iterator<Item = bool> {
        self.lines.iter().map(|(_, is_high)| *is_high)
    }

    /// True between a rise and the last fall.
    pub fn is_in_pulse(&self) -> bool {
        self.levels().any(|is_high| is_high)
    }

    /// When to ask again, ns.
    pub fn next_ns(&self) -> u64 {
        let falls = self.lines.iter().filter(|(_, is_high)| *is_high).map(|(falls_ns, _)| *falls_ns);
        falls.min().unwrap_or(self.next_rise_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: u64 = 1_000;

    fn levels(train: &mut PulseTrain, now_ns: u64, widths_ns: Option<[u64; 2]>) -> [bool; 2] {
        train.advance(now_ns, widths_ns);
        train.levels().collect::<Vec<_>>().try_into().unwrap()
    }

    /// Rises and falls of each line, ns, asked `late_ns` after the train wished to be.
    fn edges(widths_us: [u64; 2], late_ns: impl Fn(usize) -> u64, asks: usize) -> [Vec<u64>; 2] {
        let (mut train, mut edges, mut now_ns) = (PulseTrain::new(2), [vec![], vec![]], 5_000 * US);
        train.rise_at(5_000 * US);
        let mut before = [false; 2];
        for ask in 0..asks {
            let now = levels(&mut train, now_ns, Some(widths_us.map(|us| us * US)));
            for line in 0..2 {
                if now[line] != before[line] {
                    edges[line].push(now_ns);
                }
            }
            before = now;
            now_ns = train.next_ns() + late_ns(ask);
        }
        edges
    }

    #[test]
    fn they_rise_together_fifty_times_a_second_and_last_as_told() {
        let [left, right] = edges([2_000, 1_000], |_| 0, 301);
        assert_eq!((left.len(), right.len()), (201, 201));
        for (pulse, (left, right)) in left.chunks_exact(2).zip(right.chunks_exact(2)).enumerate() {
            let rise = 5_000 * US + pulse as u64 * PERIOD_NS;
            assert_eq!((left, right), (&[rise, rise + 2_000 * US][..], &[rise, rise + 1_000 * US][..]));
        }
    }

    #[test]
    fn who_comes_late_makes_no_pulse_shorter_and_none_longer_than_he_is_late() {
        let late_ns = |ask: usize| [0, 40, 900, 15_000][ask % 4] * US;
        for edges in edges([1_500, 1_200], late_ns, 400) {
            let widths: Vec<u64> = edges.chunks_exact(2).map(|pulse| pulse[1] - pulse[0]).collect();
            assert!(widths.len() > 100 && widths.iter().all(|ns| *ns >= 1_200 * US && *ns <= 16_500 * US));
            let rises = edges.iter().step_by(2).zip(edges.iter().skip(2).step_by(2));
            assert!(rises.into_iter().all(|(rise, next)| next - rise >= PERIOD_NS / 2));
        }
    }

    #[test]
    fn equal_pulses_fall_at_once() {
        let mut train = PulseTrain::new(2);
        assert_eq!(levels(&mut train, 0, Some([1_500 * US; 2])), [true; 2]);
        assert_eq!(train.next_ns(), 1_500 * US);
        assert_eq!(levels(&mut train, 1_500 * US, Some([1_500 * US; 2])), [false; 2]);
        assert_eq!(train.next_ns(), PERIOD_NS);
    }

    #[test]
    fn the_last_pulse_is_whole_and_none_comes_after_it() {
        let mut train = PulseTrain::new(2);
        levels(&mut train, 0, Some([1_000 * US, 2_000 * US]));
        assert_eq!(levels(&mut train, 1_000 * US, None), [false, true]);
        assert!(train.is_in_pulse());
        assert_eq!(levels(&mut train, 2_000 * US, None), [false; 2]);
        assert_eq!((levels(&mut train, PERIOD_NS, None), train.is_in_pulse()), ([false; 2], false));
    }

    #[test]
    fn no_width_keeps_a_line_high_for_ever() {
        let mut train = PulseTrain::new(2);
        levels(&mut train, 0, Some([u64::MAX, 0]));
        assert_eq!(train.next_ns(), 0, "one of no length falls at the next look");
        assert_eq!(levels(&mut train, PERIOD_NS / 2, None), [false; 2]);
    }
}
