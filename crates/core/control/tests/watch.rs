//! The fault table's line of stalls: current times error times time, of joints that are heard.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../../tests/rust/shipped.rs"]
mod shipped;

use gaitway_control::readings::{JointReading, ServoReading, Vitals};
use gaitway_control::watch::FaultWatch;
use gaitway_model::RobotProfile;
use gaitway_model::profile::FaultKind;
use shipped::SHIPPED;

const HZ: u32 = 50;
const KNEE: usize = 3;

/// A knee that takes so much current so far from its goal.
fn knee(current_a: f32, error_rad: f32) -> JointReading {
    let servo = ServoReading {
        at_ns: 0,
        voltage_v: 7.4,
        temperature_c: 30.0,
        current_a,
        torque_on: true,
        settings_kept: true,
    };
    JointReading {
        position_rad: error_rad,
        age_s: 0.0,
        is_fresh: true,
        servo: Some(servo),
        ..JointReading::default()
    }
}

/// Ticks until the table sees a stall, `limit` at most.
fn ticks_to_stall(watch: &mut FaultWatch, knee: JointReading, limit: usize) -> Option<usize> {
    let still = JointReading { age_s: 0.0, is_fresh: true, ..JointReading::default() };
    let mut joints = [still; 14];
    joints[KNEE] = knee;
    (1..=limit).find(|_| {
        watch.update(&Vitals {
            joints: &joints,
            goal_rad: &[0.0; 14],
            imu_age_s: 0.0,
            imu_implausible_hz: 0.0,
            servo_implausible_hz: &[],
            bus_silent_s: 0.0,
            refusals_in_a_row: 0,
            skipped_last_second: 0,
            fallen: false,
            powered: true,
        });
        watch.changes().iter().any(|change| change.came && change.alarm.kind == FaultKind::Stall)
    })
}

fn watch() -> FaultWatch {
    FaultWatch::new(&RobotProfile::from_toml(SHIPPED).unwrap(), HZ)
}

#[test]
fn a_joint_that_pushes_in_vain_stalls_soon_and_one_that_walks_never() {
    let blocked = ticks_to_stall(&mut watch(), knee(2.0, 0.4), 500).unwrap();
    assert!((25..60).contains(&blocked), "half a second to a second: {blocked}");
    assert_eq!(ticks_to_stall(&mut watch(), knee(1.5, 0.14), 50_000), None, "a knee under its weight");
}

#[test]
fn of_a_joint_that_is_not_heard_nothing_is_concluded() {
    let mut watch = watch();
    let unheard = JointReading { is_fresh: false, age_s: 0.5, ..knee(2.0, 0.4) };
    assert_eq!(ticks_to_stall(&mut watch, unheard, 500), None);
    assert!(ticks_to_stall(&mut watch, knee(2.0, 0.4), 60).is_some(), "but once it is heard");
}

/// After how many ticks each kind of fault comes, with an IMU, a bus and servos of these ages, within 5 s.
fn ticks_to(kind: FaultKind, watch: &mut FaultWatch, age_s: f32) -> Option<usize> {
    let joints = [JointReading { age_s, ..JointReading::default() }; 14];
    (1..=250).find(|_| {
        watch.update(&Vitals {
            joints: &joints,
            goal_rad: &[0.0; 14],
            imu_age_s: age_s,
            bus_silent_s: age_s,
            refusals_in_a_row: 0,
            skipped_last_second: 0,
            fallen: false,
            imu_implausible_hz: 0.0,
            servo_implausible_hz: &[],
            powered: false,
        });
        watch.changes().iter().any(|change| change.came && change.alarm.kind == kind)
    })
}

#[test]
fn what_was_never_heard_has_its_time_to_start_and_what_fell_silent_has_none() {
    for kind in [FaultKind::ImuStale, FaultKind::SilentServo, FaultKind::BusGone] {
        let never = ticks_to(kind, &mut watch(), f32::INFINITY).unwrap();
        assert!((150..=151).contains(&never), "{kind:?}: three seconds: {never}");
        assert_eq!(ticks_to(kind, &mut watch(), 1.5), Some(1), "{kind:?}");
    }
}

#[test]
fn a_profile_that_names_no_time_to_start_judges_as_it_ever_did() {
    let without: String =
        SHIPPED.lines().filter(|line| !line.starts_with("first_s")).map(|line| format!("{line}\n")).collect();
    let profile = RobotProfile::from_toml(&without).unwrap();
    for kind in [FaultKind::ImuStale, FaultKind::SilentServo, FaultKind::BusGone] {
        assert_eq!(ticks_to(kind, &mut FaultWatch::new(&profile, HZ), f32::INFINITY), Some(1), "{kind:?}");
    }
}
