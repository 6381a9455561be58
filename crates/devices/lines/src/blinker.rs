//! Lights that blink together: dark for a moment, then on for a while that is never the same.

/// Dark, ns.
const DARK_NS: u64 = 100_000_000;
/// On, ns: at least, and how much more at most.
const OPEN_NS: u64 = 1_000_000_000;
const OPEN_MORE_NS: u64 = 3_000_000_000;

/// Lights that blink.
#[derive(Debug, Clone)]
pub struct Blinker {
    random: u64,
    are_on: bool,
    until_ns: u64,
}

impl Blinker {
    /// Lights that are dark at `now_ns` and on after a moment. The same seed blinks the same.
    pub fn new(seed: u64, now_ns: u64) -> Blinker {
        Blinker { random: seed, are_on: false, until_ns: now_ns + DARK_NS }
    }

    /// True where they are on at `now_ns`. One who asks late sees what they have come to, and nothing is made up for.
    pub fn are_on(&mut self, now_ns: u64) -> bool {
        if now_ns >= self.until_ns {
            self.are_on = !self.are_on;
            let lasts_ns = if self.are_on { OPEN_NS + self.share_of(OPEN_MORE_NS) } else { DARK_NS };
            self.until_ns = now_ns + lasts_ns;
        }
        self.are_on
    }

    /// When to ask again, ns.
    pub fn next_ns(&self) -> u64 {
        self.until_ns
    }

    /// Any part of `most`, each as likely (splitmix64).
    fn share_of(&mut self, most: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ self.random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % (most + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_NS: u64 = 7_000_000_000;

    /// How long the lights stood each way, ns, dark first.
    fn spans(seed: u64, count: usize) -> Vec<u64> {
        let mut lights = Blinker::new(seed, START_NS);
        let mut now_ns = START_NS;
        let spans = (0..count).map(|span| {
            assert_eq!(lights.are_on(now_ns), span % 2 == 1);
            assert_eq!(lights.are_on(lights.next_ns() - 1), span % 2 == 1, "it lasts to its end");
            let begun_ns = std::mem::replace(&mut now_ns, lights.next_ns());
            now_ns - begun_ns
        });
        spans.collect()
    }

    #[test]
    fn they_are_dark_for_a_moment_and_open_for_a_second_to_four() {
        let spans = spans(1, 2_000);
        let (dark, open): (Vec<_>, Vec<_>) = spans.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
        assert!(dark.iter().all(|ns| *ns == 100_000_000));
        let (shortest, longest) = (open.iter().min().unwrap(), open.iter().max().unwrap());
        assert!((1_000_000_000..1_050_000_000).contains(shortest), "{shortest}");
        assert!((3_950_000_000..=4_000_000_000).contains(longest), "{longest}");
        let mean_ns = open.iter().sum::<u64>() / open.len() as u64;
        assert!(mean_ns.abs_diff(2_500_000_000) < 100_000_000, "{mean_ns}");
    }

    #[test]
    fn a_seed_blinks_in_its_own_way() {
        assert_eq!(spans(5, 20), spans(5, 20));
        assert_ne!(spans(5, 20), spans(6, 20));
    }

    #[test]
    fn one_who_asks_late_sees_one_change_and_not_all_that_were_missed() {
        let mut lights = Blinker::new(0, 0);
        let late_ns = 60_000_000_000;
        assert!(lights.are_on(late_ns));
        assert!(lights.are_on(late_ns + 999_999_999) && lights.next_ns() >= late_ns + 1_000_000_000);
    }
}
