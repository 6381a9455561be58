//! Damaged policy files, contracts, profiles and saved states never panic; errors say where; what still loads runs
//! three ticks with finite goals within the robot's limits.
//!
//! `GAITWAY_FUZZ_ITERATIONS` sets how many damaged inputs each test tries.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::onnx::{Message, REAL_FILES, real_file};
use common::texts::{
    MINI, MINI_CONTRACT, Random, SHIPPED_CONTRACTS, damaged, iterations, mini, mini_contract,
    names_the_place, names_the_term, shipped,
};
use common::{any_inputs, network, policy, within_limits};
use gaitway_control::{ControlError, Controller, Options, Policy, PolicyError, embed};
use gaitway_model::{Command, Contract, RobotProfile, Sensors};

/// One to three bytes or lengths of `seed` changed, cut out, doubled or cut off.
fn damaged_bytes(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            break;
        }
        // Half of the damage near the ends, where the structure of a large file is.
        let near = bytes.len().min(2_000);
        let at = match random.below(4) {
            0 => random.below(near),
            1 => bytes.len() - 1 - random.below(near),
            _ => random.below(bytes.len()),
        };
        let end = (at + 1 + random.below(40)).min(bytes.len());
        match random.below(10) {
            0..=4 => bytes[at] ^= 1 << random.below(8),
            5 => bytes.truncate(at),
            6 => drop(bytes.drain(at..end)),
            7 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            // A length or number of up to ten bytes.
            _ => {
                drop(bytes.splice(at..at + 1, Message::default().int(1, random.bits() as i64).0.split_off(1)))
            }
        }
    }
    bytes
}

fn policy_error(error: &PolicyError) {
    if let PolicyError::Contract(error) = error {
        names_the_term(error);
    }
    assert!(!error.hint().is_empty() && error.to_string().len() > 20, "{error}");
}

/// Runs three ticks where the pair fits, checks the refusal where it does not. True where it ran.
fn walks(policy: &Policy, profile: &RobotProfile) -> bool {
    let mut controller = match Controller::new(policy, profile, &Options::default()) {
        Ok(controller) => controller,
        Err(error) => {
            match &error {
                ControlError::Contract(error) => names_the_term(error),
                ControlError::Option { what, .. } => {
                    assert!(!what.is_empty() && error.to_string().contains(what))
                }
                other => panic!("{other}"),
            }
            assert!(!error.hint().is_empty());
            return false;
        }
    };
    let sensors = Sensors::still(profile.joints.len(), profile.contacts.len());
    let loop_hz = f64::from(policy.contract().policy_rate_hz);
    for command in [
        Command::default(),
        Command::velocity(0.1, 0.2, -0.5),
        Command { phase_factor_offset: 9.0, ..Command::of(&[9.0; 7]) },
    ] {
        let before = controller.goals().rad().to_vec();
        controller.step(&sensors, &command).unwrap();
        within_limits(profile, loop_hz, &before, controller.goals().rad());
    }
    let saved = controller.save();
    controller.restore(&saved).unwrap();
    true
}

/// Tries `usable` so often; prints how often it held. A fuzzer that never reaches the end, or always, tries nothing.
fn fuzz(name: &str, default: usize, mut usable: impl FnMut(&mut Random) -> bool) {
    let mut random = Random::new(21);
    let total = iterations(default);
    let used = (0..total).filter(|_| usable(&mut random)).count();
    println!("{name}: {used} of {total} still run");
    assert!(total < 2000 || (1..total).contains(&used), "{name}: {used} of {total}");
}

#[test]
fn damaged_policy_files_never_panic() {
    let seed = embed(&network(26), &mini_contract()).unwrap();
    let (known, profile) = ([mini_contract()], mini());
    fuzz("policy files", 60_000, |random| {
        let assume = (random.below(2) == 0).then_some("mini_walk");
        match Policy::from_onnx(&damaged_bytes(random, &seed), &known, assume) {
            Ok(policy) => walks(&policy, &profile),
            Err(error) => {
                policy_error(&error);
                false
            }
        }
    });
}

#[test]
fn damaged_networks_under_a_sound_contract_never_panic() {
    let (seed, contract, profile) = (network(26), mini_contract(), mini());
    fuzz("networks", 60_000, |random| {
        let damaged = damaged_bytes(random, &seed);
        match embed(&damaged, &contract).and_then(|file| Policy::from_onnx(&file, &[], None)) {
            Ok(policy) => walks(&policy, &profile),
            Err(error) => {
                policy_error(&error);
                false
            }
        }
    });
}

#[test]
fn damaged_real_files_never_panic() {
    let robot = shipped();
    for (name, contract) in REAL_FILES.into_iter().zip(SHIPPED_CONTRACTS) {
        let Some(bytes) = real_file(name) else {
            continue;
        };
        let contract = Contract::from_json(contract).unwrap();
        let whole = embed(&bytes, &contract).unwrap();
        assert!(walks(&Policy::from_onnx(&whole, &[], None).unwrap(), &robot), "{name}");
        let mut random = Random::new(4);
        for _ in 0..iterations(10_000) / 50 {
            // Damaged before the contract comes in, the hashes agree and the engine sees the damage.
            let early = embed(&damaged_bytes(&mut random, &bytes), &contract);
            let late = Ok(damaged_bytes(&mut random, &whole));
            for file in [early, late] {
                match file.and_then(|file| Policy::from_onnx(&file, &[], None)) {
                    Ok(policy) => drop(walks(&policy, &robot)),
                    Err(error) => policy_error(&error),
                }
            }
        }
    }
}

#[test]
fn damaged_contracts_in_a_sound_file_never_panic() {
    let (network, profile) = (network(26), mini());
    let sound = mini_contract().canonical_json().unwrap();
    fuzz("contracts", 60_000, |random| {
        let text = damaged(random, &sound, &[&sound, MINI_CONTRACT]);
        let Ok(contract) = Contract::from_json(&text) else {
            return false;
        };
        match embed(&network, &contract).and_then(|file| Policy::from_onnx(&file, &[], None)) {
            Ok(policy) => walks(&policy, &profile),
            Err(error) => {
                policy_error(&error);
                false
            }
        }
    });
}

#[test]
fn damaged_profiles_under_a_sound_policy_never_panic() {
    let policy = policy(|_| {});
    fuzz("profiles", 40_000, |random| match RobotProfile::from_toml(&damaged(random, MINI, &[MINI])) {
        Ok(profile) => walks(&policy, &profile),
        Err(error) => {
            names_the_place(&error);
            false
        }
    });
}

#[test]
fn damaged_states_never_panic_and_never_lead_to_an_unsafe_goal() {
    let (policy, profile) = (policy(|contract| contract.action.delay_ticks = 1), mini());
    let options = Options { loop_hz: Some(100), ..Options::default() };
    let mut controller = Controller::new(&policy, &profile, &options).unwrap();
    let mut seeds = Vec::new();
    let mut inputs = Random::new(2);
    for _ in 0..50 {
        let (sensors, command) = any_inputs(&mut inputs, 4, true);
        controller.step(&sensors, &command).unwrap();
        seeds.push(controller.save());
    }
    fuzz("states", 150_000, |random| {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        // Behind format, contract and divider, which must be right; mostly of the right length.
        match random.below(10) {
            0 => bytes = damaged_bytes(random, &bytes),
            1..=4 => {
                let at = 80 + random.below((bytes.len() - 80) / 4) * 4;
                let worst = [f32::NAN, f32::INFINITY, f32::MAX, f32::MIN, -1.0][random.below(5)];
                bytes[at..at + 4].copy_from_slice(&worst.to_le_bytes());
            }
            _ => {
                let at = 80 + random.below(bytes.len() - 80);
                bytes[at] ^= 1 << random.below(8);
            }
        }
        let saved = controller.save();
        if let Err(error) = controller.restore(&bytes) {
            assert!(matches!(error, ControlError::State { .. }) && !error.hint().is_empty(), "{error}");
            assert_eq!(controller.save(), saved);
            return false;
        }
        assert!(controller.save() == bytes, "what was restored is what was saved");
        for _ in 0..3 {
            let before = controller.goals().rad().to_vec();
            let (sensors, command) = any_inputs(random, 4, true);
            controller.step(&sensors, &command).unwrap();
            for ((goal, before), joint) in controller.goals().rad().iter().zip(before).zip(&profile.joints) {
                assert!(goal.is_finite());
                // A saved goal out of range is led back; one in range stays there.
                let range = joint.min_rad as f32..=joint.max_rad as f32;
                assert!(range.contains(goal) || !range.contains(&before), "{before} to {goal}");
            }
        }
        true
    });
}
