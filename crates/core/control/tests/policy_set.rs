//! Policies of a set take turns: by command, by name, by time and pose, at a safe phase, without a jump, and again the
//! same from a saved state.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../../../tests/rust/counting.rs"]
mod counting;

use common::texts::{Random, mini, mini_contract};
use common::{any_inputs, network, onnx, standing, within_limits};
use gaitway_control::{ControlError, Controller, Options, Policy, PolicyError, embed};
use gaitway_model::{Command, Contract};

const TURNS: &str = r#"
schema = "gaitway.policies/1"
default = "walk"
policies = [
    { name = "walk", file = "walk.onnx", blend_ticks = 5 },
    { name = "stand", file = "stand.onnx", blend_ticks = 5 },
]
[[transitions]]
from = ["walk"]
to = "stand"
when = "no_velocity"
[[transitions]]
from = ["stand"]
to = "walk"
when = "velocity"
"#;

/// A file under the mini contract, edited; `seed` makes its weights.
fn file(seed: u64, edit: impl FnOnce(&mut Contract)) -> Vec<u8> {
    let mut contract = mini_contract();
    contract.golden = None;
    edit(&mut contract);
    let inputs = contract.observation_len();
    let weights = onnx::tensor("w", &[inputs as i64, 3], &onnx::Random::new(seed).vector(3 * inputs, 0.2));
    let nodes = [onnx::node("MatMul", &["x", "w"], &["m"]), onnx::node("Tanh", &["m"], &["y"])];
    embed(&onnx::x_to_y(inputs, 3, &nodes, &[weights]), &contract).unwrap()
}

/// Another contract: fewer numbers, a history of sensors, no gait clock.
fn other(contract: &mut Contract) {
    contract.name = "other".to_owned();
    contract.observation.retain(|term| term.name != "phase");
    contract.phase = None;
}

fn set_of(text: &str, walk: Vec<u8>, stand: Vec<u8>) -> Result<Policy, PolicyError> {
    Policy::of_set(text, &mut |name| match name {
        "walk.onnx" => Ok(walk.clone()),
        "stand.onnx" => Ok(stand.clone()),
        _ => Err("no such file".to_owned()),
    })
}

fn controller(text: &str, stand: impl FnOnce(&mut Contract)) -> Controller {
    let policy = set_of(text, file(1, |_| {}), file(2, stand)).unwrap();
    Controller::new(&policy, &mini(), &Options::default()).unwrap()
}

fn walking() -> Command {
    Command::velocity(0.1, 0.0, 0.0)
}

/// So many ticks with this command; which policy ran in each.
fn run(controller: &mut Controller, command: &Command, ticks: usize) -> Vec<usize> {
    let tick = |_| {
        controller.step(&standing(), command).unwrap();
        controller.record().policy
    };
    (0..ticks).map(tick).collect()
}

#[test]
fn one_policy_walks_and_another_stands() {
    let mut controller = controller(TURNS, |_| {});
    assert_eq!(run(&mut controller, &walking(), 20), [0; 20]);
    let policies = run(&mut controller, &Command::default(), 30);
    // The command goes to zero no faster than the contract lets it.
    let walked = policies.iter().take_while(|policy| **policy == 0).count();
    assert!(walked < 15 && policies[walked..].iter().all(|policy| *policy == 1), "{policies:?}");
    assert_eq!(run(&mut controller, &walking(), 3), [0; 3], "it walks at once");
    controller.reset(&mini().default_pose_rad()).unwrap();
    assert_eq!(controller.active(), 0, "a start begins with the default policy");
}

#[test]
fn goals_go_over_without_a_jump_whatever_the_contracts() {
    let mut random = Random::new(5);
    for stand in [|_: &mut Contract| {}, other] {
        let mut controller = controller(TURNS, stand);
        let mut before = mini().default_pose_rad();
        let mut switches = 0;
        for tick in 0..600 {
            let command = if tick / 25 % 2 == 0 { walking() } else { Command::default() };
            let active = controller.active();
            let (mut sensors, _) = any_inputs(&mut random, 4, false);
            sensors.joint_position_rad.copy_from_slice(&mini().default_pose_rad());
            let goals = controller.step(&sensors, &command).unwrap().rad().to_vec();
            within_limits(&mini(), 50.0, &before, &goals);
            if controller.active() != active {
                switches += 1;
                let jump = goals.iter().zip(&before).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(jump < 0.1, "tick {tick}: {jump} rad in the first tick, of a blend of five");
            }
            before = goals;
        }
        assert!(switches > 20, "{switches}");
    }
}

#[test]
fn a_restored_set_goes_on_bit_for_bit_and_neither_switch_nor_tick_allocates() {
    for stand in [|_: &mut Contract| {}, other] {
        let (mut original, mut restored) = (controller(TURNS, stand), controller(TURNS, stand));
        let (mut random, pose) = (Random::new(9), mini().default_pose_rad());
        let mut switches = 0;
        for tick in 0..400 {
            let (sensors, _) = any_inputs(&mut random, 4, tick % 50 > 40);
            let command = if tick / 15 % 2 == 0 { walking() } else { Command::default() };
            let active = original.active();
            restored.restore(&original.save()).unwrap();
            let before = counting::allocations();
            original.step(&sensors, &command).unwrap();
            if tick % 90 == 89 {
                original.reset(&pose).unwrap();
            }
            assert_eq!(counting::allocations(), before, "tick {tick}");
            restored.step(&sensors, &command).unwrap();
            if tick % 90 == 89 {
                restored.reset(&pose).unwrap();
            }
            assert_eq!(restored.save(), original.save(), "tick {tick}");
            assert_eq!(restored.record().policy, original.record().policy);
            switches += usize::from(active != original.active());
        }
        assert!(switches > 10, "{switches}");
    }
}

#[test]
fn a_saved_set_belongs_to_a_set() {
    let mut set = controller(TURNS, |_| {});
    run(&mut set, &walking(), 3);
    let alone = Policy::from_onnx(&file(1, |_| {}), &[], None).unwrap();
    let mut alone = Controller::new(&alone, &mini(), &Options::default()).unwrap();
    let refused = [alone.restore(&set.save()), set.restore(&alone.save())];
    for error in refused.map(|refused| refused.unwrap_err()) {
        assert!(matches!(error, ControlError::State { what: "policies", .. }), "{error}");
    }
    assert!(!alone.save().starts_with(b"GWTURNS"), "one that runs alone has the state it always had");
}

#[test]
fn a_policy_is_asked_for_by_name_and_ends_when_nobody_asks_or_by_time() {
    let text = TURNS.replace(
        "from = [\"walk\"]\nto = \"stand\"\nwhen = \"no_velocity\"",
        "to = \"stand\"\nwhen = \"asked\"",
    );
    let text = text.replace("when = \"velocity\"", "when = \"not_asked\"");
    let mut set = controller(&text, |_| {});
    assert_eq!(run(&mut set, &Command::default(), 5), [0; 5]);
    set.ask(Some(1));
    assert_eq!(run(&mut set, &walking(), 5), [1; 5]);
    set.ask(None);
    assert_eq!(run(&mut set, &walking(), 5), [0; 5]);
    set.ask(Some(7));
    assert_eq!((set.asked(), run(&mut set, &walking(), 2)), (None, vec![0; 2]), "there is no such policy");
    let timed = text.replace("when = \"not_asked\"", "when = \"always\"\nafter_ticks = 10");
    let mut set = controller(&timed, |_| {});
    set.ask(Some(1));
    let ran = run(&mut set, &Command::default(), 12);
    assert_eq!((ran[..11].to_vec(), ran[11]), ([vec![1; 11]].concat(), 0), "{ran:?}");
}

#[test]
fn a_pose_lets_a_policy_in_and_a_phase_lets_it_out() {
    let lies = TURNS.replace("when = \"no_velocity\"", "when = \"no_velocity\"\ntilt_rad = [1.0, 3.2]");
    assert!(run(&mut controller(&lies, |_| {}), &Command::default(), 40).iter().all(|policy| *policy == 0));
    let posed = TURNS
        .replace("when = \"no_velocity\"", "when = \"no_velocity\"\npose = \"default\"\nwithin_rad = 0.1");
    let mut set = controller(&posed, |_| {});
    let mut bent = standing();
    bent.joint_position_rad[0] += 0.2;
    set.step(&bent, &Command::default()).unwrap();
    assert_eq!(set.active(), 0);
    assert_eq!(run(&mut set, &Command::default(), 2), [1; 2]);
    let phased = TURNS.replace("\"walk.onnx\", ", "\"walk.onnx\", leave_phases = [[0.45, 0.6]], ");
    let mut set = controller(&phased, |_| {});
    let ran = run(&mut set, &Command::default(), 16);
    let left = ran.iter().position(|policy| *policy == 1).unwrap();
    let phase = set.record().phase_step;
    assert!((3..=6).contains(&left), "in the middle of a gait of eight ticks: {ran:?}, now at {phase}");
}

#[test]
fn what_cannot_take_turns_is_refused_with_the_file_and_a_remedy() {
    let bare = network(mini_contract().observation_len());
    let cases = [
        (set_of(TURNS, file(1, |_| {}), b"no ONNX".to_vec()), "stand.onnx: "),
        (set_of(TURNS, file(1, |_| {}), bare), "carries no contract"),
        (set_of(&TURNS.replace("stand.onnx", "sit.onnx"), file(1, |_| {}), Vec::new()), "sit.onnx: "),
        (set_of(TURNS, file(1, |_| {}), file(2, |contract| contract.policy_rate_hz = 25)), "rate differ"),
        (set_of("default = 3", Vec::new(), Vec::new()), "policy set: at default"),
    ];
    for (found, part) in cases {
        let error = found.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn another_controller_takes_over_in_the_middle_of_a_stride() {
    let mut walks = controller(TURNS, |_| {});
    run(&mut walks, &walking(), 30);
    for stand in [|_: &mut Contract| {}, other] {
        let next = Policy::from_onnx(&file(7, stand), &[], None).unwrap();
        let mut next = Controller::new(&next, &mini(), &Options::default()).unwrap();
        next.take_over(&walks, 6);
        let mut restored = Controller::new(
            &Policy::from_onnx(&file(7, stand), &[], None).unwrap(),
            &mini(),
            &Options::default(),
        )
        .unwrap();
        restored.restore(&next.save()).unwrap();
        let mut before = walks.goals().rad().to_vec();
        for tick in 0..12 {
            let goals = next.step(&standing(), &walking()).unwrap().rad().to_vec();
            within_limits(&mini(), 50.0, &before, &goals);
            let jump = goals.iter().zip(&before).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(tick > 0 || jump < 0.1, "{jump} rad in the first tick");
            restored.step(&standing(), &walking()).unwrap();
            assert_eq!((restored.save(), next.record().tick), (next.save(), 30 + tick));
            before = goals;
        }
        assert!(!next.save().starts_with(b"GWTURNS"), "a blend that is over leaves nothing behind");
    }
}
