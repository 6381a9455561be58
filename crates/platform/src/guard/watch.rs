//! The guard's own process: what it does from its start to its end.

use super::charge::{CHARGE_BYTES, Charge, GOODBYE, MAX_FRAMES, READY};
use crate::clock::{Clock, MonotonicClock};
use crate::heartbeat::Heartbeat;
use crate::{real_time, terminal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Pid, getppid};
use rustix::termios::QueueSelector;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

/// How often the frames are written: the first may be swallowed by a frame that the dead process left half sent, or
/// collide with the servos' replies to its last read.
const REPETITIONS: usize = 5;
/// Pause before the first and after each, ns: replies of a whole robot end within it.
const PAUSE_NS: u64 = 3_000_000;
/// How often it looks whether the program still lives, and shows that it does, ns.
const LOOK_NS: u64 = 20_000_000;
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: LOOK_NS as i64 };
/// Of the time between two looks no more than this counts as the program's: a machine that halts, halts both.
const MOST_BETWEEN_LOOKS_NS: u64 = 2 * LOOK_NS;
/// How long the port may take no byte before what waits in it is thrown away.
const STUCK: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// Does the guard's work in this process, whose stdin and stdout are the guard's. `taken` is what the terminal on
/// stderr lacks.
pub fn run(taken: Option<u32>) -> ExitCode {
    match watch(rustix::stdio::stdin(), rustix::stdio::stdout(), taken) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Takes its charge, watches the program until it ends, cuts the torque. `taken` is what the terminal on stderr lacks.
fn watch(line: BorrowedFd<'_>, port: BorrowedFd<'_>, taken: Option<u32>) -> Result<(), Errno> {
    ignore_signals();
    let program = getppid();
    // Out of the terminal's reach: its Ctrl-C and its end are not for us.
    let _ = rustix::process::setsid();
    // What `killall gaitwayd` does not find, and who looks for it does.
    let _ = rustix::thread::set_name(c"gaitway-guard");
    real_time::play_guard();
    let (charge, heartbeat) = take_charge(line)?;
    let mut frames = [0; MAX_FRAMES];
    let frames = frames.get_mut(..charge.frames_bytes as usize).ok_or(Errno::MSGSIZE)?;
    read_exactly(line, frames)?;
    rustix::io::write(line, &[READY])?;
    let mut word = [0];
    let slot = charge.slot as usize;
    match wait_for_end(line, port, frames, program, &heartbeat, slot)
        .and_then(|()| read_exactly(line, &mut word))
    {
        Ok(()) if word == [GOODBYE] => Ok(()),
        _ => {
            // First, and it does not wait: a moment later a shell has settings of its own there.
            if let Some(taken) = taken {
                terminal::put_back(rustix::stdio::stderr(), taken);
            }
            cut(port, frames)
        }
    }
}

/// What the program tells first, and the file of the heartbeat that comes with it.
fn take_charge(line: BorrowedFd<'_>) -> Result<(Charge, Heartbeat), Errno> {
    let mut bytes = [0; CHARGE_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(line, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let file = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    let rest = bytes.get_mut(received.bytes..).unwrap_or_default();
    read_exactly(line, rest)?;
    let charge = Charge::from_bytes(bytes);
    let file: OwnedFd = file.ok_or(Errno::BADF)?;
    let heartbeat = Heartbeat::of(file, charge.limit_ns).map_err(|_| Errno::NOMEM)?;
    Ok((charge, heartbeat))
}

/// Until the other end has said something, or has closed; fails where the program has died and a child it forked
/// keeps that end open. Cuts the torque of a program that is frozen, and watches on.
fn wait_for_end(
    line: BorrowedFd<'_>,
    port: BorrowedFd<'_>,
    frames: &[u8],
    program: Option<Pid>,
    heartbeat: &Heartbeat,
    slot: usize,
) -> Result<(), Errno> {
    let clock = MonotonicClock::default();
    let mut progress = Progress::new(heartbeat.limit_ns(), clock.now_ns());
    loop {
        let mut files = [PollFd::from_borrowed_fd(line, PollFlags::IN)];
        heartbeat.beat_as_guard(slot);
        match poll(&mut files, Some(&LOOK)) {
            Ok(0) if getppid() != program => return Err(Errno::SRCH),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno),
        }
        if progress.has_stopped(heartbeat.program(), clock.now_ns()) {
            // Told first: a program that wakes up now must not write another goal.
            heartbeat.note_cut();
            // A port that is gone drives nobody.
            let _ = cut(port, frames);
        }
    }
}

/// Whether the program makes progress, by what was seen of it while this process itself was awake.
#[derive(Debug)]
struct Progress {
    limit_ns: u64,
    beats: u32,
    looked_ns: u64,
    /// For how long the beats have been the same; not more once it was told.
    still_ns: Option<u64>,
}

impl Progress {
    fn new(limit_ns: u64, now_ns: u64) -> Progress {
        Progress { limit_ns, beats: 0, looked_ns: now_ns, still_ns: None }
    }

    /// True once after beats that must come have not come for the limit.
    fn has_stopped(&mut self, beats: u32, now_ns: u64) -> bool {
        let between_ns = now_ns.saturating_sub(self.looked_ns).min(MOST_BETWEEN_LOOKS_NS);
        self.looked_ns = now_ns;
        if beats != self.beats || beats == 0 {
            self.beats = beats;
            self.still_ns = (beats != 0).then_some(0);
            return false;
        }
        let Some(still_ns) = &mut self.still_ns else { return false };
        *still_ns += between_ns;
        let has_stopped = *still_ns >= self.limit_ns;
        if has_stopped {
            self.still_ns = None;
        }
        has_stopped
    }
}

/// What is waiting in the port is left to the wire, since whole frames are better than a cut one.
fn cut(port: BorrowedFd<'_>, frames: &[u8]) -> Result<(), Errno> {
    pause();
    for _ in 0..REPETITIONS {
        write_all(port, frames)?;
        pause();
    }
    Ok(())
}

fn pause() {
    let clock = MonotonicClock::default();
    clock.wait_until(clock.now_ns() + PAUSE_NS);
}

/// Writes everything, or fails where the port is gone.
fn write_all(port: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    let mut thrown_away = false;
    while !bytes.is_empty() {
        match rustix::io::write(port, bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if takes_more(port) => {}
            // A device that takes nothing has a full queue, and everything in it is older than we are.
            Err(Errno::AGAIN) if !thrown_away => {
                rustix::termios::tcflush(port, QueueSelector::OFlush)?;
                thrown_away = true;
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn takes_more(port: BorrowedFd<'_>) -> bool {
    let mut files = [PollFd::from_borrowed_fd(port, PollFlags::OUT)];
    matches!(poll(&mut files, Some(&STUCK)), Ok(1))
}

/// Fails with `PIPE` where the other end has closed.
fn read_exactly(line: BorrowedFd<'_>, mut bytes: &mut [u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::read(line.as_fd(), &mut *bytes) {
            Ok(0) => return Err(Errno::PIPE),
            Ok(count) => bytes = bytes.get_mut(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Everything that ends a process from outside and can be ignored, a service manager's SIGTERM to the whole group
/// included: the guard leaves when its program has.
fn ignore_signals() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGPIPE, libc::SIGTSTP] {
        // SAFETY: the signals exist and SIG_IGN runs no code of ours.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// How often it was told, for beats seen at these times, ms.
    fn told(seen: &[(u32, u64)]) -> usize {
        let mut progress = Progress::new(300 * MS, 0);
        seen.iter().filter(|(beats, at_ms)| progress.has_stopped(*beats, at_ms * MS)).count()
    }

    fn every_20_ms(beats: impl Fn(u64) -> u32, until_ms: u64) -> Vec<(u32, u64)> {
        (1..=until_ms / 20).map(|look| (beats(look), look * 20)).collect()
    }

    #[test]
    fn beats_that_stop_are_told_once_until_they_come_again() {
        assert_eq!(told(&every_20_ms(|look| look as u32, 1000)), 0);
        assert_eq!(told(&every_20_ms(|_| 0, 1000)), 0, "none is expected");
        assert_eq!(told(&every_20_ms(|_| 7, 300)), 0);
        assert_eq!(told(&every_20_ms(|_| 7, 320)), 1);
        assert_eq!(told(&every_20_ms(|_| 7, 5000)), 1);
        let twice = |look| if look == 100 { 8 } else { 7 };
        assert_eq!(told(&every_20_ms(twice, 5000)), 2);
    }

    #[test]
    fn a_machine_that_halts_is_no_program_that_halts() {
        // The guard is woken first after half a second in which nobody ran.
        assert_eq!(told(&[(1, 20), (2, 40), (2, 540), (2, 560), (3, 580), (4, 600)]), 0);
    }
}
