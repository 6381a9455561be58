//! Clocks: the machine's monotonic one, and a virtual one for tests.

use std::cell::Cell;
use std::hint::spin_loop;

/// How long before a deadline the sleep ends and the spin begins. A sleeping thread wakes tens of microseconds late
/// on an ordinary kernel; at 50 Hz this spin costs half a percent of one core.
const SPIN_NS: u64 = 100_000;

/// A clock that can be read and waited on.
pub trait Clock {
    /// Nanoseconds since a start of the clock's own choosing.
    fn now_ns(&self) -> u64;
    /// Returns at `deadline_ns` or as soon after it as the machine allows; at once where it has passed.
    fn wait_until(&self, deadline_ns: u64);
}

/// The machine's monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct MonotonicClock;

impl Clock for MonotonicClock {
    fn now_ns(&self) -> u64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
    }

    fn wait_until(&self, deadline_ns: u64) {
        sleep_until(self, deadline_ns.saturating_sub(SPIN_NS));
        while self.now_ns() < deadline_ns {
            spin_loop();
        }
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

impl Clock for &VirtualClock {
    fn now_ns(&self) -> u64 {
        self.now_ns.get()
    }

    fn wait_until(&self, deadline_ns: u64) {
        self.now_ns.set(self.now_ns.get().max(deadline_ns));
    }
}
