//! CPU paths by name and by environment.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::synthetic;
use gaitway_policy::{CpuPath, Plan};

#[test]
fn paths_are_named_as_they_are_read() {
    for path in CpuPath::available() {
        assert_eq!(path.to_string().parse(), Ok(path));
    }
    assert_eq!(CpuPath::available().first(), Some(&CpuPath::detect()));
}

/// Run by the next test in a process of its own, since the environment belongs to the whole process.
#[test]
fn environment_child() {
    match Plan::from_onnx(&synthetic()) {
        Ok(plan) => println!("plan on {}", plan.cpu_path()),
        Err(error) => println!("refused: {error}"),
    }
}

// Not under an emulator, which could not start the child.
#[cfg(target_arch = "x86_64")]
#[test]
fn environment_forces_a_path() {
    let child = |value: &str| {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "environment_child", "--nocapture"])
            .env("GAITWAY_CPU", value)
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert!(child("scalar").contains("plan on scalar"));
    assert!(child("sse2").contains("plan on sse2"));
    assert!(child("neon").contains("refused: this CPU cannot run the CPU path neon; it can run:"));
    assert!(child("fast").contains("refused: \"fast\" is no CPU path; this CPU can run:"));
}
