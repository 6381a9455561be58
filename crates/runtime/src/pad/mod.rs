//! The pad's thread: finds a pad, follows it, and finds it again; what it wants goes into the mailbox.
//!
//! A pad that is gone asks for nothing: its lease ends, and the duck eases to a stand; after a while it is told to.

mod device;
mod layouts;
mod network;

pub use layouts::{LayoutError, NamedLayout};
pub use network::NetworkPadReader;

use crate::clock::{Clock, MonotonicClock};
use crate::robot::Mailbox;
use crate::worker::{End, Worker};
use device::Device;
use gaitway_contract::Command;
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::Wish;
use gaitway_drivers::pad::{Button, Operator, Reach};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Where input devices come and go.
const INPUTS: &str = "/dev/input";
/// What the pad asks holds for so long, ns, and is said so often.
const LEASE_NS: u64 = 200_000_000;
const SAY_NS: u64 = 20_000_000;
/// The duck is told to stand when the pad has been gone for so long, ns.
const STAND_AFTER_NS: u64 = 3_000_000_000;
/// Without news from the folder it looks for a pad so often, ns.
const LOOK_NS: u64 = 500_000_000;
const STACK_BYTES: usize = 128 * 1024;

/// Something to say about the pad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PadEvent {
    /// It is there.
    Found {
        /// What it calls itself.
        name: String,
        /// Name of its layout.
        layout: String,
    },
    /// It is gone.
    Gone,
    /// It has been gone for so long that the duck was told to stand.
    Stands,
    /// A button was pressed.
    Pressed(Button),
}

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct PadReader {
    events: Receiver<PadEvent>,
    _worker: Worker,
}

struct Follower {
    path: Option<PathBuf>,
    layout: Option<NamedLayout>,
    operator: Operator,
    mailbox: Arc<Mailbox>,
    say: Sender<PadEvent>,
    clock: MonotonicClock,
    gone_since_ns: Option<u64>,
}

impl PadReader {
    /// Follows the pad `path`, or the first that is found, with `layout` or its own.
    pub fn start(
        path: Option<PathBuf>,
        layout: Option<NamedLayout>,
        reach: Reach,
        mailbox: Arc<Mailbox>,
    ) -> io::Result<PadReader> {
        let (say, events) = channel();
        let mut follower = Follower {
            path,
            layout,
            operator: Operator::new(reach, 1.0),
            mailbox,
            say,
            clock: MonotonicClock::default(),
            gone_since_ns: None,
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
        let news = self.watch_folder();
        while !end.has_come() {
            let was_there = self.find().is_some_and(|device| self.follow(device, end));
            if !was_there {
                self.wait(news.as_ref());
            }
            self.stand_after_a_while();
        }
    }

    /// The pad that was named, or the first there is.
    fn find(&self) -> Option<Device> {
        let open = |path: &Path| Device::open(path, self.layout.as_ref()).ok().flatten();
        if let Some(path) = &self.path {
            return open(path);
        }
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(INPUTS).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let is_event =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("event"));
        paths.iter().filter(|path| is_event(path)).find_map(|path| open(path))
    }

    /// Follows a pad until it is gone. False where it was never there: a pipe nobody writes to.
    fn follow(&mut self, mut device: Device, end: &End) -> bool {
        let mut is_new = true;
        while !end.has_come() {
            if !device.take(SAY_NS) {
                break;
            }
            if !device.is_there {
                self.stand_after_a_while();
                continue;
            }
            if std::mem::take(&mut is_new) {
                self.gone_since_ns = None;
                let (name, layout) = (device.name.clone(), device.layout.clone());
                self.tell(PadEvent::Found { name, layout });
            }
            let mut pressed = Vec::new();
            self.operator.update(&device.pad.look(), |button| pressed.push(button));
            for button in pressed {
                press(button, &self.mailbox);
                self.tell(PadEvent::Pressed(button));
            }
            let command = Command { values: self.operator.command() };
            self.mailbox.offer(Source::Pad, &command, self.clock.now_ns() + LEASE_NS);
        }
        if !is_new {
            self.operator.let_go();
            self.gone_since_ns = Some(self.clock.now_ns());
            self.tell(PadEvent::Gone);
        }
        !is_new
    }

    fn stand_after_a_while(&mut self) {
        let is_over = |since_ns: u64| self.clock.now_ns() >= since_ns + STAND_AFTER_NS;
        if self.gone_since_ns.is_some_and(is_over) {
            self.gone_since_ns = None;
            if self.mailbox.wish().0 == Wish::Walk {
                self.mailbox.set_wish(Wish::Stand, false);
                self.tell(PadEvent::Stands);
            }
        }
    }

    /// Until something comes or goes where the pad may, or a while has passed.
    fn wait(&self, news: Option<&OwnedFd>) {
        let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_NS as _ };
        let Some(news) = news else {
            self.clock.wait_until(self.clock.now_ns() + LOOK_NS);
            return;
        };
        let mut watched = [PollFd::new(news, PollFlags::IN)];
        if poll(&mut watched, Some(&timeout)).unwrap_or(0) > 0 {
            // What it was is seen by looking.
            let _ = rustix::io::read(news, &mut [0; 4096]);
            self.clock.wait_until(self.clock.now_ns() + SAY_NS);
        }
    }

    fn watch_folder(&self) -> Option<OwnedFd> {
        let folder = self.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(INPUTS));
        let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
        let news = inotify::init(flags).ok()?;
        // Made first, and given to its group a moment later.
        let what = inotify::WatchFlags::CREATE | inotify::WatchFlags::ATTRIB;
        inotify::add_watch(&news, folder, what).ok()?;
        Some(news)
    }

    fn tell(&self, event: PadEvent) {
        // Nobody may listen any more.
        let _ = self.say.send(event);
    }
}

/// What the robot is wished to do from now on.
fn press(button: Button, mailbox: &Mailbox) {
    match (button, mailbox.wish().0) {
        (Button::Pause, Wish::Walk) => mailbox.set_wish(Wish::Stand, false),
        (Button::Pause, Wish::Stand) => mailbox.set_wish(Wish::Walk, false),
        (Button::Motors, Wish::Limp) => mailbox.set_wish(Wish::Stand, false),
        (Button::Motors, _) => mailbox.set_wish(Wish::Limp, false),
        _ => {}
    }
}
