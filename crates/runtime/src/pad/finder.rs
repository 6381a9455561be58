//! Finds the pad: the one that was named, or the first there is, and waits where there is none.

use super::device::Device;
use super::error::PadError;
use super::inputs::{INPUTS, event_files};
use super::layouts::NamedLayout;
use gaitway_platform::clock::{Clock, MonotonicClock};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Without news from the folder it looks for a pad so often, ns.
const LOOK_NS: u64 = 500_000_000;
/// A device that came is given to its group a moment later, ns.
const SETTLE_NS: u64 = 20_000_000;

/// Looks for a pad.
#[derive(Debug)]
pub(super) struct Finder {
    path: Option<PathBuf>,
    layout: Option<NamedLayout>,
}

impl Finder {
    /// For the pad `path`, or the first that is found, with `layout` or its own.
    pub fn new(path: Option<PathBuf>, layout: Option<NamedLayout>) -> Finder {
        Finder { path, layout }
    }

    /// The pad, if it is there.
    pub fn find(&self) -> Option<Device> {
        let open = |path: &Path| Device::open(path, self.layout.as_ref()).ok().flatten();
        match &self.path {
            Some(path) => open(path),
            None => event_files().iter().find_map(|path| open(path)),
        }
    }

    /// Why there is none.
    pub fn why_none(&self) -> PadError {
        PadError::of_missing(self.path.as_deref())
    }

    /// Tells when something comes or goes where the pad may; `None` where the system does not.
    pub fn news(&self) -> Option<OwnedFd> {
        let folder = self.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(INPUTS));
        let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
        let news = inotify::init(flags).ok()?;
        // Made first, and given to its group a moment later.
        let what = inotify::WatchFlags::CREATE | inotify::WatchFlags::ATTRIB;
        inotify::add_watch(&news, folder, what).ok()?;
        Some(news)
    }
}

/// Until there are news, or a while has passed.
pub(super) fn wait(news: Option<&OwnedFd>, clock: &MonotonicClock) {
    let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_NS as _ };
    let Some(news) = news else {
        clock.wait_until(clock.now_ns() + LOOK_NS);
        return;
    };
    let mut watched = [PollFd::new(news, PollFlags::IN)];
    if poll(&mut watched, Some(&timeout)).unwrap_or(0) > 0 {
        // What it was is seen by looking.
        let _ = rustix::io::read(news, &mut [0; 4096]);
        clock.wait_until(clock.now_ns() + SETTLE_NS);
    }
}
