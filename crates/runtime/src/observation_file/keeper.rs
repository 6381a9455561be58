//! Observations on their way from the loop into a file: through a ring, written by a thread as they come.

use super::{ObservationFileError, ObservationWriter};
use gaitway_platform::clock::{Clock, MonotonicClock};
use rtrb::{Consumer, Producer, RingBuffer};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

/// Between two looks into the ring, ns.
const LOOK_NS: u64 = 50_000_000;
/// Rows that reach the file together at least: a second of them at most are lost with a program that is killed.
const LOOKS_A_FLUSH: u32 = 20;
const STACK_BYTES: usize = 256 << 10;

/// The loop's end: takes rows, waits for nobody, allocates nothing.
pub struct ObservationSink {
    ring: Producer<f32>,
    width: usize,
    dropped: u64,
}

// SAFETY: the ring is used through `&mut self` alone; what a shared reference reaches are plain numbers.
unsafe impl Sync for ObservationSink {}

impl fmt::Debug for ObservationSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservationSink").field("dropped", &self.dropped).finish_non_exhaustive()
    }
}

impl ObservationSink {
    /// Takes a row, which must have the width of the file; one that finds no room is left out and counted.
    pub fn put(&mut self, row: &[f32]) {
        if row.len() != self.width || self.ring.slots() < row.len() {
            self.dropped += 1;
            return;
        }
        for number in row {
            // There was room for all of them.
            let _ = self.ring.push(*number);
        }
    }

    /// Rows that were left out.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// The thread that writes them down; it ends once the loop's end is gone.
#[derive(Debug)]
pub struct ObservationKeeper {
    thread: JoinHandle<Result<u64, ObservationFileError>>,
    part: PathBuf,
}

impl ObservationKeeper {
    /// Begins a file at `path` for rows of `width`, with room for so many on their way.
    ///
    /// # Errors
    /// Where the file cannot be made, or the thread not be started.
    pub fn start(
        path: &Path,
        width: usize,
        rows: usize,
    ) -> Result<(ObservationKeeper, ObservationSink), ObservationFileError> {
        let writer = ObservationWriter::create(path, width)?;
        let part = writer.part().to_owned();
        let (ring, waiting) = RingBuffer::new(rows.saturating_mul(width));
        let builder = Builder::new().name("observations".to_owned()).stack_size(STACK_BYTES);
        let thread = builder.spawn(move || keep(writer, waiting));
        let failed = |error: io::Error| ObservationFileError::io(path, "written", &error);
        let keeper = ObservationKeeper { thread: thread.map_err(failed)?, part };
        Ok((keeper, ObservationSink { ring, width, dropped: 0 }))
    }

    /// Where the rows are while they come.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Waits until all are written; the loop's end must be gone. Returns how many rows there are.
    ///
    /// # Errors
    /// Where the file could not be written to its end: what is in it stays beside its place.
    pub fn finish(self) -> Result<u64, ObservationFileError> {
        let broken =
            || ObservationFileError::io(&self.part, "written", &io::Error::other("its thread broke off"));
        self.thread.join().unwrap_or_else(|_| Err(broken()))
    }
}

fn keep(mut writer: ObservationWriter, mut waiting: Consumer<f32>) -> Result<u64, ObservationFileError> {
    let clock = MonotonicClock::default();
    let mut row = vec![0.0; writer.width()];
    for look in 1_u32.. {
        // Asked first: what was put before the end is seen after it.
        let is_over = waiting.is_abandoned();
        while waiting.slots() >= row.len() {
            for number in &mut row {
                // There are as many as were counted.
                *number = waiting.pop().unwrap_or(f32::NAN);
            }
            writer.write_row(&row)?;
        }
        if is_over {
            break;
        }
        if look.is_multiple_of(LOOKS_A_FLUSH) {
            writer.flush()?;
        }
        clock.wait_until(clock.now_ns() + LOOK_NS);
    }
    writer.finish()
}
