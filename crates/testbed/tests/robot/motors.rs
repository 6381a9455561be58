//! Joints in a tool's hands, on the wire of the robot that does not run.

use crate::bench::{Bench, DUCK};
use gaitway_emulators::registers::{PRESENT_POSITION, PRESENT_VOLTAGE, TORQUE_LIMIT};
use gaitway_emulators::{Fault, FaultPlan, LaterServos};
use gaitway_model::RobotProfile;
use gaitway_platform::Clock;
use gaitway_runtime::motors::{Motors, MotorsError};
use gaitway_testbed::virtual_robot::{Trouble, Wire};

const MS: u64 = 1_000_000;
const KNEE: usize = 3;
const SILENT: Trouble = Trouble::Bus(Fault::Silent { servo: KNEE, later: LaterServos::Answer });

/// A duck of which a tool holds one knee, and what goes wrong with it so many ms later.
fn holding(troubles: &[(u64, Trouble)]) -> (Bench, Motors<Wire, Wire>) {
    let mut bench = Bench::new(FaultPlan::default());
    let wire = bench.room.wire().clone();
    let profile = RobotProfile::from_toml(DUCK).unwrap();
    let mut motors = Motors::new(&profile, wire.clone(), wire, None, 0.5).unwrap();
    motors.hold(&[KNEE]).unwrap();
    assert_eq!(bench.driven(), 1);
    for (after_ms, trouble) in troubles {
        bench.room.plan(after_ms * MS, trouble.clone()).unwrap();
    }
    (bench, motors)
}

/// Until what was said last has come over the wire.
fn settle(bench: &Bench) {
    bench.room.wire().wait_until(bench.room.now_ns() + 10 * MS);
}

fn stay(motors: &mut Motors<Wire, Wire>, ticks: usize) -> Result<(), MotorsError> {
    (0..ticks).try_for_each(|_| motors.step(&[f32::NAN; 14]).map(|_| ()))
}

#[test]
fn a_servo_that_is_missed_for_a_moment_is_waited_for() {
    let speaks = Trouble::Bus(Fault::Speaks { servo: KNEE });
    let (bench, mut motors) = holding(&[(50, SILENT), (120, speaks)]);
    stay(&mut motors, 100).unwrap();
    assert_eq!(bench.driven(), 1);
}

#[test]
fn a_servo_that_stays_silent_ends_it_limp() {
    let (bench, mut motors) = holding(&[(50, SILENT)]);
    let before_ns = bench.room.now_ns();
    let error = stay(&mut motors, 100).unwrap_err();
    assert!(matches!(&error, MotorsError::Silent { joint, .. } if joint == "left_knee"), "{error}");
    assert!(bench.room.now_ns() - before_ns < 400 * MS);
    settle(&bench);
    assert_eq!(bench.driven(), 0);
}

#[test]
fn one_servo_that_measures_no_supply_ends_nothing() {
    let shows = Fault::Shows { servo: KNEE, register: PRESENT_VOLTAGE, value: 0 };
    let (bench, mut motors) = holding(&[(50, Trouble::Bus(shows))]);
    stay(&mut motors, 150).unwrap();
    assert_eq!(bench.driven(), 1);
}

#[test]
fn a_supply_of_12_v_ends_it_limp_and_its_remedy_is_about_the_supply() {
    let (bench, mut motors) = holding(&[(50, Trouble::Bus(Fault::Sag { drop_v: 7.4 - 12.0 }))]);
    let error = stay(&mut motors, 150).unwrap_err();
    assert!(error.to_string().contains("high_voltage (12.00)"), "{error}");
    assert!(error.hint().contains("disconnect the supply at once"), "{}", error.hint());
    settle(&bench);
    assert_eq!(bench.driven(), 0);
}

#[test]
fn what_is_let_go_has_all_its_torque_for_whoever_comes_next() {
    let limit =
        |bench: &Bench| bench.room.wire().with_twin(|twin| twin.servos()[KNEE].registers().raw(TORQUE_LIMIT));
    let (bench, mut motors) = holding(&[]);
    stay(&mut motors, 10).unwrap();
    assert_eq!(limit(&bench), 500);
    motors.limp().unwrap();
    settle(&bench);
    assert_eq!((bench.driven(), limit(&bench)), (0, 1000));
}

#[test]
fn a_servo_that_was_reset_is_told_no_goal() {
    let (bench, mut motors) = holding(&[(50, Trouble::Bus(Fault::Reset { servo: KNEE }))]);
    let reset_ns = bench.room.now_ns() + 50 * MS;
    let error = stay(&mut motors, 100).unwrap_err();
    assert!(matches!(&error, MotorsError::NotTaken { joint, .. } if joint == "left_knee"), "{error}");
    settle(&bench);
    // To a step of the physics: it was limp from the reset on, and never again anything else.
    assert!(bench.room.torque_off_since_ns().is_some_and(|since_ns| since_ns <= reset_ns + 2 * MS));
}

#[test]
fn nothing_is_driven_on_a_supply_that_destroys_servos_or_from_an_angle_no_joint_has() {
    let try_with = |fault: Fault| {
        let mut bench = Bench::new(FaultPlan::default());
        bench.inject(fault);
        let wire = bench.room.wire().clone();
        let profile = RobotProfile::from_toml(DUCK).unwrap();
        let mut motors = Motors::new(&profile, wire.clone(), wire, None, 0.5).unwrap();
        let held = motors.hold(&[KNEE]).map_err(|error| (error.to_string(), error.hint()));
        settle(&bench);
        assert_eq!(bench.driven(), usize::from(held.is_ok()));
        held
    };
    try_with(Fault::Sag { drop_v: -1.0 }).unwrap();
    let (told, hint) = try_with(Fault::Sag { drop_v: -4.6 }).unwrap_err();
    assert_eq!(told, "supply: expected 9.0 V at most, found 12.0 V");
    assert!(hint.contains("supply") && !hint.contains("press c"), "{hint}");
    let shows = |register, value| Fault::Shows { servo: KNEE, register, value };
    // One servo that measures more than all others measures wrongly.
    try_with(shows(PRESENT_VOLTAGE, 120)).unwrap();
    let (told, hint) = try_with(shows(PRESENT_POSITION, 2048 + 892 + 4096)).unwrap_err();
    assert_eq!(told, "left_knee: expected an angle from -2.17 to 2.17 rad, found 7.65 rad");
    assert!(hint.contains("register 31"), "{hint}");
}
