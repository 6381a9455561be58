//! A canary: it only looks at the clock, and so shows what the machine itself does to a loop.

use crate::bench::pace::{PaceError, check_length};
use gaitway_platform::clock::{Clock, MonotonicClock};

/// How late the calling thread is woken for each of `looks` deadlines, `period_ns` apart, ns. It sleeps and never
/// spins, so that it takes next to nothing from the loops it runs beside. A stall of many periods is the lateness of
/// every deadline in it, and not that of one.
pub fn canary(period_ns: u64, looks: u64) -> Result<Vec<u64>, PaceError> {
    check_length(looks, period_ns)?;
    let clock = MonotonicClock::default();
    let first_ns = clock.now_ns().saturating_add(period_ns);
    Ok(look(first_ns, period_ns, looks, |until_ns| clock.sleep_until(until_ns)))
}

/// The lateness that `sleep` reports for each deadline.
fn look(first_ns: u64, period_ns: u64, looks: u64, mut sleep: impl FnMut(u64) -> u64) -> Vec<u64> {
    (0..looks).map(|look| sleep(first_ns.saturating_add(look.saturating_mul(period_ns)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::pace::MAX_TICKS;

    #[test]
    fn a_stall_is_the_lateness_of_every_deadline_in_it() {
        let mut now_ns = 0_u64;
        // The machine stands still from 250 to 560.
        let lateness_ns = look(100, 100, 7, |until_ns| {
            now_ns = now_ns.max(until_ns);
            if (250..560).contains(&now_ns) {
                now_ns = 560;
            }
            now_ns - until_ns
        });
        assert_eq!(lateness_ns, [0, 0, 260, 160, 60, 0, 0]);
    }

    #[test]
    fn looks_as_often_as_asked_and_refuses_what_memory_cannot_hold() {
        assert_eq!(canary(100_000, 30).unwrap().len(), 30);
        for looks in [0, MAX_TICKS + 1] {
            assert!(matches!(canary(1, looks), Err(PaceError::Ticks { found }) if found == looks));
        }
    }
}
