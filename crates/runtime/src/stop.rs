//! The stop: a thread that reads the terminal and looks at signals, and does nothing else. Whatever else the program has
//! to do, log, sounds, pads, recordings, a key that stops at once waits for none of it.

use crate::robot::{Mailbox, RunControl};
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::RequestedMode;
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::real_time::{RealTimeRequest, make_this_thread_real_time};
use gaitway_platform::terminal::{Terminal, Typed};
use gaitway_platform::termination::Termination;
use gaitway_platform::worker::{End, Worker};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

/// The key that stops at once.
pub const STOP_KEY: u8 = b' ';
/// Longest time between two looks, ns.
const LOOK_NS: u64 = 10_000_000;
/// After keys it rests so long, ns: whoever sends them without end costs no processor.
const REST_NS: u64 = 1_000_000;
/// Keys read at once: all that a terminal keeps.
const CHUNK: usize = 4096;
/// After the key that stops no other is heard for so long, ns: text that was pasted holds spaces, and what follows
/// one must not get the robot up again.
const DEAF_NS: u64 = 300_000_000;
/// Keys that wait for somebody to do what they say; more are left out.
const WAITING: usize = 1024;
const STACK_BYTES: usize = 64 * 1024;

/// A key other than the one that stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The byte it sends.
    pub byte: u8,
    /// Stops before it.
    stops: u32,
}

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Stop {
    shared: Arc<Shared>,
    keys: Receiver<Key>,
    _worker: Worker,
}

#[derive(Debug)]
struct Shared {
    mailbox: Arc<Mailbox>,
    control: Arc<RunControl>,
    /// How often the key that stops was pressed.
    stops: AtomicU32,
    is_ending: AtomicBool,
    /// Why it ends, where this thread noticed.
    why: OnceLock<&'static str>,
}

impl Stop {
    /// Follows the keys of `terminal`, where there is one, and signals, with that real-time priority where it is
    /// granted.
    pub fn start(
        terminal: Option<Arc<Terminal>>,
        termination: Termination,
        mailbox: Arc<Mailbox>,
        control: Arc<RunControl>,
        priority: Option<u8>,
    ) -> io::Result<Stop> {
        let (stops, is_ending, why) = (AtomicU32::new(0), AtomicBool::new(false), OnceLock::new());
        let shared = Arc::new(Shared { mailbox, control, stops, is_ending, why });
        let (pass_on, keys) = sync_channel(WAITING);
        let theirs = Arc::clone(&shared);
        let worker = Worker::start("stop", STACK_BYTES, move |end| {
            make_this_thread_real_time(&RealTimeRequest { priority, ..RealTimeRequest::default() });
            theirs.follow(terminal, &termination, &pass_on, end);
        })?;
        Ok(Stop { shared, keys, _worker: worker })
    }

    /// How often the key that stops was pressed.
    pub fn count(&self) -> u32 {
        self.shared.stops.load(Ordering::Acquire)
    }

    /// The next key that does not stop.
    pub fn key(&self) -> Option<Key> {
        self.keys.try_recv().ok()
    }

    /// True for a key that was typed before the last stop: it does nothing any more.
    pub fn is_void(&self, key: Key) -> bool {
        key.stops != self.count()
    }

    /// Why the program ends, where a signal or the loss of the terminal asked for it.
    pub fn why(&self) -> Option<&'static str> {
        self.shared.why.get().copied()
    }

    /// The robot goes limp, softly, and then its loop ends; nobody gets it up again.
    pub fn end(&self) {
        self.shared.end(false);
    }
}

impl Shared {
    fn follow(
        &self,
        mut terminal: Option<Arc<Terminal>>,
        termination: &Termination,
        pass_on: &SyncSender<Key>,
        end: &End,
    ) {
        let clock = MonotonicClock::default();
        let (mut bytes, mut deaf_until_ns) = ([0; CHUNK], 0);
        while !end.has_come() {
            let typed = terminal.as_ref().map(|terminal| terminal.read(&mut bytes, LOOK_NS));
            match typed {
                Some(Typed::Keys(count)) => {
                    let keys = bytes.get(..count).unwrap_or_default();
                    deaf_until_ns = self.take(keys, clock.now_ns(), deaf_until_ns, pass_on);
                }
                Some(Typed::Lost) => {
                    terminal = None;
                    self.end_because("terminal lost", false);
                }
                Some(Typed::Nothing) => {}
                Some(Typed::NotOurs) | None => clock.wait_until(clock.now_ns() + LOOK_NS),
            }
            if matches!(typed, Some(Typed::Keys(_))) {
                clock.wait_until(clock.now_ns() + REST_NS);
            }
            if let Some(stop) = termination.requested() {
                self.end_because(stop.reason, stop.at_once);
            } else if self.is_ending.load(Ordering::Relaxed) {
                self.end(false);
            }
        }
    }

    /// The one that stops first: it must not wait for those before it. Returns until when other keys are left out.
    fn take(&self, bytes: &[u8], now_ns: u64, deaf_until_ns: u64, pass_on: &SyncSender<Key>) -> u64 {
        if bytes.contains(&STOP_KEY) {
            // Counted first: who clears at the same moment sees it, or clears before it is set.
            self.stops.fetch_add(1, Ordering::AcqRel);
            self.mailbox.set_emergency_stop(Source::Terminal);
            return now_ns + DEAF_NS;
        }
        if now_ns >= deaf_until_ns {
            self.pass_on(bytes, pass_on);
        }
        deaf_until_ns
    }

    fn pass_on(&self, bytes: &[u8], pass_on: &SyncSender<Key>) {
        let stops = self.stops.load(Ordering::Relaxed);
        for &byte in bytes.iter().take(WAITING) {
            // Nobody has typed so many; and nobody follows any of one that ends.
            let _ = pass_on.try_send(Key { byte, stops });
        }
    }

    fn end_because(&self, why: &'static str, at_once: bool) {
        self.why.get_or_init(|| why);
        self.end(at_once);
    }

    /// A pad's button does not get up again what is about to end.
    fn end(&self, at_once: bool) {
        let was_ending = self.is_ending.swap(true, Ordering::Relaxed);
        if !was_ending || at_once || self.mailbox.requested_mode().0 != RequestedMode::Limp {
            self.mailbox.request_mode(RequestedMode::Limp, at_once);
        }
        self.control.end_when_limp();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared() -> Shared {
        Shared {
            mailbox: Arc::new(Mailbox::new()),
            control: Arc::default(),
            stops: AtomicU32::new(0),
            is_ending: AtomicBool::new(false),
            why: OnceLock::new(),
        }
    }

    #[test]
    fn a_stop_voids_the_keys_before_it_and_none_is_heard_just_after_it() {
        let shared = shared();
        let (pass_on, keys) = sync_channel(WAITING);
        assert_eq!(shared.take(b"c", 0, 0, &pass_on), 0);
        assert!(!shared.mailbox.is_stopped());
        let deaf_until_ns = shared.take(b"gaitwayd --keyboard\n", 1_000, 0, &pass_on);
        assert_eq!(deaf_until_ns, 1_000 + DEAF_NS);
        assert!(shared.mailbox.is_stopped());
        shared.take(b"c\n", deaf_until_ns - 1, deaf_until_ns, &pass_on);
        shared.take(b"c", deaf_until_ns, deaf_until_ns, &pass_on);
        let passed: Vec<Key> = keys.try_iter().collect();
        assert_eq!(passed, [Key { byte: b'c', stops: 0 }, Key { byte: b'c', stops: 1 }]);
    }

    #[test]
    fn more_keys_than_anybody_types_keep_no_stop_waiting() {
        let shared = shared();
        let (pass_on, keys) = sync_channel(WAITING);
        for _ in 0..100 {
            shared.take(&[b'x'; CHUNK], 0, 0, &pass_on);
        }
        shared.take(&[&[b'x'; CHUNK - 1][..], b" "].concat(), 0, 0, &pass_on);
        assert!(shared.mailbox.is_stopped());
        assert_eq!(keys.try_iter().count(), WAITING);
    }

    #[test]
    fn what_ends_stays_limp() {
        let shared = shared();
        shared.mailbox.request_mode(RequestedMode::Walk, false);
        shared.end_because("terminal lost", false);
        assert_eq!(shared.mailbox.requested_mode(), (RequestedMode::Limp, false));
        shared.mailbox.request_mode(RequestedMode::Walk, false);
        shared.end(false);
        assert_eq!(shared.mailbox.requested_mode(), (RequestedMode::Limp, false));
        shared.end_because("interrupted (SIGINT)", true);
        assert_eq!(shared.mailbox.requested_mode(), (RequestedMode::Limp, true));
        assert_eq!(shared.why.get(), Some(&"terminal lost"));
    }
}
