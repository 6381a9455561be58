//! Tests of what only whole processes can show: a program that is killed, signalled, or locks its memory.
//!
//! The test program is started again as its own victim, and by the guard as the guard, so it has a `main` of its own
//! in place of libtest's. Arguments that are no option choose tests by a part of their name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(target_os = "linux")]
#[path = "../common/mod.rs"]
mod common;
#[cfg(target_os = "linux")]
mod guard;
#[cfg(target_os = "linux")]
mod real_time;
#[cfg(target_os = "linux")]
mod termination;
#[cfg(target_os = "linux")]
mod victim;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    if let Some(code) = gaitway_platform::guard::run_if_asked() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, role, rest @ ..] = arguments.as_slice()
        && first == victim::ARGUMENT
    {
        return victim::play(role, rest);
    }
    let tests = [guard::TESTS, termination::TESTS, real_time::TESTS].concat();
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    std::thread::spawn(give_up_on_a_hang);
    let mut failed = 0;
    for (name, test) in tests {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let passed = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    println!("\ntest result: {failed} failed");
    std::process::ExitCode::from(u8::from(failed > 0))
}

/// All tests take about a second.
#[cfg(target_os = "linux")]
fn give_up_on_a_hang() {
    use gaitway_platform::{Clock, MonotonicClock};
    MonotonicClock::default().wait_until(MonotonicClock::default().now_ns() + 120_000_000_000);
    println!("test result: hangs");
    std::process::exit(1);
}

#[cfg(not(target_os = "linux"))]
fn main() {}
