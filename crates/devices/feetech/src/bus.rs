//! The bus: which request is on the wire, who has answered, and what to do next.

use crate::error::BusError;
use crate::frame::{BROADCAST, Instruction, OVERHEAD, Request, StatusParser};
use crate::registers::{self, Register};
use crate::servo::{ServoConfig, ServoState};
use gaitway_hal::actuators::Poll;
use gaitway_hal::link::Link;

/// Position and velocity: what every tick reads.
const FAST_LEN: usize = (registers::PRESENT_SPEED.end() - registers::PRESENT_POSITION.address) as usize;

/// Gains to current: what is read from one servo a tick. Beside what the servo measures this says whether it still
/// has the settings it was given, which a servo that was reset has not.
const SLOW_LEN: usize = (registers::PRESENT_CURRENT.end() - registers::P_GAIN.address) as usize;

/// Every setting, those in RAM that somebody may have left there included: what an audit looks at.
const AUDIT_LEN: usize = registers::GOAL_SPEED.end() as usize;

/// A read of one servo: header, id, length, instruction, address, count, checksum.
const READ_REQUEST_LEN: usize = OVERHEAD + 2;

/// Ticks between two probes of servos that no longer answer.
const PROBE_EVERY_TICKS: u64 = 10;

/// Time past the computed end of an exchange after which nothing more is expected: a wake-up of the host.
const SLACK_NS: u64 = 200_000;

/// How often those who have not answered are asked again in one tick, where the time allows.
const MAX_RETRIES: u32 = 2;

/// Servos whose goals fit into one frame.
const MAX_SERVOS: usize = 64;

/// Sums since the bus was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BusCounters {
    /// Common reads begun.
    pub reads: u64,
    /// Reads sent again, to those who had not answered.
    pub retries: u64,
    /// Statuses of servos that were not asked.
    pub strays: u64,
    /// Statuses whose checksum was right and whose numbers no servo can have.
    pub implausible: u64,
    /// Bytes that belonged to no sound frame.
    pub garbage_bytes: u64,
}

/// All servos of a robot on one wire.
#[derive(Debug)]
pub struct ServoBus {
    link: Link,
    pub(super) servos: Vec<ServoConfig>,
    states: Vec<ServoState>,
    /// What an audit read of each servo, where one did.
    audits: Vec<Option<[u8; AUDIT_LEN]>>,
    parser: StatusParser,
    pub(super) request: Request,
    /// Servos asked and not yet answered, in the order they answer.
    pending: Vec<usize>,
    /// How many of these, from the front, have been passed over by one behind them: they answer no more.
    passed_over: usize,
    /// When the request on the wire was made: no answer to it is older, ns.
    begun_ns: u64,
    /// Before this an answer cannot be one to the request on the wire, ns.
    earliest_ns: u64,
    /// Before this not everybody asked can have answered, ns.
    soonest_end_ns: u64,
    /// When the driver was last told what had arrived, ns.
    looked_ns: u64,
    exchange: Exchange,
    next_slow: usize,
    /// Servos whose lock was set and that have answered since then: a write to their EEPROM is not saved.
    pub(super) locked: Vec<bool>,
    counters: BusCounters,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Exchange {
    Idle,
    Fast { ends_ns: u64, deadline_ns: u64, retries: u32 },
    Slow { ends_ns: u64 },
    Audit { ends_ns: u64 },
}

impl Exchange {
    /// Bytes of data each answer carries.
    fn data_len(self) -> usize {
        match self {
            Exchange::Idle | Exchange::Fast { .. } => FAST_LEN,
            Exchange::Slow { .. } => SLOW_LEN,
            Exchange::Audit { .. } => AUDIT_LEN,
        }
    }
}

impl ServoBus {
    /// A bus of `servos`, in the order of every row.
    pub fn new(servos: &[ServoConfig], link: Link) -> Result<ServoBus, BusError> {
        let ids: Vec<u8> = servos.iter().map(|servo| servo.id).collect();
        let different =
            ids.iter().enumerate().all(|(index, id)| *id < BROADCAST && !ids[..index].contains(id));
        if !(1..=MAX_SERVOS).contains(&ids.len()) || !different {
            return Err(BusError::Ids { max: MAX_SERVOS, found: ids });
        }
        Ok(ServoBus {
            link,
            servos: servos.to_vec(),
            states: vec![ServoState::default(); servos.len()],
            audits: vec![None; servos.len()],
            parser: StatusParser::new(),
            request: Request::new(BROADCAST, Instruction::SyncRead),
            pending: Vec::with_capacity(servos.len()),
            passed_over: 0,
            begun_ns: 0,
            earliest_ns: 0,
            soonest_end_ns: 0,
            looked_ns: 0,
            exchange: Exchange::Idle,
            next_slow: 0,
            locked: vec![false; servos.len()],
            counters: BusCounters::default(),
        })
    }

    /// Begins the common read of position and velocity, to be over by `deadline_ns`: the bytes to send, none where
    /// there is nobody to ask.
    ///
    /// The order turns by one servo a tick, so that one who delays others does not delay always the same; those who
    /// no longer answer are left out, and one of them is asked now and then, last, where nobody waits for it.
    pub fn begin_read(&mut self, now_ns: u64, deadline_ns: u64) -> &[u8] {
        let (count, turn) = (self.servos.len(), self.counters.reads as usize);
        let order = (0..count).map(|place| (place + turn) % count);
        self.pending.clear();
        self.pending.extend(order.clone().filter(|&servo| !self.states[servo].is_dropped()));
        if self.counters.reads.is_multiple_of(PROBE_EVERY_TICKS) {
            let turns = turn / PROBE_EVERY_TICKS as usize;
            let dropped = order.filter(|&servo| self.states[servo].is_dropped());
            let dropped_count = dropped.clone().count().max(1);
            self.pending.extend(dropped.skip(turns % dropped_count).take(1));
        }
        self.counters.reads += 1;
        if self.pending.is_empty() {
            self.exchange = Exchange::Idle;
            return &[];
        }
        self.ask_pending(now_ns, deadline_ns, 0)
    }

    /// Tells the driver the time and what has arrived since it was last asked.
    pub fn poll(&mut self, now_ns: u64, received: &[u8]) -> Poll<'_> {
        let mut rest = received;
        loop {
            rest = &rest[self.parser.push(rest)..];
            self.take_statuses(now_ns);
            if rest.is_empty() {
                break;
            }
        }
        self.counters.garbage_bytes = self.parser.garbage();
        self.note_look(now_ns, received.len());
        match self.exchange {
            Exchange::Idle => Poll::Done,
            _ if self.pending.is_empty() => self.finish(),
            Exchange::Fast { ends_ns, .. } | Exchange::Slow { ends_ns } | Exchange::Audit { ends_ns }
                if now_ns < ends_ns && self.passed_over < self.pending.len() =>
            {
                Poll::Wait { until_ns: ends_ns }
            }
            Exchange::Fast { deadline_ns, retries, .. }
                if retries < MAX_RETRIES && self.fits(now_ns, deadline_ns) =>
            {
                self.counters.retries += 1;
                // Those who are surely silent are asked last, where nobody waits for them.
                let silent = (self.passed_over + 1).min(self.pending.len());
                self.pending.rotate_left(silent);
                Poll::Send(self.ask_pending(now_ns, deadline_ns, retries + 1))
            }
            _ => self.finish(),
        }
    }

    /// Begins to read the slow registers of `servo`, or of the next one that answers; the bytes to send, none where
    /// it could not be over by `deadline_ns` or there is nobody to ask.
    pub fn begin_slow_read(&mut self, servo: Option<usize>, now_ns: u64, deadline_ns: u64) -> &[u8] {
        let count = self.servos.len();
        let order = (0..count).map(|place| (place + self.next_slow) % count);
        let next = || order.into_iter().find(|&servo| !self.states[servo].is_dropped());
        let Some(servo) = servo.filter(|&servo| servo < count).or_else(next) else {
            return &[];
        };
        let ends_ns = self.single_read_ends_ns(now_ns, SLOW_LEN);
        if ends_ns > deadline_ns {
            return &[];
        }
        self.next_slow = servo + 1;
        self.begin_single_read(servo, registers::P_GAIN, now_ns, Exchange::Slow { ends_ns })
    }

    /// Begins to read every setting of `servo`: the bytes to send.
    pub fn begin_audit(&mut self, servo: usize, now_ns: u64) -> Result<&[u8], BusError> {
        let count = self.servos.len();
        if servo >= count {
            return Err(BusError::NoSuchServo { index: servo, count });
        }
        self.audits[servo] = None;
        let ends_ns = self.single_read_ends_ns(now_ns, AUDIT_LEN);
        Ok(self.begin_single_read(servo, registers::FIRMWARE_MAJOR, now_ns, Exchange::Audit { ends_ns }))
    }

    /// What the last audit of `servo` read: the bytes of the registers from 0 on.
    pub fn audited(&self, servo: usize) -> Option<&[u8]> {
        self.audits.get(servo)?.as_ref().map(<[u8; AUDIT_LEN]>::as_slice)
    }

    /// Before this the exchange on the wire cannot be over, ns: the bytes alone take so long, those that are still to
    /// come.
    pub fn soonest_end_ns(&self) -> u64 {
        self.soonest_end_ns
    }

    /// The line it is on.
    pub fn link(&self) -> Link {
        self.link
    }

    /// Bits a second on this bus's wire.
    pub fn baud(&self) -> u32 {
        self.link.baud
    }

    /// The servos, in the order of every row.
    pub fn servos(&self) -> &[ServoConfig] {
        &self.servos
    }

    /// What is known about each servo.
    pub fn states(&self) -> &[ServoState] {
        &self.states
    }

    /// Sums since the bus was opened.
    pub fn counters(&self) -> BusCounters {
        self.counters
    }

    /// Longest time of one tick, ns: the common read and the goals.
    pub fn tick_ns(&self) -> u64 {
        let count = self.servos.len();
        let goals = self.link.wire_ns(8 + 3 * count);
        self.link.exchange_ns(8 + count, count, FAST_LEN + OVERHEAD) + goals
    }

    /// Longest time of one slow read, ns.
    pub fn slow_read_ns(&self) -> u64 {
        self.link.exchange_ns(READ_REQUEST_LEN, 1, SLOW_LEN + OVERHEAD)
    }

    fn single_read_ends_ns(&self, now_ns: u64, data_len: usize) -> u64 {
        now_ns + self.link.exchange_ns(READ_REQUEST_LEN, 1, data_len + OVERHEAD) + SLACK_NS
    }

    fn begin_single_read(&mut self, servo: usize, first: Register, now_ns: u64, exchange: Exchange) -> &[u8] {
        self.pending.clear();
        self.pending.push(servo);
        self.begin_exchange(now_ns, READ_REQUEST_LEN, exchange);
        self.request = Request::new(self.servos[servo].id, Instruction::Read);
        self.request.extend(&[first.address, exchange.data_len() as u8]);
        self.request.finish()
    }

    fn ask_pending(&mut self, now_ns: u64, deadline_ns: u64, retries: u32) -> &[u8] {
        let ends_ns = (now_ns + self.read_ns() + SLACK_NS).min(deadline_ns);
        let request_len = 8 + self.pending.len();
        self.begin_exchange(now_ns, request_len, Exchange::Fast { ends_ns, deadline_ns, retries });
        self.request = Request::new(BROADCAST, Instruction::SyncRead);
        self.request.extend(&[registers::PRESENT_POSITION.address, FAST_LEN as u8]);
        for &servo in &self.pending {
            self.request.push(self.servos[servo].id);
        }
        self.request.finish()
    }

    fn begin_exchange(&mut self, now_ns: u64, request_len: usize, exchange: Exchange) {
        self.parser.clear();
        self.passed_over = 0;
        let reply_len = exchange.data_len() + OVERHEAD;
        self.begun_ns = now_ns;
        self.earliest_ns = now_ns + self.link.wire_ns(request_len + reply_len);
        self.soonest_end_ns = now_ns + self.link.wire_ns(request_len + self.pending.len() * reply_len);
        self.looked_ns = now_ns;
        self.exchange = exchange;
    }

    /// What has come since the last look was on the wire after that look, or was handed over together with all that
    /// was: so the rest has still to cross it. Of one answer a part may have come.
    fn note_look(&mut self, now_ns: u64, received: usize) {
        if received > 0 {
            let answers = self.pending.len().saturating_sub(self.passed_over + 1);
            let rest_ns = self.link.wire_ns(answers * (self.exchange.data_len() + OVERHEAD));
            self.soonest_end_ns = self.soonest_end_ns.max(self.looked_ns + rest_ns);
        }
        self.looked_ns = now_ns;
    }

    /// Longest time of a read of those who have not answered, ns.
    fn read_ns(&self) -> u64 {
        self.link.exchange_ns(8 + self.pending.len(), self.pending.len(), FAST_LEN + OVERHEAD)
    }

    fn fits(&self, now_ns: u64, deadline_ns: u64) -> bool {
        now_ns + self.read_ns() <= deadline_ns
    }

    fn take_statuses(&mut self, now_ns: u64) {
        let data_len = self.exchange.data_len();
        while let Some(status) = self.parser.next_status(data_len) {
            // Servos answer in turn and no faster than the wire: anything else was late for another request.
            let place = self.pending.iter().position(|&servo| self.servos[servo].id == status.id);
            let Some(place) = place.filter(|&place| place >= self.passed_over && now_ns >= self.earliest_ns)
            else {
                self.counters.strays += 1;
                continue;
            };
            let servo = self.pending.remove(place);
            self.passed_over = place;
            let (config, state) = (&self.servos[servo], &mut self.states[servo]);
            // A host that was kept from looking cannot know when the answer came: the age must not be too small.
            let sampled_ns = self.begun_ns;
            let is_plausible = match self.exchange {
                Exchange::Slow { .. } => state.take_slow(config, &status, sampled_ns),
                Exchange::Audit { .. } => {
                    self.audits[servo] = status.data.try_into().ok();
                    true
                }
                _ => state.take_fast(config, &status, sampled_ns),
            };
            self.counters.implausible += u64::from(!is_plausible);
        }
    }

    /// Ends the exchange: who has not answered has missed it.
    fn finish(&mut self) -> Poll<'_> {
        for (place, &servo) in self.pending.iter().enumerate() {
            // Silence may be a reset, after which nothing is locked.
            self.locked[servo] = false;
            let health = &mut self.states[servo].health;
            health.misses += 1;
            // Passed over, or the first nobody answered behind: that one is silent. The others may wait for it.
            if place <= self.passed_over {
                health.misses_in_a_row = health.misses_in_a_row.saturating_add(1);
            }
        }
        self.pending.clear();
        self.exchange = Exchange::Idle;
        Poll::Done
    }
}
