//! The pad's thread: follows a pad, and finds it again.

use super::device::Device;
use super::finder::{Finder, wait};
use super::layouts::NamedLayout;
use super::teleop_session::{TeleopSession, TeleopTarget};
use super::{PadEvent, WAITING};
use gaitway_control::arbiter::Source;
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::worker::{End, Worker};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// What the pad asks is said so often, ns.
const SAY_NS: u64 = 20_000_000;
const STACK_BYTES: usize = 128 * 1024;

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct PadReader {
    events: Receiver<PadEvent>,
    _worker: Worker,
}

struct Follower {
    finder: Finder,
    session: TeleopSession,
    say: SyncSender<PadEvent>,
    clock: MonotonicClock,
}

impl PadReader {
    /// Follows the pad `path`, or the first that is found, with `layout` or its own.
    pub fn start(
        path: Option<PathBuf>,
        layout: Option<NamedLayout>,
        steered: TeleopTarget,
    ) -> io::Result<PadReader> {
        let (say, events) = sync_channel(WAITING);
        let mut follower = Follower {
            finder: Finder::new(path, layout),
            session: TeleopSession::new(Source::Pad, steered),
            say,
            clock: MonotonicClock::default(),
        };
        let worker = Worker::start("pad", STACK_BYTES, move |end| follower.run(end))?;
        Ok(PadReader { events, _worker: worker })
    }

    /// What there is to say.
    pub fn events(&self) -> impl Iterator<Item = PadEvent> {
        self.events.try_iter()
    }
}

impl Follower {
    fn run(&mut self, end: &End) {
        let news = self.finder.news();
        let mut is_missed = false;
        while !end.has_come() {
            let found = self.finder.find();
            if found.is_none() && !std::mem::replace(&mut is_missed, true) {
                let error = self.finder.why_none();
                tell(&self.say, PadEvent::Missing { why: error.to_string(), hint: error.hint() });
            }
            let was_there = found.is_some_and(|device| self.follow(device, end));
            is_missed |= was_there;
            if !was_there {
                wait(news.as_ref(), &self.clock);
            }
            self.stand_after_a_while();
        }
    }

    /// Follows a pad until it is gone. False where it was never there: a pipe nobody writes to.
    fn follow(&mut self, mut device: Device, end: &End) -> bool {
        let mut is_new = true;
        self.session.take_up(&device.pad.look());
        while !end.has_come() {
            if !device.take(SAY_NS, |_| {}) {
                break;
            }
            if !device.is_there {
                self.stand_after_a_while();
                continue;
            }
            if std::mem::take(&mut is_new) {
                let (name, layout) = (device.name.clone(), device.layout.clone());
                self.session.call(&name);
                tell(&self.say, PadEvent::Found { name, layout });
            }
            let say = &self.say;
            self.session.steer(&device.pad.look(), self.clock.now_ns(), |event| tell(say, event));
        }
        if !is_new {
            let say = &self.say;
            self.session.let_go(self.clock.now_ns(), |event| tell(say, event));
        }
        !is_new
    }

    fn stand_after_a_while(&mut self) {
        if self.session.stand_after_a_while(self.clock.now_ns()) {
            tell(&self.say, PadEvent::Stands);
        }
    }
}

/// Who listens may be held up, or gone: the pad is followed all the same.
pub(super) fn tell(say: &SyncSender<PadEvent>, event: PadEvent) {
    let _ = say.try_send(event);
}
