//! A histogram of durations: fixed memory, no allocation after its making, 3 % resolution from 1 ns to hours.

use serde::Serialize;

/// Buckets for each doubling.
const SUB_BUCKETS: u64 = 32;
const SUB_BITS: u32 = SUB_BUCKETS.trailing_zeros();
const BUCKETS: usize = (SUB_BUCKETS as usize) * 40;

/// Counts of durations in nanoseconds.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max_ns: u64,
}

/// The figures by which durations are reported, all in ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// Half of the durations do not exceed it.
    pub p50: u64,
    /// 99 of 100 do not exceed it.
    pub p99: u64,
    /// 999 of 1,000 do not exceed it.
    pub p99_9: u64,
    /// The longest.
    pub max: u64,
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], total: 0, max_ns: 0 }
    }

    /// Adds one duration.
    pub fn add(&mut self, ns: u64) {
        self.counts[bucket(ns)] += 1;
        self.total += 1;
        self.max_ns = self.max_ns.max(ns);
    }

    /// How many were added.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The longest.
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// The duration that a share `quantile` (0 to 1) does not exceed, to 3 %; 0 where nothing was added.
    pub fn quantile_ns(&self, quantile: f64) -> u64 {
        let rank = (quantile.clamp(0.0, 1.0) * self.total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper_end_ns(index).min(self.max_ns);
            }
        }
        self.max_ns
    }

    /// The figures by which these durations are reported, ns.
    pub fn quantiles(&self) -> Quantiles {
        Quantiles {
            p50: self.quantile_ns(0.5),
            p99: self.quantile_ns(0.99),
            p99_9: self.quantile_ns(0.999),
            max: self.max_ns,
        }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram::new()
    }
}

/// Index of the bucket of `ns`: exact below `SUB_BUCKETS`, then 32 buckets for each doubling.
fn bucket(ns: u64) -> usize {
    let doublings = (u64::BITS - 1 - (ns | 1).leading_zeros()).saturating_sub(SUB_BITS);
    let index = u64::from(doublings) * SUB_BUCKETS + (ns >> doublings);
    (index as usize).min(BUCKETS - 1)
}

/// Largest duration of a bucket.
fn upper_end_ns(index: usize) -> u64 {
    let index = index as u64;
    let doublings = (index / SUB_BUCKETS).saturating_sub(1);
    let mantissa = index - doublings * SUB_BUCKETS;
    ((mantissa + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gap() {
        let mut last = 0;
        for ns in 0..1_000_000u64 {
            let index = bucket(ns);
            assert!(index == last || index == last + 1, "gap at {ns}");
            assert!(upper_end_ns(index) >= ns, "{ns} lies beyond its bucket");
            last = index;
        }
    }

    #[test]
    fn quantiles_of_a_thousand_even_steps() {
        let mut histogram = Histogram::new();
        for step in 1..=1000 {
            histogram.add(step * 1000);
        }
        for (quantile, expected_ns) in [(0.5, 500_000.0), (0.99, 990_000.0), (1.0, 1_000_000.0)] {
            let found_ns = histogram.quantile_ns(quantile) as f64;
            assert!((found_ns / expected_ns - 1.0).abs() < 0.032, "{quantile}: {found_ns}");
        }
        assert_eq!((histogram.total(), histogram.max_ns()), (1000, 1_000_000));
        let quantiles = histogram.quantiles();
        assert_eq!([quantiles.p50, quantiles.p99, quantiles.p99_9, quantiles.max], {
            [0.5, 0.99, 0.999, 1.0].map(|quantile| histogram.quantile_ns(quantile))
        });
    }

    #[test]
    fn one_slow_tick_in_five_hundred_shows_in_p99_9_and_not_in_p99() {
        let mut histogram = Histogram::new();
        for tick in 0..1000 {
            histogram.add(if tick % 500 == 0 { 5_000_000 } else { 20 });
        }
        assert_eq!(histogram.quantiles(), Quantiles { p50: 20, p99: 20, p99_9: 5_000_000, max: 5_000_000 });
    }

    #[test]
    fn nothing_and_the_longest_duration_there_is() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile_ns(0.99), 0);
        histogram.add(u64::MAX);
        assert_eq!(histogram.max_ns(), u64::MAX);
    }
}
