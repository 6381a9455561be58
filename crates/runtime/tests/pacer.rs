//! The pacer on a virtual clock: phase, overrun policies, and the account of every tick.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use gaitway_platform::{Clock, VirtualClock};
use gaitway_runtime::pacer::MAX_OWED;
use gaitway_runtime::{Overrun, Pacer, PacerCounters, PacerError, Wake};
use std::cell::Cell;

const PERIOD_NS: u64 = 1_000_000;
const POLICIES: [Overrun; 3] = [Overrun::Skip, Overrun::CatchUp, Overrun::Hold];

/// A machine that wakes its sleepers late, by a different time in every wake-up.
struct DrowsyClock<'a> {
    clock: &'a VirtualClock,
    random: Cell<u64>,
}

impl Clock for DrowsyClock<'_> {
    fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    fn wait_until(&self, deadline_ns: u64) {
        if deadline_ns > self.now_ns() {
            self.random.set(next(self.random.get()));
            self.clock.wait_until(deadline_ns + uneven_ns(self.random.get()));
        }
    }
}

/// The minimal standard generator.
fn next(random: u64) -> u64 {
    random * 48_271 % 2_147_483_647
}

/// Mostly less than a period, now and then up to ten.
fn uneven_ns(random: u64) -> u64 {
    let periods = if random.is_multiple_of(50) { 10 } else { 1 };
    random % (periods * PERIOD_NS)
}

fn wakes_after(overrun: Overrun, work_ns: &[u64]) -> (Vec<Wake>, PacerCounters) {
    let clock = VirtualClock::default();
    let mut pacer = Pacer::new(&clock, PERIOD_NS, overrun).unwrap();
    pacer.wait();
    let wakes = work_ns.iter().map(|work_ns| {
        clock.advance(*work_ns);
        pacer.wait()
    });
    (wakes.collect(), pacer.counters())
}

#[test]
fn a_million_ticks_of_uneven_work_do_not_drift() {
    for overrun in POLICIES {
        let clock = VirtualClock::default();
        let mut pacer = Pacer::new(&clock, PERIOD_NS, overrun).unwrap();
        let mut random = 1;
        for tick in 0..1_000_000 {
            let wake = pacer.wait();
            assert_eq!((wake.tick, wake.now_ns), (tick, tick * PERIOD_NS));
            assert_eq!((wake.lateness_ns, wake.skipped, wake.held), (0, 0, 0));
            random = next(random);
            clock.advance(random % PERIOD_NS);
        }
    }
}

#[test]
fn whatever_work_and_machine_do_every_tick_is_reported_once_and_the_phase_is_kept() {
    for (overrun, seed) in POLICIES.iter().flat_map(|overrun| (1..20).map(move |seed| (*overrun, seed))) {
        let machine = VirtualClock::default();
        let clock = DrowsyClock { clock: &machine, random: Cell::new(seed * 7) };
        let mut pacer = Pacer::new(clock, PERIOD_NS, overrun).unwrap();
        let mut random = seed;
        let mut reported = 0;
        let mut sums = PacerCounters::default();
        for _ in 0..20_000 {
            let wake = pacer.wait();
            // Numbers follow each other without gap and without repetition.
            assert_eq!(wake.tick + 1, reported + wake.skipped + wake.held.max(1), "{overrun} {wake:?}");
            reported = wake.tick + 1;
            // The phase is the start's, and nothing runs before its time.
            assert_eq!(wake.deadline_ns, wake.tick * PERIOD_NS);
            assert!(wake.now_ns >= wake.deadline_ns && wake.now_ns == machine.now_ns());
            let behind = (wake.now_ns - wake.deadline_ns) / PERIOD_NS;
            assert!(behind <= if overrun == Overrun::CatchUp { MAX_OWED } else { 0 });
            assert_eq!(wake.caught_up, behind > 0);
            // What a policy does not do, it never does.
            assert!(overrun == Overrun::Hold || !wake.hold());
            assert!(overrun != Overrun::Hold || wake.skipped == 0);
            assert!(overrun != Overrun::Hold || wake.hold() == (wake.lateness_ns >= PERIOD_NS));
            sums.run += u64::from(!wake.hold());
            sums.late += u64::from(wake.lateness_ns > PERIOD_NS / 10);
            sums.skipped += wake.skipped;
            sums.caught_up += u64::from(wake.caught_up);
            sums.held += wake.held;
            if !wake.hold() {
                random = next(random);
                machine.advance(uneven_ns(random));
            }
        }
        assert_eq!(pacer.counters(), sums);
        assert_eq!(
            sums.run + sums.skipped + sums.held,
            reported,
            "{overrun}: every tick is one of the three"
        );
        let used = match overrun {
            Overrun::Skip => sums.skipped,
            Overrun::CatchUp => sums.caught_up.min(sums.skipped),
            Overrun::Hold => sums.held,
        };
        assert!(used > 100, "{overrun}: the policy had something to do");
    }
}

#[test]
fn skip_leaves_whole_periods_out_and_runs_the_tick_that_has_begun() {
    let (wakes, counters) = wakes_after(Overrun::Skip, &[3 * PERIOD_NS + 7, 0]);
    assert_eq!((wakes[0].tick, wakes[0].skipped, wakes[0].lateness_ns), (3, 2, 2 * PERIOD_NS + 7));
    assert_eq!(wakes[0].now_ns - wakes[0].deadline_ns, 7);
    assert_eq!((wakes[1].tick, wakes[1].skipped, wakes[1].lateness_ns), (4, 0, 0));
    assert_eq!(counters, PacerCounters { run: 3, late: 1, skipped: 2, caught_up: 0, held: 0 });
}

#[test]
fn catch_up_runs_owed_ticks_at_once_until_the_phase_is_regained() {
    let (wakes, counters) = wakes_after(Overrun::CatchUp, &[3 * PERIOD_NS + 7, 0, 0, 0]);
    let seen: Vec<_> = wakes.iter().map(|wake| (wake.tick, wake.now_ns, wake.caught_up)).collect();
    let overrun_ns = 3 * PERIOD_NS + 7;
    let expected =
        [(1, overrun_ns, true), (2, overrun_ns, true), (3, overrun_ns, false), (4, 4 * PERIOD_NS, false)];
    assert_eq!(seen, expected);
    assert_eq!(counters, PacerCounters { run: 5, late: 2, skipped: 0, caught_up: 2, held: 0 });
}

#[test]
fn catch_up_owes_a_bounded_number_and_skips_older_ticks() {
    let (wakes, counters) = wakes_after(Overrun::CatchUp, &[100 * PERIOD_NS, 0, 0, 0, 0, 0, 0]);
    assert_eq!((wakes[0].tick, wakes[0].skipped), (100 - MAX_OWED, 99 - MAX_OWED));
    assert_eq!(wakes[0].lateness_ns, 99 * PERIOD_NS);
    let last = wakes[6];
    assert_eq!((last.tick, last.now_ns, last.caught_up), (101, 101 * PERIOD_NS, false));
    assert_eq!((counters.caught_up, counters.skipped), (MAX_OWED, 99 - MAX_OWED));
}

#[test]
fn hold_leaves_the_late_computation_out_and_runs_the_next_tick_on_time() {
    let (wakes, counters) = wakes_after(Overrun::Hold, &[3 * PERIOD_NS + 7, 0]);
    assert!(wakes[0].hold());
    assert_eq!((wakes[0].tick, wakes[0].held, wakes[0].skipped), (3, 3, 0));
    assert!(!wakes[1].hold());
    assert_eq!((wakes[1].tick, wakes[1].lateness_ns), (4, 0));
    assert_eq!(counters, PacerCounters { run: 2, late: 1, skipped: 0, caught_up: 0, held: 3 });
}

#[test]
fn hold_never_starves_work_that_always_takes_too_long() {
    let clock = VirtualClock::default();
    let mut pacer = Pacer::new(&clock, PERIOD_NS, Overrun::Hold).unwrap();
    let mut held_in_a_row = 0;
    for _ in 0..10_000 {
        if pacer.wait().hold() {
            held_in_a_row += 1;
            assert!(held_in_a_row < 2, "after a held wake-up there is time for a tick");
        } else {
            held_in_a_row = 0;
            clock.advance(PERIOD_NS * 6 / 5);
        }
    }
}

#[test]
fn a_late_wake_up_within_the_period_counts_though_the_caller_was_in_time() {
    for overrun in POLICIES {
        let (wakes, counters) = wakes_after(overrun, &[PERIOD_NS + 250_000, PERIOD_NS + 100_000 - 250_000]);
        assert_eq!((wakes[0].lateness_ns, wakes[1].lateness_ns), (250_000, 100_000));
        assert_eq!(counters, PacerCounters { run: 3, late: 1, ..PacerCounters::default() });
    }
}

#[test]
fn the_whole_delay_is_in_the_histogram() {
    for overrun in POLICIES {
        let clock = VirtualClock::default();
        let mut pacer = Pacer::new(&clock, PERIOD_NS, overrun).unwrap();
        pacer.wait();
        clock.advance(3 * PERIOD_NS + 7);
        pacer.wait();
        assert_eq!((pacer.lateness().total(), pacer.lateness().max_ns()), (2, 2 * PERIOD_NS + 7));
    }
}

#[test]
fn refuses_periods_nobody_can_keep() {
    for found in [0, 99_999, u64::MAX] {
        let refused = Pacer::new(&VirtualClock::default(), found, Overrun::Skip).unwrap_err();
        assert_eq!(refused, PacerError::Period { found });
    }
}

#[test]
fn overrun_policies_have_names_and_no_others() {
    for overrun in POLICIES {
        assert_eq!(overrun.to_string().parse(), Ok(overrun));
    }
    let refused = "Skip".parse::<Overrun>().unwrap_err();
    assert_eq!(refused.to_string(), "overrun: expected skip, catch_up or hold, found \"Skip\"");
    assert!(refused.hint().contains("robot"));
}
