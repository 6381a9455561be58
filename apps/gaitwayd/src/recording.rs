//! The flight recorder beside the loop: on unless it was switched off, in a thread of its own.

use crate::log::{Line, Log};
use gaitway_platform::clock::since_1970_ns;
use gaitway_platform::{Clock, MonotonicClock};
use gaitway_record::DeviceLog;
use gaitway_record::about::About;
use gaitway_record::ring::RowSource;
use gaitway_runtime::recorder::{Bounds, Folder, Recorder, Said};
use serde_json::json;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Between two looks into the ring, ns.
const LOOK_NS: u64 = 50_000_000;
const STACK_BYTES: usize = 256 << 10;
/// Log lines that wait while the disk is slow.
const WAITING: usize = 4096;
/// Marks that wait for the recorder's next look.
const MARKS: usize = 16;

/// The recorder's thread, and the ends of its channels.
pub struct Recording {
    thread: JoinHandle<()>,
    said: Receiver<Said>,
    marks: SyncSender<String>,
    next: SyncSender<Recorder>,
    is_ending: Arc<AtomicBool>,
    what: Recorded,
}

/// How each recording of this run is begun.
#[derive(Clone)]
pub struct Recorded {
    epoch_ns: u64,
    folder: PathBuf,
}

impl Recorded {
    /// A recorder of what comes out of `source`, with the log of the robot's actuators.
    pub fn recorder(
        &self,
        (source, device_log): (RowSource, Box<dyn DeviceLog>),
        mut about: About,
    ) -> Recorder {
        about.epoch_ns = self.epoch_ns;
        about.notes.insert("program".to_owned(), "gaitwayd".to_owned());
        Recorder::new(source, about, Folder::new(self.folder.clone(), Bounds::default()), device_log)
    }
}

impl Recording {
    /// Records what comes out of `source`, with the log of the robot's actuators.
    pub fn start(
        source: (RowSource, Box<dyn DeviceLog>),
        about: About,
        folder: Option<PathBuf>,
        log: &mut Log,
    ) -> io::Result<Recording> {
        let clock = MonotonicClock::default();
        let what = Recorded {
            epoch_ns: since_1970_ns().saturating_sub(clock.now_ns()),
            folder: folder.unwrap_or_else(Folder::default_path),
        };
        let recorder = what.recorder(source, about);
        let (next, coming) = sync_channel(1);
        let is_ending = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_ending);
        let (lines, logged) = sync_channel(WAITING);
        log.record_to(lines);
        let (say, said) = channel();
        let (marks, marked) = sync_channel(MARKS);
        let thread = Builder::new()
            .name("recorder".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || record(recorder, (&coming, &ends), &clock, (&logged, &marked), &say))?;
        Ok(Recording { thread, said, marks, next, is_ending, what })
    }

    /// Where marks go.
    pub fn marks(&self) -> SyncSender<String> {
        self.marks.clone()
    }

    /// Where the recorder goes that follows this one, when its ring is over; and how it is begun.
    pub fn next(&self) -> (SyncSender<Recorder>, Recorded) {
        (self.next.clone(), self.what.clone())
    }

    /// Says what the recorder has to say.
    pub fn tell(&self, log: &mut Log) {
        self.said.try_iter().for_each(|said| tell(&said, log));
    }

    /// Waits until everything is written; the loop's end of the ring must be gone.
    pub fn finish(self, log: &mut Log) {
        self.is_ending.store(true, Ordering::Release);
        if self.thread.join().is_err() {
            log.say("error", "the recorder broke off", json!({ "hint": "this is a bug: please report it" }));
        }
        self.said.try_iter().for_each(|said| tell(&said, log));
    }
}

fn tell(said: &Said, log: &mut Log) {
    match said {
        // A path need not be text.
        Said::Begun { path } => log.say("info", "recording", json!({ "file": path.to_string_lossy() })),
        Said::Marked { text } => log.say("info", "mark", json!({ "text": text })),
        Said::Kept { path } => {
            log.say("info", "the last minute was kept", json!({ "file": path.to_string_lossy() }));
        }
        Said::Full { path } => {
            let hint = "it is followed by the next within ten seconds; ticks until then are not recorded";
            log.say("warn", "recording full", json!({ "file": path.to_string_lossy(), "hint": hint }));
        }
        Said::Stopped { why } => {
            let hint = "the walk goes on; make room, or name another folder with --record";
            log.say("warn", "recording stopped", json!({ "why": why, "hint": hint }));
        }
    }
}

fn record(
    mut recorder: Recorder,
    (next, is_ending): (&Receiver<Recorder>, &AtomicBool),
    clock: &MonotonicClock,
    (logged, marked): (&Receiver<Line>, &Receiver<String>),
    say: &Sender<Said>,
) {
    loop {
        marked.try_iter().for_each(|text| recorder.mark(text));
        // Lines first: with the last step the file is closed.
        for (at_ns, level, text) in logged.try_iter() {
            recorder.log(at_ns, level, &text);
        }
        let goes_on = recorder.step(clock.now_ns());
        tell_of(&mut recorder, say);
        if is_ending.load(Ordering::Acquire) {
            // A policy that the loop was not asked to take any more has a recorder, too, and no ticks.
            for mut recorder in std::iter::once(recorder).chain(next.try_iter()) {
                recorder.end(clock.now_ns());
                tell_of(&mut recorder, say);
            }
            return;
        }
        if !goes_on && let Ok(next) = next.try_recv() {
            recorder = next;
        }
        clock.wait_until(clock.now_ns() + LOOK_NS);
    }
}

fn tell_of(recorder: &mut Recorder, say: &Sender<Said>) {
    for said in recorder.take_said() {
        // Nobody may listen any more.
        let _ = say.send(said);
    }
}
