//! Clocks: the machine's monotonic one, and a virtual one for tests.

use std::cell::Cell;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};

/// Shortest spin window, ns: no machine wakes a sleeper reliably sooner.
const MIN_SPIN_NS: u64 = 20_000;
/// Longest spin window, ns: at 50 Hz it costs one and a half percent of a core.
const MAX_SPIN_NS: u64 = 300_000;
/// Spin window of a clock that has not slept yet, ns.
const DEFAULT_SPIN_NS: u64 = 100_000;
/// Sleeps by which a clock measures how late this thread is woken.
const PROBES: usize = 20;
/// Length of such a sleep, ns: all of them together take some ten milliseconds.
const PROBE_NS: u64 = 400_000;
/// The longest of these latenesses are left out: one stall of the machine is no habit of it.
const OUTLIERS: usize = 2;

/// After a sleep that the window did not cover, it grows by this part of what was missing: a habit of the machine
/// is learnt within a second at 50 Hz, and a lone stall does not move the window far.
const GROW_PARTS: u64 = 8;
/// After one that it did cover, it shrinks by this part of what was too much.
const SHRINK_PARTS: u64 = 64;

/// A clock that can be read and waited on.
pub trait Clock {
    /// Nanoseconds since a start of the clock's own choosing.
    fn now_ns(&self) -> u64;
    /// Returns at `deadline_ns` or as soon after it as the machine allows; at once where it has passed.
    fn wait_until(&self, deadline_ns: u64);
    /// The same, of a clock that goes on while the machine sleeps.
    fn boot_ns(&self) -> u64 {
        self.now_ns()
    }
}

impl<C: Clock> Clock for &C {
    fn now_ns(&self) -> u64 {
        (**self).now_ns()
    }

    fn wait_until(&self, deadline_ns: u64) {
        (**self).wait_until(deadline_ns);
    }

    fn boot_ns(&self) -> u64 {
        (**self).boot_ns()
    }
}

impl<C: Clock> Clock for std::sync::Arc<C> {
    fn now_ns(&self) -> u64 {
        (**self).now_ns()
    }

    fn wait_until(&self, deadline_ns: u64) {
        (**self).wait_until(deadline_ns);
    }

    fn boot_ns(&self) -> u64 {
        (**self).boot_ns()
    }
}

/// The machine's monotonic clock. It waits asleep, and for the last bit, the spin window, awake: a sleeping thread
/// is woken tens of microseconds late on an ordinary kernel, and later the longer it slept. Each sleep tells how
/// late, and the window follows, from 20 µs to 300 µs.
#[derive(Debug)]
pub struct MonotonicClock {
    spin_ns: AtomicU64,
}

impl MonotonicClock {
    /// A clock whose window begins at how late the calling thread is woken: twenty short sleeps, some ten
    /// milliseconds, tell. To be called on the thread that will wait, after it was given its priority.
    pub fn measured() -> MonotonicClock {
        let clock = MonotonicClock::default();
        let mut lateness_ns = [0; PROBES];
        for lateness_ns in &mut lateness_ns {
            *lateness_ns = clock.sleep_until(clock.now_ns() + PROBE_NS);
        }
        MonotonicClock { spin_ns: AtomicU64::new(first_window_ns(lateness_ns)) }
    }

    /// How long before a deadline the sleep now ends and the spin begins, ns: 20,000 to 300,000.
    pub fn spin_ns(&self) -> u64 {
        self.spin_ns.load(Ordering::Relaxed)
    }

    /// Sleeps, and returns how late it was woken, ns.
    pub fn sleep_until(&self, until_ns: u64) -> u64 {
        sleep_until(self, until_ns);
        self.now_ns().saturating_sub(until_ns)
    }
}

impl Default for MonotonicClock {
    /// A clock whose window begins at what fits most machines.
    fn default() -> Self {
        MonotonicClock { spin_ns: AtomicU64::new(DEFAULT_SPIN_NS) }
    }
}

impl Clock for MonotonicClock {
    fn now_ns(&self) -> u64 {
        read_ns(rustix::time::ClockId::Monotonic)
    }

    #[cfg(target_os = "linux")]
    fn boot_ns(&self) -> u64 {
        read_ns(rustix::time::ClockId::Boottime)
    }

    fn wait_until(&self, deadline_ns: u64) {
        let spin_ns = self.spin_ns();
        let until_ns = deadline_ns.saturating_sub(spin_ns);
        if self.now_ns() < until_ns {
            let late_ns = self.sleep_until(until_ns);
            self.spin_ns.store(next_window_ns(spin_ns, late_ns), Ordering::Relaxed);
        }
        while self.now_ns() < deadline_ns {
            spin_loop();
        }
    }
}

fn read_ns(clock: rustix::time::ClockId) -> u64 {
    let now = rustix::time::clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The window that covers a wake-up so late, and a quarter more, within its bounds.
fn window_for_ns(late_ns: u64) -> u64 {
    late_ns.saturating_add(late_ns / 4).clamp(MIN_SPIN_NS, MAX_SPIN_NS)
}

/// The window after the first sleeps.
fn first_window_ns(mut lateness_ns: [u64; PROBES]) -> u64 {
    lateness_ns.sort_unstable();
    window_for_ns(lateness_ns[PROBES - 1 - OUTLIERS])
}

/// The window after one more sleep: towards what that one needed, up fast and down slowly.
fn next_window_ns(spin_ns: u64, late_ns: u64) -> u64 {
    let needed_ns = window_for_ns(late_ns);
    if needed_ns > spin_ns {
        spin_ns + (needed_ns - spin_ns).div_ceil(GROW_PARTS)
    } else {
        spin_ns - (spin_ns - needed_ns) / SHRINK_PARTS
    }
}

/// Sleeps to an absolute time; a signal only starts the sleep again.
#[cfg(target_os = "linux")]
fn sleep_until(clock: &MonotonicClock, until_ns: u64) {
    use rustix::thread::clock_nanosleep_absolute;
    use rustix::time::{ClockId, Timespec};
    let until =
        Timespec { tv_sec: (until_ns / 1_000_000_000) as i64, tv_nsec: (until_ns % 1_000_000_000) as _ };
    while clock.now_ns() < until_ns {
        if clock_nanosleep_absolute(ClockId::Monotonic, &until).is_ok() {
            return;
        }
    }
}

/// Other systems have no absolute sleep: the remainder is slept, and slept again while it is not over.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::disallowed_methods)]
fn sleep_until(clock: &MonotonicClock, until_ns: u64) {
    loop {
        let remaining_ns = until_ns.saturating_sub(clock.now_ns());
        if remaining_ns == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_nanos(remaining_ns));
    }
}

/// A clock that stands still until somebody moves it, or waits on it.
#[derive(Debug, Default)]
pub struct VirtualClock {
    now_ns: Cell<u64>,
}

impl VirtualClock {
    /// Lets `ns` nanoseconds pass.
    pub fn advance(&self, ns: u64) {
        self.now_ns.set(self.now_ns.get() + ns);
    }
}

impl Clock for VirtualClock {
    fn now_ns(&self) -> u64 {
        self.now_ns.get()
    }

    fn wait_until(&self, deadline_ns: u64) {
        self.now_ns.set(self.now_ns.get().max(deadline_ns));
    }
}

/// The time on the wall: for names and dates, never for intervals. On a robot without a battery it may be anything.
#[allow(clippy::disallowed_methods, reason = "clocks are read here and nowhere else")]
pub fn wall_time() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// Time on the wall, ns since 1970.
pub fn since_1970_ns() -> u64 {
    let since = wall_time().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_clock_waits_at_least_as_long_as_asked() {
        for clock in [MonotonicClock::default(), MonotonicClock::measured()] {
            let start_ns = clock.now_ns();
            clock.wait_until(start_ns + 2_000_000);
            assert!(clock.now_ns() >= start_ns + 2_000_000);
        }
    }

    #[test]
    fn the_first_window_fits_the_usual_wake_up_and_not_a_stall() {
        assert_eq!(first_window_ns([80_000; PROBES]), 100_000);
        assert_eq!(first_window_ns([0; PROBES]), MIN_SPIN_NS);
        assert_eq!(first_window_ns([u64::MAX; PROBES]), MAX_SPIN_NS);
        let mut stalled = [80_000; PROBES];
        (stalled[3], stalled[11]) = (7_000_000, 9_000_000);
        assert_eq!(first_window_ns(stalled), 100_000);
    }

    #[test]
    fn the_window_learns_a_habit_within_a_second_at_50_hz_and_forgets_a_stall() {
        let after = |spin_ns, late_ns, sleeps| (0..sleeps).fold(spin_ns, |ns, _| next_window_ns(ns, late_ns));
        assert!(after(30_000, 120_000, 50) > 149_000);
        assert!(after(100_000, 80_000, 1_000) == 100_000);
        assert!(after(100_000, 5_000_000, 1) <= 125_000);
        assert!(after(125_000, 80_000, 200) < 102_000);
        assert_eq!(after(DEFAULT_SPIN_NS, u64::MAX, 1_000), MAX_SPIN_NS);
        assert!((MIN_SPIN_NS..MIN_SPIN_NS + SHRINK_PARTS).contains(&after(MAX_SPIN_NS, 0, 2_000)));
    }
}
