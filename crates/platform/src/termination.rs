//! Signals that ask the program to end, as a flag the loop reads.

use crate::clock::{Clock, MonotonicClock};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use thiserror::Error;

/// Signals within this time of the first are the same request: a terminal signals a whole group and a parent passes
/// its own on, and a lost terminal is told twice.
const SAME_REQUEST_NS: u64 = 300_000_000;

/// Why the program shall end, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// What was received, in words for the log.
    pub reason: &'static str,
    /// Asked for a second time: cut the torque now and leave out everything gentle.
    pub at_once: bool,
}

/// The system did not let a signal be caught.
#[derive(Debug, Error)]
#[error("signals: expected to catch signal {signal}, found: {source}")]
pub struct TerminationError {
    signal: i32,
    source: io::Error,
}

impl TerminationError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        "start the program without a tracer or a sandbox that keeps signals from it"
    }
}

/// Catches SIGINT, SIGTERM, SIGHUP and SIGTSTP for the life of the process: a robot whose program sleeps behind a
/// Ctrl-Z would stand with its motors on. Clones read the same flag.
#[derive(Debug, Clone)]
pub struct Termination {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The first signal; 0 is none.
    first: AtomicI32,
    first_ns: AtomicU64,
    again: AtomicBool,
}

impl Termination {
    /// Catches the signals from now on. To be called before other threads are started. A file that grows to the largest
    /// that is allowed ends the write to it from now on, and not the program.
    pub fn install() -> Result<Termination, TerminationError> {
        // SAFETY: ignoring a signal needs no memory of ours.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        let state = Arc::new(State::default());
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGTSTP] {
            let noted = Arc::clone(&state);
            // SAFETY: the action reads the monotonic clock and stores to atomics. It takes no lock, allocates nothing
            // and cannot panic.
            unsafe {
                signal_hook::low_level::register(signal, move || {
                    noted.note(signal, MonotonicClock::default().now_ns())
                })
            }
            .map_err(|source| TerminationError { signal, source })?;
        }
        Ok(Termination { state })
    }

    /// What was asked for so far. Loads of atomics, fit for the loop thread.
    pub fn requested(&self) -> Option<Stop> {
        let reason = match self.state.first.load(Ordering::Acquire) {
            0 => return None,
            SIGINT => "interrupted (SIGINT)",
            SIGTERM => "asked to end (SIGTERM)",
            SIGTSTP => "asked to sleep (SIGTSTP)",
            _ => "terminal lost (SIGHUP)",
        };
        Some(Stop { reason, at_once: self.state.again.load(Ordering::Acquire) })
    }
}

impl State {
    fn note(&self, signal: i32, now_ns: u64) {
        // The time is stored first: who sees the signal sees its time too. Zero is no time the clock can show.
        let is_first = self.first_ns.compare_exchange(0, now_ns, Ordering::AcqRel, Ordering::Acquire);
        match is_first {
            Ok(_) => self.first.store(signal, Ordering::Release),
            Err(first_ns) if now_ns.saturating_sub(first_ns) >= SAME_REQUEST_NS => {
                self.again.store(true, Ordering::Release);
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(signals: &[(i32, u64)]) -> Option<Stop> {
        let state = Arc::new(State::default());
        for (signal, at_ns) in signals {
            state.note(*signal, *at_ns);
        }
        Termination { state }.requested()
    }

    #[test]
    fn the_first_stops_softly_and_names_the_reason() {
        assert_eq!(after(&[]), None);
        for (signal, word) in [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")] {
            let stop = after(&[(signal, 5)]).unwrap();
            assert!(stop.reason.contains(word) && !stop.at_once, "{stop:?}");
        }
    }

    #[test]
    fn an_echo_is_no_second_request() {
        let echo = after(&[(SIGINT, 5), (SIGTERM, 4 + SAME_REQUEST_NS)]).unwrap();
        assert_eq!(echo, Stop { reason: "interrupted (SIGINT)", at_once: false });
        let second = after(&[(SIGINT, 5), (SIGTERM, 5 + SAME_REQUEST_NS)]).unwrap();
        assert_eq!(second, Stop { reason: "interrupted (SIGINT)", at_once: true });
    }
}
