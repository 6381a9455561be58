//! Servos on a desk: one asked at a time, whatever its id and whoever it belongs to. Nothing here moves a servo.

use gaitway_feetech::bulk::Bulk;
use gaitway_feetech::echo::{self, Echo};
use gaitway_feetech::frame::BROADCAST;
use gaitway_feetech::registers::{self, Register};
use gaitway_feetech::single::{Heard, Single};
use gaitway_hal::link::Link;
use gaitway_platform::clock::Clock;
use gaitway_platform::port::{Port, PortError};

/// Longest time a servo takes to begin its answer, ns: a return delay of 508 µs, and its own turnaround.
const TURNAROUND_NS: u64 = 700_000;
/// Longest time an adaptor holds bytes back, ns: those of FTDI do so for 16 ms until they are told otherwise.
const LATENCY_NS: u64 = 18_000_000;
/// Between two looks at the port, ns.
const LOOK_NS: u64 = 50_000;
/// How long a servo is busy with its EEPROM, ns.
const SAVE_NS: u64 = 10_000_000;
/// Speeds a servo can be told, by their number.
const BAUDS: u16 = 8;
/// How often a question nobody answered is asked.
const TRIES: usize = 3;

/// A port with servos behind it.
#[derive(Debug)]
pub struct Desk<P, C> {
    port: P,
    clock: C,
    link: Link,
    /// Whether the adaptor sends back what it is given; none until it was asked.
    echoes: Option<bool>,
}

impl<P: Port, C: Clock> Desk<P, C> {
    /// Servos at `baud` behind `port`.
    pub fn new(port: P, clock: C, baud: u32) -> Desk<P, C> {
        let link = Link { baud, turnaround_ns: TURNAROUND_NS, latency_ns: LATENCY_NS };
        Desk { port, clock, link, echoes: None }
    }

    /// Asks once and waits for the answer.
    pub fn ask(&mut self, mut single: Single) -> Result<Heard, PortError> {
        let mut echo = self.echoes()?.then(|| Echo::of(single.frame()));
        let ends_ns = single.ends_ns(&self.link, self.clock.now_ns());
        let frame = single.frame().to_vec();
        self.exchange(&frame, ends_ns, |bytes| {
            single.take(echo.as_mut().map_or(bytes, |echo| echo.strip(bytes)))
        })?;
        Ok(single.heard())
    }

    /// Asks several servos at once: the ids of those that answer.
    pub fn bulk(&mut self, ids: &[u8]) -> Result<Vec<u8>, PortError> {
        let mut bulk = Bulk::of(ids);
        let ends_ns = bulk.ends_ns(&self.link, self.clock.now_ns());
        let frame = bulk.frame().to_vec();
        // The echo of a bulk read has another length than its answers: it is passed over like any garbage.
        self.exchange(&frame, ends_ns, |bytes| bulk.take(bytes))?;
        Ok(bulk.answered())
    }

    /// Does the adaptor send back every byte it is given? Asked once, with a request that no servo answers.
    pub fn echoes(&mut self) -> Result<bool, PortError> {
        if let Some(echoes) = self.echoes {
            return Ok(echoes);
        }
        let frame = echo::question().finish().to_vec();
        let mut echo = Echo::of(&frame);
        let exchange_ns = self.link.exchange_ns(2 * frame.len(), 0, 0);
        self.exchange(&frame, self.clock.now_ns() + exchange_ns, |bytes| {
            echo.strip(bytes);
            echo.is_whole()
        })?;
        self.echoes = Some(echo.is_whole());
        Ok(echo.is_whole())
    }

    /// Sends a frame and hands on what comes back, until that is enough or `ends_ns` has come.
    fn exchange(
        &mut self,
        frame: &[u8],
        ends_ns: u64,
        mut take: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), PortError> {
        let mut chunk = [0; 512];
        // What waits there is nobody's answer to this.
        while self.port.read(&mut chunk)? > 0 {}
        let mut sent = 0;
        while sent < frame.len() && self.clock.now_ns() < ends_ns {
            sent += self.port.write(&frame[sent..])?;
        }
        loop {
            let count = self.port.read(&mut chunk)?;
            if take(&chunk[..count]) || self.clock.now_ns() >= ends_ns {
                return Ok(());
            }
            self.clock.wait_until(self.clock.now_ns() + LOOK_NS);
        }
    }

    /// Is a servo with this id there? Asked so often where nothing sound comes.
    pub fn ping(&mut self, id: u8, tries: usize) -> Result<Heard, PortError> {
        self.insist(tries, || Single::ping(id))
    }

    /// `len` bytes of registers from `address` on.
    pub fn read(&mut self, id: u8, address: u8, len: u8) -> Result<Heard, PortError> {
        self.insist(TRIES, || Single::read(id, address, len))
    }

    /// Makes a servo limp.
    pub fn torque_off(&mut self, id: u8) -> Result<Heard, PortError> {
        self.insist(TRIES, || Single::write(id, registers::TORQUE_ENABLE, 0))
    }

    /// Writes a setting for good, with the servo limp and its lock open; true where it reads back as written. A
    /// servo that gets another id answers to that one from then on. What no servo can keep is not written.
    pub fn save(&mut self, id: u8, register: Register, value: u16) -> Result<bool, PortError> {
        if !can_keep(register, value) {
            return Ok(false);
        }
        self.torque_off(id)?;
        self.insist(TRIES, || Single::write(id, registers::LOCK, 0))?;
        // With a lock that is not open the value would count until the power goes, and then no more.
        if !self.holds(id, registers::LOCK, 0)? {
            return Ok(false);
        }
        let after_id = if register == registers::ID { value as u8 } else { id };
        let mut is_kept = false;
        for _ in 0..TRIES {
            // Again only where it does not read back: a frame may be lost, and each write wears the servo.
            self.insist(1, || Single::write(id, register, value))?;
            self.clock.wait_until(self.clock.now_ns() + SAVE_NS);
            is_kept = self.holds(after_id, register, value)?;
            if is_kept {
                break;
            }
        }
        self.insist(TRIES, || Single::write(after_id, registers::LOCK, 1))?;
        Ok(is_kept)
    }

    fn holds(&mut self, id: u8, register: Register, value: u16) -> Result<bool, PortError> {
        let expected = value.to_le_bytes()[..usize::from(register.width)].to_vec();
        let found = self.read(id, register.address, register.width)?;
        Ok(matches!(found, Heard::Answer { data, .. } if data == expected))
    }

    fn insist(&mut self, tries: usize, single: impl Fn() -> Option<Single>) -> Result<Heard, PortError> {
        let mut heard = Heard::Silence;
        for _ in 0..tries {
            // Nobody can have such an id, and no such write is made.
            let Some(single) = single() else { return Ok(Heard::Silence) };
            match self.ask(single)? {
                Heard::Silence => {}
                Heard::Garbage => heard = Heard::Garbage,
                answer => return Ok(answer),
            }
        }
        Ok(heard)
    }
}

/// False for what would cut a servo off from everybody, or would not fit.
fn can_keep(register: Register, value: u16) -> bool {
    match register {
        registers::ID => value < u16::from(BROADCAST),
        registers::BAUD => value < BAUDS,
        _ => register.width == 2 || value <= 0xFF,
    }
}
