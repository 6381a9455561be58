//! The observation program, against numbers worked out by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{mini, mini_contract};
use gaitway_model::contract::SensorReset;
use gaitway_model::observation::Estimates;
use gaitway_model::term::{Frame, Reference, Source, Term};
use gaitway_model::{Command, Contract, ContractError, ObservationProgram, ObservationState, Sensors};

/// Where the mini robot's joints lie in the profile; the contract has knee, hip, neck.
const HIP: usize = 0;
const KNEE: usize = 1;
const ANKLE: usize = 2;
const NECK: usize = 3;

fn term(source: Source) -> Term {
    let width = match source {
        Source::FootContact | Source::Phase => 2,
        _ => 3,
    };
    Term {
        name: format!("{source:?}"),
        source,
        unit: source.unit().to_owned(),
        frame: source.has_frame().then_some(Frame::Trunk),
        relative_to: Reference::Zero,
        elements: None,
        scale: 1.0.into(),
        offset: 0.0.into(),
        clip: None,
        history: 1,
        lag: u32::from(source.is_feedback()),
        width,
    }
}

/// The mini contract with these terms only; valid, since it passes through its text.
fn contract(terms: Vec<Term>) -> Contract {
    let mut contract = mini_contract();
    contract.observation = terms;
    Contract::from_json(&contract.canonical_json().unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

struct Probe {
    program: ObservationProgram,
    state: ObservationState,
    sensors: Sensors,
}

impl Probe {
    fn new(contract: &Contract) -> Probe {
        let program = ObservationProgram::compile(contract, &mini()).unwrap();
        Probe { state: program.initial_state(), program, sensors: Sensors::still(4, 2) }
    }

    fn of(terms: Vec<Term>) -> Probe {
        Probe::new(&contract(terms))
    }

    /// The observation of one tick.
    fn tick(&mut self) -> Vec<f32> {
        self.tick_with(&Command::default(), [0.0; 3], [0.0; 2])
    }

    fn tick_with(&mut self, command: &Command, gravity: [f32; 3], phase: [f32; 2]) -> Vec<f32> {
        let estimates = Estimates { projected_gravity: gravity, phase: &phase, euler_rad: [0.1, 0.2, 0.3] };
        self.program.sense(&mut self.state, &self.sensors, command, estimates);
        let mut observation = vec![f32::NAN; self.program.len()];
        self.program.observe(&self.state, &mut observation);
        observation
    }

    fn tick_with_gyro(&mut self, x: f32) -> Vec<f32> {
        self.sensors.gyro_rps = [x, 10.0 * x, 100.0 * x];
        self.tick()
    }

    fn remember(&mut self, action: f32, target_rad: f32) {
        self.program.remember(&mut self.state, &[action; 3], &[target_rad; 3]);
    }
}

#[test]
fn terms_follow_each_other_in_the_order_of_the_contract() {
    let mut probe = Probe::of(vec![
        term(Source::FootContact),
        term(Source::Accelerometer),
        term(Source::Phase),
        term(Source::ProjectedGravity),
        term(Source::Command),
    ]);
    probe.sensors.contact = vec![1.0, 0.0];
    probe.sensors.accel_mps2 = [1.0, 2.0, 9.0];
    let mut command = Command::velocity(0.25, 7.0, -0.5);
    command.values[5] = 0.125;
    let observation = probe.tick_with(&command, [0.0, 0.5, -0.75], [-1.0, 0.5]);
    #[rustfmt::skip]
    let expected = [
        1.0, 0.0, 1.0, 2.0, 9.0, -1.0, 0.5, 0.0, 0.5, -0.75,
        // vx, wz and head yaw: the contract has no vy.
        0.25, -0.5, 0.125,
    ];
    assert_eq!(observation, expected);
    let spans: Vec<(&str, usize, usize)> =
        probe.program.terms().iter().map(|span| (span.name.as_str(), span.start, span.width)).collect();
    assert_eq!(spans[1..3], [("Accelerometer", 2, 3), ("Phase", 5, 2)]);
    assert_eq!((probe.program.len(), probe.program.is_empty()), (13, false));
}

#[test]
fn joints_are_gathered_in_the_order_of_the_contract_and_the_others_left_out() {
    let mut relative = term(Source::JointPosition);
    relative.name = "relative".to_owned();
    relative.relative_to = Reference::DefaultPose;
    let mut probe = Probe::of(vec![term(Source::JointPosition), relative, term(Source::JointVelocity)]);
    assert_eq!(probe.program.joints(), [KNEE, HIP, NECK]);
    for (joint, angle) in [(HIP, 0.5), (KNEE, -0.5), (ANKLE, 0.75), (NECK, 0.25)] {
        probe.sensors.joint_position_rad[joint] = angle;
        probe.sensors.joint_velocity_rps[joint] = 8.0 * angle;
    }
    #[rustfmt::skip]
    let expected = [-0.5, 0.5, 0.25, -0.25, 0.375, 0.25, -4.0, 4.0, 2.0];
    assert_eq!(probe.tick(), expected);
}

#[test]
fn a_number_is_clip_of_scale_times_difference_plus_offset() {
    let mut changed = term(Source::JointPosition);
    changed.relative_to = Reference::DefaultPose;
    changed.scale = (-2.0).into();
    changed.offset = 0.5.into();
    changed.clip = Some([-0.75, 1.25]);
    let mut probe = Probe::of(vec![changed]);
    // Knee: -2 (0.25 - -0.25) + 0.5; hip: -2 (-0.5 - 0.125) + 0.5 = 1.75, clipped; neck: -2 · 0.75 + 0.5, clipped.
    for (joint, angle) in [(KNEE, 0.25), (HIP, -0.5), (NECK, 0.75)] {
        probe.sensors.joint_position_rad[joint] = angle;
    }
    assert_eq!(probe.tick(), [-0.5, 1.25, -0.75]);
}

#[test]
fn what_is_no_number_passes_the_clip_to_be_seen() {
    let mut clipped = term(Source::Gyro);
    clipped.clip = Some([-1.0, 1.0]);
    let mut probe = Probe::of(vec![clipped]);
    probe.sensors.gyro_rps = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let observation = probe.tick();
    assert!(observation[0].is_nan());
    assert_eq!(observation[1..], [1.0, -1.0]);
}

#[test]
fn history_is_newest_first_and_starts_at_zero() {
    let mut thrice = term(Source::Gyro);
    (thrice.history, thrice.width) = (3, 9);
    let mut probe = Probe::of(vec![thrice]);
    assert_eq!(probe.tick_with_gyro(1.0), [1.0, 10.0, 100.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(probe.tick_with_gyro(2.0), [2.0, 20.0, 200.0, 1.0, 10.0, 100.0, 0.0, 0.0, 0.0]);
    probe.tick_with_gyro(3.0);
    assert_eq!(probe.tick_with_gyro(4.0), [4.0, 40.0, 400.0, 3.0, 30.0, 300.0, 2.0, 20.0, 200.0]);
}

#[test]
fn history_may_start_with_the_first_sample() {
    let mut thrice = term(Source::Gyro);
    (thrice.history, thrice.width) = (3, 9);
    let mut filled = contract(vec![thrice, term(Source::Action)]);
    filled.reset.sensors = SensorReset::FirstSample;
    filled.reset.action = 0.5;
    let mut probe = Probe::new(&filled);
    let first = [1.0, 10.0, 100.0, 1.0, 10.0, 100.0, 1.0, 10.0, 100.0, 0.5, 0.5, 0.5];
    assert_eq!(probe.tick_with_gyro(1.0), first);
    assert_eq!(probe.tick_with_gyro(2.0)[..6], [2.0, 20.0, 200.0, 1.0, 10.0, 100.0]);
    probe.program.reset(&mut probe.state);
    assert_eq!(probe.state, probe.program.initial_state());
    assert_eq!(probe.tick_with_gyro(1.0), first);
}

#[test]
fn lag_is_counted_in_ticks_for_each_term_of_a_source() {
    let lagged = |name: &str, lag, history| Term {
        name: name.to_owned(),
        lag,
        history,
        width: 3 * history,
        ..term(Source::Gyro)
    };
    let mut probe = Probe::of(vec![lagged("now", 0, 1), lagged("then", 2, 2), lagged("before", 1, 1)]);
    let xs: Vec<Vec<f32>> = [1.0, 2.0, 3.0, 4.0, 5.0]
        .into_iter()
        .map(|x| probe.tick_with_gyro(x).into_iter().step_by(3).collect())
        .collect();
    assert_eq!(xs[0], [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(xs[1], [2.0, 0.0, 0.0, 1.0]);
    assert_eq!(xs[2], [3.0, 1.0, 0.0, 2.0]);
    assert_eq!(xs[4], [5.0, 3.0, 2.0, 4.0]);
}

#[test]
fn what_the_controller_computed_is_seen_a_tick_later_or_as_many_as_the_lag_says() {
    let older = Term { name: "older".to_owned(), lag: 3, ..term(Source::Action) };
    let twice = Term { history: 2, width: 6, ..term(Source::Action) };
    let mut probe = Probe::of(vec![twice, older, term(Source::Target)]);
    let mut seen = Vec::new();
    for tick in 1..=5_u8 {
        seen.push(probe.tick().into_iter().step_by(3).collect::<Vec<f32>>());
        probe.remember(f32::from(tick), -f32::from(tick));
    }
    // Actions of one, two and three ticks ago, then the target: the default pose of the knee before the first tick.
    assert_eq!(seen[0], [0.0, 0.0, 0.0, -0.25]);
    assert_eq!(seen[1], [1.0, 0.0, 0.0, -1.0]);
    assert_eq!(seen[2], [2.0, 1.0, 0.0, -2.0]);
    assert_eq!(seen[4], [4.0, 3.0, 2.0, -4.0]);
}

#[test]
fn remembered_values_start_as_the_contract_says() {
    let deep = |source| Term { history: 2, width: 6, ..term(source) };
    let terms = vec![deep(Source::Action), deep(Source::Target)];
    let mut start = contract(terms);
    start.reset.action = -0.5;
    let pose = [-0.25, 0.125, 0.0];
    let seen = Probe::new(&start).tick();
    assert_eq!(seen[..6], [-0.5; 6]);
    assert_eq!((&seen[6..9], &seen[9..]), (&pose[..], &pose[..]));
    start.reset.target = Reference::Zero;
    assert_eq!(Probe::new(&start).tick()[6..], [0.0; 6]);
}

#[test]
fn what_does_not_fit_the_robot_is_refused_by_name() {
    type Edit = fn(&mut Contract);
    #[rustfmt::skip]
    let table: [(Edit, &str, &str, &str); 4] = [
        (|c| c.robot.profile = "maxi".to_owned(), "robot.profile", "maxi", "mini"),
        (|c| c.action.joints[1].name = "tail".to_owned(), "action joint tail", "a joint of the robot", "none"),
        (|c| c.action.joints[1].default_rad = 0.25, "action joint hip", "default pose 0.25 rad", "0.125 rad"),
        (|c| c.observation[0].frame = Some(Frame::World), "observation term gyro", "frame world", "frame trunk"),
    ];
    for (edit, place, right, there) in table {
        let mut contract = mini_contract();
        edit(&mut contract);
        let error = ObservationProgram::compile(&contract, &mini()).unwrap_err();
        common::names_the_term(&error);
        let ContractError::Misfit { robot, term, expected, found } = &error else {
            panic!("{error}");
        };
        assert_eq!((robot.as_str(), term.as_str()), ("mini", place));
        assert!(expected.contains(right) && found.contains(there), "{error}");
    }
}

#[test]
fn a_default_pose_may_differ_by_a_rounding() {
    let mut contract = mini_contract();
    contract.action.joints[1].default_rad += 9e-7;
    assert!(ObservationProgram::compile(&contract, &mini()).is_ok());
    contract.action.joints[1].default_rad += 9e-7;
    assert!(ObservationProgram::compile(&contract, &mini()).is_err());
}
