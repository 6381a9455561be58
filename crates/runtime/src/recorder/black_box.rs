//! The last minute in memory: kept in a file of its own when a fault strikes, whatever became of the disk before.

use super::Folder;
use super::open_file::OpenFile;
use gaitway_contract::profile::{FaultKind, Reaction};
use gaitway_record::RecordError;
use gaitway_record::about::About;
use gaitway_record::row::Row;
use gaitway_record::writer::Kind;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;

/// How much is kept before a fault, ns, and how much behind it.
const BEFORE_NS: u64 = 60_000_000_000;
const BEHIND_NS: u64 = 3_000_000_000;
/// Messages are packed in blocks of this length, bytes.
const BLOCK: usize = 64 << 10;

/// The last minute, from keyframe to keyframe.
#[derive(Debug, Default)]
pub struct BlackBox {
    parts: VecDeque<Part>,
    now_ns: u64,
    /// The gravest fault of the tick before.
    fault: Option<FaultKind>,
    /// A fault that struck, and when.
    struck: Option<(FaultKind, u64)>,
}

/// What follows one keyframe.
#[derive(Debug)]
struct Part {
    begun_ns: u64,
    packed: Vec<Vec<u8>>,
    open: Vec<u8>,
}

impl BlackBox {
    /// Looks whether a fault struck that makes the robot hold, sit or fall.
    pub fn watch(&mut self, row: &Row) {
        self.now_ns = row.wake.woken_ns;
        let fault = row.alarm.filter(|alarm| alarm.reaction >= Reaction::Hold).map(|alarm| alarm.kind);
        if let (Some(kind), true, true) = (fault, fault != self.fault, self.struck.is_none()) {
            self.struck = Some((kind, self.now_ns));
        }
        self.fault = fault;
    }

    /// Takes a message.
    pub fn push(&mut self, kind: Kind, at_ns: u64, body: &[u8]) {
        if kind == Kind::Keyframe {
            self.parts.push_back(Part { begun_ns: at_ns, packed: Vec::new(), open: Vec::new() });
            // The first part may go as soon as the others are long enough.
            while self.parts.get(1).is_some_and(|part| part.begun_ns + BEFORE_NS < at_ns) {
                self.parts.pop_front();
            }
        }
        if let Some(part) = self.parts.back_mut() {
            part.push(kind, at_ns, body);
        }
    }

    /// A while after a fault writes everything into a file of its own, once; returns its path, or why there is none.
    pub fn dump(&mut self, folder: &Folder, about: &About) -> Option<Result<PathBuf, RecordError>> {
        let (kind, _) = self.struck.filter(|(_, struck_ns)| self.now_ns >= struck_ns + BEHIND_NS)?;
        self.struck = None;
        let written = self.write(&format!("-{}", kind.name()), folder, about);
        // What was written once is not written again with the next fault.
        self.parts.clear();
        Some(written)
    }

    fn write(&self, suffix: &str, folder: &Folder, about: &About) -> Result<PathBuf, RecordError> {
        let mut open = OpenFile::begin(folder, suffix, about)?;
        for part in &self.parts {
            part.write(&mut open)?;
        }
        open.finish()
    }
}

impl Part {
    fn push(&mut self, kind: Kind, at_ns: u64, body: &[u8]) {
        self.open.push(u8::from(kind == Kind::Keyframe));
        self.open.extend_from_slice(&at_ns.to_le_bytes());
        self.open.extend_from_slice(&(body.len() as u32).to_le_bytes());
        self.open.extend_from_slice(body);
        if self.open.len() >= BLOCK {
            self.packed.push(lz4_flex::compress_prepend_size(&self.open));
            self.open.clear();
        }
    }

    fn write(&self, file: &mut OpenFile) -> Result<(), RecordError> {
        for block in &self.packed {
            write_messages(&lz4_flex::decompress_size_prepended(block).map_err(io::Error::other)?, file)?;
        }
        write_messages(&self.open, file)?;
        file.writer.flush()
    }
}

fn write_messages(mut block: &[u8], file: &mut OpenFile) -> Result<(), RecordError> {
    while let Some((head, rest)) = block.split_first_chunk::<13>() {
        let [kind, a, b, c, d, e, f, g, h, len @ ..] = *head;
        let kind = if kind == 1 { Kind::Keyframe } else { Kind::Tick };
        let at_ns = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let (body, rest) = rest.split_at(u32::from_le_bytes(len) as usize);
        file.writer.put(kind, at_ns, body)?;
        block = rest;
    }
    Ok(())
}
