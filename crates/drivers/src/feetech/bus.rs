//! The bus: which request is on the wire, who has answered, and what to do next.

use crate::feetech::error::BusError;
use crate::feetech::frame::{BROADCAST, Instruction, OVERHEAD, Request, Status, StatusParser};
use crate::feetech::registers::{self, Register};
use crate::feetech::servo::{MAX_SPEED_RPS, ServoConfig, ServoState, SlowState};
use crate::feetech::units;
use crate::feetech::wire::Link;

/// Position and velocity: what every tick reads.
const FAST_LEN: usize = (registers::PRESENT_SPEED.end() - registers::PRESENT_POSITION.address) as usize;

/// Load to current: what is read from one servo a tick.
const SLOW_LEN: usize = (registers::PRESENT_CURRENT.end() - registers::PRESENT_LOAD.address) as usize;

/// Ticks between two probes of servos that no longer answer.
const PROBE_EVERY_TICKS: u64 = 10;

/// Time past the computed end of an exchange after which nothing more is expected: a wake-up of the host.
const SLACK_NS: u64 = 200_000;

/// How often those who have not answered are asked again in one tick, where the time allows.
const MAX_RETRIES: u32 = 2;

/// Servos whose goals fit into one frame.
const MAX_SERVOS: usize = 64;

/// Current of one unit of its register, A.
const CURRENT_UNIT_A: f32 = 0.0065;

/// What the driver wants next.
#[derive(Debug, PartialEq)]
pub enum Poll<'a> {
    /// These bytes on the wire, now; then to be asked again.
    Send(&'a [u8]),
    /// To be asked again as bytes arrive, at the latest then.
    Wait {
        /// The latest time, ns.
        until_ns: u64,
    },
    /// The exchange is over; who answered is in the states.
    Done,
}

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
    servos: Vec<ServoConfig>,
    states: Vec<ServoState>,
    parser: StatusParser,
    request: Request,
    /// Servos asked and not yet answered, in the order they answer.
    pending: Vec<usize>,
    /// How many of these, from the front, have been passed over by one behind them: they answer no more.
    passed_over: usize,
    /// Before this an answer cannot be one to the request on the wire, ns.
    earliest_ns: u64,
    exchange: Exchange,
    next_slow: usize,
    eeprom_locked: bool,
    counters: BusCounters,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Exchange {
    Idle,
    Fast { ends_ns: u64, deadline_ns: u64, retries: u32 },
    Slow { ends_ns: u64 },
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
            parser: StatusParser::new(),
            request: Request::new(BROADCAST, Instruction::SyncRead),
            pending: Vec::with_capacity(servos.len()),
            passed_over: 0,
            earliest_ns: 0,
            exchange: Exchange::Idle,
            next_slow: 0,
            eeprom_locked: false,
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
        match self.exchange {
            Exchange::Idle => Poll::Done,
            _ if self.pending.is_empty() => self.finish(),
            Exchange::Fast { ends_ns, .. } | Exchange::Slow { ends_ns }
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

    /// The frame that writes all goals, joint angles in rad in the order of the servos. Nobody answers it.
    pub fn write_goals(&mut self, goal_rad: &[f32]) -> Result<&[u8], BusError> {
        self.check_length("goals", goal_rad.len())?;
        if let Some((servo, &found)) = self.servos.iter().zip(goal_rad).find(|(_, goal)| !goal.is_finite()) {
            return Err(BusError::NonFiniteGoal { id: servo.id, found });
        }
        let goals = self.servos.iter().zip(goal_rad);
        let counts =
            goals.map(|(servo, &goal)| (servo.id, units::goal_count(servo.servo_rad(f64::from(goal)))));
        Ok(build_sync_write(&mut self.request, registers::GOAL_POSITION, counts))
    }

    /// The frame that writes `values` to one register of all servos. EEPROM is refused until it is locked.
    pub fn write_all(&mut self, register: Register, values: &[u16]) -> Result<&[u8], BusError> {
        self.check_length(register.name, values.len())?;
        if register.eeprom && !self.eeprom_locked {
            return Err(BusError::Unlocked { register: register.name });
        }
        let values = self.servos.iter().map(|servo| servo.id).zip(values.iter().copied());
        Ok(build_sync_write(&mut self.request, register, values))
    }

    /// The frame that sets the lock of all servos: from then on a write to EEPROM takes effect and is not saved.
    pub fn lock_eeprom(&mut self) -> &[u8] {
        self.eeprom_locked = true;
        let locks = self.servos.iter().map(|servo| (servo.id, 1));
        build_sync_write(&mut self.request, registers::LOCK, locks)
    }

    /// The frame that switches the torque of all servos.
    pub fn set_torque(&mut self, on: bool) -> &[u8] {
        let values = self.servos.iter().map(|servo| (servo.id, u16::from(on)));
        build_sync_write(&mut self.request, registers::TORQUE_ENABLE, values)
    }

    /// Begins to read the slow registers of the next servo that answers, where this is over by `deadline_ns`; the
    /// bytes to send, none where there is no time or nobody to ask.
    pub fn begin_slow_read(&mut self, now_ns: u64, deadline_ns: u64) -> &[u8] {
        let count = self.servos.len();
        let order = (0..count).map(|place| (place + self.next_slow) % count);
        let Some(servo) = order.into_iter().find(|&servo| !self.states[servo].is_dropped()) else {
            return &[];
        };
        let ends_ns = now_ns + self.link.exchange_ns(8, 1, SLOW_LEN + OVERHEAD) + SLACK_NS;
        if ends_ns > deadline_ns {
            return &[];
        }
        self.next_slow = servo + 1;
        self.pending.clear();
        self.pending.push(servo);
        self.begin_exchange(now_ns, 8, SLOW_LEN, Exchange::Slow { ends_ns });
        self.request = Request::new(self.servos[servo].id, Instruction::Read);
        self.request.extend(&[registers::PRESENT_LOAD.address, SLOW_LEN as u8]);
        self.request.finish()
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

    fn ask_pending(&mut self, now_ns: u64, deadline_ns: u64, retries: u32) -> &[u8] {
        let ends_ns = (now_ns + self.read_ns() + SLACK_NS).min(deadline_ns);
        let request_len = 8 + self.pending.len();
        self.begin_exchange(now_ns, request_len, FAST_LEN, Exchange::Fast { ends_ns, deadline_ns, retries });
        self.request = Request::new(BROADCAST, Instruction::SyncRead);
        self.request.extend(&[registers::PRESENT_POSITION.address, FAST_LEN as u8]);
        for &servo in &self.pending {
            self.request.push(self.servos[servo].id);
        }
        self.request.finish()
    }

    fn begin_exchange(&mut self, now_ns: u64, request_len: usize, data_len: usize, exchange: Exchange) {
        self.parser.clear();
        self.passed_over = 0;
        self.earliest_ns = now_ns + self.link.wire_ns(request_len + data_len + OVERHEAD);
        self.exchange = exchange;
    }

    /// Longest time of a read of those who have not answered, ns.
    fn read_ns(&self) -> u64 {
        self.link.exchange_ns(8 + self.pending.len(), self.pending.len(), FAST_LEN + OVERHEAD)
    }

    fn fits(&self, now_ns: u64, deadline_ns: u64) -> bool {
        now_ns + self.read_ns() <= deadline_ns
    }

    fn take_statuses(&mut self, now_ns: u64) {
        let data_len = match self.exchange {
            Exchange::Slow { .. } => SLOW_LEN,
            _ => FAST_LEN,
        };
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
            match self.exchange {
                Exchange::Slow { .. } => take_slow(state, &status, now_ns),
                _ => {
                    if !take_fast(state, config, &status, now_ns) {
                        self.counters.implausible += 1;
                    }
                }
            }
        }
    }

    /// Ends the exchange: who has not answered has missed it.
    fn finish(&mut self) -> Poll<'_> {
        for (place, &servo) in self.pending.iter().enumerate() {
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

    fn check_length(&self, what: &'static str, found: usize) -> Result<(), BusError> {
        let expected = self.servos.len();
        if expected == found { Ok(()) } else { Err(BusError::Length { what, expected, found }) }
    }
}

/// One register of several servos.
fn build_sync_write(
    request: &mut Request,
    register: Register,
    values: impl Iterator<Item = (u8, u16)>,
) -> &[u8] {
    *request = Request::new(BROADCAST, Instruction::SyncWrite);
    request.extend(&[register.address, register.width]);
    for (id, value) in values {
        request.push(id);
        request.extend(&value.to_le_bytes()[..usize::from(register.width)]);
    }
    request.finish()
}

/// Takes position and velocity, or returns `false` where no servo can be there. The checksum is a sum of eight bits:
/// of frames damaged twice one in 256 passes it.
fn take_fast(state: &mut ServoState, config: &ServoConfig, status: &Status, now_ns: u64) -> bool {
    let servo_rad = units::angle_rad(field(status, registers::PRESENT_POSITION, registers::PRESENT_POSITION));
    let servo_rps = units::velocity_rps(field(status, registers::PRESENT_POSITION, registers::PRESENT_SPEED));
    state.health.answers += 1;
    state.health.misses_in_a_row = 0;
    let position_rad = config.joint_rad(servo_rad) as f32;
    if servo_rps.abs() > MAX_SPEED_RPS || !state.can_be_at(position_rad, now_ns) {
        return false;
    }
    state.position_rad = position_rad;
    state.velocity_rps = (servo_rps * f64::from(config.direction)) as f32;
    state.sampled_ns = Some(now_ns);
    state.faults = status.faults;
    true
}

fn take_slow(state: &mut ServoState, status: &Status, now_ns: u64) {
    let field = |register| field(status, registers::PRESENT_LOAD, register) as f32;
    state.faults = status.faults;
    state.slow = Some(SlowState {
        load: field(registers::PRESENT_LOAD) / 1000.0,
        voltage_v: field(registers::PRESENT_VOLTAGE) / 10.0,
        temperature_c: field(registers::PRESENT_TEMPERATURE),
        current_a: field(registers::PRESENT_CURRENT) * CURRENT_UNIT_A,
        sampled_ns: now_ns,
    });
}

/// `register` in a status whose data begins with the register `first`.
fn field(status: &Status, first: Register, register: Register) -> i32 {
    let start = usize::from(register.address - first.address);
    let mut bytes = [0; 2];
    let width = usize::from(register.width);
    bytes[..width].copy_from_slice(&status.data[start..start + width]);
    register.decode(u16::from_le_bytes(bytes))
}
