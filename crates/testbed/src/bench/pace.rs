//! The pacer on a thread of its own, every wake-up kept.

use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_runtime::pacer::{Overrun, Pacer, PacerCounters, PacerError, Wake};
use std::hint::spin_loop;
use std::thread;
use thiserror::Error;

/// Most ticks of one measurement: every wake-up is kept in memory.
pub(crate) const MAX_TICKS: u64 = 10_000_000;

/// Longest measurement, ns: who measures for longer measures in parts.
pub(crate) const MAX_LENGTH_NS: u64 = 3_600_000_000_000;

/// Longest work of a tick, ns.
const MAX_WORK_NS: u64 = 10_000_000_000;

/// A measurement that cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PaceError {
    /// The pacer does not want it.
    #[error(transparent)]
    Pacer(#[from] PacerError),
    /// No tick, or more than fit into memory.
    #[error("ticks: expected 1 to {MAX_TICKS}, found {found}")]
    Ticks {
        /// The number given.
        found: u64,
    },
    /// More than anybody waits for.
    #[error("ticks times period: expected an hour at most, found {ticks} of {period_ns} ns")]
    Length {
        /// Ticks asked for.
        ticks: u64,
        /// Time between two, ns.
        period_ns: u64,
    },
    /// Work that keeps a core busy for too long.
    #[error("work of a tick in ns: expected at most {MAX_WORK_NS}, found {found}")]
    Work {
        /// The time given.
        found: u64,
    },
    /// The system gives no thread.
    #[error("the measuring thread: expected to start it, found {0}")]
    Thread(#[source] std::io::Error),
    /// The measuring thread ended in a panic.
    #[error("the measuring thread: expected its wake-ups, found a panic")]
    Panic,
}

impl PaceError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            PaceError::Pacer(error) => error.hint(),
            PaceError::Ticks { .. } | PaceError::Length { .. } => "measure for a shorter time",
            PaceError::Work { .. } => "an over-long tick takes a few periods",
            PaceError::Thread(_) => "raise the limit on threads (ulimit -u), or free memory",
            PaceError::Panic => "report this with the message on stderr",
        }
    }
}

/// Over-long ticks, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// After every so many ticks that were run, one takes long.
    pub every: u64,
    /// How long its work takes, ns.
    pub work_ns: u64,
}

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceOptions {
    /// Time between deadlines, ns.
    pub period_ns: u64,
    /// Deadlines to pass.
    pub ticks: u64,
    /// What becomes of missed ticks.
    pub overrun: Overrun,
    /// How long the work of a tick keeps the CPU busy, ns.
    pub work_ns: u64,
    /// Over-long ticks.
    pub stall: Option<Stall>,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Every wake-up.
    pub wakes: Vec<Wake>,
    /// The pacer's own sums.
    pub counters: PacerCounters,
    /// The clock's spin window at the end, ns.
    pub spin_ns: u64,
}

/// Runs a pacer on a thread of its own, which inherits the caller's scheduling policy and affinity, until `ticks`
/// deadlines have passed.
pub fn pace(options: PaceOptions) -> Result<Pace, PaceError> {
    check_length(options.ticks, options.period_ns)?;
    let found = options.work_ns.max(options.stall.map_or(0, |stall| stall.work_ns));
    if found > MAX_WORK_NS {
        return Err(PaceError::Work { found });
    }
    let measure = move || -> Result<Pace, PaceError> {
        let clock = MonotonicClock::measured();
        let mut wakes = Vec::with_capacity(options.ticks as usize);
        let pacer = Pacer::new(&clock, options.period_ns, options.overrun)?;
        let counters = run(pacer, &options, &mut wakes, |work_ns| burn(&clock, work_ns));
        Ok(Pace { wakes, counters, spin_ns: clock.spin_ns() })
    };
    let thread = thread::Builder::new().name("pace".to_owned()).spawn(measure).map_err(PaceError::Thread)?;
    thread.join().map_err(|_| PaceError::Panic)?
}

/// Refuses no tick, more than fit into memory, and more than an hour of them.
pub(crate) fn check_length(ticks: u64, period_ns: u64) -> Result<(), PaceError> {
    if !(1..=MAX_TICKS).contains(&ticks) {
        return Err(PaceError::Ticks { found: ticks });
    }
    if ticks.saturating_mul(period_ns) > MAX_LENGTH_NS {
        return Err(PaceError::Length { ticks, period_ns });
    }
    Ok(())
}

/// The measured loop; returns the pacer's sums. An over-long tick is never the last: what it does to the next must
/// show.
fn run<C: Clock>(
    mut pacer: Pacer<C>,
    options: &PaceOptions,
    wakes: &mut Vec<Wake>,
    mut work: impl FnMut(u64),
) -> PacerCounters {
    loop {
        let wake = pacer.wait();
        wakes.push(wake);
        if wake.tick + 1 >= options.ticks {
            if wake.caught_up {
                // Without work what is still owed is soon run.
                continue;
            }
            return pacer.counters();
        }
        let run = pacer.counters().run;
        match options.stall {
            _ if wake.hold() => {}
            Some(stall) if run.is_multiple_of(stall.every) => work(stall.work_ns),
            _ => work(options.work_ns),
        }
    }
}

/// Keeps the CPU busy for `ns`.
fn burn(clock: &MonotonicClock, ns: u64) {
    let until_ns = clock.now_ns() + ns;
    while clock.now_ns() < until_ns {
        spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gaitway_platform::clock::VirtualClock;
    use gaitway_runtime::pacer::MAX_OWED;

    const OPTIONS: PaceOptions = PaceOptions {
        period_ns: 1_000_000,
        ticks: 1000,
        overrun: Overrun::Skip,
        work_ns: 200_000,
        stall: Some(Stall { every: 50, work_ns: 3_500_000 }),
    };

    /// What the loop does on a machine that is never late: wake-ups, sums, and how many ticks were over-long.
    fn ideal(options: &PaceOptions) -> (Vec<Wake>, PacerCounters, u64) {
        let clock = VirtualClock::default();
        let pacer = Pacer::new(&clock, options.period_ns, options.overrun).unwrap();
        let (mut wakes, mut stalls) = (Vec::new(), 0);
        let counters = run(pacer, options, &mut wakes, |work_ns| {
            stalls += u64::from(work_ns > options.work_ns);
            clock.advance(work_ns);
        });
        (wakes, counters, stalls)
    }

    #[test]
    fn without_stalls_every_deadline_gets_its_tick() {
        let (wakes, counters, stalls) = ideal(&PaceOptions { stall: None, ..OPTIONS });
        assert_eq!((wakes.len(), stalls), (1000, 0));
        assert_eq!(counters, PacerCounters { run: 1000, ..PacerCounters::default() });
        assert_eq!(wakes[999].now_ns, 999 * OPTIONS.period_ns);
    }

    #[test]
    fn each_over_long_tick_shows_as_what_its_policy_makes_of_it() {
        // Work of 3.5 periods: the wake-up after it is 2.5 periods late.
        for (overrun, lost) in [(Overrun::Skip, 2), (Overrun::CatchUp, 2), (Overrun::Hold, 3)] {
            let (wakes, counters, stalls) = ideal(&PaceOptions { overrun, ..OPTIONS });
            assert!(stalls >= 17, "{overrun}: {stalls}");
            let seen = [counters.skipped, counters.caught_up, counters.held];
            let mut expected = [0; 3];
            expected[overrun as usize] = stalls * lost;
            assert_eq!(seen, expected, "{overrun}");
            assert_eq!(counters.run + counters.skipped + counters.held, wakes.last().unwrap().tick + 1);
        }
    }

    #[test]
    fn work_that_never_fits_ends_too() {
        for overrun in [Overrun::Skip, Overrun::CatchUp, Overrun::Hold] {
            let (wakes, ..) =
                ideal(&PaceOptions { overrun, work_ns: 2_500_000, ticks: 100, stall: None, ..OPTIONS });
            let last = wakes.last().unwrap();
            assert!((99..=99 + MAX_OWED + 1).contains(&last.tick) && !last.caught_up, "{overrun} {last:?}");
        }
    }

    #[test]
    fn the_thread_measures_on_the_machines_clock() {
        let measured = pace(PaceOptions { ticks: 20, stall: None, ..OPTIONS }).unwrap();
        let last = measured.wakes.last().unwrap();
        assert!(last.tick >= 19 && last.now_ns >= last.deadline_ns);
        assert!((20_000..=300_000).contains(&measured.spin_ns));
    }

    #[test]
    fn refuses_what_cannot_be_measured() {
        for ticks in [0, MAX_TICKS + 1] {
            let error = pace(PaceOptions { ticks, ..OPTIONS }).unwrap_err();
            assert!(matches!(error, PaceError::Ticks { found } if found == ticks), "{error}");
        }
        let error = pace(PaceOptions { work_ns: u64::MAX, ..OPTIONS }).unwrap_err();
        assert!(matches!(error, PaceError::Work { found: u64::MAX }), "{error}");
        let error = pace(PaceOptions { period_ns: 1, ..OPTIONS }).unwrap_err();
        assert!(error.to_string().starts_with("period_ns"), "{error}");
    }
}
