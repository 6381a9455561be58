//! A fault plan as it runs: which packet suffers what, and the log of what struck.

use crate::error::TwinError;
use crate::faults::{Applied, Fault, FaultPlan, FaultRates, ReplyFault, RequestFault};
use crate::random::Random;
use std::collections::VecDeque;

/// Most entries the log holds until it is taken.
const LOG_ENTRIES: usize = 65_536;
/// Most faults that wait for a packet.
const WAITING: usize = 4_096;

/// The plan as it runs.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    pub random: Random,
    rates: FaultRates,
    schedule: VecDeque<(u64, Fault)>,
    waiting_replies: VecDeque<(usize, ReplyFault)>,
    waiting_requests: VecDeque<RequestFault>,
    log: Vec<Applied>,
    count: u64,
}

impl Faults {
    pub fn new(plan: FaultPlan, servos: usize) -> Result<Faults, TwinError> {
        plan.rates.check()?;
        for (_, fault) in &plan.schedule {
            fault.check(servos)?;
        }
        let mut schedule = plan.schedule;
        schedule.sort_by_key(|&(at_ns, _)| at_ns);
        Ok(Faults {
            random: Random::new(plan.seed),
            rates: plan.rates,
            schedule: schedule.into(),
            waiting_replies: VecDeque::new(),
            waiting_requests: VecDeque::new(),
            log: Vec::new(),
            count: 0,
        })
    }

    /// When the next fault by the clock strikes.
    pub fn next_ns(&self) -> Option<u64> {
        self.schedule.front().map(|&(at_ns, _)| at_ns)
    }

    /// The next fault by the clock.
    pub fn take_next(&mut self) -> Option<Fault> {
        self.schedule.pop_front().map(|(_, fault)| fault)
    }

    /// Keeps a fault until its packet comes.
    pub fn wait_for_reply(&mut self, servo: usize, fault: ReplyFault) {
        if self.waiting_replies.len() < WAITING {
            self.waiting_replies.push_back((servo, fault));
        }
    }

    /// Keeps a fault until the host writes.
    pub fn wait_for_request(&mut self, fault: RequestFault) {
        if self.waiting_requests.len() < WAITING {
            self.waiting_requests.push_back(fault);
        }
    }

    /// What happens to an answer of `len` bytes that begins now.
    pub fn strike_reply(&mut self, now_ns: u64, servo: usize, len: usize) -> Option<ReplyFault> {
        let waiting = self.waiting_replies.iter().position(|&(whose, _)| whose == servo);
        let fault = match waiting.and_then(|at| self.waiting_replies.remove(at)) {
            Some((_, fault)) => fault,
            None => self.reply_by_chance(len)?,
        };
        self.record(now_ns, Fault::Reply { servo, fault });
        Some(fault)
    }

    fn reply_by_chance(&mut self, len: usize) -> Option<ReplyFault> {
        let rates = self.rates;
        let shares = [rates.lost, rates.cut, rates.corrupted, rates.late, rates.duplicated];
        Some(match pick(self.random.unit(), &shares)? {
            0 => ReplyFault::Lost,
            1 => ReplyFault::Cut { keep_bytes: 1 + self.random.below(len.saturating_sub(1)) },
            2 => ReplyFault::Corrupted { bits: rates.corrupted_bits },
            3 => ReplyFault::Late { by_ns: rates.late_by_ns },
            _ => ReplyFault::Duplicated,
        })
    }

    /// What happens to a write of the host.
    pub fn strike_request(&mut self, now_ns: u64) -> Option<RequestFault> {
        let fault = match self.waiting_requests.pop_front() {
            Some(fault) => fault,
            None => match pick(self.random.unit(), &[self.rates.request_lost, self.rates.request_corrupted])?
            {
                0 => RequestFault::Lost,
                _ => RequestFault::Corrupted { bits: self.rates.corrupted_bits },
            },
        };
        self.record(now_ns, Fault::Request(fault));
        Some(fault)
    }

    /// Flips `bits` bits of a packet; the same one twice is possible only where there are hardly any.
    pub fn flip(&mut self, bytes: &mut [u8], bits: u32) {
        let len = bytes.len() * 8;
        let mut flipped: Vec<usize> = Vec::new();
        for _ in 0..bits.min(len as u32) {
            let mut at = self.random.below(len);
            while flipped.contains(&at) {
                at = (at + 1) % len;
            }
            flipped.push(at);
            bytes[at / 8] ^= 1 << (at % 8);
        }
    }

    /// Writes a fault that struck into the log.
    pub fn record(&mut self, at_ns: u64, fault: Fault) {
        self.count += 1;
        if self.log.len() < LOG_ENTRIES {
            self.log.push(Applied { at_ns, fault });
        }
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn take_log(&mut self) -> Vec<Applied> {
        std::mem::take(&mut self.log)
    }
}

/// Which share of the whole `at` falls into.
fn pick(at: f64, shares: &[f64]) -> Option<usize> {
    let mut end = 0.0;
    shares.iter().position(|share| {
        end += share;
        at < end
    })
}
