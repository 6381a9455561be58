//! The flight recorder: takes ticks out of the ring and writes them down, away from the loop.
//!
//! What goes wrong here never reaches the loop: a disk that is full, slow or gone loses ticks, which are counted, and is
//! tried again; it is said once that it happened, and once that it is over.

mod black_box;
mod folder;
mod open_file;
mod step_recorder;

pub use black_box::BlackBox;
pub use folder::{Bounds, Folder};
pub use step_recorder::StepRecorder;

use gaitway_record::about::About;
use gaitway_record::ring::{Entry, RowSource};
use gaitway_record::writer::{Level, Packer};
use gaitway_record::{DeviceLog, RecordError};
use open_file::OpenFile;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Ticks that wait in the ring while the disk is slow.
pub const RING_TICKS: usize = 256;
/// Between two flushes to the medium, ns: with the time to the next look at the ring, a robot that loses its power
/// loses no more than a second.
const SYNC_NS: u64 = 900_000_000;
/// Between two tries to begin a file where the last one failed, ns.
const RETRY_NS: u64 = 10_000_000_000;
/// Log lines that wait for a file: what is said before the first tick, and while the disk is gone.
const WAITING_LINES: usize = 256;

/// What the recorder has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A file was begun.
    Begun {
        /// Which.
        path: PathBuf,
    },
    /// A file has come to its bound before the next one can begin, at a keyframe; ticks until then are left out.
    Full {
        /// Which.
        path: PathBuf,
    },
    /// Nothing is written any more; the walk goes on.
    Stopped {
        /// Why.
        why: String,
    },
    /// Somebody marked this moment.
    Marked {
        /// What they saw.
        text: String,
    },
    /// The last minute before a fault or a mark was kept in a file of its own.
    Kept {
        /// Which.
        path: PathBuf,
    },
}

/// Writes ticks down.
pub struct Recorder {
    source: RowSource,
    about: About,
    folder: Folder,
    open: Option<OpenFile>,
    /// Log lines since there was no file.
    waiting: VecDeque<(u64, Level, String)>,
    synced_ns: u64,
    failed_ns: Option<u64>,
    packer: Packer,
    black_box: BlackBox,
    said: Vec<Said>,
}

impl Recorder {
    /// Writes what comes out of `source` into files of `folder`; `log` is that of the robot's actuators.
    pub fn new(source: RowSource, about: About, folder: Folder, log: Box<dyn DeviceLog>) -> Recorder {
        Recorder {
            source,
            about,
            folder,
            open: None,
            waiting: VecDeque::new(),
            synced_ns: 0,
            failed_ns: None,
            packer: Packer::new(log),
            black_box: BlackBox::default(),
            said: Vec::new(),
        }
    }

    /// Takes out of the ring what is there, and writes it. `now_ns` is the loop's clock. To be called some ten times a
    /// second; true until the loop is gone and everything is written.
    pub fn step(&mut self, now_ns: u64) -> bool {
        let is_over = self.source.is_over();
        while let Some(entry) = self.source.take() {
            self.write(&entry, now_ns);
            self.source.give_back(entry);
        }
        match self.black_box.dump(is_over, &self.folder, &self.about) {
            Some(Ok(path)) => self.said.push(Said::Kept { path }),
            Some(Err(why)) => self.fail(&why, now_ns),
            None => {}
        }
        if now_ns >= self.synced_ns + SYNC_NS || is_over {
            self.synced_ns = now_ns;
            self.sync(now_ns);
        }
        if is_over {
            self.finish(now_ns);
        }
        !is_over
    }

    /// Writes what is in the ring, and ends the file: no more comes, whoever still holds the other end.
    pub fn end(&mut self, now_ns: u64) {
        self.step(now_ns);
        self.finish(now_ns);
    }

    /// Somebody saw something: the last minute is kept, once in a minute.
    pub fn mark(&mut self, text: String) {
        self.black_box.mark();
        self.said.push(Said::Marked { text });
    }

    /// Writes a log line of `at_ns`.
    pub fn log(&mut self, at_ns: u64, level: Level, text: &str) {
        self.black_box.log(at_ns, level, text);
        if let Some(open) = &mut self.open {
            let written = open.log(at_ns, level, text);
            self.judge(written, at_ns);
            return;
        }
        if self.waiting.len() == WAITING_LINES {
            self.waiting.pop_front();
        }
        self.waiting.push_back((at_ns, level, text.to_owned()));
    }

    /// What there is to say.
    pub fn take_said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    /// The file that is being written.
    pub fn path(&self) -> Option<&Path> {
        self.open.as_ref().map(|open| open.path.as_path())
    }

    fn write(&mut self, entry: &Entry, now_ns: u64) {
        // A file begins with a keyframe, so that all of it can be run again.
        let has_keyframe = !entry.row.keyframe.is_empty();
        if has_keyframe && self.open.as_ref().is_none_or(OpenFile::is_full) {
            self.begin(now_ns);
        } else if let Some(open) = self.open.take_if(|open| open.is_over()) {
            self.said.push(Said::Full { path: open.path.clone() });
            let finished = open.finish();
            self.judge(finished.map(|_| ()), now_ns);
        }
        self.black_box.watch(&entry.row);
        let (black_box, mut open, mut written) = (&mut self.black_box, self.open.as_mut(), Ok(()));
        self.packer.pack(entry, |kind, at_ns, body| {
            black_box.push(kind, at_ns, body);
            if let (Some(open), Ok(())) = (&mut open, &written) {
                written = open.put(kind, at_ns, body);
            }
        });
        self.judge(written, now_ns);
    }

    fn begin(&mut self, now_ns: u64) {
        if self.failed_ns.is_some_and(|failed_ns| now_ns < failed_ns + RETRY_NS) {
            return;
        }
        self.finish(now_ns);
        self.folder.make_room();
        match OpenFile::begin(&self.folder, "", &self.about) {
            Ok(open) => {
                self.said.push(Said::Begun { path: open.path.clone() });
                self.failed_ns = None;
                self.open = Some(open);
                for (at_ns, level, text) in std::mem::take(&mut self.waiting) {
                    self.log(at_ns, level, &text);
                }
            }
            Err(why) => self.fail(&why, now_ns),
        }
    }

    fn sync(&mut self, now_ns: u64) {
        let synced = self.open.as_mut().map(OpenFile::sync);
        self.judge(synced.unwrap_or(Ok(())), now_ns);
    }

    fn finish(&mut self, now_ns: u64) {
        let finished = self.open.take().map(OpenFile::finish);
        self.judge(finished.transpose().map(|_| ()), now_ns);
    }

    fn judge(&mut self, written: Result<(), RecordError>, now_ns: u64) {
        if let Err(why) = written {
            self.fail(&why, now_ns);
        }
    }

    /// Lets the file go, says so once, and tries again later.
    fn fail(&mut self, why: &RecordError, now_ns: u64) {
        let is_new = self.failed_ns.is_none();
        self.failed_ns = Some(now_ns);
        self.open = None;
        if is_new {
            self.said.push(Said::Stopped { why: why.to_string() });
        }
    }
}
