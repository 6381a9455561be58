//! States, starts, stops, and what is done about what goes wrong, on a virtual clock.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bench;
mod chaos;
mod gait;
mod line;
mod motors;
mod plausibility;
mod recorder;
mod replay;
mod stance;

use bench::{Bench, DUCK};
use gaitway_control::arbiter::{Cause, Source};
use gaitway_control::control_stack::ControlStackOptions;
use gaitway_control::supervisor::{Obstacle, Reason, RequestedMode, State};
use gaitway_emulators::{Fault, FaultPlan, LaterServos};
use gaitway_model::profile::FaultKind;
use gaitway_model::{Axis, RobotProfile};
use gaitway_platform::allocations::CountingAllocator;
use gaitway_runtime::robot::Event;
use gaitway_testbed::virtual_robot::Trouble;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const TICK_NS: u64 = 20_000_000;
/// The encoder rounds and the goal is cut to a count.
const TWO_COUNTS_RAD: f64 = 0.0031;

fn running() -> Bench {
    let mut bench = Bench::new(FaultPlan::default());
    bench.until(State::Running, 300);
    bench.ticks(50);
    bench
}

fn states(bench: &Bench) -> Vec<State> {
    let changes = bench.events.iter().filter_map(|stamped| match stamped.event {
        Event::State(change) => Some(change.to),
        _ => None,
    });
    changes.collect()
}

#[test]
fn a_start_goes_through_every_state_and_never_jerks() {
    let mut bench = Bench::new(FaultPlan::default());
    bench.tick();
    assert_eq!(bench.driven(), 0, "limp is the first thing that is said");
    let ticks = bench.until(State::Ready, 300);
    assert!(bench.watched().largest_step_rad < 0.025, "1 rad/s at 50 Hz: {:?}", bench.watched());
    bench.until(State::Running, 100);
    assert_eq!(states(&bench), [State::Limp, State::Aligning, State::Ready, State::Running]);
    assert!(ticks < 200, "{ticks} ticks");
    assert_eq!((bench.driven(), bench.locked()), (14, 14));
    assert!(bench.watched().largest_jerk_rad < TWO_COUNTS_RAD, "{:?}", bench.watched());
    assert_eq!((bench.watched().worn, bench.watched().goals_out_of_range), (0, 0));
}

#[test]
fn a_running_robot_runs_and_a_wish_to_be_limp_is_granted_softly() {
    let mut bench = running();
    assert!(bench.ticks(500).iter().all(|state| *state == State::Running));
    assert_eq!(bench.robot().record().decision.owner, Some(Source::Program));
    bench.mailbox().request_mode(RequestedMode::Limp, false);
    assert!(bench.ticks(29).iter().all(|state| *state == State::Running), "the velocity eases first");
    assert_eq!(bench.robot().record().decision.cause, Cause::Stopping);
    let ticks = bench.until(State::Limp, 60);
    assert!((15..35).contains(&ticks), "then the torque runs out: {ticks}");
    bench.ticks(2);
    assert_eq!((bench.driven(), bench.watched().worn), (0, 0));
    assert!(bench.ticks(100).iter().all(|state| *state == State::Limp));
}

#[test]
fn at_once_and_emergency_stop_cut_within_a_tick() {
    for by_stop in [false, true] {
        let mut bench = running();
        if by_stop {
            bench.mailbox().set_emergency_stop(Source::Network);
        } else {
            bench.mailbox().request_mode(RequestedMode::Limp, true);
        }
        assert_eq!(bench.tick(), State::Limp);
        bench.tick();
        assert_eq!(bench.driven(), 0);
        if by_stop {
            assert!(bench.ticks(100).iter().all(|state| *state == State::Limp));
            assert_eq!(bench.robot().obstacle(), Some(Obstacle::EmergencyStop));
            bench.mailbox().clear_emergency_stop(Source::Terminal).unwrap();
            bench.ticks(5);
            assert_eq!(bench.robot().obstacle(), Some(Obstacle::AskAgain), "it does not get up on its own");
            bench.mailbox().request_mode(RequestedMode::Limp, false);
            bench.tick();
            bench.mailbox().request_mode(RequestedMode::Walk, false);
            bench.until(State::Running, 300);
        }
    }
}

#[test]
fn a_servo_that_was_reset_comes_back_without_a_jerk_while_the_others_walk() {
    let mut bench = running();
    bench.inject(Fault::Reset { servo: 3 });
    let during = bench.ticks(60);
    assert!(during.iter().all(|state| *state == State::Running), "{during:?}");
    assert!(bench.events.iter().any(|stamped| stamped.event == Event::ServoReset { joint: 3 }));
    assert_eq!((bench.driven(), bench.locked()), (14, 14));
    assert!(bench.watched().largest_jerk_rad < TWO_COUNTS_RAD, "{:?}", bench.watched());
    assert_eq!(bench.watched().worn, 0);
}

#[test]
fn a_silent_servo_makes_it_hold_and_its_voice_makes_it_go_on() {
    for later in [LaterServos::Answer, LaterServos::Wait] {
        let mut bench = running();
        bench.inject(Fault::Silent { servo: 4, later });
        let states = bench.ticks(90);
        assert_eq!(states, [State::Running; 90], "a second is walked through, then it steps to a stand");
        let decision = bench.robot().record().decision;
        assert_eq!((decision.cause, decision.command.get(Axis::VX)), (Cause::Stopping, 0.0));
        bench.until(State::Holding, 15);
        bench.inject(Fault::Speaks { servo: 4 });
        bench.until(State::Running, 60);
        assert_eq!(bench.robot().record().reason, Reason::FaultGone(FaultKind::SilentServo));
    }
}

#[test]
fn what_was_still_getting_up_when_it_held_goes_on_getting_up() {
    let mut bench = Bench::new(FaultPlan::default());
    bench.until(State::Aligning, 20);
    bench.inject(Fault::Silent { servo: 4, later: LaterServos::Answer });
    bench.until(State::Holding, 60);
    bench.inject(Fault::Speaks { servo: 4 });
    bench.until(State::Aligning, 60);
    assert_eq!(bench.robot().record().reason, Reason::FaultGone(FaultKind::SilentServo));
    let states = bench.ticks(300);
    assert!(states.contains(&State::Ready) && !states.contains(&State::Limp), "{states:?}");
    assert_eq!(states.last(), Some(&State::Running));
}

#[test]
fn a_bus_that_is_gone_too_long_ends_limp_and_comes_back_limp() {
    let mut bench = running();
    bench.inject(Fault::Unplug);
    bench.until(State::Holding, 20);
    let ticks = bench.until(State::Limp, 200);
    assert!((100..130).contains(&ticks), "2 s held, then softly: {ticks}");
    bench.inject(Fault::Replug);
    bench.ticks(200);
    assert_eq!((bench.driven(), bench.robot().obstacle()), (0, Some(Obstacle::AskAgain)));
}

#[test]
fn overload_cuts_at_once_low_voltage_slows_and_then_sits() {
    let mut bench = running();
    bench.inject(Fault::Overload { servo: 2 });
    assert!(bench.until(State::Limp, 5) <= 3);
    assert_eq!(bench.robot().record().reason, Reason::Fault(FaultKind::Overload));

    let mut bench = running();
    bench.inject(Fault::Sag { drop_v: 1.0 });
    bench.ticks(80);
    assert_eq!(
        (bench.robot().record().state, bench.robot().record().decision.slowed),
        (State::Running, true)
    );
    bench.inject(Fault::Sag { drop_v: 1.6 });
    bench.until(State::Holding, 110);
    let ticks = bench.until(State::Limp, 120);
    assert!(ticks > 60, "sits down first: {ticks}");
}

#[test]
fn an_imu_that_is_silent_or_frozen_makes_it_hold() {
    for frozen in [false, true] {
        let mut bench = running();
        (bench.imu_is_frozen, bench.imu_is_silent) = (frozen, !frozen);
        let ticks = bench.until(State::Holding, 50);
        assert!((30..=37).contains(&ticks), "a tenth of a second, and half a one of steps: {ticks}");
        (bench.imu_is_frozen, bench.imu_is_silent) = (false, false);
        bench.until(State::Running, 30);
    }
}

#[test]
fn without_an_imu_it_stays_limp_and_says_so() {
    let mut bench = Bench::new(FaultPlan::default());
    bench.imu_is_silent = true;
    assert!(bench.ticks(100).iter().all(|state| *state == State::Limp));
    assert_eq!(bench.robot().obstacle(), Some(Obstacle::NoImu));
    assert_eq!(bench.driven(), 0);
}

#[test]
fn an_imu_that_boots_is_waited_for_and_one_that_stays_away_is_a_fault() {
    let faults = |bench: &Bench| bench.events.iter().filter(|it| matches!(it.event, Event::Fault(_))).count();
    let mut bench = Bench::new(FaultPlan::default());
    bench.imu_is_silent = true;
    bench.ticks(120);
    assert_eq!((faults(&bench), bench.robot().obstacle()), (0, Some(Obstacle::NoImu)));
    bench.imu_is_silent = false;
    bench.until(State::Running, 300);
    assert_eq!(faults(&bench), 0);
    let mut bench = Bench::new(FaultPlan::default());
    bench.imu_is_silent = true;
    bench.ticks(160);
    assert_eq!(faults(&bench), 1, "three seconds");
}

#[test]
fn a_starved_loop_is_counted_and_a_storm_makes_it_hold() {
    let mut bench = running();
    bench.starve(130_000_000);
    let skipped: u64 = (0..3).map(|_| (bench.tick(), bench.robot().record().skipped).1).sum();
    // From the middle of a period on, so five deadlines pass.
    assert_eq!((skipped, bench.robot().record().state), (5, State::Running));
    bench.ticks(100);
    let mut held = false;
    for _ in 0..60 {
        bench.starve(130_000_000);
        held |= bench.tick() == State::Holding;
    }
    assert!(held, "a robot of ten ticks a second must not walk");
    bench.until(State::Running, 100);
}

#[test]
fn a_loop_that_is_starved_while_it_reads_does_not_call_old_samples_new() {
    let mut bench = running();
    let to_next_tick_ns = TICK_NS - bench.room.now_ns() % TICK_NS;
    let in_its_read_ns = to_next_tick_ns + 500_000;
    bench.room.plan(in_its_read_ns, Trouble::Starved(100_000_000)).unwrap();
    bench.tick();
    let ages_s = bench.robot().driver().readings().iter().map(|joint| joint.age_s);
    assert!(ages_s.clone().all(|age_s| age_s >= 0.1), "{:?}", ages_s.collect::<Vec<f32>>());
    bench.ticks(20);
    assert_eq!((bench.watched().stale_joints, bench.robot().record().state), (0, State::Running));
}

#[test]
fn a_dry_run_writes_nothing_and_computes_everything() {
    let mut bench = Bench::new(FaultPlan::default());
    bench
        .room
        .robot_mut()
        .set_options(ControlStackOptions { dry_run: true, ..ControlStackOptions::default() });
    let asked = |bench: &Bench| bench.room.wire().with_twin(|twin| twin.wire_bytes().to_servos);
    let before = asked(&bench);
    assert!(bench.ticks(100).iter().all(|state| *state == State::Limp));
    assert_eq!(bench.robot().obstacle(), Some(Obstacle::DryRun));
    assert!(asked(&bench) > before, "it asks");
    let untouched =
        |servo: &gaitway_emulators::Servo| servo.goal_rad().is_none() && servo.registers().saves() == 0;
    let all_untouched = bench.room.wire().with_twin(|twin| twin.servos().iter().all(untouched));
    assert!(all_untouched, "and says nothing");
    assert!(bench.robot().statistics().policy_ticks == 100);
    assert!(bench.robot().controller().goals().rad().iter().any(|goal| *goal != 0.0));
}

#[test]
fn a_tick_allocates_nothing_whatever_happens_in_it() {
    let mut bench = running();
    bench.inject(Fault::Reset { servo: 3 });
    bench.ticks(100);
    bench.inject(Fault::Silent { servo: 9, later: LaterServos::Wait });
    bench.ticks(50);
    bench.inject(Fault::Unplug);
    bench.ticks(200);
    assert_eq!(bench.robot().record().state, State::Limp);
    assert_eq!(bench.watched().allocations, 0);
}

#[test]
fn an_operator_who_wants_it_to_stand_gets_the_default_pose() {
    let mut bench = running();
    bench.mailbox().request_mode(RequestedMode::Stand, false);
    bench.until(State::Ready, 200);
    let profile = RobotProfile::from_toml(DUCK).unwrap();
    assert_eq!(bench.robot().supervisor().goals().rad(), profile.default_pose_rad());
    bench.mailbox().request_mode(RequestedMode::Walk, false);
    bench.until(State::Running, 50);
}

#[test]
fn an_audit_waits_for_servos_that_boot_and_for_none_that_stays_silent() {
    const MS: u64 = 1_000_000;
    let audit = |faults: &[Fault]| {
        let mut bench = Bench::new(FaultPlan::default());
        faults.iter().for_each(|fault| bench.inject(fault.clone()));
        let began_ns = bench.room.now_ns();
        bench.room.robot_mut().driver_mut().servo_tools().unwrap().audit();
        let bus = bench.robot().driver().servos().unwrap().bus();
        let silent: Vec<usize> = (0..14).filter(|&servo| bus.audited(servo).is_none()).collect();
        (silent, (bench.room.now_ns() - began_ns) / MS)
    };
    let (silent, took_ms) = audit(&[]);
    assert!(silent.is_empty() && took_ms < 30, "{silent:?} {took_ms} ms: nothing to wait for");
    let (silent, took_ms) = audit(&[Fault::Reset { servo: 0 }, Fault::Reset { servo: 9 }]);
    assert!(silent.is_empty() && (50..80).contains(&took_ms), "{silent:?} {took_ms} ms: a boot takes 50 ms");
    let gone = Fault::Silent { servo: 3, later: LaterServos::Answer };
    let (silent, took_ms) = audit(&[gone, Fault::Reset { servo: 0 }]);
    assert!(silent == [3] && (300..330).contains(&took_ms), "{silent:?} {took_ms} ms");
}

#[test]
fn after_a_stop_the_same_wish_counts_once_it_is_said_again() {
    let mut bench = running();
    bench.mailbox().set_emergency_stop(Source::Program);
    bench.ticks(50);
    bench.mailbox().request_mode(RequestedMode::Walk, false);
    bench.ticks(50);
    assert_eq!(bench.robot().record().state, State::Limp, "a wish undoes no stop");
    bench.mailbox().clear_emergency_stop(Source::Terminal).unwrap();
    bench.ticks(50);
    assert_eq!(bench.robot().obstacle(), Some(Obstacle::AskAgain), "and is not kept until it is cleared");
    bench.mailbox().request_mode(RequestedMode::Walk, false);
    bench.until(State::Running, 300);
}
