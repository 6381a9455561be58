//! A policy runs on the ground alone: set down, lifted, tipped over, laid down.

use crate::bench::{Bench, DUCK, pair};
use gaitway_control::arbiter::Source;
use gaitway_control::control_stack::ControlStackOptions;
use gaitway_control::supervisor::{Obstacle, Reason, RequestedMode, State};
use gaitway_emulators::FaultPlan;
use gaitway_model::profile::FaultKind;
use gaitway_model::{Command, RobotProfile};

/// What the weight of a standing duck does to its knees, and what hanging legs do, rad.
const BEARS_RAD: f64 = 0.045;
const HANGS_RAD: f64 = -0.02;

const LYING_MPS2: [f32; 3] = [9.7, 0.0, 1.0];

/// A duck that minds whether its legs bear it, in somebody's hands.
fn in_hands() -> Bench {
    let mut bench = Bench::with(RobotProfile::from_toml(DUCK).unwrap(), &pair(), FaultPlan::default());
    bench.room.robot_mut().set_options(ControlStackOptions::default());
    bench.knees_sag_rad = HANGS_RAD;
    bench
}

fn on_the_ground() -> Bench {
    let mut bench = in_hands();
    bench.knees_sag_rad = BEARS_RAD;
    bench.until(State::Running, 300);
    bench.ticks(30);
    bench
}

fn reason(bench: &Bench) -> Reason {
    bench.robot().record().reason
}

#[test]
fn the_policy_waits_for_the_ground() {
    let mut bench = in_hands();
    bench.until(State::Ready, 300);
    assert!(bench.ticks(500).iter().all(|state| *state == State::Ready), "ten seconds in somebody's hands");
    assert_eq!(bench.robot().obstacle(), Some(Obstacle::NoWeight));
    bench.knees_sag_rad = BEARS_RAD;
    let ticks = bench.until(State::Running, 100);
    assert!((10..60).contains(&ticks), "a fifth of a second at least: {ticks}");
    assert_eq!(bench.robot().obstacle(), None);
}

#[test]
fn a_robot_on_a_stand_runs_where_somebody_says_so() {
    let mut bench = in_hands();
    bench
        .room
        .robot_mut()
        .set_options(ControlStackOptions { on_stand: true, ..ControlStackOptions::default() });
    bench.until(State::Running, 300);
    assert!(bench.ticks(200).iter().all(|state| *state == State::Running));
}

#[test]
fn lifted_it_holds_its_pose_until_it_is_set_down() {
    let mut bench = on_the_ground();
    bench.knees_sag_rad = HANGS_RAD;
    let ticks = bench.until(State::Aligning, 100);
    assert!((20..60).contains(&ticks), "a step in which it is light is no lift: {ticks}");
    assert_eq!(reason(&bench), Reason::Lifted);
    bench.until(State::Ready, 200);
    assert!(bench.watched().largest_step_rad < 0.12, "{:?}", bench.watched());
    assert!(bench.ticks(200).iter().all(|state| *state == State::Ready));
    bench.knees_sag_rad = BEARS_RAD;
    bench.until(State::Running, 100);
}

#[test]
fn a_foot_switch_that_is_known_to_work_has_a_say() {
    let mut bench = on_the_ground();
    // Both were seen closed; now they are seen open, one after the other, as on a walk.
    for feet in [[false, true], [true, false], [true, true]] {
        bench.feet = feet;
        bench.ticks(5);
    }
    bench.knees_sag_rad = HANGS_RAD;
    assert!(bench.ticks(200).iter().all(|state| *state == State::Running), "a foot is on the ground");
    bench.feet = [false, false];
    bench.until(State::Aligning, 100);
    bench.until(State::Ready, 200);
    bench.knees_sag_rad = BEARS_RAD;
    assert!(bench.ticks(200).iter().all(|state| *state == State::Ready), "no foot is on the ground");
    bench.feet = [true, false];
    bench.until(State::Running, 100);
}

#[test]
fn one_that_lies_does_not_get_up_and_one_that_was_lifted_upright_does() {
    let mut bench = in_hands();
    bench.accel_mps2 = LYING_MPS2;
    bench.knees_sag_rad = BEARS_RAD;
    assert!(bench.ticks(200).iter().all(|state| *state == State::Limp));
    assert_eq!(bench.robot().obstacle(), Some(Obstacle::NotUpright));
    assert_eq!(Obstacle::NotUpright.hint(), "lift it upright, then ask again");
    bench.accel_mps2 = [0.0, 0.0, 9.81];
    bench.until(State::Running, 500);
}

#[test]
fn one_that_lies_is_not_driven_whenever_its_imu_begins_to_speak() {
    for silent_ticks in [1, 37, 140] {
        let mut bench = in_hands();
        bench.accel_mps2 = LYING_MPS2;
        bench.imu_is_silent = true;
        bench.ticks(silent_ticks);
        bench.imu_is_silent = false;
        for _ in 0..200 {
            assert_eq!(
                (bench.tick(), bench.driven()),
                (State::Limp, 0),
                "{silent_ticks} ticks without a sample"
            );
        }
        assert_eq!(bench.robot().obstacle(), Some(Obstacle::NotUpright));
    }
}

#[test]
fn one_that_tips_over_while_it_holds_its_pose_is_limp() {
    let mut bench = in_hands();
    bench.until(State::Ready, 300);
    bench.accel_mps2 = LYING_MPS2;
    bench.until(State::Limp, 200);
    assert_eq!(reason(&bench), Reason::Fault(FaultKind::Fallen));
    // Cleared and asked again while it lies there: nothing moves.
    bench.mailbox().request_mode(RequestedMode::Limp, false);
    bench.mailbox().clear_faults(Source::Terminal).unwrap();
    bench.tick();
    bench.mailbox().request_mode(RequestedMode::Walk, false);
    assert!(bench.ticks(300).iter().all(|state| *state == State::Limp));
    assert_eq!((bench.robot().obstacle(), bench.driven()), (Some(Obstacle::NotUpright), 0));
}

#[test]
fn at_zero_command_the_standing_policy_runs() {
    let mut bench = on_the_ground();
    let stands = |bench: &Bench| bench.robot().controller().record().stood;
    assert!(!stands(&bench), "it was asked to walk");
    bench.mailbox().offer(Source::Program, &Command::default(), u64::MAX);
    bench.ticks(2);
    assert!(stands(&bench));
    bench.mailbox().offer(Source::Program, &Command::velocity(0.0, 0.0, 0.3), u64::MAX);
    bench.ticks(2);
    assert!(!stands(&bench));
}
