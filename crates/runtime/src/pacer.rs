//! A pacer: wakes its caller at absolute deadlines, one period apart, for ever in phase.

use crate::clock::Clock;
use crate::histogram::Histogram;
use thiserror::Error;

/// Shortest period, ns: 10 kHz.
const MIN_PERIOD_NS: u64 = 100_000;
/// Longest period, ns: 0.1 Hz.
const MAX_PERIOD_NS: u64 = 10_000_000_000;

/// A period nobody can keep.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("period_ns: expected {MIN_PERIOD_NS} to {MAX_PERIOD_NS}, found {found}")]
pub struct PacerError {
    found: u64,
}

impl PacerError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        "a loop of 50 Hz has a period of 20000000 ns".to_owned()
    }
}

/// One wake-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// Number of the deadline that has come, from 0.
    pub tick: u64,
    /// How long after it the caller runs, ns.
    pub lateness_ns: u64,
    /// Deadlines that had passed entirely and were left out, since the wake-up before.
    pub skipped: u64,
}

/// Wakes its caller at `start + tick * period`. A caller that is late for whole periods skips these ticks and keeps
/// the phase; they are counted, never caught up.
#[derive(Debug)]
pub struct Pacer<C> {
    clock: C,
    period_ns: u64,
    start_ns: u64,
    next_tick: u64,
    skipped: u64,
    lateness: Histogram,
}

impl<C: Clock> Pacer<C> {
    /// A pacer whose first deadline is now.
    pub fn new(clock: C, period_ns: u64) -> Result<Pacer<C>, PacerError> {
        if !(MIN_PERIOD_NS..=MAX_PERIOD_NS).contains(&period_ns) {
            return Err(PacerError { found: period_ns });
        }
        let start_ns = clock.now_ns();
        Ok(Pacer { clock, period_ns, start_ns, next_tick: 0, skipped: 0, lateness: Histogram::new() })
    }

    /// Waits for the next deadline.
    pub fn wait(&mut self) -> Wake {
        self.clock.wait_until(self.deadline_ns());
        let late_ns = self.clock.now_ns().saturating_sub(self.deadline_ns());
        let skipped = late_ns / self.period_ns;
        self.next_tick += skipped;
        self.skipped += skipped;
        let lateness_ns = late_ns % self.period_ns;
        // The whole delay counts in the histogram: a skipped tick is not an on-time one.
        self.lateness.add(late_ns);
        let wake = Wake { tick: self.next_tick, lateness_ns, skipped };
        self.next_tick += 1;
        wake
    }

    fn deadline_ns(&self) -> u64 {
        self.start_ns + self.next_tick * self.period_ns
    }

    /// Deadlines left out since the start.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Lateness of every wake-up, ns.
    pub fn lateness(&self) -> &Histogram {
        &self.lateness
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    const PERIOD_NS: u64 = 1_000_000;

    #[test]
    fn a_million_ticks_of_uneven_work_do_not_drift() {
        let clock = VirtualClock::default();
        let mut pacer = Pacer::new(&clock, PERIOD_NS).unwrap();
        let mut work_ns = 1;
        for tick in 0..1_000_000 {
            let wake = pacer.wait();
            assert_eq!((wake.tick, wake.lateness_ns, wake.skipped), (tick, 0, 0));
            work_ns = work_ns * 48_271 % 2_147_483_647;
            clock.advance(work_ns % PERIOD_NS);
        }
        assert_eq!((&clock).now_ns() / PERIOD_NS, 999_999);
    }

    #[test]
    fn an_overrun_skips_whole_periods_and_keeps_the_phase() {
        let clock = VirtualClock::default();
        let mut pacer = Pacer::new(&clock, PERIOD_NS).unwrap();
        pacer.wait();
        clock.advance(3 * PERIOD_NS + 7);
        assert_eq!(pacer.wait(), Wake { tick: 3, lateness_ns: 7, skipped: 2 });
        assert_eq!(pacer.wait(), Wake { tick: 4, lateness_ns: 0, skipped: 0 });
        assert_eq!((pacer.skipped(), pacer.lateness().max_ns()), (2, 2 * PERIOD_NS + 7));
    }

    #[test]
    fn a_late_wake_up_within_the_period_is_counted() {
        let clock = VirtualClock::default();
        let mut pacer = Pacer::new(&clock, PERIOD_NS).unwrap();
        pacer.wait();
        clock.advance(PERIOD_NS + 250_000);
        assert_eq!(pacer.wait().lateness_ns, 250_000);
    }

    #[test]
    fn refuses_periods_nobody_can_keep() {
        for period_ns in [0, 99_999, u64::MAX] {
            assert_eq!(
                Pacer::new(&VirtualClock::default(), period_ns).unwrap_err(),
                PacerError { found: period_ns }
            );
        }
    }

    #[test]
    fn the_machines_clock_waits_at_least_as_long_as_asked() {
        let clock = crate::clock::MonotonicClock;
        let start_ns = clock.now_ns();
        clock.wait_until(start_ns + 2_000_000);
        assert!(clock.now_ns() >= start_ns + 2_000_000);
    }
}
