//! The program that runs on the robot.

use gaitway_platform::allocations::CountingAllocator;
use gaitway_platform::{Clock, MonotonicClock};
use gaitwayd::again::Outcome;
use gaitwayd::arguments::{Show, help, parse};
use gaitwayd::daemon::daemon;
use gaitwayd::plain;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// Counts, so that a tick without allocations is something the program that ships can show.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let exec_ns = MonotonicClock::default().now_ns();
    if let Some(code) = gaitway_platform::guard::run_if_asked() {
        return code;
    }
    let settings = match parse(std::env::args_os().skip(1), |name| std::env::var_os(name)) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&error.to_string(), &error.hint());
            return ExitCode::from(2);
        }
    };
    match settings.show {
        Some(Show::Help) => say(&help()),
        Some(Show::Version) => say(concat!("gaitwayd ", env!("CARGO_PKG_VERSION"), "\n")),
        None => match daemon(&settings, exec_ns) {
            Ok(Outcome::Ended) => ExitCode::SUCCESS,
            Ok(Outcome::Again(arguments)) => start_again(&arguments),
            Err(error) => {
                complain(&error.to_string(), &error.hint());
                ExitCode::FAILURE
            }
        },
    }
}

/// Becomes the same program, with more arguments: the last of two equal ones counts.
fn start_again(arguments: &[OsString]) -> ExitCode {
    let program = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let error = Command::new(program).args(std::env::args_os().skip(1)).args(arguments).exec();
    complain(&format!("the program cannot be started again: {error}"), "start it anew");
    ExitCode::FAILURE
}

/// Says what is wrong, and what to do; in neither may a name from outside move the terminal's cursor.
fn complain(error: &str, hint: &str) {
    // Who has closed stderr wants to hear nothing.
    let _ = writeln!(std::io::stderr(), "gaitwayd: {}\n  hint: {}", plain::text(error), plain::text(hint));
}

/// Prints; a reader that has gone away is no error.
fn say(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
