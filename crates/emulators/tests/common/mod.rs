//! What the tests share: the duck's ids, a host that speaks in hexadecimal, and chance.

#![allow(dead_code, unused_imports, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../../tests/rust/random.rs"]
mod random;

use gaitway_emulators::registers::{RETURN_DELAY, Register};
use gaitway_emulators::{BusOptions, FaultPlan, ServoBus};
pub use random::Random;

/// The duck's servos in the order of its joints (facts 1.1).
pub const DUCK_IDS: [u8; 14] = [20, 21, 22, 23, 24, 30, 31, 32, 33, 10, 11, 12, 13, 14];

/// A byte at 1 Mbaud, ns.
pub const BYTE_NS: u64 = 10_000;

/// Long after any answer, ns.
pub const SETTLED_NS: u64 = 100_000_000;

/// A bus of these servos whose return delay is 0.
pub fn quick_bus(ids: &[u8]) -> ServoBus {
    quick_bus_with(BusOptions::default(), ids, FaultPlan::default())
}

pub fn quick_bus_with(options: BusOptions, ids: &[u8], plan: FaultPlan) -> ServoBus {
    let mut bus = ServoBus::new(options, ids, plan).unwrap();
    for servo in bus.servos_mut() {
        servo.registers_mut().store(RETURN_DELAY, 0);
    }
    bus
}

/// Bytes of a text of hexadecimal numbers.
pub fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// A frame around `body`: what stands between length and checksum.
pub fn frame(id: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xff, 0xff, id, body.len() as u8 + 1];
    frame.extend_from_slice(body);
    let sum: u32 = frame[2..].iter().map(|&byte| u32::from(byte)).sum();
    frame.push(!(sum as u8));
    frame
}

/// Write request.
pub fn write(id: u8, address: u8, data: &[u8]) -> Vec<u8> {
    frame(id, &[&[0x03, address], data].concat())
}

/// Read request.
pub fn read(id: u8, address: u8, len: u8) -> Vec<u8> {
    frame(id, &[0x02, address, len])
}

/// Sync read request.
pub fn sync_read(address: u8, len: u8, ids: &[u8]) -> Vec<u8> {
    frame(0xfe, &[&[0x82, address, len], ids].concat())
}

/// An answer without a fault.
pub fn status(id: u8, data: &[u8]) -> Vec<u8> {
    frame(id, &[&[0], data].concat())
}

/// Writes at `now_ns`, reads when everything has settled.
pub fn exchange_at(bus: &mut ServoBus, now_ns: u64, request: &[u8]) -> Vec<u8> {
    assert_eq!(bus.host_writes(now_ns, request), request.len());
    bus.host_reads(now_ns + SETTLED_NS)
}

/// A host and its clock.
pub struct Host {
    pub bus: ServoBus,
    pub now_ns: u64,
}

impl Host {
    pub fn new(bus: ServoBus) -> Host {
        Host { bus, now_ns: 1_000_000 }
    }

    /// Writes, and returns what has come back 100 ms later.
    pub fn exchange(&mut self, request: &[u8]) -> Vec<u8> {
        let answer = exchange_at(&mut self.bus, self.now_ns, request);
        self.now_ns += SETTLED_NS;
        answer
    }

    /// Writes registers of a servo; it must say that it did.
    pub fn write(&mut self, id: u8, address: u8, data: &[u8]) {
        let answer = self.exchange(&write(id, address, data));
        assert_eq!(answer.len(), 6, "{answer:02x?}");
    }

    /// Reads one register.
    pub fn read(&mut self, id: u8, register: Register) -> u16 {
        let answer = self.exchange(&read(id, register.address, register.width));
        assert_eq!(answer.len(), 6 + usize::from(register.width), "{answer:02x?}");
        let high = if register.width == 2 { answer[6] } else { 0 };
        u16::from_le_bytes([answer[5], high])
    }
}

/// Every byte with the time it arrives, looking every `step_ns` until `until_ns`.
pub fn arrivals(bus: &mut ServoBus, from_ns: u64, until_ns: u64, step_ns: u64) -> Vec<(u64, u8)> {
    let mut bytes = Vec::new();
    for now_ns in (from_ns..=until_ns).step_by(step_ns as usize) {
        bytes.extend(bus.host_reads(now_ns).into_iter().map(|byte| (now_ns, byte)));
    }
    bytes
}
