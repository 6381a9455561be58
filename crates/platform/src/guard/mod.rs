//! Two processes that cut the torque when this one is killed or frozen.
//!
//! SIGKILL leaves no time for a last word, and servos hold their last goal for ever. So the same program is started
//! twice more as a guard: each holds the same open port, and reads from a socket whose other end is ours. When that end
//! closes without a goodbye it writes the frames it was given at the start. It writes them, too, when the program's
//! [`Heartbeat`] stands still. Two, because whoever kills the program may kill a guard with it. A terminal whose keys
//! the program took is put back.

mod charge;
mod watch;

pub use watch::run;

use charge::{Charge, GOODBYE, MAX_FRAMES, READY};

use crate::clock::{Clock, MonotonicClock};
use crate::files;
use crate::heartbeat::{GUARDS, Heartbeat};
use crate::terminal::Terminal;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;
use thiserror::Error;

/// First argument of a program that is started as a guard.
const ARGUMENT: &str = "--gaitway-guard";
/// How long start and goodbye wait for the guard.
const ANSWER: Duration = Duration::from_secs(2);
/// One guard of the two that shows no progress for so long is replaced, ns.
const REPLACE_NS: u64 = 1_000_000_000;

/// Guards that could not be started or did not behave.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GuardError {
    /// Frames beyond what the guard keeps.
    #[error("guard: expected 1 to {MAX_FRAMES} bytes of frames, found {found}")]
    Frames {
        /// How many bytes there are.
        found: usize,
    },
    /// No second process.
    #[error("guard: expected to start a second process, found: {0}")]
    Start(#[source] io::Error),
    /// The second process does not answer as a guard does.
    #[error("guard: expected its answer within {} s, found: {found}", ANSWER.as_secs())]
    NoAnswer {
        /// What came instead.
        found: String,
    },
}

impl GuardError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            GuardError::Frames { .. } => "give one torque-off frame for all servos",
            GuardError::Start(error) if error.kind() == io::ErrorKind::NotFound => {
                "see that /proc is mounted: the program starts itself from there"
            }
            GuardError::Start(error) => files::remedy(error),
            GuardError::NoAnswer { .. } => "the machine may be too busy: try again",
        }
    }
}

/// The running guards. Dropped without a goodbye, as in a panic, they cut the torque.
#[derive(Debug)]
pub struct Guard {
    post: Post,
    processes: [Option<Process>; GUARDS],
}

/// What every guard of one port is given.
struct Post {
    command: Box<dyn Fn() -> Command + Send + Sync>,
    port: OwnedFd,
    frames: Vec<u8>,
    /// The terminal, and the modes that were taken away.
    terminal: Option<(OwnedFd, u32)>,
    heartbeat: Heartbeat,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("port", &self.port).field("frames", &self.frames).finish_non_exhaustive()
    }
}

/// One guard.
#[derive(Debug)]
struct Process {
    child: Child,
    /// Closed on exec, so that no other child keeps it open when we are gone.
    line: UnixStream,
    /// Its beats as last seen to change, and when, ns.
    beats: u32,
    changed_ns: u64,
}

impl Guard {
    /// Starts the guards over `port`, a clone of the open port, and returns once they keep `frames`: whole frames,
    /// one after another, that cut the torque. `terminal` is put back with them; `heartbeat` is that of the loop.
    pub fn start(
        port: OwnedFd,
        frames: &[u8],
        terminal: Option<&Terminal>,
        heartbeat: &Heartbeat,
    ) -> Result<Guard, GuardError> {
        let this_program = || {
            let mut command = Command::new("/proc/self/exe");
            command.arg(ARGUMENT);
            command
        };
        Guard::start_as(this_program, port, frames, terminal, heartbeat)
    }

    /// The same, with another program as the guard: one that does nothing but [`run`]. A library in somebody else's
    /// program, an interpreter, has no `main` to begin with.
    pub fn start_as(
        command: impl Fn() -> Command + Send + Sync + 'static,
        port: OwnedFd,
        frames: &[u8],
        terminal: Option<&Terminal>,
        heartbeat: &Heartbeat,
    ) -> Result<Guard, GuardError> {
        if !(1..=MAX_FRAMES).contains(&frames.len()) {
            return Err(GuardError::Frames { found: frames.len() });
        }
        let terminal = terminal.map(Terminal::for_guard).transpose().map_err(GuardError::Start)?;
        let (command, frames) = (Box::new(command), frames.to_vec());
        let post = Post { command, port, frames, terminal, heartbeat: heartbeat.clone() };
        let mut guard = Guard { post, processes: [None, None] };
        guard.complete()?;
        Ok(guard)
    }

    /// How many of the two watch. One that has died or shows no progress is ended.
    pub fn alive(&mut self) -> usize {
        let now_ns = MonotonicClock::default().now_ns();
        for (slot, process) in self.processes.iter_mut().enumerate() {
            let beats = self.post.heartbeat.guard(slot);
            if process.as_mut().is_some_and(|process| !process.is_alive(beats, now_ns)) {
                process.take().into_iter().for_each(Process::end);
            }
        }
        self.processes.iter().flatten().count()
    }

    /// Starts guards in place of those that are missing.
    pub fn complete(&mut self) -> Result<(), GuardError> {
        let missing: Vec<usize> = (0..GUARDS).filter(|&slot| self.processes[slot].is_none()).collect();
        // Side by side: an interpreter takes its time.
        let begun: Result<Vec<(usize, Process)>, GuardError> =
            missing.into_iter().map(|slot| Ok((slot, self.post.begin()?))).collect();
        for (slot, mut process) in begun? {
            match self.post.hand_over(slot, &mut process) {
                Ok(()) => self.processes[slot] = Some(process),
                Err(found) => {
                    process.end();
                    return Err(GuardError::NoAnswer { found });
                }
            }
        }
        Ok(())
    }

    /// Their process ids.
    pub fn pids(&self) -> Vec<u32> {
        self.processes.iter().flatten().map(|process| process.child.id()).collect()
    }

    /// Lets the guards go without a write, and waits for their end. To be called when the torque is off.
    pub fn goodbye(mut self) -> Result<(), GuardError> {
        self.processes.iter_mut().filter_map(Option::take).map(Process::goodbye).fold(Ok(()), Result::and)
    }
}

impl Post {
    fn begin(&self) -> Result<Process, GuardError> {
        let (line, guards_end) = UnixStream::pair().map_err(GuardError::Start)?;
        line.set_read_timeout(Some(ANSWER)).map_err(GuardError::Start)?;
        let port = self.port.try_clone().map_err(GuardError::Start)?;
        let mut command = (self.command)();
        command.stdin(OwnedFd::from(guards_end)).stdout(port).stderr(Stdio::null());
        if let Some((terminal, taken)) = &self.terminal {
            command.arg(taken.to_string()).stderr(terminal.try_clone().map_err(GuardError::Start)?);
        }
        let child = command.spawn().map_err(GuardError::Start)?;
        Ok(Process { child, line, beats: 0, changed_ns: 0 })
    }

    fn hand_over(&self, slot: usize, process: &mut Process) -> Result<(), String> {
        let frames_bytes = self.frames.len() as u32;
        let charge = Charge { frames_bytes, slot: slot as u32, limit_ns: self.heartbeat.limit_ns() };
        let mut answer = [0];
        let told = self.send(charge, &process.line).and_then(|()| process.line.write_all(&self.frames));
        told.and_then(|()| process.line.read_exact(&mut answer)).map_err(|error| error.to_string())?;
        if answer != [READY] {
            return Err(format!("the byte {}", answer[0]));
        }
        process.changed_ns = MonotonicClock::default().now_ns();
        Ok(())
    }

    /// The charge, and with it the file of the heartbeat.
    fn send(&self, charge: Charge, line: &UnixStream) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let files = [self.heartbeat.file()];
        control.push(SendAncillaryMessage::ScmRights(&files));
        let bytes = charge.to_bytes();
        // So few bytes go whole.
        sendmsg(line, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

impl Process {
    /// Asks the system without waiting.
    fn is_alive(&mut self, beats: u32, now_ns: u64) -> bool {
        if beats != self.beats {
            (self.beats, self.changed_ns) = (beats, now_ns);
        }
        matches!(self.child.try_wait(), Ok(None)) && now_ns.saturating_sub(self.changed_ns) < REPLACE_NS
    }

    fn goodbye(mut self) -> Result<(), GuardError> {
        let answer = self.line.write_all(&[GOODBYE]).and_then(|()| self.line.read(&mut [0]));
        self.end();
        match answer {
            Ok(0) => Ok(()),
            Ok(_) => Err(GuardError::NoAnswer { found: "a byte after the goodbye".to_owned() }),
            Err(error) => Err(GuardError::NoAnswer { found: error.to_string() }),
        }
    }

    /// Ends a guard that has nothing left to do, or that is none.
    fn end(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does the guard's work where the program was started as one, and returns its exit code. To be called first thing in
/// `main`.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ARGUMENT {
        return None;
    }
    Some(run(arguments.next().and_then(|modes| modes.to_str()?.parse().ok())))
}
