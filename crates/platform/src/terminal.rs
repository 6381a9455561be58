//! The terminal the program was started from, as keys: each is read as it is pressed, without an echo.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr};
use std::os::fd::{AsFd, OwnedFd};

/// Columns of the terminal stdout is; `None` where it is none.
pub fn stdout_width() -> Option<usize> {
    /// Of a terminal that does not tell.
    const USUAL: usize = 80;
    let size = tcgetwinsize(stdout()).ok()?;
    Some(if size.ws_col == 0 { USUAL } else { usize::from(size.ws_col) })
}

/// What keeps keys until the end of a line, and shows them.
const COOKED: LocalModes = LocalModes::ICANON.union(LocalModes::ECHO);

/// What came from the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// Nothing.
    Nothing,
    /// So many keys, each as the byte it sends.
    Keys(usize),
    /// The terminal is somebody else's at the moment: it says so at once.
    NotOurs,
    /// The terminal is gone.
    Lost,
}

/// Stdin in a mode that hands keys over one by one; as it was again when this is dropped.
///
/// Ctrl-C stays the signal it is. After a SIGKILL a [`Guard`](crate::Guard) that was told of it puts it back.
#[derive(Debug)]
pub struct Terminal {
    taken: LocalModes,
}

impl Terminal {
    /// Takes the keys of stdin; `None` where it is no terminal, or another job has it.
    pub fn of_stdin() -> Option<Terminal> {
        if !is_ours() {
            return None;
        }
        // Once in the background, a read or a change of the terminal would stop the whole program, torque on.
        for signal in [libc::SIGTTIN, libc::SIGTTOU] {
            // SAFETY: the signals exist and SIG_IGN runs no code of ours.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
        let mut settings = tcgetattr(stdin()).ok()?;
        let taken = settings.local_modes & COOKED;
        settings.local_modes -= taken;
        tcsetattr(stdin(), OptionalActions::Now, &settings).ok()?;
        Some(Terminal { taken })
    }

    /// The next keys, as many as there are; waits `patience_ns` for one, less than a second.
    pub fn read(&self, keys: &mut [u8], patience_ns: u64) -> Typed {
        let input = stdin();
        let patience = Timespec { tv_sec: 0, tv_nsec: patience_ns.min(999_999_999) as _ };
        let mut files = [PollFd::from_borrowed_fd(input, PollFlags::IN)];
        if !matches!(poll(&mut files, Some(&patience)), Ok(1)) {
            return Typed::Nothing;
        }
        if files[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Typed::Lost;
        }
        match rustix::io::read(input, keys) {
            Ok(0) => Typed::Lost,
            Ok(count) => Typed::Keys(count),
            // Among others where it is in the background.
            Err(_) => Typed::NotOurs,
        }
    }

    /// What a guard needs to put it back: the open terminal, and the modes that were taken away.
    pub fn for_guard(&self) -> std::io::Result<(OwnedFd, u32)> {
        Ok((stdin().try_clone_to_owned()?, self.taken.bits()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A shell that has it by now has its own settings.
        if is_ours() {
            put_back(stdin(), self.taken.bits());
        }
    }
}

/// Gives the terminal the modes back that were taken away. One that is gone needs none.
pub fn put_back(terminal: impl AsFd, taken: u32) {
    if let Ok(mut settings) = tcgetattr(&terminal) {
        settings.local_modes |= LocalModes::from_bits_truncate(taken) & COOKED;
        let _ = tcsetattr(&terminal, OptionalActions::Now, &settings);
    }
}

/// Whether stdin is a terminal that listens to this program. One that is not the session's own is nobody else's.
fn is_ours() -> bool {
    rustix::termios::isatty(stdin())
        && tcgetpgrp(stdin()).map_or(true, |foreground| foreground == rustix::process::getpgrp())
}
