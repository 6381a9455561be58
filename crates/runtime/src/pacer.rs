//! A pacer: wakes its caller at absolute deadlines, one period apart, for ever in phase.

use gaitway_platform::clock::Clock;
use gaitway_platform::histogram::Histogram;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Shortest period, ns: 10 kHz.
const MIN_PERIOD_NS: u64 = 100_000;
/// Longest period, ns: 0.1 Hz.
const MAX_PERIOD_NS: u64 = 10_000_000_000;
/// Ticks that `Overrun::CatchUp` owes at most; older ones are skipped.
pub const MAX_OWED: u64 = 5;
/// A wake-up counts as late from this part of a period on.
const LATE_PARTS: u64 = 10;

/// A pacer nobody can build.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacerError {
    /// A period nobody can keep.
    #[error("period_ns: expected {MIN_PERIOD_NS} to {MAX_PERIOD_NS}, found {found}")]
    Period {
        /// The period given.
        found: u64,
    },
    /// An overrun policy there is not.
    #[error("overrun: expected skip, catch_up or hold, found {found:?}")]
    Overrun {
        /// The name given.
        found: String,
    },
}

impl PacerError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            PacerError::Period { .. } => "a loop of 50 Hz has a period of 20000000 ns",
            PacerError::Overrun { .. } => {
                "on a robot take skip or hold; catch_up is for work of which every tick must run"
            }
        }
    }
}

/// What becomes of ticks whose whole period has passed before the caller could run them.
///
/// All three keep the phase: every tick that runs on time runs at `start + tick * period`. They differ only where a
/// wake-up comes a whole period or more after its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overrun {
    /// They are left out. The tick whose period has begun runs at once, late by less than a period.
    #[default]
    Skip,
    /// They run at once, one after the other, until the phase is regained. At most `MAX_OWED` are owed; older ones
    /// are left out.
    CatchUp,
    /// They, and the tick whose period has begun, are held: in one wake-up the caller repeats its last output and
    /// computes nothing. The next tick runs on its deadline, so one slow tick is not followed by another that starts
    /// late.
    Hold,
}

impl FromStr for Overrun {
    type Err = PacerError;

    fn from_str(name: &str) -> Result<Overrun, PacerError> {
        match name {
            "skip" => Ok(Overrun::Skip),
            "catch_up" => Ok(Overrun::CatchUp),
            "hold" => Ok(Overrun::Hold),
            _ => Err(PacerError::Overrun { found: name.to_owned() }),
        }
    }
}

impl fmt::Display for Overrun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Overrun::Skip => "skip",
            Overrun::CatchUp => "catch_up",
            Overrun::Hold => "hold",
        })
    }
}

/// One wake-up. Between two of them every tick number is run, skipped or held, and reported exactly once: `tick`
/// grows by `held` in a wake-up that holds, and by `skipped + 1` in one that runs a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// Number of the tick to run, from 0; in a wake-up that holds, of the last one held.
    pub tick: u64,
    /// When `tick` was due: `start + tick * period`, ns.
    pub deadline_ns: u64,
    /// When the caller was woken, ns.
    pub now_ns: u64,
    /// How long after the deadline it was waiting for the caller was woken, ns. Where ticks were skipped or held
    /// that deadline is the first one's, so the periods lost count.
    pub lateness_ns: u64,
    /// Ticks left out since the wake-up before, for ever.
    pub skipped: u64,
    /// Ticks that this wake-up holds, `tick` included; 0 where `tick` is to be run.
    pub held: u64,
    /// The tick runs a whole period or more after its deadline, because it was owed.
    pub caught_up: bool,
}

impl Wake {
    /// The caller shall repeat its last output and compute nothing.
    pub fn hold(&self) -> bool {
        self.held > 0
    }
}

/// Sums over all wake-ups of a pacer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PacerCounters {
    /// Ticks run, those caught up included.
    pub run: u64,
    /// Wake-ups later than a tenth of a period, whether the caller overran or the machine woke it late.
    pub late: u64,
    /// Ticks left out.
    pub skipped: u64,
    /// Ticks run a whole period or more after their deadline.
    pub caught_up: u64,
    /// Ticks held.
    pub held: u64,
}

/// Wakes its caller at `start + tick * period` and accounts for every tick that does not come off.
#[derive(Debug)]
pub struct Pacer<C> {
    clock: C,
    period_ns: u64,
    overrun: Overrun,
    start_ns: u64,
    next_tick: u64,
    counters: PacerCounters,
    lateness: Histogram,
}

impl<C: Clock> Pacer<C> {
    /// A pacer whose first deadline is now.
    pub fn new(clock: C, period_ns: u64, overrun: Overrun) -> Result<Pacer<C>, PacerError> {
        if !(MIN_PERIOD_NS..=MAX_PERIOD_NS).contains(&period_ns) {
            return Err(PacerError::Period { found: period_ns });
        }
        let start_ns = clock.now_ns();
        let counters = PacerCounters::default();
        Ok(Pacer { clock, period_ns, overrun, start_ns, next_tick: 0, counters, lateness: Histogram::new() })
    }

    /// Waits for the next deadline; returns at once where it has passed. Allocates nothing.
    pub fn wait(&mut self) -> Wake {
        let requested_ns = self.deadline_ns(self.next_tick);
        self.clock.wait_until(requested_ns);
        let now_ns = self.clock.now_ns();
        let lateness_ns = now_ns.saturating_sub(requested_ns);
        let missed = lateness_ns / self.period_ns;
        let (skipped, held) = match self.overrun {
            Overrun::Skip => (missed, 0),
            Overrun::CatchUp => (missed.saturating_sub(MAX_OWED), 0),
            Overrun::Hold if missed == 0 => (0, 0),
            Overrun::Hold => (0, missed + 1),
        };
        let tick = self.next_tick + skipped + held.saturating_sub(1);
        let wake = Wake {
            tick,
            deadline_ns: self.deadline_ns(tick),
            now_ns,
            lateness_ns,
            skipped,
            held,
            caught_up: self.overrun == Overrun::CatchUp && missed > 0,
        };
        self.next_tick = tick + 1;
        self.count(&wake);
        wake
    }

    fn count(&mut self, wake: &Wake) {
        self.counters.run += u64::from(!wake.hold());
        self.counters.late += u64::from(wake.lateness_ns > self.period_ns / LATE_PARTS);
        self.counters.skipped += wake.skipped;
        self.counters.caught_up += u64::from(wake.caught_up);
        self.counters.held += wake.held;
        self.lateness.add(wake.lateness_ns);
    }

    fn deadline_ns(&self, tick: u64) -> u64 {
        self.start_ns + tick * self.period_ns
    }

    /// The deadline that the next [`Pacer::wait`] waits for, ns of its clock.
    pub fn next_deadline_ns(&self) -> u64 {
        self.deadline_ns(self.next_tick)
    }

    /// The clock it waits on.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// Sums since the start.
    pub fn counters(&self) -> PacerCounters {
        self.counters
    }

    /// Lateness of every wake-up, ns.
    pub fn lateness(&self) -> &Histogram {
        &self.lateness
    }
}
