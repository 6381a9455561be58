//! The recorder at work: what it writes is read back and runs again, wherever the file was cut; faults keep the last
//! minute; a disk that fails costs ticks and nothing else.

use crate::bench::{Bench, DUCK, onnx, policy};
use gaitway_control::Options;
use gaitway_control::control_stack::ControlStackOptions;
use gaitway_control::supervisor::State;
use gaitway_emulators::{Fault, FaultPlan};
use gaitway_model::RobotProfile;
use gaitway_record::DeviceLog;
use gaitway_record::writer::Level;
use gaitway_record::{About, Recording, repair};
use gaitway_runtime::devices::actuator_log;
use gaitway_runtime::recorder::{Bounds, Folder, Recorder, Said};
use gaitway_runtime::robot::Setup;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that is gone when the test is over.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Temporary {
        let path = std::env::temp_dir().join(format!("gaitway-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Temporary(path)
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn log() -> Box<dyn DeviceLog> {
    let profile = RobotProfile::from_toml(DUCK).unwrap();
    let setup = Setup::new(&policy(), &profile, &Options::default()).unwrap();
    actuator_log(&profile, setup.controller.gains()).unwrap()
}

fn about() -> About {
    let profile = RobotProfile::from_toml(DUCK).unwrap();
    About::new(
        &profile,
        (&policy(), onnx()),
        &Options::default(),
        Some((ControlStackOptions { on_stand: true, ..ControlStackOptions::default() }, &*log())),
    )
    .unwrap()
}

struct Flight {
    bench: Bench,
    recorder: Recorder,
    said: Vec<Said>,
}

impl Flight {
    fn new(folder: &Temporary, bounds: Bounds) -> Flight {
        let mut bench = Bench::new(FaultPlan::default());
        let source = bench.room.robot_mut().record_to_ring(64);
        let recorder = Recorder::new(source, about(), Folder::new(folder.0.clone(), bounds), log());
        Flight { bench, recorder, said: Vec::new() }
    }

    fn ticks(&mut self, count: usize) {
        for tick in 0..count {
            self.bench.tick();
            if tick % 5 == 0 {
                self.recorder.step(self.bench.room.now_ns());
                self.said.extend(self.recorder.take_said());
            }
        }
    }

    fn end(mut self) -> Vec<Said> {
        self.bench.room.robot_mut().end_recording();
        while self.recorder.step(self.bench.room.now_ns()) {}
        self.said.extend(self.recorder.take_said());
        self.said
    }
}

#[allow(clippy::disallowed_methods, reason = "a test names its own files")]
fn bytes_of(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

fn read(path: &Path) -> Recording {
    Recording::read(&bytes_of(path)).unwrap()
}

/// Ticks that were run again, of which all were the same.
fn verified(recording: &Recording) -> usize {
    let verification = recording.verify(actuator_log).unwrap();
    assert_eq!((verification.first, verification.skipped), (None, 0));
    verification.same as usize
}

#[test]
fn a_recording_is_read_back_whole_and_runs_again() {
    let folder = Temporary::new("whole");
    let mut flight = Flight::new(&folder, Bounds::default());
    flight.ticks(700);
    let said = flight.end();
    let [Said::Begun { path }] = &said[..] else { panic!("{said:?}") };
    let recording = read(path);
    assert_eq!((recording.cut.clone(), verified(&recording)), (None, 700));
    let about = about();
    assert_eq!((&recording.about.policy, &recording.about.contract), (&about.policy, &about.contract));
    assert_eq!(recording.about.notes["contract"], "gaitway_walk");
}

#[test]
fn a_file_that_is_cut_at_any_byte_is_read_up_to_there() {
    let folder = Temporary::new("cut");
    let mut flight = Flight::new(&folder, Bounds::default());
    flight.ticks(200);
    flight.end();
    let bytes = bytes_of(&folder.files()[0]);
    // Every byte takes a minute.
    let step = if std::env::var_os("GAITWAY_FUZZ_ITERATIONS").is_some() { 1 } else { 13 };
    let mut last = 200;
    for len in (bytes.len() - (64 << 10)..bytes.len()).rev().step_by(step) {
        let recording = Recording::read(&bytes[..len]).unwrap();
        let ticks = recording.ticks.len();
        assert!(ticks <= last && (ticks == 200 || recording.cut.is_some()), "{ticks} of {last} at {len}");
        last = ticks;
    }
    assert!((100..200).contains(&last), "a chunk is a second: {last}");
    let cut = &bytes[..bytes.len() - (64 << 10)];
    assert_eq!(verified(&Recording::read(cut).unwrap()), last);
    let repaired = Recording::read(&repair(cut).unwrap().0).unwrap();
    assert_eq!((repaired.cut.clone(), verified(&repaired)), (None, last));
}

#[test]
fn a_flipped_bit_in_a_chunk_is_refused() {
    let folder = Temporary::new("flipped");
    let mut flight = Flight::new(&folder, Bounds::default());
    flight.ticks(100);
    flight.end();
    let mut bytes = bytes_of(&folder.files()[0]);
    let at = bytes.len() - (40 << 10);
    bytes[at] ^= 4;
    let error = Recording::read(&bytes).unwrap_err().to_string();
    assert!(error.contains("checksum"), "{error}");
}

/// Files that were kept because of faults, in order.
fn kept(said: &[Said]) -> Vec<PathBuf> {
    let paths = said.iter().filter_map(|said| match said {
        Said::Kept { path } => Some(path.clone()),
        _ => None,
    });
    paths.collect()
}

/// Where a fault struck: the file named after it must begin with a keyframe, hold the whole minute before it or all
/// since the start, and run again.
fn check_kept(path: &Path, fault: &str) {
    let name = path.to_string_lossy();
    assert!(name.ends_with(&format!("-{fault}.mcap")), "{name}");
    let recording = read(path);
    let ticks = &recording.ticks;
    assert!(ticks[0].1.is_some(), "{name}: no keyframe at its beginning");
    let is_struck = |index: &usize| ticks[*index].0.fault == fault && ticks[index - 1].0.fault != fault;
    let struck = (1..ticks.len()).rev().find(is_struck).unwrap();
    let number = ticks[struck].0.tick as usize;
    assert!(struck >= number.min(3000), "{name}: {struck} ticks before the fault in tick {number}");
    assert!(
        struck <= 3650,
        "{name}: a minute, the wait behind the fault, and the way to a keyframe: {struck}"
    );
    assert_eq!(verified(&recording), ticks.len(), "{name}");
}

#[test]
fn a_fault_at_any_time_keeps_its_whole_minute_whatever_struck_before() {
    // A run may be shorter than a keyframe's way, the second fault may strike before, in and behind the file of the
    // first, and the run may end before that is due.
    let runs =
        [(1, 160, 9), (5, 451, 400), (40, 580, 160), (330, 200, 200), (777, 899, 10), (2000, 333, 160)];
    for (run, (first, between, behind)) in runs.into_iter().enumerate() {
        let folder = Temporary::new(&format!("minute-{run}"));
        let mut flight = Flight::new(&folder, Bounds::default());
        flight.ticks(first);
        flight.bench.imu_is_silent = true;
        flight.ticks(10);
        flight.bench.imu_is_silent = false;
        flight.ticks(between);
        flight.bench.inject(Fault::Overload { servo: 5 });
        flight.ticks(behind);
        let kept = kept(&flight.end());
        assert_eq!(kept.len(), 2, "{run}: {kept:?}");
        check_kept(&kept[0], "imu_stale");
        check_kept(&kept[1], "overload");
    }
}

#[test]
fn a_fault_late_in_a_run_keeps_a_minute_and_not_all() {
    let folder = Temporary::new("late");
    let mut flight = Flight::new(&folder, Bounds::default());
    flight.ticks(4321);
    flight.bench.inject(Fault::Overload { servo: 5 });
    flight.ticks(170);
    let kept = kept(&flight.end());
    check_kept(&kept[0], "overload");
    assert_eq!(kept.len(), 1);
}

#[test]
fn a_fault_that_comes_and_goes_is_kept_once_a_minute() {
    let folder = Temporary::new("loose");
    let mut flight = Flight::new(&folder, Bounds::default());
    for _ in 0..40 {
        flight.bench.imu_is_silent = true;
        flight.ticks(10);
        flight.bench.imu_is_silent = false;
        flight.ticks(90);
    }
    assert_eq!(kept(&flight.end()).len(), 2, "80 s");
}

#[test]
fn log_lines_are_in_every_file_from_the_first_on() {
    let folder = Temporary::new("lines");
    let mut flight = Flight::new(&folder, Bounds::default());
    flight.recorder.log(0, Level::Info, "before the first tick");
    flight.ticks(100);
    flight.recorder.log(flight.bench.room.now_ns(), Level::Warn, "while it runs");
    flight.bench.inject(Fault::Overload { servo: 5 });
    flight.ticks(10);
    let kept = kept(&flight.end());
    let holds = |path: &Path, line: &str| {
        let bytes = bytes_of(path);
        bytes.windows(line.len()).any(|window| window == line.as_bytes())
    };
    let whole = folder.files().into_iter().find(|path| !kept.contains(path)).unwrap();
    assert!(holds(&whole, "before the first tick") && holds(&whole, "while it runs"));
    assert!(holds(&kept[0], "while it runs"));
}

#[test]
fn files_are_followed_by_the_next_and_the_oldest_go() {
    let folder = Temporary::new("bounds");
    let bounds = Bounds { file_bytes: 1 << 20, all_bytes: 6 << 20, ..Bounds::default() };
    let mut flight = Flight::new(&folder, bounds);
    flight.ticks(8000);
    let said = flight.end();
    let begun = said.iter().filter(|said| matches!(said, Said::Begun { .. })).count();
    let files = folder.files();
    let total: u64 = files.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(begun > files.len() && total <= 7 << 20, "{begun} files, {} left, {total} bytes", files.len());
    for file in files {
        let recording = read(&file);
        verified(&recording);
    }
}

#[test]
fn a_folder_that_vanishes_is_told_once_and_made_again() {
    let folder = Temporary::new("gone");
    let mut flight = Flight::new(&folder, Bounds::default());
    flight.ticks(300);
    fs::remove_dir_all(&folder.0).unwrap();
    // A file where the folder was: nothing can be written.
    fs::write(&folder.0, b"in the way").unwrap();
    flight.ticks(1500);
    let stopped =
        |flight: &Flight| flight.said.iter().filter(|said| matches!(said, Said::Stopped { .. })).count();
    assert_eq!(stopped(&flight), 1, "{:?}", flight.said);
    assert_eq!(
        (flight.bench.robot().record().state, flight.bench.watched().allocations),
        (State::Running, 0)
    );
    fs::remove_file(&folder.0).unwrap();
    flight.ticks(1200);
    assert!(matches!(flight.said.last(), Some(Said::Begun { .. })), "{:?}", flight.said);
    assert_eq!(stopped(&flight), 1);
    flight.end();
    let recording = read(&folder.files()[0]);
    assert!(verified(&recording) > 100);
    assert_eq!(recording.ticks[0].0.dropped, 0, "the ring was emptied all the time");
}

/// Recordings of other days, so many and so long.
fn others(folder: &Temporary, count: u64, len: u64) -> Vec<PathBuf> {
    fs::create_dir_all(&folder.0).unwrap();
    let other = |number| {
        let path = folder.0.join(format!("2025-01-01T00-00-{number:02}Z.mcap"));
        fs::File::create(&path).unwrap().set_len(len).unwrap();
        path
    };
    (0..count).map(other).collect()
}

#[test]
fn a_flood_of_log_lines_has_its_share_of_a_file_and_deletes_no_other() {
    let folder = Temporary::new("flood");
    let others = others(&folder, 5, 900 << 10);
    let bounds = Bounds { file_bytes: 1 << 20, all_bytes: 8 << 20, ..Bounds::default() };
    let mut flight = Flight::new(&folder, bounds);
    flight.ticks(100);
    let line = "x".repeat(200);
    for _ in 0..100_000 {
        flight.recorder.log(flight.bench.room.now_ns(), Level::Warn, &line);
    }
    flight.ticks(1100);
    flight.end();
    let files = folder.files();
    assert!(others.iter().all(|other| files.contains(other)), "{files:?}");
    for file in files.iter().filter(|file| !others.contains(file)) {
        let (recording, len) = (read(file), fs::metadata(file).unwrap().len());
        assert!(len <= bounds.file_bytes, "{len}");
        verified(&recording);
    }
    let told = br#"{\"event\":\"lines left out\",\"count\":"#;
    let tells = |file: &PathBuf| bytes_of(file).windows(told.len()).any(|window| window == told);
    assert!(files.iter().filter(|file| !others.contains(file)).any(tells));
}

#[test]
fn a_file_that_comes_to_its_bound_between_two_keyframes_is_ended_there() {
    let folder = Temporary::new("over");
    let bounds = Bounds { file_bytes: 450 << 10, all_bytes: 8 << 20, ..Bounds::default() };
    let mut flight = Flight::new(&folder, bounds);
    flight.ticks(1200);
    let said = flight.end();
    let full = said.iter().filter(|said| matches!(said, Said::Full { .. })).count();
    assert!(full >= 2, "{said:?}");
    for file in folder.files() {
        // The index at its end comes on top.
        let len = fs::metadata(&file).unwrap().len();
        assert!(len <= bounds.file_bytes + (64 << 10), "{len}");
        verified(&read(&file));
    }
}

#[test]
fn a_file_in_whose_place_another_was_put_is_gone() {
    let folder = Temporary::new("replaced");
    let mut flight = Flight::new(&folder, Bounds::default());
    flight.ticks(200);
    let path = folder.files().remove(0);
    fs::rename(&path, folder.0.join("moved.mcap")).unwrap();
    fs::write(&path, b"another").unwrap();
    flight.ticks(100);
    let said = flight.end();
    let [Said::Begun { .. }, Said::Stopped { why }] = &said[..] else { panic!("{said:?}") };
    assert!(why.ends_with("expected the file that is written, found it gone"), "{why}");
    assert_eq!(bytes_of(&path), b"another");
}
