//! Damaged profiles, contracts and configurations never panic; errors name their place; what still loads is usable.
//!
//! `GAITWAY_FUZZ_ITERATIONS` sets how many damaged texts each test tries.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    DUCK, DUCK_CONTRACTS, MINI, MINI_CONTRACT, Random, damaged, duck, iterations, mini, mini_contract,
    names_the_place, names_the_term,
};
use gaitway_contract::{Command, Contract, ObservationProgram, RobotProfile, Sensors, duck_config};
use std::collections::HashSet;

const CONFIG: &str = r#"{
  "start_paused": false, "imu_upside_down": false, "phase_frequency_factor_offset": 0.05, "fall_threshold_deg": 45,
  "expression_features": {"eyes": true, "projector": false, "antennas": true, "speaker": false, "camera": false},
  "joints_offsets": {"left_knee": 0.03, "neck_pitch": -0.06, "_hip": "x", "right_ankle": 0.0},
  "joints_signs": {"left_knee": -1}, "servo_ids": {"left_hip_yaw": 10, "right_hip_yaw": 20}, "action_scale": 0.2,
  "imu_trim": {"pitch": 0.02, "roll": -0.03}, "imu_address": "0x29", "imu_chip_id": 161
}"#;

/// Damages each seed in turn; prints and returns how many texts of how many `usable` took.
fn fuzz(name: &str, seeds: &[&str], default: usize, usable: impl Fn(&str) -> bool) {
    let mut random = Random::new(7);
    let total = iterations(default);
    let taken = (0..total).filter(|at| usable(&damaged(&mut random, seeds[at % seeds.len()], seeds))).count();
    println!("{name}: {taken} of {total} damaged texts are still taken");
    assert!(seeds.iter().all(|seed| usable(seed)), "{name}: an undamaged seed is refused");
    // A test whose texts are all refused, or all taken, tries nothing.
    assert!(total < 1000 || (total / 1000..total / 2).contains(&taken), "{name}: {taken} of {total}");
}

#[test]
fn damaged_profiles_never_panic() {
    let contracts: Vec<Contract> =
        DUCK_CONTRACTS.into_iter().map(|text| Contract::from_json(text).unwrap()).collect();
    let mini_contract = mini_contract();
    fuzz("profiles", &[MINI, MINI, MINI, DUCK], 60_000, |text| {
        let profile = match RobotProfile::from_toml(text) {
            Ok(profile) => profile,
            Err(error) => {
                names_the_place(&error);
                return false;
            }
        };
        assert_eq!(profile.policy_sha256().len(), 64);
        assert!(profile.default_pose_rad().iter().all(|angle| angle.is_finite()));
        let (same, report) = duck_config::apply(&profile, b"{}").unwrap();
        assert!(same == profile && report.ignored.is_empty());
        for contract in contracts.iter().chain([&mini_contract]) {
            observe(contract, &profile);
        }
        true
    });
}

#[test]
fn damaged_contracts_never_panic() {
    let (mini, duck) = (mini(), duck());
    let seeds = [MINI_CONTRACT, MINI_CONTRACT, MINI_CONTRACT, DUCK_CONTRACTS[0], DUCK_CONTRACTS[1]];
    fuzz("contracts", &seeds, 10_000, |text| {
        let contract = match Contract::from_json(text) {
            Ok(contract) => contract,
            Err(error) => {
                names_the_term(&error);
                return false;
            }
        };
        let canonical = contract.canonical_json().unwrap();
        assert_eq!(Contract::from_json(&canonical).unwrap(), contract);
        assert_eq!(contract.hash().unwrap().len(), 64);
        observe(&contract, &mini);
        observe(&contract, &duck);
        true
    });
}

#[test]
fn damaged_duck_configs_never_panic() {
    let duck = duck();
    fuzz("duck configs", &[CONFIG], 250_000, |text| match duck_config::apply(&duck, text.as_bytes()) {
        Ok((profile, report)) => {
            for joint in &profile.joints {
                let [low, high] = joint.offset_range_rad();
                assert!((low..=high).contains(&joint.offset_rad) && matches!(joint.direction, 1 | -1));
            }
            let ids: HashSet<u8> = profile.joints.iter().map(|joint| joint.servo_id).collect();
            assert_eq!(ids.len(), profile.joints.len());
            assert!(report.ignored.iter().all(|line| line.contains(": ")));
            assert_eq!(profile.policy_sha256(), duck.policy_sha256());
            true
        }
        Err(error) => {
            for mistake in &error.mistakes {
                assert!(!mistake.place.is_empty() && error.to_string().contains(&mistake.place), "{error}");
            }
            assert!(!error.mistakes.is_empty() && !error.hint("duck_config.json").is_empty());
            false
        }
    });
}

/// Builds three observations where the pair fits, checks the refusal where it does not.
fn observe(contract: &Contract, profile: &RobotProfile) {
    let program = match ObservationProgram::compile(contract, profile) {
        Ok(program) => program,
        Err(error) => return names_the_term(&error),
    };
    assert_eq!(program.len(), contract.observation_len());
    let sensors = Sensors::still(profile.joints.len());
    let mut state = program.initial_state();
    let mut observation = vec![0.0; program.len()];
    let row = vec![0.5; contract.action_len()];
    for _ in 0..3 {
        program.sense(&mut state, &sensors, &Command::default(), [0.0, 0.0, -1.0], [1.0, 0.0]);
        observation.fill(f32::NAN);
        program.observe(&state, &mut observation);
        // A scale of 1e38 may overflow, for the controller to refuse; every number is written.
        assert!(!observation.iter().any(|number| number.is_nan()), "{observation:?}");
        program.remember(&mut state, &row, &row);
    }
    program.reset(&mut state);
    assert_eq!(state, program.initial_state());
}
