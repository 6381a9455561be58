//! What was recorded of a robot, run again: the same bits, from the beginning or from any keyframe, and a bit that was
//! flipped in any sensor is found where it was.

use crate::bench::{Bench, DUCK, pair, policy};
use gaitway_control::arbiter::Source;
use gaitway_control::control_stack::ControlStackOptions;
use gaitway_control::supervisor::{RequestedMode, State};
use gaitway_control::{ControlStack, Options, Policy};
use gaitway_emulators::registers::PRESENT_VOLTAGE;
use gaitway_emulators::{Fault, FaultPlan, FaultRates, ImuFault, LaterServos};
use gaitway_feetech::log::Servos;
use gaitway_model::{Command, RobotProfile};
use gaitway_record::message::{decode, encode};
use gaitway_record::replay::{Difference, Verdict};
use gaitway_record::ring::RowSource;
use gaitway_record::tick::{Keyframe, Tick};
use gaitway_record::{Converter, Replay};
use gaitway_runtime::devices::actuator_log;
use gaitway_runtime::robot::Setup;

/// A recording in memory.
struct Recording {
    ticks: Vec<(Tick, Option<Keyframe>)>,
    source: RowSource,
    converter: Converter,
}

impl Recording {
    fn of(bench: &mut Bench, room: usize) -> Recording {
        let source = bench.room.robot_mut().record_to_ring(room);
        let log =
            actuator_log(&RobotProfile::from_toml(DUCK).unwrap(), bench.room.robot().controller().gains());
        Recording { ticks: Vec::new(), source, converter: Converter::new(log.unwrap()) }
    }

    /// Takes what is in the ring, through the bytes of the file.
    fn drain(&mut self) {
        while let Some(entry) = self.source.take() {
            let (mut tick, keyframe) = self.converter.convert(&entry.row, entry.dropped);
            let mut bytes = Vec::new();
            encode(&mut tick, &mut bytes);
            let read: Tick = decode(&bytes).unwrap();
            // By its debug text: what is no number is not equal to itself.
            assert_eq!(format!("{read:?}"), format!("{tick:?}"));
            self.ticks.push((read, keyframe));
            self.source.give_back(entry);
        }
    }

    fn tick(&mut self, bench: &mut Bench, count: usize) {
        for _ in 0..count {
            bench.tick();
            self.drain();
        }
    }
}

fn replay() -> Replay {
    replay_of(&policy(), ControlStackOptions { on_stand: true, ..ControlStackOptions::default() })
}

fn replay_of(policy: &Policy, options: ControlStackOptions) -> Replay {
    let profile = RobotProfile::from_toml(DUCK).unwrap();
    let setup = Setup::new(policy, &profile, &Options::default()).unwrap();
    let log = actuator_log(&profile, setup.controller.gains()).unwrap();
    let mut stack = ControlStack::new(&setup.profile, setup.controller);
    stack.set_options(options);
    Replay::new(stack, log)
}

fn run(ticks: &[(Tick, Option<Keyframe>)]) -> Vec<Verdict> {
    run_on(replay(), ticks)
}

fn run_on(mut replay: Replay, ticks: &[(Tick, Option<Keyframe>)]) -> Vec<Verdict> {
    let verdicts = ticks.iter().map(|(tick, keyframe)| {
        if let Some(keyframe) = keyframe {
            replay.take_keyframe(keyframe).unwrap();
        }
        replay.run(tick)
    });
    verdicts.collect()
}

/// Set down, lifted, set down again, with another network while nothing asks it to move.
#[test]
fn a_robot_that_was_lifted_and_stood_by_its_own_policy_is_run_again_to_the_bit() {
    let pair = pair();
    let mut bench = Bench::with(RobotProfile::from_toml(DUCK).unwrap(), &pair, FaultPlan::default());
    bench.room.robot_mut().set_options(ControlStackOptions::default());
    let mut recording = Recording::of(&mut bench, 64);
    for (knees_sag_rad, vx_mps, ticks) in
        [(0.0, 0.0, 200), (0.045, 0.0, 100), (0.045, 0.1, 100), (-0.02, 0.1, 150), (0.045, 0.0, 300)]
    {
        bench.knees_sag_rad = knees_sag_rad;
        bench.mailbox().offer(Source::Program, &Command::velocity(vx_mps, 0.0, 0.0), u64::MAX);
        recording.tick(&mut bench, ticks);
    }
    let stood = |stood| {
        let policies = recording.ticks.iter().filter_map(|(tick, _)| tick.policy.as_ref());
        policies.filter(|policy| policy.stood == stood).count()
    };
    assert!(stood(true) > 100 && stood(false) > 60, "{} {}", stood(true), stood(false));
    let reasons = |name: &str| recording.ticks.iter().filter(|(tick, _)| tick.reason == name).count();
    assert!(reasons("lifted") > 0);
    let verdicts = run_on(replay_of(&pair, ControlStackOptions::default()), &recording.ticks);
    assert!(
        verdicts.iter().all(|verdict| *verdict == Verdict::Same),
        "{:?}",
        verdicts.iter().find(|v| **v != Verdict::Same)
    );
    // From a keyframe in the middle, too.
    let middle = recording.ticks.iter().rposition(|(_, keyframe)| keyframe.is_some()).unwrap();
    assert!(middle > 0);
    let verdicts = run_on(replay_of(&pair, ControlStackOptions::default()), &recording.ticks[middle..]);
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Same));
}

/// A life: a start, walks, bad luck on the bus, starved ticks, a stop, and up again.
fn life() -> Recording {
    let rates = FaultRates { lost: 0.02, corrupted: 0.01, ..FaultRates::default() };
    let mut bench = Bench::new(FaultPlan { seed: 7, rates, ..FaultPlan::default() });
    let mut recording = Recording::of(&mut bench, 64);
    recording.tick(&mut bench, 400);
    let sprint = Command { phase_factor_offset: 0.3, ..Command::velocity(-0.1, 0.05, 0.4) };
    bench.mailbox().offer(Source::Pad, &sprint, 9_000_000_000);
    recording.tick(&mut bench, 150);
    bench.starve(70_000_000);
    recording.tick(&mut bench, 50);
    bench.imu_is_frozen = true;
    recording.tick(&mut bench, 60);
    bench.imu_is_frozen = false;
    bench.inject(Fault::Silent { servo: 3, later: LaterServos::Answer });
    recording.tick(&mut bench, 150);
    let flips = ImuFault::Flipped { every_ns: 200_000_000, for_ns: 2_000_000_000, seed: 3 };
    bench.inject_imu(flips);
    bench.inject(Fault::Shows { servo: 5, register: PRESENT_VOLTAGE, value: 0 });
    recording.tick(&mut bench, 110);
    bench.inject(Fault::PositionOff { servo: 9, steps: 4096 });
    recording.tick(&mut bench, 40);
    bench.inject(Fault::PositionOff { servo: 9, steps: 0 });
    let refusals = bench.robot().refusals().unwrap();
    assert!(refusals.imu > 0 && refusals.servo > 20, "{refusals:?}");
    bench.mailbox().set_emergency_stop(Source::Network);
    recording.tick(&mut bench, 40);
    bench.mailbox().clear_emergency_stop(Source::Pad).unwrap();
    bench.mailbox().clear_faults(Source::Pad).unwrap();
    bench.inject(Fault::Speaks { servo: 3 });
    bench.inject(Fault::Reset { servo: 8 });
    bench.mailbox().request_mode(RequestedMode::Walk, false);
    recording.tick(&mut bench, 1000);
    assert_eq!(bench.robot().record().state, State::Running);
    recording
}

#[test]
fn a_recorded_life_runs_again_to_the_bit_from_every_keyframe() {
    let recording = life();
    let all = &recording.ticks;
    let wrong = run(all).into_iter().find(|verdict| *verdict != Verdict::Same);
    assert_eq!(wrong, None);
    let starts: Vec<usize> = (0..all.len()).filter(|index| all[*index].1.is_some()).collect();
    assert!(starts.len() >= 3, "{starts:?}");
    for start in starts {
        // What is before a keyframe cannot be run, and what is after it can.
        let from = start.saturating_sub(5);
        let verdicts = run(&all[from..]);
        assert!(verdicts[..start - from].iter().all(|verdict| *verdict == Verdict::Skipped) || from == 0);
        assert!(verdicts[start - from..].iter().all(|verdict| *verdict == Verdict::Same), "from {start}");
    }
}

fn with_servos(tick: &mut Tick, edit: fn(&mut Servos)) {
    let mut servos: Servos = decode(&tick.actuators).unwrap();
    edit(&mut servos);
    tick.actuators.clear();
    encode(&mut servos, &mut tick.actuators);
}

#[test]
fn what_is_no_message_of_the_driver_is_a_difference() {
    let mut recording = life();
    let (tick, _) = &mut recording.ticks[7];
    let number = tick.tick;
    tick.actuators.truncate(9);
    let first = run(&recording.ticks).into_iter().find(|verdict| *verdict != Verdict::Same);
    let Some(Verdict::Differs(found)) = first else { panic!("{first:?}") };
    assert_eq!((found.tick, found.place.as_str()), (number, "actuators"));
}

#[test]
fn a_flipped_bit_is_found_in_its_tick_and_at_its_sensor() {
    let recording = life();
    let all = &recording.ticks;
    let walking = all.iter().rposition(|(tick, _)| tick.policy.is_some()).unwrap() - 20;
    type Flip = (fn(&mut Tick), &'static str);
    let flips: [Flip; 13] = [
        (|tick| with_servos(tick, |servos| servos.servo_position[4] ^= 1), "joint_position_rad[4]"),
        (|tick| with_servos(tick, |servos| servos.servo_speed[13] ^= 1), "joint_velocity_rps[13]"),
        (|tick| with_servos(tick, |servos| servos.servo_sampled_ns[0] ^= 1 << 20), "joint_age_s[0]"),
        (|tick| imu(tick).gyro_rps[1] = flipped(imu(tick).gyro_rps[1]), "policy."),
        (|tick| imu(tick).accel_mps2[2] = flipped(imu(tick).accel_mps2[2]), "policy."),
        (|tick| imu(tick).foot_contact[0] = 0.0, "policy.observation["),
        (|tick| imu(tick).sampled_ns ^= 1 << 22, "imu_age_s"),
        (|tick| tick.policy.as_mut().unwrap().action[7] += 1e-6, "policy.action[7]"),
        (|tick| tick.policy.as_mut().unwrap().target_rad[2] = -0.0, "policy.target_rad[2]"),
        (|tick| tick.goal_rad[9] = flipped(tick.goal_rad[9]), "goal_rad[9]"),
        (|tick| tick.asked.as_mut().unwrap().offers[0].command[0] = 0.11, "command[0]"),
        (|tick| tick.asked.as_mut().unwrap().offers[0].phase_factor_offset = 0.05, "phase_factor_offset"),
        (|tick| tick.asked.as_mut().unwrap().emergency_stop = true, "state"),
    ];
    for (flip, place) in flips {
        let mut ticks = all.clone();
        flip(&mut ticks[walking].0);
        let number = ticks[walking].0.tick;
        let first = run(&ticks).into_iter().find(|verdict| *verdict != Verdict::Same);
        let Some(Verdict::Differs(Difference { tick, place: found, .. })) = first else {
            panic!("{place}: {first:?}");
        };
        assert!(tick == number && found.starts_with(place), "{place} in {number}: {found} in {tick}");
    }
}

#[test]
fn rows_that_found_no_room_are_counted_and_replay_goes_on_behind_them() {
    let mut bench = Bench::new(FaultPlan::default());
    let mut recording = Recording::of(&mut bench, 8);
    recording.tick(&mut bench, 300);
    bench.ticks(40);
    recording.drain();
    recording.tick(&mut bench, 100);
    assert_eq!(recording.ticks.last().unwrap().0.dropped, 32);
    let verdicts = run(&recording.ticks);
    assert_eq!(verdicts.len(), 408);
    assert_eq!(verdicts.into_iter().find(|verdict| *verdict != Verdict::Same), None);
}

#[test]
fn recording_allocates_nothing_in_ticks() {
    let mut bench = Bench::new(FaultPlan::default());
    let mut recording = Recording::of(&mut bench, 64);
    recording.tick(&mut bench, 1200);
    assert_eq!(bench.watched().allocations, 0);
}

fn imu(tick: &mut Tick) -> &mut gaitway_record::tick::Imu {
    tick.imu.as_mut().unwrap()
}

fn flipped(value: f32) -> f32 {
    f32::from_bits(value.to_bits() ^ 1 << 12)
}
