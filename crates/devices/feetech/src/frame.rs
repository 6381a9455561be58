//! Frames: requests built into fixed buffers, statuses found in whatever arrives.
//!
//! Request `FF FF ID LEN INST PARAM… CHK`, status `FF FF ID LEN ERR DATA… CHK`; LEN counts what follows it, CHK is
//! the inverted low byte of the sum from ID on.

use crate::faults::ServoFaults;

/// The id every servo hears and none answers.
pub const BROADCAST: u8 = 0xFE;

/// Longest frame: LEN is one byte, and four bytes lie outside it.
pub const MAX_FRAME: usize = 4 + 255;

/// Bytes of a frame that carries nothing: header, id, length, instruction or error, checksum.
pub const OVERHEAD: usize = 6;

/// What a request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Instruction {
    /// Are you there?
    Ping = 0x01,
    /// Registers of one servo.
    Read = 0x02,
    /// Writes registers of one servo.
    Write = 0x03,
    /// Registers of several servos, answered one after the other.
    SyncRead = 0x82,
    /// Writes registers of several servos; nobody answers.
    SyncWrite = 0x83,
}

/// A request being built.
#[derive(Debug, Clone)]
pub struct Request {
    bytes: [u8; MAX_FRAME],
    len: usize,
}

impl Request {
    /// Starts a request to `id`.
    pub fn new(id: u8, instruction: Instruction) -> Request {
        let mut request = Request { bytes: [0; MAX_FRAME], len: 5 };
        request.bytes[..5].copy_from_slice(&[0xFF, 0xFF, id, 2, instruction as u8]);
        request
    }

    /// Adds one parameter; one too many is left out, and `finish` then returns nothing.
    pub fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
        }
        self.len += 1;
    }

    /// Adds parameters.
    pub fn extend(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.push(byte));
    }

    /// The frame, length and checksum filled in; empty where it became longer than a frame can be.
    pub fn finish(&mut self) -> &[u8] {
        let Ok(length) = u8::try_from(self.len + 1 - 4) else { return &[] };
        self.bytes[3] = length;
        self.bytes[self.len] = checksum(&self.bytes[2..self.len]);
        &self.bytes[..=self.len]
    }
}

/// Inverted low byte of the sum.
pub fn checksum(bytes: &[u8]) -> u8 {
    !bytes.iter().fold(0, |sum: u8, &byte| sum.wrapping_add(byte))
}

/// A status as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status<'a> {
    /// Who answers.
    pub id: u8,
    /// What it reports about itself.
    pub faults: ServoFaults,
    /// The registers asked for.
    pub data: &'a [u8],
}

/// Finds statuses in a stream of bytes, whatever else is in it.
#[derive(Debug, Clone)]
pub struct StatusParser {
    bytes: [u8; 2 * MAX_FRAME],
    len: usize,
    /// Bytes at the front that have been handed out.
    taken: usize,
    /// Bytes that belonged to no sound frame.
    garbage: u64,
}

impl StatusParser {
    /// A parser that has seen nothing.
    pub fn new() -> StatusParser {
        StatusParser { bytes: [0; 2 * MAX_FRAME], len: 0, taken: 0, garbage: 0 }
    }

    /// Takes as many of `bytes` as there is room for, and says how many. There is always room for some once
    /// [`StatusParser::next_status`] has returned nothing.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        self.drop_taken();
        let count = bytes.len().min(self.bytes.len() - self.len);
        self.bytes[self.len..self.len + count].copy_from_slice(&bytes[..count]);
        self.len += count;
        count
    }

    /// The next sound status that carries `data_len` bytes. Garbage before it is passed over and counted. A frame of
    /// another length is garbage, too: a damaged length must not make the parser wait for bytes that belong to the
    /// servos behind. A wrong checksum costs only a byte, for the same reason.
    pub fn next_status(&mut self, data_len: usize) -> Option<Status<'_>> {
        self.drop_taken();
        loop {
            let rest = &self.bytes[self.taken..self.len];
            match measure(rest, data_len + OVERHEAD) {
                Measure::Incomplete => return None,
                Measure::Garbage => {
                    self.taken += 1;
                    self.garbage += 1;
                }
                Measure::Sound => {
                    let frame = &self.bytes[self.taken..self.taken + data_len + OVERHEAD];
                    self.taken += data_len + OVERHEAD;
                    return Some(Status {
                        id: frame[2],
                        faults: ServoFaults::from_error_byte(frame[4]),
                        data: &frame[5..5 + data_len],
                    });
                }
            }
        }
    }

    /// Forgets an incomplete frame: what arrives next belongs to another request.
    pub fn clear(&mut self) {
        self.garbage += (self.len - self.taken) as u64;
        self.len = 0;
        self.taken = 0;
    }

    /// Bytes that belonged to no sound frame.
    pub fn garbage(&self) -> u64 {
        self.garbage
    }

    fn drop_taken(&mut self) {
        self.bytes.copy_within(self.taken..self.len, 0);
        self.len -= self.taken;
        self.taken = 0;
    }
}

impl Default for StatusParser {
    fn default() -> Self {
        StatusParser::new()
    }
}

enum Measure {
    Incomplete,
    Garbage,
    Sound,
}

/// Whether the bytes at the front are a frame of `total` bytes.
fn measure(bytes: &[u8], total: usize) -> Measure {
    let header = [0xFF, 0xFF];
    let seen = bytes.len().min(2);
    if bytes[..seen] != header[..seen] {
        return Measure::Garbage;
    }
    // Three FF in a row: the header starts one byte later.
    if bytes.get(2) == Some(&0xFF) || bytes.get(3).is_some_and(|&length| usize::from(length) + 4 != total) {
        return Measure::Garbage;
    }
    let Some(frame) = bytes.get(..total) else { return Measure::Incomplete };
    if checksum(&frame[2..total - 1]) == frame[total - 1] { Measure::Sound } else { Measure::Garbage }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(id: u8, error: u8, data: &[u8]) -> Vec<u8> {
        let mut frame = vec![0xFF, 0xFF, id, data.len() as u8 + 2, error];
        frame.extend_from_slice(data);
        frame.push(checksum(&frame[2..]));
        frame
    }

    fn ids(parser: &mut StatusParser, bytes: &[u8], data_len: usize) -> Vec<u8> {
        let mut rest = bytes;
        let mut found = Vec::new();
        loop {
            rest = &rest[parser.push(rest)..];
            match parser.next_status(data_len) {
                Some(status) => found.push(status.id),
                None if rest.is_empty() => return found,
                None => {}
            }
        }
    }

    #[test]
    fn a_ping_is_the_published_frame() {
        assert_eq!(Request::new(1, Instruction::Ping).finish(), [0xFF, 0xFF, 0x01, 0x02, 0x01, 0xFB]);
    }

    #[test]
    fn a_request_longer_than_a_frame_is_no_frame() {
        let mut request = Request::new(1, Instruction::Write);
        request.extend(&[0; 253]);
        assert_eq!(request.clone().finish().len(), MAX_FRAME);
        request.push(0);
        assert!(request.finish().is_empty());
    }

    #[test]
    fn statuses_are_found_byte_by_byte_and_between_garbage() {
        let mut stream = vec![0x00, 0xFF, 0x13];
        stream.extend(status(20, 0, &[1, 2, 3, 4]));
        stream.extend([0xFF, 0xFF, 0xFF]);
        stream.extend(status(21, 0, &[5, 6, 7, 8]));
        let mut parser = StatusParser::new();
        let found: Vec<u8> = stream.iter().flat_map(|byte| ids(&mut parser, &[*byte], 4)).collect();
        assert_eq!(found, [20, 21]);
        assert_eq!(parser.garbage(), 6);
    }

    #[test]
    fn a_damaged_length_or_checksum_costs_its_own_frame_alone() {
        for damaged in [3, 5, 9] {
            let mut first = status(20, 0, &[1, 2, 3, 4]);
            first[damaged] ^= 0x40;
            let stream = [first, status(21, 0, &[5, 6, 7, 8])].concat();
            assert_eq!(ids(&mut StatusParser::new(), &stream, 4), [21], "byte {damaged}");
        }
    }

    #[test]
    fn the_error_byte_is_kept() {
        let mut parser = StatusParser::new();
        parser.push(&status(20, ServoFaults::OVERLOAD, &[]));
        let status = parser.next_status(0).unwrap();
        assert!(status.faults.contains(ServoFaults::OVERLOAD) && status.data.is_empty());
    }

    #[test]
    fn a_cut_frame_is_forgotten_with_its_request() {
        let mut parser = StatusParser::new();
        parser.push(&status(20, 0, &[1, 2, 3, 4])[..7]);
        assert!(parser.next_status(4).is_none());
        parser.clear();
        assert_eq!(ids(&mut parser, &status(21, 0, &[1, 2, 3, 4]), 4), [21]);
    }
}
