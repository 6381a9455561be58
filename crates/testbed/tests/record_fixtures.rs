//! Recordings that earlier builds and other machines made, replayed for ever: the same bits, or this fails.
//!
//! `GAITWAY_RECORDINGS` names another folder: that of a robot, on another machine.
//!
//! A change that makes one fail changes what a robot does. Where that is wanted the recording's version goes up, and an
//! upgrade says what has become of it.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads its files"
)]

use gaitway_record::Recording;
use gaitway_runtime::devices::actuator_log;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn recordings_of_every_version_run_again_to_the_bit() {
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings");
    let folder = std::env::var_os("GAITWAY_RECORDINGS").map_or_else(ours, PathBuf::from);
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "mcap") {
            let recording = Recording::read(&fs::read(&path).unwrap()).unwrap();
            let found = recording.verify(actuator_log).unwrap();
            let ticks = recording.ticks.len() as u64;
            assert_eq!((found.first, found.same, found.skipped), (None, ticks, 0), "{}", path.display());
            assert!(ticks > 100 && recording.cut.is_none(), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 0);
}
