//! Lines out of what a client sends, in whatever pieces it comes.

use gaitway_protocol::MAX_LINE_BYTES;

/// What a client has sent of a line that is not complete.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    waiting: Vec<u8>,
    /// The rest of a line that is too long is passed over.
    is_too_long: bool,
}

impl LineReader {
    /// Takes bytes, and hands on every line they complete. One that is too long is handed on as far as it is refused
    /// for its length.
    pub fn take(&mut self, bytes: &[u8], mut hear: impl FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.keep(&rest[..end]);
            let is_blank = self.waiting.iter().all(u8::is_ascii_whitespace);
            if !is_blank {
                hear(&self.waiting);
            }
            self.waiting.clear();
            self.is_too_long = false;
            rest = &rest[end + 1..];
        }
        self.keep(rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_too_long {
            return;
        }
        // One byte more than a line may have, so that it is seen to be too long.
        let room = MAX_LINE_BYTES + 1 - self.waiting.len();
        self.waiting.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.is_too_long = self.waiting.len() > MAX_LINE_BYTES;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut reader, mut lines) = (LineReader::default(), Vec::new());
        for piece in pieces {
            reader.take(piece, |line| lines.push(line.to_vec()));
        }
        lines
    }

    #[test]
    fn lines_come_whole_in_whatever_pieces_they_are_sent() {
        assert_eq!(
            lines(&[b"one\ntwo\nthr", b"", b"ee\r\n", b"\n  \n", b"four"]),
            [&b"one"[..], b"two", b"three\r"]
        );
        let text = b"a\nbb\nccc\n";
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(lines(&single), [&b"a"[..], b"bb", b"ccc"]);
    }

    #[test]
    fn a_line_that_never_ends_takes_no_more_memory_than_one_that_is_too_long() {
        let mut reader = LineReader::default();
        let mut heard = Vec::new();
        for _ in 0..1000 {
            reader.take(&[b'x'; 1024], |line| heard.push(line.len()));
        }
        assert!(heard.is_empty() && reader.waiting.capacity() <= 4 * MAX_LINE_BYTES);
        reader.take(b"\nok\n", |line| heard.push(line.len()));
        assert_eq!(heard, [MAX_LINE_BYTES + 1, 2], "the next line is heard again");
    }
}
