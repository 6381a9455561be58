//! The controller: the order of a tick, every limit with its reason, what is refused, saving and restoring.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::onnx::bits;
use common::texts::{Random, mini, mini_contract};
use common::{
    ANKLE, COMMAND, HIP, KNEE, LAST_ACTIONS, LAST_TARGET, NECK, PHASE, any, any_inputs, controller, head_yaw,
    network, policy, standing, within_limits,
};
use gaitway_control::{Basis, ControlError, Controller, JointLimits, Options, Policy, Refusal, embed};
use gaitway_model::contract::{FedBack, Filter, PhaseAdvance, PhaseRuns};
use gaitway_model::profile::Between;
use gaitway_model::term::Source;
use gaitway_model::{Command, Contract, RobotProfile, Sensors};

/// One tick with an action from outside; returns the observation.
fn tick(controller: &mut Controller, sensors: &Sensors, command: &Command, action: &[f32]) -> Vec<f32> {
    assert!(controller.observe(sensors, command).unwrap(), "the policy is due");
    let observation = controller.record().observation.clone();
    controller.act(action).unwrap();
    observation
}

/// One tick of a robot that stands, all three actions alike.
fn stand(controller: &mut Controller, action: f32) -> Vec<f32> {
    tick(controller, &standing(), &Command::default(), &[action; 3])
}

fn no_limits(contract: &mut Contract) {
    contract.action.velocity_limit_rps = None;
    contract.action.bounds = None;
}

fn options(edit: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    edit(&mut options);
    options
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() < 1e-6
}

#[test]
fn the_phase_is_zero_zero_first_and_then_that_of_the_tick_before() {
    let mut controller = controller(|_| {});
    let half = std::f32::consts::FRAC_1_SQRT_2;
    let expected = [[0.0, 0.0], [half, half], [0.0, 1.0], [-half, half], [-1.0, 0.0]];
    for [cos, sin] in expected {
        let observation = stand(&mut controller, 0.0);
        assert!(close(observation[PHASE], cos) && close(observation[PHASE + 1], sin), "{observation:?}");
    }
    for _ in 5..8 {
        stand(&mut controller, 0.0);
    }
    assert_eq!(stand(&mut controller, 0.0)[PHASE..], [1.0, 0.0], "a whole gait later it is that of step 0");
}

#[test]
fn the_phase_may_advance_first_and_only_while_commanded() {
    let mut controller = controller(|contract| {
        let phase = contract.phase.as_mut().unwrap();
        (phase.advance, phase.runs) = (PhaseAdvance::BeforeObservation, PhaseRuns::WhileCommanded);
        phase.first_value = vec![1.0, 0.0];
    });
    let phase = |controller: &mut Controller, command: Command| {
        tick(controller, &standing(), &command, &[0.0; 3])[PHASE + 1]
    };
    assert_eq!(phase(&mut controller, Command::default()), 0.0);
    assert_eq!(phase(&mut controller, head_yaw(0.5)), 0.0, "the head is no way to go");
    assert!(close(phase(&mut controller, Command::velocity(0.1, 0.0, 0.0)), std::f32::consts::FRAC_1_SQRT_2));
    assert_eq!(phase(&mut controller, Command::velocity(0.0, 0.0, 0.1)), 1.0);
    assert_eq!(phase(&mut controller, Command::default()), 1.0);
    assert_eq!(controller.record().phase_step, 2.0);
}

#[test]
fn the_gait_runs_faster_by_the_factor_and_the_offset_of_the_robot() {
    let mut profile = mini();
    profile.options.phase_factor_offset = 0.5;
    let options = options(|options| options.phase_factor = 1.5);
    let mut controller = Controller::new(&policy(|_| {}), &profile, &options).unwrap();
    stand(&mut controller, 0.0);
    assert_eq!(stand(&mut controller, 0.0)[PHASE + 1], 1.0, "two steps of eight in one tick");
    assert_eq!(controller.overrides(), ["gait clock at 2 of the contract's speed"]);
}

fn at_offset(phase_factor_offset: f32) -> Command {
    Command { phase_factor_offset, ..Command::velocity(0.1, 0.0, 0.0) }
}

#[test]
fn what_the_operator_adds_counts_from_its_tick_on_and_the_phase_never_jumps() {
    let mut profile = mini();
    profile.options.phase_factor_offset = 0.25;
    let mut controller = Controller::new(&policy(|_| {}), &profile, &Options::default()).unwrap();
    // The operator's and the robot's are added, not multiplied; what is no number adds nothing.
    let asked =
        [(0.0, 1.25), (0.25, 1.5), (0.25, 1.5), (-0.5, 0.75), (f32::NAN, 1.25), (9.0, 1.75), (0.0, 1.25)];
    let mut step = 0.0;
    for (offset, expected) in asked {
        tick(&mut controller, &standing(), &at_offset(offset), &[0.0; 3]);
        assert_eq!(controller.record().phase_step, step % 8.0, "offset {offset}");
        step += expected;
    }
    assert_eq!(controller.record().counters.limited_command, 2, "NaN and 9");
}

#[test]
fn a_trim_of_the_gait_goes_on_bit_for_bit_from_a_saved_state() {
    let offsets: Vec<f32> = (0..40).map(|tick| 0.05 * (tick / 4) as f32 - 0.2).collect();
    let faster = |options: &mut Options| options.loop_hz = Some(100);
    let (mut original, mut restored) = (with(|_| {}, faster), with(|_| {}, faster));
    for (tick, &offset) in offsets.iter().enumerate() {
        restored.restore(&original.save()).unwrap();
        original.step(&standing(), &at_offset(offset)).unwrap();
        restored.step(&standing(), &at_offset(offset)).unwrap();
        assert_eq!(original.save(), restored.save(), "tick {tick}");
        assert_eq!(bits(&original.record().observation), bits(&restored.record().observation));
    }
}

#[test]
fn actions_are_seen_newest_first() {
    let mut controller = controller(|_| {});
    let seen: Vec<Vec<f32>> = (1..=5)
        .map(|n| {
            let action = 0.25 * n as f32;
            let observation =
                tick(&mut controller, &standing(), &Command::default(), &[action, -action, 0.0]);
            observation[LAST_ACTIONS..LAST_TARGET].to_vec()
        })
        .collect();
    assert_eq!(seen[0], [0.0; 9]);
    assert_eq!(seen[1], [0.25, -0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(seen[4], [1.0, -1.0, 0.0, 0.75, -0.75, 0.0, 0.5, -0.5, 0.0]);
}

/// What is fed back after one tick with action one and the head commanded to the left, and that tick's targets of
/// knee, hip and neck.
fn one_tick(fed_back: FedBack, added: bool) -> ([f32; 3], [f32; 3]) {
    let mut controller = controller(|contract| {
        contract.action.fed_back = fed_back;
        contract.head_command.added_to_target = added;
    });
    let observation = tick(&mut controller, &standing(), &head_yaw(0.5), &[1.0; 3]);
    assert_eq!(observation[COMMAND..LAST_ACTIONS], [0.0, 0.0, 0.5]);
    assert_eq!(
        observation[LAST_TARGET..PHASE],
        [-0.25, 0.125, 0.0],
        "the default pose, before the first tick"
    );
    let target = &controller.record().target_rad;
    let targets = [target[KNEE], target[HIP], target[NECK]];
    let next = tick(&mut controller, &standing(), &head_yaw(0.5), &[1.0; 3]);
    (next[LAST_TARGET..PHASE].try_into().unwrap(), targets)
}

#[test]
fn the_target_fed_back_is_the_one_the_contract_says() {
    // 5 rad/s and 3.125 rad/s are 0.1 and 0.0625 rad a tick; an action of one asks for 0.25 rad.
    let limited = [-0.25 + 0.1, 0.125 + 0.1, 0.0625];
    let with_head = [limited[0], limited[1], limited[2] + 0.5];
    // The filter lets the neck move 0.0625 rad a tick.
    let gated = [limited[0], limited[1], 0.0625];
    assert_eq!(one_tick(FedBack::AfterVelocityLimit, true), (limited, with_head));
    assert_eq!(one_tick(FedBack::AfterHeadCommand, true), (with_head, with_head));
    assert_eq!(one_tick(FedBack::AfterSafetyGate, true), (gated, with_head));
    assert_eq!(one_tick(FedBack::AfterVelocityLimit, false), (limited, limited));
    assert_eq!(one_tick(FedBack::AfterHeadCommand, false), (limited, limited));
}

#[test]
fn the_velocity_limit_of_the_contract_counts_from_target_to_target() {
    let mut controller = controller(|_| {});
    for tick in 1..=6 {
        stand(&mut controller, 2.0);
        let asked = [0.5_f32, 0.5, 0.5];
        let allowed = [0.1, 0.1, 0.0625].map(|step| step * tick as f32);
        let fed_back = &controller.record().fed_back_rad;
        for (joint, start) in [-0.25, 0.125, 0.0].into_iter().enumerate() {
            assert!(
                close(fed_back[joint], start + asked[joint].min(allowed[joint])),
                "tick {tick}: {fed_back:?}"
            );
        }
    }
}

#[test]
fn without_a_velocity_limit_the_target_is_there_at_once() {
    let mut controller = controller(no_limits);
    stand(&mut controller, 4.0);
    assert_eq!(controller.record().fed_back_rad, [0.75, 1.125, 1.0]);
}

#[test]
fn the_filter_starts_at_the_first_target() {
    let mut controller = controller(|contract| {
        no_limits(contract);
        contract.action.filter = Some(Filter::LowPass { cutoff_hz: 10.0 });
    });
    stand(&mut controller, 1.0);
    assert_eq!(controller.record().fed_back_rad, [0.0, 0.375, 0.25], "unfiltered");
    // alpha = 0.1 / (0.02 + 0.1)
    let mut expected = 0.25;
    for _ in 0..3 {
        stand(&mut controller, -1.0);
        expected = expected * 5.0 / 6.0 - 0.25 / 6.0;
        assert!(close(controller.record().fed_back_rad[2], expected), "{expected}");
    }
    controller.reset(&mini().default_pose_rad()).unwrap();
    stand(&mut controller, -1.0);
    assert_eq!(controller.record().fed_back_rad[2], -0.25, "a reset starts the filter anew");
}

#[test]
fn a_delayed_target_reaches_the_servos_late_and_the_observation_in_time() {
    let mut controller = controller(|contract| {
        no_limits(contract);
        contract.action.delay_ticks = 2;
    });
    let actions = [0.25, -0.25, 0.125, 0.0, 0.0];
    let targets: Vec<f32> = actions
        .into_iter()
        .map(|action| {
            stand(&mut controller, action);
            assert_eq!(controller.record().fed_back_rad[1], 0.125 + 0.25 * action);
            controller.record().target_rad[HIP]
        })
        .collect();
    assert_eq!(targets, [0.125, 0.125, 0.1875, 0.0625, 0.15625]);
}

#[test]
fn an_action_beyond_its_bounds_is_clipped_and_counted() {
    let mut controller = controller(|_| {});
    tick(&mut controller, &standing(), &Command::default(), &[3.0, -2.5, 2.0]);
    let record = controller.record();
    assert_eq!((record.action_clipped, record.refusal), (true, Refusal::None));
    assert_eq!(record.action, [3.0, -2.5, 2.0], "as it came");
    assert_eq!((record.counters.limited_action, record.counters.limited), (1, 1));
    let observation = stand(&mut controller, 2.0);
    assert_eq!(observation[LAST_ACTIONS..LAST_ACTIONS + 3], [2.0, -2.0, 2.0]);
    assert!(!controller.record().action_clipped, "a bound itself is inside");
    assert_eq!(controller.record().counters.limited_action, 1);
}

#[test]
fn the_gate_keeps_range_and_speed_and_says_which() {
    let mut controller = controller(no_limits);
    let (position, velocity) = (JointLimits::POSITION, JointLimits::VELOCITY);
    let steps: Vec<(f32, u8)> = (0..5)
        .map(|_| {
            // The knee's target is 0.75, its range ends at 0.25, and it may move 0.125 a tick.
            tick(&mut controller, &standing(), &Command::default(), &[4.0, 0.0, 0.0]);
            (controller.goals().rad()[KNEE], controller.record().joint_limits[KNEE])
        })
        .collect();
    let both = position | velocity;
    assert_eq!(steps, [(-0.125, both), (0.0, both), (0.125, both), (0.25, position), (0.25, position)]);
    let record = controller.record();
    assert_eq!(record.target_rad[KNEE], 0.75);
    assert_eq!(record.goal_rad, controller.goals().rad());
    assert_eq!(record.joint_limits, [0, position, 0, 0]);
    let counters = record.counters;
    assert_eq!((counters.limited, counters.limited_position, counters.limited_velocity), (5, 5, 3));
    assert_eq!((counters.limited_action, counters.refusals, counters.falls), (0, 0, 0));
}

#[test]
fn a_joint_outside_its_range_is_led_back_at_a_safe_speed() {
    let mut controller = controller(|_| {});
    controller.reset(&[1.5, -0.25, 0.5, 0.0]).unwrap();
    assert_eq!(controller.goals().rad()[HIP], 1.5, "a reset moves nothing");
    stand(&mut controller, 0.0);
    assert_eq!(controller.goals().rad()[HIP], 1.375);
    assert_eq!(controller.record().joint_limits[HIP], JointLimits::VELOCITY);
}

#[test]
fn joints_the_policy_does_not_command_go_to_the_default_pose() {
    let mut controller = controller(|_| {});
    controller.reset(&[0.125, -0.25, 0.25, 0.0]).unwrap();
    for _ in 0..5 {
        stand(&mut controller, 1.0);
    }
    assert_eq!(controller.goals().rad()[ANKLE], 0.5);
}

#[test]
fn an_observation_that_is_no_number_is_refused_and_the_goal_held() {
    let mut controller = controller(|_| {});
    stand(&mut controller, 0.25);
    let goals = controller.goals().clone();
    let mut sensors = standing();
    sensors.joint_velocity_rps[HIP] = f32::NAN;
    for refused in 1..=3 {
        tick(&mut controller, &sensors, &Command::default(), &[1.0; 3]);
        let record = controller.record();
        assert_eq!((record.refusal, record.counters.refusals), (Refusal::NonFiniteObservation, refused));
        assert_eq!(controller.goals(), &goals);
    }
    let observation = stand(&mut controller, 0.25);
    assert_eq!(observation[LAST_ACTIONS..LAST_TARGET], [0.25; 9], "the action that was held, tick by tick");
    assert_eq!(controller.record().refusal, Refusal::None);
}

#[test]
fn an_action_that_is_no_number_is_refused_and_the_goal_held() {
    for (wrong, bounds) in [
        (f32::NAN, None),
        (f32::INFINITY, None),
        (f32::NAN, Some([-2.0, 2.0])),
        (f32::NEG_INFINITY, Some([-2.0, 2.0])),
    ] {
        let mut controller = controller(|contract| contract.action.bounds = bounds);
        stand(&mut controller, 0.25);
        let goals = controller.goals().clone();
        tick(&mut controller, &standing(), &Command::default(), &[0.5, wrong, 0.5]);
        let record = controller.record();
        assert_eq!((record.refusal, record.counters.refusals), (Refusal::NonFiniteAction, 1), "{wrong}");
        assert!(bits(&record.action) == bits(&[0.5, wrong, 0.5]) && controller.goals() == &goals);
        assert_eq!(record.fed_back_rad, [-0.1875, 0.1875, 0.0625]);
        let observation = stand(&mut controller, 0.25);
        assert_eq!(observation[LAST_ACTIONS..LAST_ACTIONS + 6], [0.25; 6]);
    }
}

#[test]
fn a_target_that_is_no_number_is_refused_too() {
    let mut controller = controller(|contract| {
        no_limits(contract);
        contract.action.scale = gaitway_model::per_element::PerElement::All(100.0);
    });
    tick(&mut controller, &standing(), &Command::default(), &[f32::MAX, 0.0, 0.0]);
    assert_eq!(controller.record().refusal, Refusal::NonFiniteAction);
    assert_eq!(controller.goals().rad(), mini().default_pose_rad());
}

#[test]
fn a_robot_whose_first_action_is_refused_stays_where_it_is() {
    let pose = [0.75, 0.0, 0.5, -0.5];
    let mut controller = controller(|_| {});
    controller.reset(&pose).unwrap();
    for _ in 0..3 {
        stand(&mut controller, f32::NAN);
        assert_eq!(controller.goals().rad(), pose);
    }
    stand(&mut controller, 0.0);
    assert_ne!(controller.goals().rad(), pose);
    controller.reset(&[f32::NAN, 0.0, f32::INFINITY, -0.5]).unwrap();
    assert!(
        controller.goals().rad().iter().all(|goal| goal.is_finite()),
        "an angle nobody read moves no goal"
    );
}

#[test]
fn a_controller_after_a_reset_is_as_one_just_made() {
    let fresh = controller(remembering);
    let mut used = controller(remembering);
    let mut random = Random::new(9);
    for _ in 0..100 {
        let (sensors, command) = any_inputs(&mut random, 4, false);
        used.step(&sensors, &command).unwrap();
    }
    // Format, contract, divider and tick come first, seven sums last: these go on.
    let state = |controller: &Controller| {
        let saved = controller.save();
        saved[88..saved.len() - 7 * 8].to_vec()
    };
    assert_ne!(state(&used), state(&fresh));
    used.reset(&mini().default_pose_rad()).unwrap();
    assert_eq!(state(&used), state(&fresh));
    assert_eq!(used.save()[80], 100, "the number of the tick goes on");
}

#[test]
fn gravity_is_down_and_turns_with_the_gyroscope_at_any_loop_rate() {
    let gravity = |contract: &mut Contract| {
        let term = &mut contract.observation[0];
        (term.source, term.unit) = (Source::ProjectedGravity, "1".to_owned());
    };
    for loop_hz in [50, 200] {
        let options = options(|options| options.loop_hz = Some(loop_hz));
        let mut controller = Controller::new(&policy(gravity), &mini(), &options).unwrap();
        let mut sensors = standing();
        controller.step(&sensors, &Command::default()).unwrap();
        assert_eq!(controller.record().observation[..3], [0.0, 0.0, -1.0]);
        // Half a radian to the right in half a second, while the accelerometer says nothing of use.
        (sensors.gyro_rps, sensors.accel_mps2) = ([1.0, 0.0, 0.0], [0.0, 0.0, 50.0]);
        for _ in 0..loop_hz / 2 {
            controller.step(&sensors, &Command::default()).unwrap();
        }
        controller.step(&sensors, &Command::default()).unwrap();
        let record = controller.record();
        let turned = 0.5 + 1.0 / loop_hz as f32;
        assert!((record.tilt_rad - turned).abs() < 0.01, "{loop_hz} Hz: {}", record.tilt_rad);
        assert!((record.observation[1] + 0.5_f32.sin()).abs() < 0.02, "{:?}", &record.observation[..3]);
    }
}

/// The mini robot on its side.
fn lying() -> Sensors {
    let mut sensors = standing();
    sensors.accel_mps2 = [9.81, 0.0, 0.0];
    sensors
}

#[test]
fn a_robot_tilted_for_the_declared_time_has_fallen_until_it_is_reset() {
    for (loop_hz, ticks) in [(50, 5), (100, 10)] {
        let options = options(|options| options.loop_hz = Some(loop_hz));
        let mut controller = Controller::new(&policy(|_| {}), &mini(), &options).unwrap();
        let step = |controller: &mut Controller, sensors: &Sensors| {
            controller.step(sensors, &Command::velocity(0.5, 0.0, 0.0)).unwrap();
            controller.record().fallen
        };
        for tick in 0..ticks {
            assert!(!step(&mut controller, &lying()), "{loop_hz} Hz, tick {tick}");
        }
        let goals = controller.goals().clone();
        assert!(step(&mut controller, &lying()), "0.1 s after the first tilted sample");
        for _ in 0..500 {
            assert!(step(&mut controller, &standing()), "latched");
        }
        let record = controller.record();
        assert!(record.tilt_rad < 0.1, "it stands again");
        assert_eq!((controller.goals(), record.counters.falls), (&goals, 1));
        assert_eq!(record.joint_limits, [JointLimits::FALLEN; 4]);
        controller.reset(&mini().default_pose_rad()).unwrap();
        assert!(!step(&mut controller, &standing()));
        assert_eq!(controller.record().counters.falls, 1, "sums go on");
        assert_ne!(controller.goals(), &goals);
    }
}

#[test]
fn a_tilt_shorter_than_the_declared_time_is_no_fall() {
    let mut controller = controller(|_| {});
    // Turned by 75 rad/s for a tick, to and fro.
    let turning = |sign: f32| {
        let mut sensors = lying();
        sensors.gyro_rps[1] = sign * 75.0;
        sensors
    };
    let mut tilted = |sensors: &Sensors| {
        tick(&mut controller, sensors, &Command::default(), &[0.0; 3]);
        (controller.record().tilt_rad > 0.8, controller.record().counters.falls)
    };
    assert_eq!(tilted(&lying()), (true, 0));
    for _ in 0..20 {
        for _ in 0..4 {
            assert_eq!(tilted(&lying()), (true, 0));
        }
        assert_eq!(tilted(&turning(1.0)), (false, 0), "the sixth tick would have been a fall");
        assert_eq!(tilted(&turning(-1.0)), (true, 0));
    }
}

#[test]
fn a_faster_loop_runs_the_policy_every_so_many_ticks() {
    let options = options(|options| options.loop_hz = Some(200));
    let mut controller = Controller::new(&policy(no_limits), &mini(), &options).unwrap();
    assert_eq!(controller.divider(), 4);
    for tick in 0..12 {
        let due = controller.observe(&standing(), &Command::default()).unwrap();
        assert_eq!((due, controller.record().policy_ran), (tick % 4 == 0, tick % 4 == 0));
        assert_eq!(controller.record().tick, tick);
        if due {
            controller.act(&[0.0, 2.0, 0.0]).unwrap();
        }
        // The hip's target is 0.625; it may move 6.25 rad/s, which is 0.03125 in a tick of 5 ms.
        assert_eq!(controller.goals().rad()[HIP], 0.125 + 0.03125 * (tick + 1) as f32);
        assert_eq!(controller.record().goal_rad, controller.goals().rad());
    }
    assert_eq!(controller.record().phase_step, 2.0, "the gait clock counts ticks of the policy");
}

#[test]
fn between_its_ticks_a_policys_targets_may_be_reached_on_a_straight_line() {
    let mut profile = mini();
    profile.rates.between_policy_ticks = Between::Interpolate;
    let options = options(|options| options.loop_hz = Some(200));
    let mut controller = Controller::new(&policy(no_limits), &profile, &options).unwrap();
    assert_eq!(controller.overrides(), ["targets on a straight line from one to the next instead of held"]);
    // 0.03125 rad a tick is what the filter lets through: up by a tenth, then back below where it began.
    for (action, way) in [(0.2, 0.05), (-0.2, -0.1)] {
        let before = controller.goals().rad()[HIP];
        for tick in 1..=4 {
            if controller.observe(&standing(), &Command::default()).unwrap() {
                controller.act(&[0.0, action, 0.0]).unwrap();
            }
            let goal = controller.goals().rad()[HIP];
            assert!((goal - before - way * tick as f32 / 4.0).abs() < 1e-6, "{action}: tick {tick}, {goal}");
            assert_eq!(controller.record().target_rad, controller.goals().rad(), "nothing was limited");
        }
        let target = 0.125 + 0.25 * action;
        assert_eq!(controller.goals().rad()[HIP], target, "the target itself, not a sum of steps");
    }
}

#[test]
fn rates_the_policy_cannot_run_at_are_refused() {
    for loop_hz in [0, 25, 49, 75, 125, 10_050, 4_000_000_000] {
        let options = options(|options| options.loop_hz = Some(loop_hz));
        let error = Controller::new(&policy(|_| {}), &mini(), &options).unwrap_err();
        assert!(matches!(error, ControlError::Rate { policy_hz: 50, .. }), "{error}");
        assert!(
            error.to_string().contains(&format!("{loop_hz} Hz"))
                && error.hint().contains("50, 100 or 200 Hz")
        );
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    type Edit = fn(&mut Options);
    let refusal = |edit: Edit, offset: f64| {
        let mut profile = mini();
        profile.options.phase_factor_offset = offset;
        let error = Controller::new(&policy(|_| {}), &profile, &options(edit)).unwrap_err();
        assert!(!error.hint().is_empty());
        error.to_string()
    };
    let gains: [Edit; 3] = [|o| o.kp = Some(f64::NAN), |o| o.kp = Some(-1.0), |o| o.kp = Some(255.5)];
    for edit in gains {
        assert!(refusal(edit, 0.0).starts_with("kp: expected 0 to 255"));
    }
    let others: [(Edit, &str); 14] = [
        (|o| o.ki = Some(-0.5), "ki: expected 0 to 255, found -0.5"),
        (|o| o.ki = Some(f64::INFINITY), "ki: expected 0 to 255, found inf"),
        (|o| o.kd = Some(256.0), "kd: expected 0 to 255, found 256"),
        (|o| o.leg_kp = Some(300.0), "leg_kp: expected 0 to 255, found 300"),
        (|o| (o.kp, o.leg_kp) = (Some(1.0), Some(2.0)), "leg_kp: expected no leg_kp beside kp, found 2"),
        (|o| o.action_scale = Some(0.0), "action_scale: expected above 0, at most 2, found 0"),
        (|o| o.action_scale = Some(-0.25), "action_scale: expected above 0, at most 2, found -0.25"),
        (|o| o.action_scale = Some(2.5), "action_scale: expected above 0, at most 2, found 2.5"),
        (|o| o.action_scale = Some(f64::NAN), "action_scale: expected above 0, at most 2, found NaN"),
        (|o| o.cutoff_hz = Some(0.0), "cutoff_hz: expected 0.001 to 1000000, found 0"),
        (|o| o.cutoff_hz = Some(f64::NAN), "cutoff_hz: expected 0.001 to 1000000, found NaN"),
        (|o| o.gait_period_ticks = Some(1), "gait_period_ticks: expected 2 to 1000, found 1"),
        (|o| o.gait_period_ticks = Some(1001), "gait_period_ticks: expected 2 to 1000, found 1001"),
        (|o| o.gait_period_ticks = Some(u32::MAX), "gait_period_ticks: expected 2 to 1000, found 4294967295"),
    ];
    for (edit, message) in others {
        assert_eq!(refusal(edit, 0.0), message);
    }
    let factors: [(Edit, f64); 5] = [
        (|o| o.phase_factor = f64::NAN, 0.0),
        (|o| o.phase_factor = 0.0, 0.0),
        (|o| o.phase_factor = 3.1, 0.0),
        (|o| o.phase_factor = 0.5, -0.9),
        (|o| o.phase_factor = 2.5, 0.9),
    ];
    for (edit, offset) in factors {
        let message = refusal(edit, offset);
        assert!(message.contains("phase factor") && message.contains("expected 0.1 to 3"), "{message}");
    }
}

#[test]
fn a_gait_period_for_a_policy_without_a_clock_is_refused() {
    let without_clock = |contract: &mut Contract| {
        contract.phase = None;
        contract.observation.retain(|term| term.source != Source::Phase);
    };
    let options = options(|options| options.gait_period_ticks = Some(27));
    let error = Controller::new(&policy(without_clock), &mini(), &options).unwrap_err();
    assert_eq!(error.to_string(), "gait_period_ticks: expected none: the policy has no gait clock, found 27");
    assert_eq!(error.hint(), "correct gait_period_ticks");
}

#[test]
fn gains_are_the_contracts_unless_overridden_and_that_is_reported() {
    let gains = |options: &Options| {
        let controller = Controller::new(&policy(|_| {}), &mini(), options).unwrap();
        let pairs: Vec<(f64, f64)> = controller.gains().iter().map(|gains| (gains.kp, gains.kd)).collect();
        assert!(controller.gains().iter().all(|gains| gains.ki == 0.0));
        (pairs, controller.overrides().to_vec())
    };
    // The contract has 20, 21, 22 for knee, hip and neck; the ankle keeps the profile's.
    let (plain, none) = gains(&Options::default());
    assert_eq!(plain, [(21.0, 3.0), (20.0, 3.0), (30.0, 1.0), (22.0, 3.0)]);
    assert_eq!(none, Vec::<String>::new());
    let (overridden, said) = gains(&options(|options| options.kp = Some(25.0)));
    assert_eq!(overridden, [(25.0, 3.0), (25.0, 3.0), (30.0, 1.0), (25.0, 3.0)]);
    assert_eq!(said, ["kp 25 for all joints instead of the contract's gains"]);
    let (legs, said) = gains(&options(|options| options.leg_kp = Some(25.0)));
    assert_eq!(
        legs,
        [(25.0, 3.0), (25.0, 3.0), (30.0, 1.0), (22.0, 3.0)],
        "the neck follows the head command"
    );
    assert_eq!(said, ["kp 25 for all joints but the head's instead of the contract's gains"]);
}

#[test]
fn integral_and_derivative_gains_are_for_the_policys_joints() {
    let options = options(|options| (options.ki, options.kd) = (Some(2.0), Some(7.0)));
    let controller = Controller::new(&policy(|_| {}), &mini(), &options).unwrap();
    let found: Vec<(f64, f64)> = controller.gains().iter().map(|gains| (gains.ki, gains.kd)).collect();
    assert_eq!(found, [(2.0, 7.0), (2.0, 7.0), (0.0, 1.0), (2.0, 7.0)]);
    assert_eq!(
        controller.overrides(),
        ["ki 2 for all joints instead of 0", "kd 7 for all joints instead of the contract's gains"]
    );
}

/// A controller under the mini contract, edited, with options.
fn with(edit: impl FnOnce(&mut Contract), set: impl FnOnce(&mut Options)) -> Controller {
    Controller::new(&policy(edit), &mini(), &options(set)).unwrap()
}

#[test]
fn another_action_scale_holds_for_every_joint() {
    let mut half = with(no_limits, |options| options.action_scale = Some(0.5));
    stand(&mut half, 1.0);
    assert_eq!(half.record().fed_back_rad, [0.25, 0.625, 0.5]);
    assert_eq!(half.overrides(), ["action scale 0.5 for all joints instead of the contract's"]);
    let same = with(|_| {}, |options| options.action_scale = Some(0.25));
    assert_eq!(same.overrides(), [] as [&str; 0], "it is the contract's");
}

#[test]
fn another_cut_off_is_the_contracts_filter_in_every_bit() {
    let filtered = |contract: &mut Contract| {
        no_limits(contract);
        contract.action.filter = Some(Filter::LowPass { cutoff_hz: 10.0 });
    };
    let mut by_option = with(no_limits, |options| options.cutoff_hz = Some(10.0));
    let mut by_contract = controller(filtered);
    let mut random = Random::new(3);
    for tick in 0..50 {
        let action = random.unit();
        stand(&mut by_option, action);
        stand(&mut by_contract, action);
        let targets = &by_option.record().fed_back_rad;
        assert_eq!(bits(targets), bits(&by_contract.record().fed_back_rad));
        assert!(tick > 0 || targets[2] == 0.25 * action, "the first target is unfiltered");
    }
    assert_eq!(by_option.overrides(), ["low-pass of 10 Hz on the targets, which the contract does not have"]);
    let other = with(filtered, |options| options.cutoff_hz = Some(20.0));
    assert_eq!(other.overrides(), ["low-pass of 20 Hz on the targets instead of the contract's filter"]);
    let same = with(filtered, |options| options.cutoff_hz = Some(10.0));
    assert_eq!(same.overrides(), [] as [&str; 0], "it is the contract's");
}

#[test]
fn another_gait_period_is_the_clocks() {
    let mut short = with(|_| {}, |options| options.gait_period_ticks = Some(4));
    stand(&mut short, 0.0);
    assert_eq!(stand(&mut short, 0.0)[PHASE + 1], 1.0, "a quarter of a gait of four");
    let steps: Vec<f64> = (2..6)
        .map(|_| {
            stand(&mut short, 0.0);
            short.record().phase_step
        })
        .collect();
    assert_eq!(steps, [2.0, 3.0, 0.0, 1.0]);
    assert_eq!(short.overrides(), ["gait of 4 ticks instead of the contract's 8"]);
    let same = with(|_| {}, |options| options.gait_period_ticks = Some(8));
    assert_eq!(same.overrides(), [] as [&str; 0], "it is the contract's");
}

#[test]
fn a_robot_other_than_the_one_trained_for_is_reported_or_refused() {
    let mut wider = mini();
    wider.joints[0].max_rad = 1.25;
    let controller = Controller::new(&policy(|_| {}), &wider, &Options::default()).unwrap();
    assert_eq!(controller.overrides().len(), 1);
    assert!(controller.overrides()[0].starts_with("robot profile differs"), "{:?}", controller.overrides());
    let shipped = common::texts::shipped();
    let error = Controller::new(&policy(|_| {}), &shipped, &Options::default()).unwrap_err();
    assert!(matches!(error, ControlError::Contract(_)) && !error.hint().is_empty(), "{error}");
}

#[test]
fn an_assumed_contract_is_reported() {
    let policy = Policy::from_onnx(&network(26), &[mini_contract()], Some("mini_walk")).unwrap();
    assert_eq!(policy.basis(), Basis::Assumed);
    let controller = Controller::new(&policy, &mini(), &Options::default()).unwrap();
    assert!(controller.overrides()[0].contains("mini_walk assumed by hand"), "{:?}", controller.overrides());
}

#[test]
fn an_engine_outside_gives_the_same_goals() {
    let file = embed(&network(26), &mini_contract()).unwrap();
    let outside = Policy::without_plan(&file, &[], None).unwrap();
    let mut outside = Controller::new(&outside, &mini(), &Options::default()).unwrap();
    let mut inside = controller(|_| {});
    let error = outside.step(&standing(), &Command::default()).unwrap_err();
    assert!(matches!(error, ControlError::ExternalEngine) && error.hint().contains("observe()"));
    let mut random = Random::new(11);
    for _ in 0..100 {
        let (sensors, command) = any_inputs(&mut random, 4, false);
        inside.step(&sensors, &command).unwrap();
        outside.observe(&sensors, &command).unwrap();
        outside.act(&inside.record().action).unwrap();
        assert_eq!(outside.record(), inside.record());
        assert_eq!(outside.save(), inside.save());
    }
}

#[test]
fn halves_of_a_tick_out_of_order_are_refused() {
    let mut controller = controller(|_| {});
    let refused = |controller: &mut Controller| {
        let before = controller.save();
        let error = controller.act(&[0.0; 3]).unwrap_err();
        assert!(matches!(error, ControlError::ActBeforeObserve) && !error.hint().is_empty());
        assert_eq!(controller.save(), before);
    };
    refused(&mut controller);
    stand(&mut controller, 0.0);
    refused(&mut controller);
    controller.observe(&standing(), &Command::default()).unwrap();
    controller.reset(&mini().default_pose_rad()).unwrap();
    refused(&mut controller);
}

#[test]
fn rows_of_another_length_are_refused_and_change_nothing() {
    let mut controller = controller(|_| {});
    stand(&mut controller, 1.0);
    let before = controller.save();
    let refused = |what: &str, error: ControlError| {
        assert!(
            matches!(error, ControlError::Length { .. }) && error.to_string().starts_with(what),
            "{error}"
        );
        assert!(!error.hint().is_empty());
    };
    for row in 0..3 {
        let mut sensors = standing();
        let Sensors { joint_position_rad, joint_velocity_rps, joint_age_s, .. } = &mut sensors;
        [joint_position_rad, joint_velocity_rps, joint_age_s][row].pop();
        refused("joint row", controller.step(&sensors, &Command::default()).unwrap_err());
    }
    refused("action", controller.act(&[0.0; 4]).unwrap_err());
    refused("pose", controller.reset(&[0.0; 3]).unwrap_err());
    assert_eq!(controller.save(), before);
}

#[test]
fn the_command_passes_its_envelope_and_the_record_says_so() {
    let mut controller = controller(|_| {});
    let mut command = Command::velocity(9.0, 0.5, f32::NAN);
    command.values[5] = 0.005;
    let observation = tick(&mut controller, &standing(), &command, &[0.0; 3]);
    assert_eq!(observation[COMMAND..LAST_ACTIONS], [0.5, 0.0, 0.0]);
    let record = controller.record();
    let limits = record.command_limits;
    assert_eq!((limits.out_of_range, limits.no_such_axis, limits.non_finite, limits.rate), (1, 2, 4, 0));
    assert_eq!((record.command_requested.values[0], record.command.values[0]), (9.0, 0.5));
    assert_eq!((record.counters.limited_command, record.counters.limited), (1, 0));
}

#[test]
fn a_command_starts_from_what_asks_for_nothing() {
    let mut controller = controller(|contract| {
        // 5 rad/s are 0.1 rad a tick.
        (contract.command[2].idle, contract.command[2].rate_limit_per_s) = (0.25, Some(5.0));
    });
    let mut seen =
        |command: f32| tick(&mut controller, &standing(), &head_yaw(command), &[0.0; 3])[COMMAND + 2];
    assert_eq!(seen(0.5), 0.25 + 0.1);
    assert_eq!(seen(f32::NAN), 0.25);
}

#[test]
fn ages_and_tilt_are_in_the_record() {
    let mut controller = controller(|_| {});
    let mut sensors = standing();
    sensors.imu_age_s = 0.25;
    sensors.joint_age_s = vec![0.0, 0.5, f32::NAN, 0.125];
    tick(&mut controller, &sensors, &Command::default(), &[0.0; 3]);
    let record = controller.record();
    assert_eq!((record.imu_age_s, record.oldest_joint_age_s, record.tilt_rad), (0.25, 0.5, 0.0));
    assert_eq!(record.up, [0.0, 0.0, 1.0]);
}

/// A contract with everything that remembers.
fn remembering(contract: &mut Contract) {
    contract.action.delay_ticks = 2;
    contract.action.filter = Some(Filter::LowPass { cutoff_hz: 20.0 });
    contract.action.fed_back = FedBack::AfterSafetyGate;
    contract.phase.as_mut().unwrap().runs = PhaseRuns::WhileCommanded;
    for term in &mut contract.observation[..2] {
        (term.history, term.width, term.lag) = (2, 6, 1);
    }
}

/// Everything one tick gives but what the record keeps of earlier ticks of the policy.
fn outcome(controller: &Controller) -> (Vec<u8>, Vec<u32>, Option<Vec<u32>>) {
    let record = controller.record();
    let seen = record.policy_ran.then(|| bits(&[&record.observation[..], &record.action[..]].concat()));
    (controller.save(), bits(controller.goals().rad()), seen)
}

#[test]
fn a_restored_controller_continues_bit_for_bit_from_every_tick() {
    let (policy, profile) = (policy(remembering), mini());
    let options = options(|options| options.loop_hz = Some(100));
    let make = || Controller::new(&policy, &profile, &options).unwrap();
    let mut random = Random::new(5);
    let inputs: Vec<_> = (0..200).map(|_| any_inputs(&mut random, 4, true)).collect();
    let mut original = make();
    let mut saved = vec![original.save()];
    let mut outcomes = Vec::new();
    for (sensors, command) in &inputs {
        original.step(sensors, command).unwrap();
        saved.push(original.save());
        outcomes.push(outcome(&original));
    }
    let counters = original.record().counters;
    assert!(
        counters.refusals > 0 && counters.limited_velocity > 0 && counters.limited_command > 0,
        "{counters:?}"
    );
    let mut restored = make();
    for (start, saved) in saved.iter().enumerate().take(inputs.len()) {
        restored.restore(saved).unwrap();
        assert_eq!(restored.save(), *saved);
        for (tick, (sensors, command)) in inputs.iter().enumerate().skip(start) {
            restored.step(sensors, command).unwrap();
            assert!(outcome(&restored) == outcomes[tick], "restored at {start}, differs at {tick}");
        }
        assert_eq!(restored.record().counters, counters, "restored at {start}");
    }
}

#[test]
fn a_tick_restored_between_its_halves_is_judged_by_its_own_observation() {
    let mut sensors = standing();
    sensors.gyro_rps[0] = f32::NAN;
    let mut original = controller(|_| {});
    original.observe(&sensors, &Command::default()).unwrap();
    let mut restored = controller(|_| {});
    restored.restore(&original.save()).unwrap();
    original.act(&[1.0; 3]).unwrap();
    restored.act(&[1.0; 3]).unwrap();
    assert_eq!(restored.record().refusal, Refusal::NonFiniteObservation);
    assert_eq!(restored.save(), original.save());
}

#[test]
fn a_fall_is_seen_at_the_same_tick_by_a_restored_controller() {
    let fallen_after = |controller: &mut Controller| {
        let mut ticks = 0;
        while !controller.record().fallen {
            tick(controller, &lying(), &Command::default(), &[0.0; 3]);
            ticks += 1;
        }
        ticks
    };
    let mut original = controller(|_| {});
    for _ in 0..3 {
        tick(&mut original, &lying(), &Command::default(), &[0.0; 3]);
    }
    let mut restored = controller(|_| {});
    restored.restore(&original.save()).unwrap();
    assert_eq!((fallen_after(&mut original), fallen_after(&mut restored)), (3, 3));
    let mut late = controller(|_| {});
    late.restore(&original.save()).unwrap();
    stand(&mut late, 0.0);
    assert!(late.record().fallen && late.record().counters.falls == 1);
}

#[test]
fn a_saved_state_that_is_not_of_this_controller_changes_nothing() {
    let mut victim = controller(|_| {});
    stand(&mut victim, 1.0);
    let before = victim.save();
    let mut refused = |bytes: &[u8], what: &str| {
        let error = victim.restore(bytes).expect_err(what);
        assert!(matches!(error, ControlError::State { .. }) && !error.hint().is_empty(), "{error}");
        assert!(error.to_string().contains(what), "{what}: {error}");
        assert_eq!(victim.save(), before);
    };
    let mut other = controller(|contract| contract.name = "another".to_owned());
    stand(&mut other, 0.5);
    let state = {
        let mut twin = controller(|_| {});
        stand(&mut twin, 0.5);
        twin.save()
    };
    refused(&other.save(), "contract");
    let fast =
        Controller::new(&policy(|_| {}), &mini(), &options(|options| options.loop_hz = Some(100))).unwrap();
    refused(&fast.save(), "loop rate divider");
    for len in 0..state.len() {
        refused(&state[..len], "length");
    }
    refused(&[&state[..], &[0]].concat(), "length");
    refused(&[b"GWSTATE2", &state[8..]].concat(), "format");
    let patched = |at: usize, value: u64| {
        let mut bytes = state.clone();
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    // Format 8, contract 64, divider 8: then tick, ticks since the policy, two flags.
    refused(&patched(80, 1 << 63), "a sum");
    refused(&patched(88, 1), "ticks since the policy");
    refused(&patched(88, 1 << 32), "a count");
    refused(&patched(96, 2), "a flag");
    // From the end: seven sums, four targets, fallen.
    let end = state.len();
    refused(&patched(end - 8, u64::MAX), "a sum");
    refused(&patched(end - 7 * 8, u64::MAX), "a sum");
    refused(&patched(end - 7 * 8 - 16 - 8, 7), "a flag");
    let goal = end - 7 * 8 - 16 - 16 - 4;
    let mut no_number = state.clone();
    no_number[goal..goal + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    refused(&no_number, "goals");
    // Memory of 9 + 9 + 9 + 3 + ... numbers, then seven of the command, then the gait clock: found by its value.
    let clock = (104..end - 8).find(|&at| state[at..at + 8] == 1.0_f64.to_le_bytes()).unwrap();
    refused(&patched(clock, f64::INFINITY.to_bits()), "gait clock");
    // Behind the clock and its flag lies up, which is no direction where it is far too long.
    let up = f32::MAX.to_bits();
    refused(&patched(clock + 16, u64::from(up) << 32 | u64::from(up)), "up direction");
    victim.restore(&state).unwrap();
    assert_eq!(victim.save(), state);
}

#[test]
fn the_same_inputs_give_the_same_bits() {
    let mut twins = [controller(remembering), controller(remembering)];
    let mut random = Random::new(1);
    for _ in 0..2000 {
        let (sensors, command) = any_inputs(&mut random, 4, true);
        let [first, second] = &mut twins;
        first.step(&sensors, &command).unwrap();
        second.step(&sensors, &command).unwrap();
        assert!(outcome(first) == outcome(second));
    }
}

/// Steps through `ticks` wild inputs, actions from outside among them, and checks every goal.
fn goals_stay_safe(policy: &Policy, profile: &RobotProfile, loop_hz: u32, ticks: usize, seed: u64) {
    let options = options(|options| options.loop_hz = Some(loop_hz));
    let mut controller = Controller::new(policy, profile, &options).unwrap();
    let mut random = Random::new(seed);
    let mut before = controller.goals().rad().to_vec();
    for tick in 0..ticks {
        let (mut sensors, mut command) = any_inputs(&mut random, profile.joints.len(), true);
        command.phase_factor_offset = any(&mut random, true);
        if tick % 2000 < 200 {
            sensors.accel_mps2 = lying().accel_mps2;
        }
        if random.below(2) == 0 {
            controller.step(&sensors, &command).unwrap();
        } else if controller.observe(&sensors, &command).unwrap() {
            let action: Vec<f32> =
                (0..policy.contract().action_len()).map(|_| 20.0 * any(&mut random, true)).collect();
            controller.act(&action).unwrap();
        }
        within_limits(profile, f64::from(loop_hz), &before, controller.goals().rad());
        before.copy_from_slice(controller.goals().rad());
        if random.below(50) == 0 {
            controller.reset(&before).unwrap();
        }
    }
    let counters = controller.record().counters;
    assert!(counters.as_array().iter().all(|&sum| sum > 0), "every limit was met: {counters:?}");
}

#[test]
fn whatever_comes_in_goals_are_finite_within_range_and_no_faster_than_allowed() {
    let bounded = |contract: &mut Contract| contract.action.velocity_limit_rps = None;
    goals_stay_safe(&policy(bounded), &mini(), 50, 10_000, 1);
    goals_stay_safe(&policy(remembering), &mini(), 200, 10_000, 2);
}
