//! A second process that cuts the torque when this one is killed.
//!
//! SIGKILL leaves no time for a last word, and servos hold their last goal for ever. So the same program is started
//! once more as a guard: it holds the same open port, reads from a socket whose other end is ours, and when that end
//! closes without a goodbye it writes the frames it was given at the start. A terminal whose keys the program took is
//! put back, too.

use crate::clock::{Clock, MonotonicClock};
use crate::terminal::{self, Terminal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, getppid};
use rustix::termios::QueueSelector;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;
use thiserror::Error;

/// First argument of a program that is started as a guard.
const ARGUMENT: &str = "--gaitway-guard";
/// Most bytes of frames: more than torque-off for every id there can be.
const MAX_FRAMES: usize = 4096;
/// What the guard answers when it is ready.
const READY: u8 = b'r';
/// What lets it go.
const GOODBYE: u8 = b'g';
/// How long start and goodbye wait for the guard.
const ANSWER: Duration = Duration::from_secs(2);

/// How often the frames are written: the first may be swallowed by a frame that the dead process left half sent, or
/// collide with the servos' replies to its last read.
const REPETITIONS: usize = 5;
/// Pause before the first and after each, ns: replies of a whole robot end within it.
const PAUSE_NS: u64 = 3_000_000;
/// How often it looks whether the program still lives.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// How long the port may take no byte before what waits in it is thrown away.
const STUCK: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// A guard that could not be started or did not behave.
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
            GuardError::Start(_) => {
                "see that /proc is mounted and that the limit of processes is not reached"
            }
            GuardError::NoAnswer { .. } => "the machine may be too busy: try again",
        }
    }
}

/// The running guard. Dropped without a goodbye, as in a panic, it makes the guard cut the torque.
#[derive(Debug)]
pub struct Guard {
    process: Child,
    /// Closed on exec, so that no other child keeps it open when we are gone.
    line: UnixStream,
}

impl Guard {
    /// Starts the guard over `port`, a clone of the open port, and returns once it keeps `frames`: whole frames,
    /// one after another, that cut the torque. `terminal` is put back with them.
    pub fn start(port: OwnedFd, frames: &[u8], terminal: Option<&Terminal>) -> Result<Guard, GuardError> {
        let mut command = Command::new("/proc/self/exe");
        command.arg(ARGUMENT);
        Guard::start_as(command, port, frames, terminal)
    }

    /// The same, with another program as the guard: one that does nothing but [`run`]. A library in somebody else's
    /// program, an interpreter, has no `main` to begin with.
    pub fn start_as(
        mut command: Command,
        port: OwnedFd,
        frames: &[u8],
        terminal: Option<&Terminal>,
    ) -> Result<Guard, GuardError> {
        if !(1..=MAX_FRAMES).contains(&frames.len()) {
            return Err(GuardError::Frames { found: frames.len() });
        }
        let (line, guards_end) = UnixStream::pair().map_err(GuardError::Start)?;
        line.set_read_timeout(Some(ANSWER)).map_err(GuardError::Start)?;
        command.stdin(OwnedFd::from(guards_end)).stdout(port).stderr(Stdio::null());
        if let Some(terminal) = terminal {
            let (terminal, taken) = terminal.for_guard().map_err(GuardError::Start)?;
            command.arg(taken.to_string()).stderr(terminal);
        }
        let process = command.spawn().map_err(GuardError::Start)?;
        let mut guard = Guard { process, line };
        match guard.hand_over(frames) {
            Ok(()) => Ok(guard),
            Err(found) => {
                guard.end();
                Err(GuardError::NoAnswer { found })
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Whether it still watches. Asks the system without waiting.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Lets the guard go without a write, and waits for its end. To be called when the torque is off.
    pub fn goodbye(mut self) -> Result<(), GuardError> {
        let answer = self.line.write_all(&[GOODBYE]).and_then(|()| self.line.read(&mut [0]));
        self.end();
        match answer {
            Ok(0) => Ok(()),
            Ok(_) => Err(GuardError::NoAnswer { found: "a byte after the goodbye".to_owned() }),
            Err(error) => Err(GuardError::NoAnswer { found: error.to_string() }),
        }
    }

    fn hand_over(&mut self, frames: &[u8]) -> Result<(), String> {
        let length = (frames.len() as u32).to_le_bytes();
        let mut answer = [0];
        let told = self.line.write_all(&length).and_then(|()| self.line.write_all(frames));
        told.and_then(|()| self.line.read_exact(&mut answer)).map_err(|error| error.to_string())?;
        if answer != [READY] { Err(format!("the byte {}", answer[0])) } else { Ok(()) }
    }

    /// Ends a guard that has nothing left to do, or that is none.
    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
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

/// Does the guard's work in this process, whose stdin and stdout are the guard's. `taken` is what the terminal on
/// stderr lacks.
pub fn run(taken: Option<u32>) -> ExitCode {
    match watch(rustix::stdio::stdin(), rustix::stdio::stdout(), taken) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Takes the frames, waits for the other end to close, cuts the torque. `taken` is what the terminal on stderr lacks.
fn watch(line: BorrowedFd<'_>, port: BorrowedFd<'_>, taken: Option<u32>) -> Result<(), Errno> {
    ignore_signals();
    let program = getppid();
    // Out of the terminal's reach: its Ctrl-C and its end are not for us.
    let _ = rustix::process::setsid();
    let mut length = [0; 4];
    let mut frames = [0; MAX_FRAMES];
    read_exactly(line, &mut length)?;
    let frames = frames.get_mut(..u32::from_le_bytes(length) as usize).ok_or(Errno::MSGSIZE)?;
    read_exactly(line, frames)?;
    rustix::io::write(line, &[READY])?;
    let mut word = [0];
    match wait_for_end(line, program).and_then(|()| read_exactly(line, &mut word)) {
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

/// Until the other end has said something, or has closed; fails where the program has died and a child it forked
/// keeps that end open.
fn wait_for_end(line: BorrowedFd<'_>, program: Option<Pid>) -> Result<(), Errno> {
    loop {
        let mut files = [PollFd::from_borrowed_fd(line, PollFlags::IN)];
        match poll(&mut files, Some(&LOOK)) {
            Ok(0) if getppid() != program => return Err(Errno::SRCH),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno),
        }
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
