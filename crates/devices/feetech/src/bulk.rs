//! One bulk read: one request, and an answer of every servo it names. A tick has no time to ask them one by one.

use crate::frame::{BROADCAST, Instruction, OVERHEAD, Request, StatusParser};
use crate::registers;
use gaitway_hal::link::Link;

/// Time past the computed end of an exchange after which nothing more is expected: a wake-up of the host.
const SLACK_NS: u64 = 1_000_000;
/// Bytes each servo is asked for.
const DATA_LEN: usize = registers::PRESENT_POSITION.width as usize;

/// A bulk read of positions, and who has answered it.
#[derive(Debug)]
pub struct Bulk {
    request: Request,
    asked: usize,
    ids: Vec<u8>,
    answered: Vec<u8>,
    parser: StatusParser,
}

impl Bulk {
    /// Of these servos.
    pub fn of(ids: &[u8]) -> Bulk {
        let mut request = Request::new(BROADCAST, Instruction::SyncRead);
        request.extend(&[registers::PRESENT_POSITION.address, registers::PRESENT_POSITION.width]);
        request.extend(ids);
        Bulk {
            request,
            asked: ids.len(),
            ids: ids.to_vec(),
            answered: Vec::new(),
            parser: StatusParser::new(),
        }
    }

    /// The bytes to send.
    pub fn frame(&mut self) -> &[u8] {
        self.request.finish()
    }

    /// When nothing more is to be expected of a request sent at `now_ns`.
    pub fn ends_ns(&mut self, link: &Link, now_ns: u64) -> u64 {
        let request_len = self.frame().len();
        now_ns + link.exchange_ns(request_len, self.asked, DATA_LEN + OVERHEAD) + SLACK_NS
    }

    /// Takes what has arrived; true once everybody has answered.
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        loop {
            rest = &rest[self.parser.push(rest)..];
            while let Some(status) = self.parser.next_status(DATA_LEN) {
                if self.ids.contains(&status.id) && !self.answered.contains(&status.id) {
                    self.answered.push(status.id);
                }
            }
            if rest.is_empty() {
                return self.answered.len() == self.asked;
            }
        }
    }

    /// Who has answered.
    pub fn answered(self) -> Vec<u8> {
        self.answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_answer_are_counted_once_and_strangers_not() {
        let mut bulk = Bulk::of(&[20, 21]);
        assert_eq!(bulk.frame(), [0xFF, 0xFF, 0xFE, 0x06, 0x82, 56, 2, 20, 21, 0x16]);
        let answer = |id: u8| {
            let sum = id.wrapping_add(4).wrapping_add(8);
            [0xFF, 0xFF, id, 4, 0, 0, 8, !sum]
        };
        assert!(!bulk.take(&[answer(20), answer(20), answer(30)].concat()));
        assert!(bulk.take(&answer(21)));
        assert_eq!(bulk.answered(), [20, 21]);
    }
}
