//! The Feetech protocol as a servo hears and speaks it (facts 2.1).
//!
//! Request: `FF FF ID LEN INST PARAM… CHK`. Status: `FF FF ID LEN ERR DATA… CHK`. LEN counts everything after itself;
//! CHK is the bitwise NOT of the low byte of the sum from ID to the byte before it.

use std::collections::VecDeque;

/// The id every servo obeys.
pub const BROADCAST: u8 = 0xfe;

/// Header byte, twice before every frame.
const HEADER: u8 = 0xff;
/// Header, id and length: what stands before the bytes that the length counts.
const HEAD_BYTES: usize = 4;
/// Header, id, length, error and checksum of a status frame without data.
pub(crate) const STATUS_BYTES: usize = 6;

/// Longest frame, bytes: what the vendor's SDK sends at most. A length beyond it, such as the header byte of a frame
/// that follows a broken one, begins no frame.
const MAX_FRAME_BYTES: usize = 250;

/// Instruction bytes.
pub mod instruction {
    /// Is anybody there?
    pub const PING: u8 = 0x01;
    /// Address and length; answered with data.
    pub const READ: u8 = 0x02;
    /// Address and data.
    pub const WRITE: u8 = 0x03;
    /// As write, kept until [`ACTION`].
    pub const REG_WRITE: u8 = 0x04;
    /// Does what [`REG_WRITE`] left.
    pub const ACTION: u8 = 0x05;
    /// EEPROM back to factory values.
    pub const FACTORY_RESET: u8 = 0x06;
    /// Power off and on.
    pub const REBOOT: u8 = 0x08;
    /// Address, length, ids: one status frame each, in this order.
    pub const SYNC_READ: u8 = 0x82;
    /// Address, length, then id and data of each servo; never answered.
    pub const SYNC_WRITE: u8 = 0x83;
}

/// One request with a good checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whom it is for, or [`BROADCAST`].
    pub id: u8,
    /// One of [`instruction`], or anything else.
    pub instruction: u8,
    /// What follows the instruction.
    pub params: Vec<u8>,
}

/// Finds requests in the bytes that a servo hears; anything else is skipped a byte at a time. It holds one frame at
/// most (250 bytes).
#[derive(Debug, Clone, Default)]
pub struct RequestParser {
    buffer: VecDeque<u8>,
}

impl RequestParser {
    /// One byte heard.
    pub fn push(&mut self, byte: u8) {
        self.buffer.push_back(byte);
    }

    /// Forgets a frame that has begun.
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Bytes of a frame that has begun.
    pub fn held_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The next whole request. Call until `None` after every byte: a broken frame may hide a whole one.
    pub fn next_request(&mut self) -> Option<Request> {
        loop {
            match self.frame_len() {
                Frame::Incomplete => return None,
                Frame::Broken => {
                    self.buffer.pop_front();
                }
                Frame::Whole(len) => {
                    let frame: Vec<u8> = self.buffer.drain(..len).collect();
                    return Some(Request {
                        id: frame[2],
                        instruction: frame[4],
                        params: frame[5..len - 1].to_vec(),
                    });
                }
            }
        }
    }

    /// What the buffer begins with.
    fn frame_len(&self) -> Frame {
        let bytes = &self.buffer;
        // A third header byte is no id: the frame may begin one byte later.
        if bytes.iter().take(2).any(|&byte| byte != HEADER) || bytes.get(2) == Some(&HEADER) {
            return Frame::Broken;
        }
        let Some(&len) = bytes.get(3) else { return Frame::Incomplete };
        let total = HEAD_BYTES + usize::from(len);
        // Instruction and checksum at least.
        if len < 2 || total > MAX_FRAME_BYTES {
            return Frame::Broken;
        }
        if bytes.len() < total {
            return Frame::Incomplete;
        }
        let sum = checksum(bytes.iter().skip(2).take(total - 3).copied());
        if bytes[total - 1] == sum { Frame::Whole(total) } else { Frame::Broken }
    }
}

enum Frame {
    Incomplete,
    Broken,
    Whole(usize),
}

/// A servo's answer. Data beyond the 253 bytes that LEN can count is left out.
pub fn status_frame(id: u8, error: u8, data: &[u8]) -> Vec<u8> {
    let data = &data[..data.len().min(253)];
    let mut frame = vec![HEADER, HEADER, id, data.len() as u8 + 2, error];
    frame.extend_from_slice(data);
    frame.push(checksum(frame.iter().skip(2).copied()));
    frame
}

fn checksum(bytes: impl Iterator<Item = u8>) -> u8 {
    !bytes.fold(0_u8, u8::wrapping_add)
}
