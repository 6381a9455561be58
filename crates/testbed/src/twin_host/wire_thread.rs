//! The thread that owns the bus: asleep while nothing goes on, spinning while bytes are on the wire.

use crate::servo_view::ServoView;
use crate::twin_host::link::Link;
use crate::twin_host::mailbox::{Mailbox, TwinStatistics};
use crate::twin_host::port::{Port, wait};
use crate::twin_host::shared::Shared;
use gaitway_emulators::{BusOptions, ServoBus};
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::real_time;
use rustix::thread::sched_yield;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Longest sleep, ns: the models take steps of this, and scheduled faults strike at most so late in silence.
const SLEEP_NS: u64 = 10_000_000;
/// How long after the last byte the thread still spins, ns: a program that reads and then writes goals thinks for
/// less than this, and a sleeping thread takes tens of microseconds to wake.
const LINGER_NS: u64 = 500_000;
/// A byte that comes later than this is slept for, ns.
const FAR_NS: u64 = 300_000;
/// How long before such a byte the thread wakes, ns: an ordinary kernel wakes it 50 µs late, or a little more.
const EARLY_NS: u64 = 150_000;
/// What a thread with real-time priority sleeps where another one only makes room, ns.
const NAP_NS: u64 = 20_000;
/// Longest piece taken from the terminal at once.
const CHUNK_BYTES: usize = 4_096;
/// Faults kept for the statistics.
const LOGGED_FAULTS: usize = 4_096;
/// Rates the twin emulates; at one outside no servo understands anything, as at any other wrong one.
const BAUDS: std::ops::RangeInclusive<u32> = 1_200..=10_000_000;

/// Everything the thread owns.
pub(super) struct WireThread {
    shared: Arc<Shared>,
    bus: ServoBus,
    port: Option<Port>,
    link: Option<Link>,
    link_path: Option<PathBuf>,
    baud: u32,
    /// Bytes the bus had no room for.
    unsent: Vec<u8>,
    statistics: TwinStatistics,
    /// Bytes to the servos at the last publication: goals may have changed since where there are more.
    published_bytes: u64,
    published_ns: u64,
    /// When something last happened on the wire.
    active_ns: u64,
    /// Never asleep: where exchanges are told, the time of a wake-up would be counted as the program's.
    is_awake: bool,
    /// It has real-time priority.
    is_preferred: bool,
}

impl WireThread {
    pub fn new(
        shared: Arc<Shared>,
        bus: ServoBus,
        options: &BusOptions,
        port: Port,
        link: Option<Link>,
        link_path: Option<PathBuf>,
    ) -> WireThread {
        WireThread {
            shared,
            bus,
            port: Some(port),
            link,
            link_path,
            baud: options.baud,
            unsent: Vec::new(),
            statistics: TwinStatistics::default(),
            published_bytes: 0,
            published_ns: 0,
            active_ns: 0,
            is_awake: options.exchanges > 0,
            is_preferred: false,
        }
    }

    /// Serves until it is told to stop.
    pub fn run(mut self) {
        self.is_preferred = !self.is_awake && real_time::play_device();
        while !self.shared.stop.load(Ordering::Relaxed) {
            self.take_mail();
            self.follow_plug();
            self.take_from_program();
            self.hand_over();
            let now_ns = MonotonicClock::default().now_ns();
            self.leave_mail(now_ns);
            self.rest(now_ns);
        }
        let shared = Arc::clone(&self.shared);
        let mut mailbox = shared.lock();
        self.publish(&mut mailbox);
        mailbox.exchanges = self.bus.take_exchanges();
    }

    /// Takes what the physics and the faults have left; in the next round where the box is in use.
    fn take_mail(&mut self) {
        if !self.shared.has_mail.load(Ordering::Acquire) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let Ok(mut mailbox) = shared.mailbox.try_lock() else { return };
        shared.has_mail.store(false, Ordering::Relaxed);
        let now_ns = MonotonicClock::default().now_ns();
        if mailbox.joints_are_new {
            mailbox.joints_are_new = false;
            self.bus.set_joints(now_ns, &mailbox.joints);
        }
        for fault in mailbox.faults.drain(..) {
            // It was checked when it was posted.
            let _ = self.bus.inject(now_ns, fault);
        }
    }

    /// Pulls the terminal away from the program, or puts a new one there, as faults have it.
    fn follow_plug(&mut self) {
        if !self.bus.is_plugged() {
            self.link = None;
            self.port = None;
            self.unsent.clear();
        } else if self.port.is_none() {
            self.plug();
        }
    }

    /// A new terminal under the old name. Where the system gives none, the next round tries again.
    fn plug(&mut self) {
        let Ok(port) = Port::open(self.baud) else { return };
        if let Some(path) = &self.link_path {
            let Ok(link) = Link::make(path, port.path()) else { return };
            self.link = Some(link);
        }
        self.shared.lock().port = port.path().to_owned();
        self.port = Some(port);
    }

    /// What the program has written goes to the bus, one piece as it came.
    fn take_from_program(&mut self) {
        let Some(port) = &mut self.port else { return };
        let mut chunk = [0; CHUNK_BYTES];
        let count = match self.unsent.is_empty() {
            true => port.read(&mut chunk),
            false => Ok(0),
        };
        let Ok(count) = count else {
            // The terminal is gone, whoever took it: there will be another.
            self.port = None;
            return;
        };
        // The calls that follow are the twin's own, and no time of the program's.
        let now_ns = MonotonicClock::default().now_ns();
        if count > 0 {
            port.notice_users();
            let baud = port.baud().map_or(self.baud, |baud| baud.clamp(*BAUDS.start(), *BAUDS.end()));
            self.set_baud(baud);
            self.statistics.transactions += 1;
            self.unsent.extend_from_slice(&chunk[..count]);
        }
        if !self.unsent.is_empty() {
            self.active_ns = now_ns;
            let taken = self.bus.host_writes(now_ns, &self.unsent);
            self.unsent.drain(..taken);
        }
    }

    fn set_baud(&mut self, baud: u32) {
        if baud != self.baud && self.bus.set_baud(MonotonicClock::default().now_ns(), baud).is_ok() {
            self.baud = baud;
        }
    }

    /// Hands over what has come by now.
    fn hand_over(&mut self) {
        let now_ns = MonotonicClock::default().now_ns();
        self.bus.advance(now_ns);
        let Some(due_ns) = self.bus.next_arrival_ns().filter(|&due_ns| due_ns <= now_ns) else { return };
        let bytes = self.bus.host_reads(now_ns);
        let taken = self.port.as_ref().map_or(0, |port| port.write(&bytes));
        self.active_ns = MonotonicClock::default().now_ns();
        self.statistics.lateness.add(self.active_ns - due_ns);
        self.statistics.lost_bytes += (bytes.len() - taken) as u64;
    }

    /// Shows the servos after every byte they heard, and all figures now and then; in the next round where the box
    /// is in use.
    fn leave_mail(&mut self, now_ns: u64) {
        let heard_bytes = self.bus.wire_bytes().to_servos;
        let is_time = now_ns >= self.published_ns + SLEEP_NS;
        if self.published_bytes == heard_bytes && !is_time {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let Ok(mut mailbox) = shared.mailbox.try_lock() else { return };
        self.published_bytes = heard_bytes;
        if is_time {
            self.published_ns = now_ns;
            self.publish(&mut mailbox);
        } else {
            self.show_servos(&mut mailbox);
        }
    }

    fn show_servos(&self, mailbox: &mut Mailbox) {
        for (view, servo) in mailbox.servos.iter_mut().zip(self.bus.servos()) {
            *view = ServoView::from(servo);
        }
    }

    fn publish(&mut self, mailbox: &mut Mailbox) {
        self.show_servos(mailbox);
        let statistics = &mut self.statistics;
        statistics.busy_ns = self.bus.busy_ns();
        statistics.waiting_ns = self.bus.waiting_ns();
        statistics.wire_bytes = self.bus.wire_bytes();
        statistics.users = self.port.as_ref().map_or(0, Port::users);
        statistics.faults = self.bus.fault_count();
        statistics.fault_log.append(&mut self.bus.take_fault_log());
        let surplus = statistics.fault_log.len().saturating_sub(LOGGED_FAULTS);
        statistics.fault_log.drain(..surplus);
        mailbox.statistics.clone_from(statistics);
    }

    /// Sleeps where there is time for it; otherwise lets others run for a moment.
    fn rest(&mut self, now_ns: u64) {
        let sleep_ns = match self.bus.next_event_ns() {
            _ if self.is_awake => return self.make_room(),
            Some(next_ns) if next_ns > now_ns + FAR_NS => next_ns - now_ns - EARLY_NS,
            Some(_) => return self.make_room(),
            None if now_ns < self.active_ns + LINGER_NS => return self.make_room(),
            None => SLEEP_NS,
        };
        let sleep_ns = sleep_ns.min(SLEEP_NS);
        match &mut self.port {
            Some(port) => {
                port.sleep(self.shared.wake.as_fd(), sleep_ns);
                port.notice_users();
            }
            None => wait(&[self.shared.wake.as_fd()], sleep_ns),
        }
        self.shared.calm();
    }

    /// Between the two sides of a pseudo-terminal the kernel passes bytes on in a thread of its own: where program and
    /// twin both spin on the only two cores, it would wait for the next timer tick.
    fn make_room(&self) {
        if self.is_preferred {
            // To whom has priority the others are nobody it could yield to.
            wait(&[], NAP_NS);
        } else {
            sched_yield();
        }
    }
}
