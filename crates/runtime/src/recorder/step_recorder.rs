//! Recording a controller that somebody else steps: a simulator, or a program of one's own.

use super::{Folder, OpenFile};
use gaitway_control::Controller;
use gaitway_model::Sensors;
use gaitway_platform::clock::since_1970_ns;
use gaitway_record::about::About;
use gaitway_record::message::{Message, encode};
use gaitway_record::tick::{Keyframe, Truth};
use gaitway_record::writer::Kind;
use gaitway_record::{RecordError, stepped};
use std::path::{Path, PathBuf};

/// Time between two keyframes, s.
const KEYFRAME_S: u64 = 10;

/// Writes every step of one controller down, on a clock that counts its ticks.
pub struct StepRecorder {
    folder: Folder,
    about: About,
    file: OpenFile,
    /// Number of the tick that is under way, or of the next.
    tick: u64,
    loop_hz: u64,
    /// The controller's state before that tick, and after the one before: it may have been reset in between.
    before: Vec<u8>,
    after: Vec<u8>,
    body: Vec<u8>,
}

impl StepRecorder {
    /// Begins a file in `folder`.
    pub fn new(
        folder: Folder,
        mut about: About,
        controller: &Controller,
    ) -> Result<StepRecorder, RecordError> {
        about.epoch_ns = since_1970_ns();
        folder.make_room();
        let file = OpenFile::begin(&folder, "", &about)?;
        let loop_hz = u64::from(controller.loop_hz());
        let (before, after, body) = (Vec::new(), Vec::new(), Vec::new());
        Ok(StepRecorder { folder, about, file, tick: 0, loop_hz, before, after, body })
    }

    /// Where it writes.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// To be called before a step.
    pub fn begin(&mut self, controller: &Controller) {
        self.before = controller.save();
    }

    /// To be called after it, with what the step was given and what the simulator knows.
    pub fn end(
        &mut self,
        controller: &Controller,
        sensors: &Sensors,
        truth: Option<Truth>,
    ) -> Result<(), RecordError> {
        let at_ns = self.tick * 1_000_000_000 / self.loop_hz;
        if self.tick.is_multiple_of(KEYFRAME_S * self.loop_hz) || self.before != self.after {
            self.begin_next_if_full()?;
            let brain = std::mem::take(&mut self.before);
            self.put(Kind::Keyframe, at_ns, &mut Keyframe { tick: self.tick, brain })?;
        }
        self.put(Kind::Tick, at_ns, &mut stepped::tick(self.tick, at_ns, sensors, controller, truth))?;
        self.after = controller.save();
        self.tick += 1;
        if self.tick.is_multiple_of(self.loop_hz) {
            self.file.flush()?;
        }
        Ok(())
    }

    /// Ends the file. Returns its path.
    pub fn finish(self) -> Result<PathBuf, RecordError> {
        self.file.finish()
    }

    fn put(&mut self, kind: Kind, at_ns: u64, message: &mut impl Message) -> Result<(), RecordError> {
        self.body.clear();
        encode(message, &mut self.body);
        self.file.put(kind, at_ns, &self.body)
    }

    fn begin_next_if_full(&mut self) -> Result<(), RecordError> {
        if !self.file.is_full() {
            return Ok(());
        }
        self.folder.make_room();
        let next = OpenFile::begin(&self.folder, "", &self.about)?;
        std::mem::replace(&mut self.file, next).finish().map(|_| ())
    }
}
