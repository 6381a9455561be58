//! Lines that are written: lamps, and pulses for servos.

use super::kernel::{self, OUTPUT};
use super::{GpioError, Opened};
use crate::clock::{Clock, MonotonicClock};
use rustix::fs::OFlags;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Bytes a pipe gets for each line that changes: when (u64, ns of CLOCK_MONOTONIC), which (u32), and 1 where it is
/// high (u32), little-endian.
pub const CHANGE_BYTES: usize = 16;

/// Output lines. They are low when they are taken, and low again when they are let go.
#[derive(Debug)]
pub struct OutputLines {
    file: OwnedFd,
    lines: Vec<u32>,
    is_chip: bool,
    /// As they stand, a bit each, in the order of `lines`.
    levels: u64,
}

impl OutputLines {
    /// Takes `lines` of the chip `path`, 64 at most. A pipe is taken at its word: it is told what changes.
    pub fn open(path: &Path, lines: &[u32]) -> Result<OutputLines, GpioError> {
        // Nobody need read the pipe yet.
        let (file, is_chip) = match super::open(path, OFlags::RDWR)? {
            Opened::Chip(chip) => (super::take(&chip, path, lines, OUTPUT)?, true),
            Opened::Pipe(pipe) => (pipe, false),
        };
        Ok(OutputLines { file, lines: lines.to_vec(), is_chip, levels: 0 })
    }

    /// Lets the lines stand at these levels, a bit each; what changes does so at once.
    pub fn set(&mut self, levels: u64) -> io::Result<()> {
        let changed = levels ^ self.levels;
        if changed == 0 {
            return Ok(());
        }
        if self.is_chip {
            kernel::set_levels(&self.file, changed, levels)?;
        } else {
            self.tell(changed, levels)?;
        }
        self.levels = levels;
        Ok(())
    }

    fn tell(&self, changed: u64, levels: u64) -> io::Result<()> {
        let now_ns = MonotonicClock::default().now_ns();
        let mut bytes = Vec::with_capacity(CHANGE_BYTES * self.lines.len());
        for (place, line) in self.lines.iter().enumerate().filter(|(place, _)| changed >> place & 1 == 1) {
            bytes.extend(now_ns.to_le_bytes());
            bytes.extend(line.to_le_bytes());
            bytes.extend(((levels >> place & 1) as u32).to_le_bytes());
        }
        // So few bytes go whole, or not at all where the pipe is full.
        rustix::io::write(&self.file, &bytes)?;
        Ok(())
    }
}

impl Drop for OutputLines {
    fn drop(&mut self) {
        // A chip that is gone has no lines to set.
        let _ = self.set(0);
    }
}
