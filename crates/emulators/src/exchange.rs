//! What each piece of the host's bytes set off on the wire, and when.

use std::collections::VecDeque;

/// Bytes that the wire has carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WireBytes {
    /// From the host.
    pub to_servos: u64,
    /// From the servos, those that the host never got included.
    pub to_host: u64,
}

/// Bytes that the host wrote in one piece, and what was answered to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// When the host wrote them, ns.
    pub written_ns: u64,
    /// When their first bit was on the wire, ns.
    pub begun_ns: u64,
    /// When their last bit was through, ns.
    pub sent_ns: u64,
    /// When the host could have the last byte of the answers, return delays and USB included, ns; where nobody
    /// answered, when the last bit of the host's was through.
    pub ended_ns: u64,
    /// When the host last fetched a part of the answers, ns.
    pub fetched_ns: Option<u64>,
    /// Bytes on the wire.
    pub bytes: WireBytes,
}

/// The last exchanges.
#[derive(Debug, Clone)]
pub(crate) struct ExchangeLog {
    limit: usize,
    exchanges: VecDeque<Exchange>,
}

impl ExchangeLog {
    /// Keeps the last `limit` exchanges.
    pub fn new(limit: usize) -> ExchangeLog {
        ExchangeLog { limit, exchanges: VecDeque::new() }
    }

    /// The host wrote `bytes` bytes that are on the wire from `begun_ns` to `sent_ns`.
    pub fn begin(&mut self, written_ns: u64, begun_ns: u64, sent_ns: u64, bytes: u64) {
        if self.limit == 0 {
            return;
        }
        if self.exchanges.len() == self.limit {
            self.exchanges.pop_front();
        }
        let bytes = WireBytes { to_servos: bytes, to_host: 0 };
        let (ended_ns, fetched_ns) = (sent_ns, None);
        self.exchanges.push_back(Exchange { written_ns, begun_ns, sent_ns, ended_ns, fetched_ns, bytes });
    }

    /// A byte of an answer was through at `end_ns` and can be had at `arrival_ns`. What was through by then and was
    /// written last is what it answers; later pieces still wait for the wire.
    pub fn answer(&mut self, end_ns: u64, arrival_ns: u64) {
        if let Some(exchange) = self.exchanges.iter_mut().rev().find(|exchange| exchange.sent_ns < end_ns) {
            exchange.ended_ns = arrival_ns;
            exchange.bytes.to_host += 1;
        }
    }

    /// The host fetched what had come by now.
    pub fn fetch(&mut self, now_ns: u64) {
        let has_answers = |exchange: &&mut Exchange| exchange.bytes.to_host > 0;
        if let Some(exchange) = self.exchanges.iter_mut().rev().find(has_answers) {
            exchange.fetched_ns = Some(now_ns);
        }
    }

    /// Hands them out, the oldest first.
    pub fn take(&mut self) -> Vec<Exchange> {
        self.exchanges.drain(..).collect()
    }
}
