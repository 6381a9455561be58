//! The program that runs on the robot.

use gaitwayd::arguments::{Arguments, Show, help};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("gaitwayd: {error}\n  hint: {}", error.hint());
            return ExitCode::from(2);
        }
    };
    match arguments.show {
        Some(Show::Help) => say(&help()),
        Some(Show::Version) => say(concat!("gaitwayd ", env!("CARGO_PKG_VERSION"), "\n")),
        None => {
            eprintln!("gaitwayd: this build reads its arguments and has no loop to run with them");
            ExitCode::FAILURE
        }
    }
}

/// Prints; a reader that has gone away is no error.
fn say(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
