//! Lines that are read: switches.

use super::kernel::{self, EDGE_FALLING, EDGE_RISING, INPUT, PULL_UP};
use super::{GpioError, Opened};
use rustix::fs::OFlags;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Input lines with their pull-up, whose edges come as events.
#[derive(Debug)]
pub struct InputLines {
    file: OwnedFd,
    lines: usize,
    is_chip: bool,
}

impl InputLines {
    /// Takes `lines` of the chip `path`. A pipe is taken at its word: it brings the events.
    pub fn open(path: &Path, lines: &[u32]) -> Result<InputLines, GpioError> {
        let flags = INPUT | PULL_UP | EDGE_RISING | EDGE_FALLING;
        let (file, is_chip) = match super::open(path, OFlags::RDONLY)? {
            Opened::Chip(chip) => (super::take(&chip, path, lines, flags)?, true),
            Opened::Pipe(pipe) => (pipe, false),
        };
        Ok(InputLines { file, lines: lines.len(), is_chip })
    }

    /// What brings the events.
    pub fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// Which lines are low now; `None` where nobody can say.
    pub fn are_low(&self) -> Option<Vec<bool>> {
        if !self.is_chip {
            return None;
        }
        let levels = kernel::levels(&self.file, (1 << self.lines) - 1).ok()?;
        Some((0..self.lines).map(|line| levels >> line & 1 == 0).collect())
    }
}
