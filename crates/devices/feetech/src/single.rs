//! One request to one servo, whatever its id: what tools on a bench ask, of servos no robot knows yet.

use crate::faults::ServoFaults;
use crate::frame::{BROADCAST, Instruction, OVERHEAD, Request, StatusParser};
use crate::registers::{self, Register};
use gaitway_hal::link::Link;

/// Time past the computed end of an exchange after which nothing more is expected: a wake-up of the host.
const SLACK_NS: u64 = 1_000_000;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nothing at all.
    Silence,
    /// Bytes that are no answer: noise, another speed, or two servos with one id that speak at once.
    Garbage,
    /// An answer.
    Answer {
        /// What the servo reports about itself.
        faults: ServoFaults,
        /// The registers asked for; empty after a ping or a write.
        data: Vec<u8>,
    },
}

/// A request and what has come back of it.
#[derive(Debug)]
pub struct Single {
    id: u8,
    request: Request,
    data_len: usize,
    parser: StatusParser,
    has_bytes: bool,
    answer: Option<Heard>,
}

impl Single {
    /// Is a servo there? `None` for an id no servo can have.
    pub fn ping(id: u8) -> Option<Single> {
        Single::new(id, Instruction::Ping, &[], 0)
    }

    /// `len` bytes of registers from `address` on.
    pub fn read(id: u8, address: u8, len: u8) -> Option<Single> {
        Single::new(id, Instruction::Read, &[address, len], usize::from(len))
    }

    /// Writes one register. `None` for one that could set the servo in motion: a bench writes settings, and what
    /// moves goes through the safety filter.
    pub fn write(id: u8, register: Register, value: u16) -> Option<Single> {
        let moves = match register {
            registers::TORQUE_ENABLE => value != 0,
            registers::GOAL_POSITION | registers::GOAL_TIME | registers::GOAL_SPEED => true,
            _ => false,
        };
        if moves {
            return None;
        }
        let [low, high] = value.to_le_bytes();
        let bytes = [register.address, low, high];
        Single::new(id, Instruction::Write, &bytes[..=usize::from(register.width)], 0)
    }

    fn new(id: u8, instruction: Instruction, parameters: &[u8], data_len: usize) -> Option<Single> {
        if id >= BROADCAST {
            return None;
        }
        let mut request = Request::new(id, instruction);
        request.extend(parameters);
        Some(Single { id, request, data_len, parser: StatusParser::new(), has_bytes: false, answer: None })
    }

    /// The bytes to send.
    pub fn frame(&mut self) -> &[u8] {
        self.request.finish()
    }

    /// When nothing more is to be expected of a request sent at `now_ns`.
    pub fn ends_ns(&mut self, link: &Link, now_ns: u64) -> u64 {
        let request_len = self.frame().len();
        now_ns + link.exchange_ns(request_len, 1, self.data_len + OVERHEAD) + SLACK_NS
    }

    /// Takes what has arrived; true once the answer is there.
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        self.has_bytes |= !bytes.is_empty();
        let mut rest = bytes;
        while !rest.is_empty() && self.answer.is_none() {
            rest = &rest[self.parser.push(rest)..];
            while let Some(status) = self.parser.next_status(self.data_len) {
                if status.id == self.id {
                    self.answer = Some(Heard::Answer { faults: status.faults, data: status.data.to_vec() });
                }
            }
        }
        self.answer.is_some()
    }

    /// What came back.
    pub fn heard(self) -> Heard {
        let nothing = if self.has_bytes { Heard::Garbage } else { Heard::Silence };
        self.answer.unwrap_or(nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_and_a_strangers_is_not_taken_for_it() {
        let mut ping = Single::ping(1).unwrap();
        assert_eq!(ping.frame(), [0xFF, 0xFF, 0x01, 0x02, 0x01, 0xFB]);
        assert!(!ping.take(&[0xFF, 0xFF, 0x02, 0x02, 0x00, 0xFB]));
        assert!(ping.take(&[0xFF, 0xFF, 0x01, 0x02, 0x00, 0xFC]));
        assert_eq!(ping.heard(), Heard::Answer { faults: ServoFaults::default(), data: vec![] });
    }

    #[test]
    fn silence_and_garbage_are_told_apart() {
        let mut read = Single::read(1, 56, 2).unwrap();
        assert_eq!(Single::read(1, 56, 2).unwrap().heard(), Heard::Silence);
        assert!(!read.take(&[0xFF, 0x01, 0x77]));
        assert_eq!(read.heard(), Heard::Garbage);
    }

    #[test]
    fn nothing_that_moves_a_servo_is_written() {
        for register in [registers::GOAL_POSITION, registers::GOAL_TIME, registers::GOAL_SPEED] {
            assert!(Single::write(1, register, 0).is_none(), "{}", register.name);
        }
        assert!(Single::write(1, registers::TORQUE_ENABLE, 1).is_none());
        assert!(Single::write(1, registers::TORQUE_ENABLE, 0).is_some());
        let mut write = Single::write(1, registers::MAX_ANGLE, 0x0FFF).unwrap();
        assert_eq!(write.frame()[2..8], [1, 5, 3, 11, 0xFF, 0x0F]);
        assert!(Single::ping(0xFE).is_none() && Single::ping(0xFF).is_none());
    }
}
