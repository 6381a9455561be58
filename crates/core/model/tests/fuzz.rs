//! Damaged profiles and contracts never panic; errors name their place; what still loads is usable.
//!
//! `GAITWAY_FUZZ_ITERATIONS` sets how many damaged texts each test tries.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    MINI, MINI_CONTRACT, MINI_CONTRACT_2, SHIPPED, SHIPPED_CONTRACTS, fuzz, mini, mini_contract,
    names_the_place, names_the_term, shipped,
};
use gaitway_model::observation::Estimates;
use gaitway_model::{Command, Contract, ObservationProgram, RobotProfile, Sensors};

#[test]
fn damaged_profiles_never_panic() {
    let contracts: Vec<Contract> =
        SHIPPED_CONTRACTS.into_iter().map(|text| Contract::from_json(text).unwrap()).collect();
    let mini_contract = mini_contract();
    fuzz("profiles", &[MINI, MINI, MINI, SHIPPED], 60_000, |text| {
        let profile = match RobotProfile::from_toml(text) {
            Ok(profile) => profile,
            Err(error) => {
                names_the_place(&error);
                return false;
            }
        };
        assert_eq!(profile.policy_sha256().len(), 64);
        assert!(profile.default_pose_rad().iter().all(|angle| angle.is_finite()));
        for contract in contracts.iter().chain([&mini_contract]) {
            observe(contract, &profile);
        }
        true
    });
}

#[test]
fn damaged_contracts_never_panic() {
    let (mini, shipped) = (mini(), shipped());
    let seeds = [MINI_CONTRACT, MINI_CONTRACT_2, MINI_CONTRACT_2, SHIPPED_CONTRACTS[0], SHIPPED_CONTRACTS[1]];
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
        observe(&contract, &shipped);
        true
    });
}

/// Builds three observations where the pair fits, checks the refusal where it does not.
fn observe(contract: &Contract, profile: &RobotProfile) {
    let program = match ObservationProgram::compile(contract, profile) {
        Ok(program) => program,
        Err(error) => return names_the_term(&error),
    };
    assert_eq!(program.len(), contract.observation_len());
    let sensors = Sensors::still(profile.joints.len(), profile.contacts.len());
    let mut state = program.initial_state();
    let mut observation = vec![0.0; program.len()];
    let row = vec![0.5; contract.action_len()];
    for _ in 0..3 {
        let phase = vec![1.0; 2 * contract.phases_len()];
        let estimates = Estimates { phase: &phase, ..Estimates::default() };
        program.sense(&mut state, &sensors, &Command::default(), estimates);
        observation.fill(f32::NAN);
        program.observe(&state, &mut observation);
        // A scale of 1e38 may overflow, for the controller to refuse; every number is written.
        assert!(!observation.iter().any(|number| number.is_nan()), "{observation:?}");
        program.remember(&mut state, &row, &row);
    }
    program.reset(&mut state);
    assert_eq!(state, program.initial_state());
}
