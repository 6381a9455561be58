//! The last minute in memory: kept in a file of its own when a fault strikes or somebody asks for it, whatever became
//! of the disk before.

use super::Folder;
use super::open_file::OpenFile;
use gaitway_model::profile::{FaultKind, Reaction};
use gaitway_record::RecordError;
use gaitway_record::about::About;
use gaitway_record::row::Row;
use gaitway_record::writer::{Kind, Level};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;

/// How much is kept before a fault, ns, and how much behind it.
const BEFORE_NS: u64 = 60_000_000_000;
const BEHIND_NS: u64 = 3_000_000_000;
/// Messages are packed in blocks of this length, bytes.
const BLOCK: usize = 64 << 10;
/// What a recording that somebody asked for is called.
const MARK: &str = "mark";
/// A fault that comes and goes, and a mark, is kept once in so long, ns: a loose plug must not push all other recordings out.
const SAME_AGAIN_NS: u64 = 60_000_000_000;

/// The last minute, from keyframe to keyframe.
#[derive(Debug, Default)]
pub struct BlackBox {
    parts: VecDeque<Part>,
    now_ns: u64,
    /// The gravest fault of the tick before.
    fault: Option<FaultKind>,
    /// Why it is to be kept, and since when: the name of a fault, or a mark.
    struck: Option<(&'static str, u64)>,
    /// When the last mark was kept.
    marked_ns: Option<u64>,
    /// When each kind struck that was kept, in the order of [`FaultKind::ALL`].
    kept_ns: [Option<u64>; FaultKind::ALL.len()],
}

/// What is in a part.
#[derive(Debug, Clone, Copy)]
enum Entry {
    Message(Kind),
    Log(Level),
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
        // A fault is worth more than a mark that waits for what is behind it.
        let is_free = self.struck.is_none_or(|(why, _)| why == MARK);
        if let (Some(kind), true, true) = (fault, fault != self.fault, is_free) {
            let kept_ns = &mut self.kept_ns[kind as usize];
            if kept_ns.is_none_or(|kept_ns| self.now_ns >= kept_ns + SAME_AGAIN_NS) {
                *kept_ns = Some(self.now_ns);
                self.struck = Some((kind.name(), self.now_ns));
            }
        }
        self.fault = fault;
    }

    /// Somebody wants the last minute kept; once in a minute it is.
    pub fn mark(&mut self) {
        if self.marked_ns.is_none_or(|marked_ns| self.now_ns >= marked_ns + SAME_AGAIN_NS) {
            self.marked_ns = Some(self.now_ns);
            self.struck.get_or_insert((MARK, self.now_ns));
        }
    }

    /// Takes a message.
    pub fn push(&mut self, kind: Kind, at_ns: u64, body: &[u8]) {
        if kind == Kind::Keyframe {
            self.parts.push_back(Part { begun_ns: at_ns, packed: Vec::new(), open: Vec::new() });
        }
        // The first part may go as soon as the others are long enough, wherever in the wait behind a fault this is.
        while self.parts.get(1).is_some_and(|part| part.begun_ns + BEFORE_NS + BEHIND_NS < at_ns) {
            self.parts.pop_front();
        }
        self.append(Entry::Message(kind), at_ns, body);
    }

    /// Takes a log line.
    pub fn log(&mut self, at_ns: u64, level: Level, text: &str) {
        self.append(Entry::Log(level), at_ns, text.as_bytes());
    }

    /// A while after a fault, or where the recording `is_over`, writes everything into a file of its own; returns its
    /// path, or why there is none. The minute stays in memory: the next fault needs what was before it, too.
    pub fn dump(
        &mut self,
        is_over: bool,
        folder: &Folder,
        about: &About,
    ) -> Option<Result<PathBuf, RecordError>> {
        let is_due = |struck_ns: u64| is_over || self.now_ns >= struck_ns + BEHIND_NS;
        let (why, _) = self.struck.filter(|(_, struck_ns)| is_due(*struck_ns))?;
        self.struck = None;
        folder.make_room();
        Some(self.write(&format!("-{why}"), folder, about))
    }

    fn append(&mut self, entry: Entry, at_ns: u64, body: &[u8]) {
        if let Some(part) = self.parts.back_mut() {
            part.push(entry, at_ns, body);
        }
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
    fn push(&mut self, entry: Entry, at_ns: u64, body: &[u8]) {
        self.open.push(entry.tag());
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
            write_entries(&lz4_flex::decompress_size_prepended(block).map_err(io::Error::other)?, file)?;
        }
        write_entries(&self.open, file)?;
        file.writer.flush()
    }
}

impl Entry {
    const ALL: [Entry; 5] = [
        Entry::Message(Kind::Tick),
        Entry::Message(Kind::Keyframe),
        Entry::Log(Level::Info),
        Entry::Log(Level::Warn),
        Entry::Log(Level::Error),
    ];

    fn tag(self) -> u8 {
        match self {
            Entry::Message(Kind::Tick) => 0,
            Entry::Message(Kind::Keyframe) => 1,
            Entry::Log(level) => level as u8,
        }
    }
}

fn write_entries(mut block: &[u8], file: &mut OpenFile) -> Result<(), RecordError> {
    while let Some((head, rest)) = block.split_first_chunk::<13>() {
        let [tag, a, b, c, d, e, f, g, h, len @ ..] = *head;
        let at_ns = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let (body, rest) = rest.split_at(u32::from_le_bytes(len) as usize);
        match Entry::ALL.into_iter().find(|entry| entry.tag() == tag) {
            Some(Entry::Log(level)) => file.writer.log(at_ns, level, &String::from_utf8_lossy(body))?,
            Some(Entry::Message(kind)) => file.writer.put(kind, at_ns, body)?,
            None => {}
        }
        block = rest;
    }
    Ok(())
}
