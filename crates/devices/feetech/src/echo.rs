//! An adaptor that does not keep the two directions of the wire apart: the host hears its own bytes.
//!
//! Whether it does is asked once, with a request that no servo answers: afterwards nothing has to be guessed. A ping
//! that comes back is byte for byte the answer of a servo that reports its supply, so bytes that equal the request
//! may be taken away only where the adaptor is known to send them.

use crate::frame::{BROADCAST, Instruction, Request};
use crate::registers;

/// A read of no servo at all: nobody is asked, nobody answers, and nothing is written.
pub fn question() -> Request {
    let mut request = Request::new(BROADCAST, Instruction::SyncRead);
    request.extend(&[registers::PRESENT_POSITION.address, registers::PRESENT_POSITION.width]);
    request
}

/// Takes the request's own bytes away from the head of what has come back.
#[derive(Debug)]
pub struct Echo {
    sent: Vec<u8>,
    heard: usize,
    is_other: bool,
}

impl Echo {
    /// Of `sent`.
    pub fn of(sent: &[u8]) -> Echo {
        Echo { sent: sent.to_vec(), heard: 0, is_other: false }
    }

    /// The bytes that are not the echo's. Where its bytes came back damaged nothing is left: what belongs to whom is
    /// not known then, and the request is made again.
    pub fn strip<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let count = bytes.len().min(self.sent.len() - self.heard);
        let (own, rest) = bytes.split_at(count);
        self.is_other |= own != &self.sent[self.heard..self.heard + count];
        self.heard += count;
        if self.is_other { &[] } else { rest }
    }

    /// True once all of it, and nothing else before it, has come back.
    pub fn is_whole(&self) -> bool {
        self.heard == self.sent.len() && !self.is_other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_bytes_are_taken_away_however_they_are_cut() {
        for cut in 0..9 {
            let mut echo = Echo::of(&[1, 2, 3, 4]);
            let all = [1, 2, 3, 4, 5, 6, 7, 8];
            let (first, second) = all.split_at(cut.min(8));
            let left = [echo.strip(first), echo.strip(second)].concat();
            assert_eq!((left, echo.is_whole()), (vec![5, 6, 7, 8], true), "{cut}");
        }
    }

    #[test]
    fn of_a_damaged_echo_nothing_is_left() {
        let mut echo = Echo::of(&[1, 2, 3, 4]);
        assert!(echo.strip(&[1, 9, 3, 4, 5, 6]).is_empty());
        assert_eq!((echo.strip(&[7]), echo.is_whole()), (&[][..], false));
    }

    #[test]
    fn the_question_is_a_frame_without_servos() {
        assert_eq!(question().finish(), [0xFF, 0xFF, 0xFE, 0x04, 0x82, 56, 2, 0x41]);
    }
}
