//! The program's half of the heartbeat: whether its own loop halted, and whether a guard still watches it.

use crate::heartbeat::{Heartbeat, LOOP_LIMIT_NS};
use std::fmt;

/// A loop slower than the limit allows is given so many of its periods.
const PERIODS: u64 = 4;

/// Why the torque must go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trip {
    /// Between two looks lay more time than a loop may take.
    Halted {
        /// How long, s.
        gap_s: f32,
        /// How long is allowed, s.
        limit_s: f32,
    },
    /// A guard saw no progress, and cut the torque.
    CutByGuard,
    /// No guard has shown progress for too long.
    NoGuard {
        /// How long is allowed, s.
        limit_s: f32,
    },
}

impl Trip {
    /// What the person can do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Trip::Halted { .. } | Trip::CutByGuard => {
                "the program was stopped, or the machine halted or slept: hold the robot, clear the emergency stop, ask again"
            }
            Trip::NoGuard { .. } => {
                "the guard processes were stopped or killed, others are started: clear the emergency stop, ask again"
            }
        }
    }

    /// The same trouble, whatever its figures.
    pub fn is_like(self, other: Trip) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl fmt::Display for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trip::Halted { gap_s, limit_s } => {
                write!(f, "the control loop halted for {gap_s:.2} s, expected at most {limit_s} s")
            }
            Trip::CutByGuard => {
                f.write_str("a guard process cut the torque: it saw no progress of the control loop")
            }
            Trip::NoGuard { limit_s } => write!(f, "no guard process has answered for {limit_s} s"),
        }
    }
}

/// Looks, tick by tick, and beats. Loads and stores of atomics alone: fit for the loop thread.
#[derive(Debug)]
pub struct Watchdog {
    heartbeat: Option<Heartbeat>,
    limit_ns: u64,
    looked_ns: Option<u64>,
    cuts: u32,
    guards: u32,
    /// When guards last made progress, or were not expected to.
    guarded_ns: u64,
}

impl Watchdog {
    /// For a loop of that period; without a heartbeat there is no guard to be expected.
    pub fn new(period_ns: u64, heartbeat: Option<Heartbeat>) -> Watchdog {
        let limit_ns = heartbeat.as_ref().map_or(LOOP_LIMIT_NS, Heartbeat::limit_ns);
        Watchdog {
            limit_ns: limit_ns.max(PERIODS * period_ns),
            cuts: heartbeat.as_ref().map_or(0, Heartbeat::cuts),
            heartbeat,
            looked_ns: None,
            guards: 0,
            guarded_ns: 0,
        }
    }

    /// Beats, and says why the torque must go, where it must. `now_ns` is of a clock that goes on while the machine
    /// sleeps; a guard is expected only where `has_port`.
    pub fn look(&mut self, now_ns: u64, has_port: bool) -> Option<Trip> {
        let gap_ns = self.looked_ns.replace(now_ns).map_or(0, |before_ns| now_ns.saturating_sub(before_ns));
        let has_halted = gap_ns > self.limit_ns;
        let is_cut = self.is_cut();
        let is_guarded = self.is_guarded(now_ns, has_port && !has_halted);
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.beat();
        }
        let limit_s = self.limit_ns as f32 * 1e-9;
        match (has_halted, is_cut, is_guarded) {
            (true, ..) => Some(Trip::Halted { gap_s: gap_ns as f32 * 1e-9, limit_s }),
            (_, true, _) => Some(Trip::CutByGuard),
            (.., false) => Some(Trip::NoGuard { limit_s }),
            _ => None,
        }
    }

    /// No servo is driven: no progress is expected until the next look.
    pub fn rest(&mut self) {
        (self.looked_ns, self.guarded_ns) = (None, 0);
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.rest();
            self.cuts = heartbeat.cuts();
        }
    }

    /// True once after guards have cut the torque.
    fn is_cut(&mut self) -> bool {
        let cuts = self.heartbeat.as_ref().map_or(0, Heartbeat::cuts);
        std::mem::replace(&mut self.cuts, cuts) != cuts
    }

    fn is_guarded(&mut self, now_ns: u64, is_expected: bool) -> bool {
        let Some(heartbeat) = &self.heartbeat else { return true };
        let guards = heartbeat.guards();
        if guards != self.guards || !is_expected || self.guarded_ns == 0 {
            (self.guards, self.guarded_ns) = (guards, now_ns);
        }
        now_ns.saturating_sub(self.guarded_ns) <= self.limit_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const PERIOD_NS: u64 = 20 * MS;

    #[test]
    fn a_gap_trips_once_and_a_short_one_never() {
        let mut watchdog = Watchdog::new(PERIOD_NS, None);
        assert_eq!(watchdog.look(5000 * MS, true), None, "the first look has no gap");
        assert_eq!(watchdog.look(5300 * MS, true), None);
        assert!(matches!(watchdog.look(5601 * MS, true), Some(Trip::Halted { .. })));
        assert_eq!(watchdog.look(5621 * MS, true), None);
        watchdog.rest();
        assert_eq!(watchdog.look(9000 * MS, true), None, "nothing was expected");
    }

    #[test]
    fn a_slow_loop_has_more_time() {
        let mut watchdog = Watchdog::new(200 * MS, None);
        watchdog.look(0, true);
        assert_eq!(watchdog.look(700 * MS, true), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn guards_are_expected_while_there_is_a_port() {
        let heartbeat = Heartbeat::new(LOOP_LIMIT_NS).unwrap();
        let mut watchdog = Watchdog::new(PERIOD_NS, Some(heartbeat.clone()));
        let mut now_ns = 1000 * MS;
        let mut ticks = |watchdog: &mut Watchdog, count: u64, has_port: bool, beats: bool| {
            (0..count)
                .filter_map(|_| {
                    now_ns += PERIOD_NS;
                    if beats {
                        heartbeat.beat_as_guard(1);
                    }
                    watchdog.look(now_ns, has_port)
                })
                .count()
        };
        assert_eq!(ticks(&mut watchdog, 50, true, true), 0);
        assert_eq!(ticks(&mut watchdog, 15, true, false), 0, "0.3 s");
        assert_eq!(ticks(&mut watchdog, 3, true, false), 3, "until one is there again");
        assert_eq!(ticks(&mut watchdog, 1, true, true), 0);
        assert_eq!(ticks(&mut watchdog, 50, false, false), 0, "an unplugged port needs none");
        assert_eq!(ticks(&mut watchdog, 15, true, false), 0);
        heartbeat.note_cut();
        assert_eq!(ticks(&mut watchdog, 2, true, true), 1, "a cut is told once");
    }
}
