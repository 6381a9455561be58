//! The ring by which rows leave the loop: the loop never waits and never allocates, and what finds no room is counted.
//!
//! Two queues carry the same few rows around: empty ones to the loop, full ones to whoever writes them down.

use crate::row::Row;
use rtrb::{Consumer, Producer, RingBuffer};
use std::fmt;

/// The loop's end.
pub struct RowSink {
    empty: Consumer<Box<Row>>,
    full: Producer<Entry>,
    dropped: u64,
}

/// The other end.
pub struct RowSource {
    empty: Producer<Box<Row>>,
    full: Consumer<Entry>,
}

/// A row on its way.
#[derive(Debug)]
pub struct Entry {
    /// The row.
    pub row: Box<Row>,
    /// Rows that found no room since the ring was made.
    pub dropped: u64,
}

/// A ring of `count` rows like `like`.
pub fn ring(like: &Row, count: usize) -> (RowSink, RowSource) {
    let (mut give, empty) = RingBuffer::new(count);
    let (full, take) = RingBuffer::new(count);
    for _ in 0..count {
        // As many rows as there is room for.
        let _ = give.push(Box::new(like_with_room(like)));
    }
    (RowSink { empty, full, dropped: 0 }, RowSource { empty: give, full: take })
}

/// A clone has no room beyond what it holds.
fn like_with_room(like: &Row) -> Row {
    let mut row = like.clone();
    row.keyframe.reserve(like.keyframe.capacity());
    row.controller = like.controller.clone_with_room();
    row
}

// SAFETY: the queues are used through `&mut self` alone; what a shared reference reaches is a plain number.
unsafe impl Sync for RowSink {}

// SAFETY: the queues are used through `&mut self` alone, and a shared reference reaches nothing.
unsafe impl Sync for RowSource {}

impl fmt::Debug for RowSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowSource").finish_non_exhaustive()
    }
}

impl fmt::Debug for RowSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowSink").field("dropped", &self.dropped).finish_non_exhaustive()
    }
}

impl RowSink {
    /// The next row to fill; where there is none a tick is dropped, and counted.
    pub fn take(&mut self) -> Option<Box<Row>> {
        let row = self.empty.pop().ok();
        self.dropped += u64::from(row.is_none());
        row
    }

    /// Sends a row that was filled.
    pub fn send(&mut self, row: Box<Row>) {
        // There are no more rows than places.
        let _ = self.full.push(Entry { row, dropped: self.dropped });
    }
}

impl RowSource {
    /// Takes the next full row; it must be given back.
    pub fn take(&mut self) -> Option<Entry> {
        self.full.pop().ok()
    }

    /// Gives a row back, to be filled again.
    pub fn give_back(&mut self, entry: Entry) {
        // It came from this queue.
        let _ = self.empty.push(entry.row);
    }

    /// True where the loop is gone and everything was read.
    pub fn is_over(&mut self) -> bool {
        self.full.is_abandoned() && self.full.is_empty()
    }
}
