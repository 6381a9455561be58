//! The wire between host and servos: half duplex, ten bits a byte, with USB before and behind it.

use crate::exchange::{ExchangeLog, WireBytes};
use crate::options::BusOptions;
use crate::random::Random;
use std::collections::VecDeque;

/// Bits of a byte on the wire: start, eight, stop (8N1).
const BITS_PER_BYTE: u64 = 10;
/// Bytes that wait for the wire, or for the host: the buffer of a Linux terminal.
const BUFFER_BYTES: usize = 4_096;

/// A byte in its place on the wire.
#[derive(Debug, Clone, Copy)]
struct Symbol {
    end_ns: u64,
    byte: u8,
    /// Somebody else talked at the same time.
    is_garbled: bool,
    /// A fault keeps it from its listener.
    is_lost: bool,
}

/// How an answer goes onto the wire.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sending {
    /// The first so many bytes are garbled: several servos talk.
    pub garbled_bytes: usize,
    /// Bytes from here on do not reach the host.
    pub lost_from: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Wire {
    byte_ns: u64,
    usb_to_servos_ns: u64,
    usb_to_host_ns: u64,
    usb_frame_ns: u64,
    from_host: VecDeque<Symbol>,
    from_servos: VecDeque<Symbol>,
    host_end_ns: u64,
    /// When the host may read each byte.
    inbox: VecDeque<(u64, u8)>,
    /// Time the wire carried bits, ns.
    pub busy_ns: u64,
    pub bytes: WireBytes,
    pub exchanges: ExchangeLog,
}

impl Wire {
    pub fn new(options: &BusOptions) -> Wire {
        Wire {
            byte_ns: byte_ns(options.baud),
            usb_to_servos_ns: options.usb_to_servos_ns,
            usb_to_host_ns: options.usb_to_host_ns,
            usb_frame_ns: options.usb_frame_ns,
            from_host: VecDeque::new(),
            from_servos: VecDeque::new(),
            host_end_ns: 0,
            inbox: VecDeque::new(),
            busy_ns: 0,
            bytes: WireBytes::default(),
            exchanges: ExchangeLog::new(options.exchanges),
        }
    }

    pub fn set_baud(&mut self, baud: u32) {
        self.byte_ns = byte_ns(baud);
    }

    /// Time of so many bytes, ns.
    pub fn time_ns(&self, bytes: usize) -> u64 {
        self.byte_ns.saturating_mul(bytes as u64)
    }

    /// Room for bytes of the host.
    pub fn room(&self) -> usize {
        BUFFER_BYTES - self.from_host.len()
    }

    /// The host's bytes, after those it wrote before; what exceeds [`Wire::room`] is left out.
    pub fn send_from_host(&mut self, now_ns: u64, bytes: &[u8], is_lost: bool) {
        let first_ns = now_ns.saturating_add(self.usb_to_servos_ns).max(self.host_end_ns);
        let count = bytes.len().min(self.room());
        let from = self.from_host.len();
        self.host_end_ns = first_ns;
        for &byte in &bytes[..count] {
            self.host_end_ns = self.host_end_ns.saturating_add(self.byte_ns);
            self.from_host.push_back(Symbol { end_ns: self.host_end_ns, byte, is_garbled: false, is_lost });
        }
        self.exchanges.begin(now_ns, first_ns, self.host_end_ns, count as u64);
        let host = &mut self.from_host.make_contiguous()[from..];
        garble_overlaps(host, self.from_servos.make_contiguous(), self.byte_ns);
    }

    /// A servo's bytes; returns when the last bit is out. Where a late answer is still to come, both may overlap.
    /// Where answers have piled up behind late ones, the servo says nothing.
    pub fn send_from_servo(&mut self, first_ns: u64, bytes: &[u8], sending: Sending) -> u64 {
        if self.from_servos.len() >= BUFFER_BYTES {
            return first_ns;
        }
        let mut end_ns = first_ns;
        let mut answer = Vec::with_capacity(bytes.len());
        for (at, &byte) in bytes.iter().enumerate() {
            end_ns = end_ns.saturating_add(self.byte_ns);
            answer.push(Symbol {
                end_ns,
                byte,
                is_garbled: at < sending.garbled_bytes,
                is_lost: sending.lost_from.is_some_and(|first| at >= first),
            });
        }
        garble_overlaps(&mut answer, self.from_host.make_contiguous(), self.byte_ns);
        garble_overlaps(&mut answer, self.from_servos.make_contiguous(), self.byte_ns);
        self.from_servos.extend(answer);
        self.from_servos.make_contiguous().sort_by_key(|symbol| symbol.end_ns);
        end_ns
    }

    /// When the next byte of the host is through.
    pub fn next_from_host_ns(&self) -> Option<u64> {
        self.from_host.front().map(|symbol| symbol.end_ns)
    }

    /// When the next byte of a servo is through.
    pub fn next_from_servo_ns(&self) -> Option<u64> {
        self.from_servos.front().map(|symbol| symbol.end_ns)
    }

    /// When the host may read the next byte.
    pub fn next_arrival_ns(&self) -> Option<u64> {
        self.inbox.front().map(|&(at_ns, _)| at_ns)
    }

    /// The host's next byte as the servos hear it.
    pub fn take_from_host(&mut self, random: &mut Random) -> Option<u8> {
        let symbol = self.from_host.pop_front()?;
        self.busy_ns += self.byte_ns;
        self.bytes.to_servos += 1;
        let byte = symbol.heard(random);
        (!symbol.is_lost).then_some(byte)
    }

    /// The servos' next byte goes to the host, where one listens; a full inbox loses it.
    pub fn deliver_from_servo(&mut self, random: &mut Random, is_plugged: bool) {
        let Some(symbol) = self.from_servos.pop_front() else { return };
        self.busy_ns += self.byte_ns;
        self.bytes.to_host += 1;
        let byte = symbol.heard(random);
        let arrival_ns = self.arrival_ns(symbol.end_ns);
        self.exchanges.answer(symbol.end_ns, arrival_ns);
        if is_plugged && !symbol.is_lost && self.inbox.len() < BUFFER_BYTES {
            self.inbox.push_back((arrival_ns, byte));
        }
    }

    /// The host hears a byte of its own that is through the wire.
    pub fn echo(&mut self, now_ns: u64, byte: u8) {
        if self.inbox.len() < BUFFER_BYTES {
            self.inbox.push_back((self.arrival_ns(now_ns), byte));
        }
    }

    /// When the host can have a byte that is through the wire at `end_ns`.
    fn arrival_ns(&self, end_ns: u64) -> u64 {
        let frame_end_ns = match self.usb_frame_ns {
            0 => end_ns,
            frame_ns => end_ns.div_ceil(frame_ns).saturating_mul(frame_ns),
        };
        frame_end_ns.saturating_add(self.usb_to_host_ns)
    }

    /// What has arrived by now.
    pub fn take_arrived(&mut self, now_ns: u64) -> Vec<u8> {
        let count = self.inbox.iter().take_while(|&&(at_ns, _)| at_ns <= now_ns).count();
        if count > 0 {
            self.exchanges.fetch(now_ns);
        }
        self.inbox.drain(..count).map(|(_, byte)| byte).collect()
    }

    /// The host's end comes off.
    pub fn unplug(&mut self, now_ns: u64) {
        self.from_host.clear();
        self.inbox.clear();
        self.host_end_ns = now_ns;
    }
}

impl Symbol {
    fn heard(&self, random: &mut Random) -> u8 {
        if self.is_garbled { self.byte ^ random.mask() } else { self.byte }
    }
}

/// Rounded up: at 1 Mbaud exactly 10 µs.
fn byte_ns(baud: u32) -> u64 {
    (BITS_PER_BYTE * 1_000_000_000).div_ceil(u64::from(baud))
}

/// Marks every pair of bytes that share time on the wire. Both sides are in order of time.
fn garble_overlaps(new: &mut [Symbol], old: &mut [Symbol], byte_ns: u64) {
    let mut from = 0;
    for symbol in new {
        let start_ns = symbol.end_ns.saturating_sub(byte_ns);
        while old.get(from).is_some_and(|other| other.end_ns <= start_ns) {
            from += 1;
        }
        for other in &mut old[from..] {
            if other.end_ns.saturating_sub(byte_ns) >= symbol.end_ns {
                break;
            }
            other.is_garbled = true;
            symbol.is_garbled = true;
        }
    }
}
