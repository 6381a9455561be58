//! Numbers that no sensor can measure and no body can do: dropped, counted, told, and a fault where there are many.

use super::bench::{Bench, DUCK};
use super::running;
use gaitway_control::supervisor::{Obstacle, Reason, RequestedMode, State};
use gaitway_emulators::registers::{
    PRESENT_CURRENT, PRESENT_SPEED, PRESENT_TEMPERATURE, PRESENT_VOLTAGE, Register,
};
use gaitway_emulators::{Fault, FaultPlan, ImuFault};
use gaitway_model::RobotProfile;
use gaitway_model::profile::{FaultKind, Reaction};
use gaitway_runtime::robot::Event;

const KNEE: usize = 3;
/// A turn of the encoder.
const TURN: i32 = 4096;

fn limp(fault: Fault) -> Bench {
    Bench::new(FaultPlan { schedule: vec![(0, fault)], ..FaultPlan::default() })
}

fn shows(servo: usize, register: Register, value: u16) -> Fault {
    Fault::Shows { servo, register, value }
}

/// Faults that came: kind, reaction, joint.
fn came(bench: &Bench) -> Vec<(FaultKind, Reaction, Option<usize>)> {
    let faults = bench.events.iter().filter_map(|stamped| match stamped.event {
        Event::Fault(change) if change.came => Some(change.alarm),
        _ => None,
    });
    faults.map(|alarm| (alarm.kind, alarm.reaction, alarm.joint)).collect()
}

fn told(bench: &Bench) -> Vec<(u64, u64)> {
    let told = bench.events.iter().filter_map(|stamped| match stamped.event {
        Event::Implausible { count, .. } => Some((stamped.at_ns, count)),
        _ => None,
    });
    told.collect()
}

#[test]
fn on_a_supply_of_12_v_torque_is_not_enabled_and_a_full_pack_is_fine() {
    let mut bench = limp(Fault::Sag { drop_v: 7.4 - 12.0 });
    for tick in 0..300 {
        bench.tick();
        assert_eq!(bench.driven(), 0, "tick {tick}");
    }
    let obstacle = bench.robot().obstacle();
    assert_eq!(obstacle, Some(Obstacle::Fault(FaultKind::HighVoltage)));
    assert!(obstacle.unwrap().hint().contains("disconnect the supply at once"));
    let mut full = limp(Fault::Sag { drop_v: 7.4 - 8.4 });
    full.until(State::Running, 300);
    assert_eq!(came(&full), []);
}

#[test]
fn a_supply_that_rises_to_12_v_ends_a_walk_until_a_hand_clears_it() {
    let mut bench = running();
    bench.inject(Fault::Sag { drop_v: 7.4 - 12.0 });
    let ticks = bench.until(State::Limp, 60);
    assert!(ticks <= 45, "half a second, and the turn of the servos that are asked: {ticks}");
    assert_eq!(bench.robot().record().reason, Reason::Fault(FaultKind::HighVoltage));
    bench.ticks(2);
    assert_eq!(bench.driven(), 0);
    bench.inject(Fault::Sag { drop_v: 0.0 });
    bench.ticks(100);
    bench.mailbox().request_mode(RequestedMode::Walk, false);
    bench.ticks(100);
    assert_eq!(bench.robot().obstacle(), Some(Obstacle::Fault(FaultKind::HighVoltage)), "a hand clears it");
}

#[test]
fn one_servo_that_measures_the_impossible_is_named_and_the_robot_walks_on() {
    // 0.0 V, 20 V, 200 °C, 13 A.
    for (register, value) in
        [(PRESENT_VOLTAGE, 0), (PRESENT_VOLTAGE, 200), (PRESENT_TEMPERATURE, 200), (PRESENT_CURRENT, 2000)]
    {
        let mut bench = running();
        bench.inject(shows(KNEE, register, value));
        assert!(bench.ticks(300).iter().all(|state| *state == State::Running), "{value}: {:?}", came(&bench));
        assert_eq!(came(&bench), [(FaultKind::ServoImplausible, Reaction::Warn, Some(KNEE))], "{value}");
    }
    // 12 V is possible, and not for one alone.
    let mut bench = running();
    bench.inject(shows(KNEE, PRESENT_VOLTAGE, 120));
    assert!(bench.ticks(300).iter().all(|state| *state == State::Running));
    assert_eq!(came(&bench), []);
}

#[test]
fn a_supply_that_all_servos_measure_is_the_supply_however_low() {
    let mut bench = running();
    bench.inject(Fault::Sag { drop_v: 7.4 - 2.0 });
    bench.until(State::Limp, 300);
    assert_eq!(bench.robot().record().reason, Reason::Fault(FaultKind::LowVoltage));
}

#[test]
fn a_joint_that_reads_a_turn_too_much_keeps_its_robot_limp_and_is_named() {
    for steps in [TURN, -TURN] {
        let mut bench = limp(Fault::PositionOff { servo: KNEE, steps });
        for _ in 0..300 {
            bench.tick();
            assert_eq!(bench.driven(), 0);
        }
        let Some(obstacle @ Obstacle::OutOfRange { joint, reads_mrad, .. }) = bench.robot().obstacle() else {
            panic!("{:?}", bench.robot().obstacle());
        };
        // It stands at 0.7 of 1.368 rad, and 0.05.
        assert_eq!(joint, KNEE);
        assert!((reads_mrad - 1008 - steps.signum() * 6283).abs() <= 2, "{reads_mrad}");
        assert!(obstacle.to_string().contains("its range is -1.57 to 1.57 rad"), "{obstacle}");
        assert!(obstacle.hint().contains("register 31"));
        bench.inject(Fault::PositionOff { servo: KNEE, steps: 0 });
        bench.until(State::Running, 400);
    }
}

#[test]
fn a_joint_that_reads_a_turn_too_much_while_it_runs_is_held_and_then_limp() {
    let mut bench = running();
    bench.inject(Fault::PositionOff { servo: KNEE, steps: TURN });
    let held = bench.until(State::Holding, 110);
    assert!(
        (45..70).contains(&held),
        "half a second, and as long again in which it steps to a stand: {held}"
    );
    let record = bench.robot().record();
    assert_eq!(record.reason, Reason::Fault(FaultKind::ServoImplausible));
    assert!(bench.robot().believed()[KNEE].position_rad < 1.58, "{:?}", bench.robot().believed()[KNEE]);
    bench.until(State::Limp, 130);
    assert!(came(&bench).iter().all(|(kind, ..)| *kind != FaultKind::SilentServo), "it answers");
    bench.mailbox().request_mode(RequestedMode::Walk, false);
    bench.ticks(10);
    assert!(matches!(bench.robot().obstacle(), Some(Obstacle::OutOfRange { joint: KNEE, .. })));
    assert_eq!((bench.watched().impossible, bench.watched().goals_out_of_range), (0, 0));
}

#[test]
fn a_velocity_that_no_servo_turns_at_is_no_velocity() {
    let mut bench = running();
    bench.inject(shows(KNEE, PRESENT_SPEED, 0x7fff));
    bench.ticks(20);
    assert!(bench.robot().believed()[KNEE].velocity_rps.abs() <= 15.0);
    assert!(bench.robot().believed()[KNEE].age_s > 0.2, "it grows old instead");
    assert_eq!(bench.watched().impossible, 0);
}

#[test]
fn bits_that_flip_now_and_then_reach_nothing_and_many_are_a_fault() {
    for seed in 0..20 {
        let mut bench = running();
        let flips = ImuFault::Flipped { every_ns: 250_000_000, for_ns: 5_000_000_000, seed };
        bench.inject_imu(flips);
        assert!(bench.ticks(300).iter().all(|state| *state == State::Running), "{seed}: {:?}", came(&bench));
        assert_eq!(bench.watched().impossible, 0, "{seed}");
        let refused = bench.robot().refusals().unwrap().imu;
        // Of 20 flips those of the upper bits are seen; a small one is a measurement like another.
        assert!((1..=20).contains(&refused), "{seed}: {refused}");
        let told = told(&bench);
        assert!(told.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 1_000_000_000), "{told:?}");
        assert!(told.iter().map(|(_, count)| count).sum::<u64>() <= refused);
    }
    let mut bench = running();
    bench.inject_imu(ImuFault::Flipped { every_ns: 60_000_000, for_ns: 4_000_000_000, seed: 1 });
    bench.ticks(150);
    let expected = (FaultKind::ImuImplausible, Reaction::Slow, None);
    assert!(came(&bench).contains(&expected), "{:?}", came(&bench));
    assert!(FaultKind::ImuImplausible.hint().contains("i2c_arm_baudrate"));
    bench.ticks(300);
    assert!(bench.events.iter().any(|stamped| matches!(
        stamped.event,
        Event::Fault(change) if !change.came && change.alarm.kind == FaultKind::ImuImplausible
    )));
}

#[test]
fn a_level_that_stays_is_believed_before_the_sample_counts_as_old() {
    let mut bench = running();
    bench.gyro_rps = 34.0;
    let believed = (1..=10).find(|_| {
        bench.tick();
        bench.robot().imu_sample().is_some_and(|sample| sample.gyro_rps[0] > 33.0)
    });
    assert!(believed.is_some_and(|ticks| (2..=5).contains(&ticks)), "{believed:?}");
    assert!(came(&bench).iter().all(|(kind, ..)| *kind != FaultKind::ImuStale));
    // Beyond what the chip can measure it never is.
    bench.gyro_rps = 35.7;
    bench.ticks(20);
    assert!(bench.robot().imu_sample().is_some_and(|sample| sample.gyro_rps[0] < 35.0));
    assert!(came(&bench).iter().any(|(kind, ..)| *kind == FaultKind::ImuStale));
}

#[test]
fn a_profile_without_the_table_believes_everything_as_before() {
    let (head, rest) = DUCK.split_once("[[wire]]").unwrap();
    let (_, joints) = rest.split_once("[poses.default]").unwrap();
    let old = RobotProfile::from_toml(&format!("{head}[poses.default]{joints}")).unwrap();
    let mut bench = Bench::of(old, FaultPlan::default());
    bench.until(State::Running, 300);
    bench.gyro_rps = 35.7;
    bench.inject(Fault::PositionOff { servo: KNEE, steps: TURN });
    bench.ticks(30);
    assert_eq!(bench.robot().refusals(), None);
    assert!(bench.robot().imu_sample().is_some_and(|sample| sample.gyro_rps[0] > 35.6));
    assert!(bench.robot().believed()[KNEE].position_rad > 7.0);
}
