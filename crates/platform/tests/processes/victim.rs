//! The program under test, started as a process of its own and told by its role what to do.

use crate::{guard, real_time, termination};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

/// First argument of a victim; its role follows.
pub const ARGUMENT: &str = "--victim";

/// A running victim: a line to it, a line from it.
pub struct Victim {
    process: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Victim {
    /// Starts a victim in a process group of its own, as a shell does.
    pub fn start(role: &str, arguments: &[&str]) -> Victim {
        let mut process = Command::new("/proc/self/exe")
            .args([ARGUMENT, role])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Victim { process, lines }
    }

    /// The next line it says; empty at its end.
    pub fn hear(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub fn tell(&mut self, line: &str) {
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.process)
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }
}

/// What a victim does, by its role.
pub fn play(role: &str, arguments: &[String]) -> ExitCode {
    match role {
        "termination" => termination::victim(),
        role if role.starts_with("real-time") => real_time::victim(role),
        role => guard::victim(role, arguments),
    }
    ExitCode::SUCCESS
}

/// Says a line at once.
pub fn say(line: impl std::fmt::Display) {
    println!("{line}");
    std::io::stdout().flush().unwrap();
}

/// Waits for a line; its sender's end counts as one.
pub fn listen() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}
