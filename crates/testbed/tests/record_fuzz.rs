//! Whatever stands in a file: no panic, and a replay of whatever could be read comes to an end.
//!
//! `GAITWAY_FUZZ_ITERATIONS` sets how many files and ticks.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads its files"
)]

#[path = "../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;
#[path = "../../../tests/rust/random.rs"]
mod random;
#[path = "../../../tests/rust/shipped.rs"]
mod shipped;

use fuzz_iterations::iterations;
use gaitway_feetech::log::{Servos, Slow};
use gaitway_record::message::{decode, encode};
use gaitway_record::replay::Verdict;
use gaitway_record::tick::{Keyframe, Tick};
use gaitway_record::writer::{Kind, RecordingWriter};
use gaitway_record::{Recording, repair};
use gaitway_runtime::devices::actuator_log;
use random::Random;
use std::fs;
use std::io::Cursor;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recordings/v1-walk.mcap");

/// A message of servos, edited.
fn edited(message: &[u8], edit: impl FnOnce(&mut Servos)) -> Vec<u8> {
    let (mut servos, mut bytes) = (decode::<Servos>(message).unwrap(), Vec::new());
    edit(&mut servos);
    encode(&mut servos, &mut bytes);
    bytes
}

fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.bits() as u8),
            2 => _ = bytes.remove(at),
            3 => bytes[at] = [0, 0x7f, 0x80, 0xff][random.below(4)],
            _ => bytes[at] ^= 1 << random.below(8),
        }
    }
}

#[test]
fn no_file_makes_it_panic() {
    let whole = fs::read(FIXTURE).unwrap();
    let mut random = Random::new(5);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..iterations(300) {
        let mut bytes = whole.clone();
        // Often where the structure is: at the beginning, at the end, and behind the policy.
        match random.below(3) {
            0 => damage(&mut random, &mut bytes),
            1 => {
                let mut head = bytes[..20_000].to_vec();
                damage(&mut random, &mut head);
                bytes.splice(..20_000, head);
            }
            _ => {
                let mut tail = bytes.split_off(whole.len() - 4000);
                damage(&mut random, &mut tail);
                bytes.extend(tail);
            }
        }
        let _ = repair(&bytes);
        match Recording::read(&bytes) {
            Ok(recording) => {
                read += 1;
                let _ = recording.verify(actuator_log);
                let _ = recording.columns(actuator_log);
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty() && !error.hint().is_empty());
            }
        }
    }
    assert!(read > 20 && refused > 5, "{read} read, {refused} refused");
}

#[test]
fn no_tick_makes_a_replay_panic() {
    let recording = Recording::read(&fs::read(FIXTURE).unwrap()).unwrap();
    let (mut replay, _) = recording.about.revive(actuator_log).unwrap();
    let mut random = Random::new(6);
    let (mut ran, mut refused) = (0, 0);
    for count in 0..iterations(20_000) {
        if count % 100 == 0 {
            let (tick, keyframe) = &recording.ticks[0];
            replay.take_keyframe(keyframe.as_ref().unwrap()).unwrap();
            replay.run(tick);
        }
        let (tick, keyframe) = recording.ticks[random.below(recording.ticks.len())].clone();
        if let Some(mut keyframe) = keyframe {
            let mut bytes = Vec::new();
            encode(&mut keyframe, &mut bytes);
            damage(&mut random, &mut bytes);
            if let Ok(keyframe) = decode::<Keyframe>(&bytes) {
                let _ = replay.take_keyframe(&keyframe);
            }
        }
        let (mut tick, mut bytes) = (tick, Vec::new());
        // Times and counts at the ends of what a number can say.
        let far = u64::MAX >> random.below(64);
        match random.below(12) {
            0 => (tick.skipped, tick.held) = (far, far),
            1 => tick.read_ended_ns = far,
            2 => tick.read_begun_ns = far,
            3 => tick.actuators = edited(&tick.actuators, |servos| servos.servo_sampled_ns.fill(far)),
            4 => {
                let far_ago =
                    |servos: &mut Servos| servos.slow.iter_mut().for_each(|slow| slow.sampled_ns = far);
                tick.actuators = edited(&tick.actuators, far_ago);
            }
            5 => damage(&mut random, &mut tick.actuators),
            _ => {}
        }
        encode(&mut tick, &mut bytes);
        damage(&mut random, &mut bytes);
        match decode::<Tick>(&bytes) {
            Ok(tick) => ran += u32::from(replay.run(&tick) != Verdict::Skipped),
            Err(error) => refused += u32::from(!error.to_string().is_empty()),
        }
    }
    assert!(ran > 100 && refused > 100, "{ran} ran, {refused} refused");
}

/// Bytes of a recording like the fixture whose ticks are those.
fn recording_of(ticks: impl Iterator<Item = Tick>) -> Vec<u8> {
    let about = Recording::read(&fs::read(FIXTURE).unwrap()).unwrap().about;
    let mut writer = RecordingWriter::create(Cursor::new(Vec::new()), &about).unwrap();
    let mut body = Vec::new();
    for mut tick in ticks {
        body.clear();
        encode(&mut tick, &mut body);
        writer.put(Kind::Tick, tick.woken_ns, &body).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_file_of_something_else_is_no_recording() {
    let foreign =
        [mcap::MAGIC, &[1], &12_u64.to_le_bytes(), &4_u32.to_le_bytes(), b"ros2", &[0; 4], mcap::MAGIC];
    for (bytes, found) in [
        (Vec::new(), "an empty file"),
        (b"# A text\n".to_vec(), "text"),
        (vec![0xff; 9], "data of an unknown kind"),
        (shipped::SHIPPED_POLICY.to_vec(), "an ONNX network"),
        (mcap::MAGIC.to_vec(), "without a robot's notes"),
        (foreign.concat(), "without a robot's notes"),
    ] {
        let error = Recording::read(&bytes).unwrap_err();
        assert!(
            error.to_string().contains("expected a recording") && error.to_string().contains(found),
            "{error}"
        );
        assert!(repair(&bytes).is_err() || found.contains("notes"), "{found}");
    }
}

#[test]
fn a_row_longer_than_any_robots_is_refused() {
    let wide = Tick { goal_rad: vec![1.0; 20_000], ..Tick::default() };
    let error = Recording::read(&recording_of([wide].into_iter())).unwrap_err();
    assert!(error.to_string().contains("a row as long as a robot's"), "{error}");
    for wide in [
        Servos { servo_position: vec![1; 20_000], ..Servos::default() },
        Servos { servo_sampled_ns: vec![u64::MAX; 20_000], ..Servos::default() },
        Servos { slow: vec![Slow::default(); 300], ..Servos::default() },
    ] {
        let actuators = edited(&[], |servos| *servos = wide.clone());
        let recording = Recording::read(&recording_of([Tick { actuators, ..Tick::default() }].into_iter()));
        let error = recording.unwrap().columns(actuator_log).unwrap_err();
        assert!(error.to_string().contains("a row as long as a robot's"), "{error}");
    }
}

#[test]
fn a_small_file_makes_no_table_of_gigabytes() {
    // One wide tick, and many narrow ones: as a table all would be as wide.
    let wide = Tick { goal_rad: vec![1.0; 16_000], joint_age_s: vec![1.0; 16_000], ..Tick::default() };
    let narrow = (0..30_000).map(|_| Tick::default());
    let recording = Recording::read(&recording_of([wide].into_iter().chain(narrow))).unwrap();
    let error = recording.columns(actuator_log).unwrap_err();
    assert!(error.to_string().contains("expected rows of one length"), "{error}");
}
