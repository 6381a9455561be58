//! How a network comes to its contract: embedded, recognised, assumed, or refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::network;
use common::onnx::{self, REAL_FILES, node, real_file, tensor, x_to_y};
use common::texts::{SHIPPED_CONTRACTS, mini_contract};
use gaitway_control::{Basis, Policy, PolicyError, embed};
use gaitway_model::Contract;
use gaitway_model::golden::Golden;
use gaitway_model::term::{Frame, Source, Term};
use gaitway_policy::metadata;

fn refusal(bytes: &[u8], known: &[Contract], assume: Option<&str>) -> PolicyError {
    let error = Policy::from_onnx(bytes, known, assume).map(|policy| policy.basis()).unwrap_err();
    assert!(!error.hint().is_empty(), "{error}");
    error
}

#[test]
fn an_embedded_contract_makes_a_lone_file_complete() {
    let plain = network(26);
    let file = embed(&plain, &mini_contract()).unwrap();
    let policy = Policy::from_onnx(&file, &[], None).unwrap();
    assert_eq!((policy.basis(), policy.contract().name.as_str()), (Basis::Embedded, "mini_walk"));
    assert_eq!(policy.contract().weights_sha256, metadata::weights_sha256(&plain, "gaitway.").unwrap());
    assert_eq!(policy.contract_sha256(), policy.contract().hash().unwrap());
    assert!(policy.plan().is_some() && policy.notes().is_empty());
    assert!(file.starts_with(&plain), "the weights' bytes are not touched");
    let again = embed(&file, policy.contract()).unwrap();
    assert_eq!(again, file, "embedding twice is embedding once");
}

#[test]
fn a_known_file_is_recognised_by_its_weights() {
    let plain = network(26);
    let mut known = mini_contract();
    known.weights_sha256 = metadata::weights_sha256(&plain, "gaitway.").unwrap();
    let policy = Policy::from_onnx(&plain, &[mini_contract(), known.clone()], None).unwrap();
    assert_eq!((policy.basis(), policy.contract()), (Basis::Recognised, &known));
}

#[test]
fn the_communitys_file_is_recognised_by_the_contract_written_for_it() {
    let known = SHIPPED_CONTRACTS.map(|text| Contract::from_json(text).unwrap());
    if let Some(bytes) = real_file(REAL_FILES[0]) {
        let policy = Policy::from_onnx(&bytes, &known, None).unwrap();
        assert_eq!((policy.basis(), policy.contract()), (Basis::Recognised, &known[0]));
    }
}

#[test]
fn an_unknown_file_is_refused_until_a_contract_is_named() {
    let (plain, mut known) = (network(26), [mini_contract()]);
    let golden = Golden { made_by: "other weights".to_owned(), tolerance: 1e-5, ticks: Vec::new() };
    known[0].golden = Some(golden);
    let error = refusal(&plain, &known, None);
    assert!(matches!(error, PolicyError::NoContract { .. }));
    assert!(error.hint().contains("mini_walk") && error.hint().contains("--assume-contract"));
    let error = refusal(&plain, &known, Some("maxi_walk"));
    assert!(matches!(&error, PolicyError::NoSuchContract { .. }) && error.to_string().contains("mini_walk"));
    let policy = Policy::from_onnx(&plain, &known, Some("mini_walk")).unwrap();
    assert_eq!(policy.basis(), Basis::Assumed);
    assert!(policy.contract().golden.is_none(), "the golden actions belong to other weights");
    assert_eq!(policy.notes().len(), 2, "{:?}", policy.notes());
    assert!(policy.notes()[1].contains("no normaliser"));
}

#[test]
fn changed_weights_and_changed_contracts_are_told_apart() {
    let file = embed(&network(26), &mini_contract()).unwrap();
    let other = x_to_y(26, 3, &[node("MatMul", &["x", "w"], &["y"])], &[tensor("w", &[26, 3], &[0.5; 78])]);
    let text = metadata::read(&file, "gaitway.contract").unwrap().unwrap();
    let hash = metadata::read(&file, "gaitway.contract_sha256").unwrap().unwrap();
    let moved =
        metadata::write(&other, &[("gaitway.contract", &text), ("gaitway.contract_sha256", &hash)]).unwrap();
    assert!(matches!(refusal(&moved, &[], None), PolicyError::WeightsChanged { .. }));
    let edited = text.replace("\"kd\":3", "\"kd\":4");
    assert_ne!(edited, text);
    let edited = metadata::write(&file, &[("gaitway.contract", &edited)]).unwrap();
    let error = refusal(&edited, &[], None);
    assert!(matches!(&error, PolicyError::ContractChanged { expected, .. } if *expected == hash), "{error}");
    let spaced = metadata::write(&file, &[("gaitway.contract", &text.replace(':', ": "))]).unwrap();
    assert!(Policy::from_onnx(&spaced, &[], None).is_ok(), "white space is no change");
    let cut = metadata::write(&file, &[("gaitway.contract", &text[1..])]).unwrap();
    assert!(matches!(refusal(&cut, &[], None), PolicyError::Contract(_)));
}

#[test]
fn a_contract_for_another_network_is_refused_by_what_differs() {
    type Edit = fn(&mut Contract);
    let table: [(Edit, usize, &str); 4] = [
        (|c| c.network.input = "obs".to_owned(), 26, "input name: expected obs, found x"),
        (|c| c.network.output = "act".to_owned(), 26, "output name: expected act, found y"),
        (|_| {}, 27, "input length: expected 26, found 27"),
        (|c| drop(c.observation.pop()), 26, "input length: expected 24, found 26"),
    ];
    for (edit, inputs, message) in table {
        let mut contract = mini_contract();
        edit(&mut contract);
        let error = refusal(&embed(&network(inputs), &contract).unwrap(), &[], None);
        assert!(
            matches!(error, PolicyError::Shape { .. }) && error.to_string().ends_with(message),
            "{error}"
        );
    }
}

/// A network that takes `mean` off its input and divides it by `std`, under a contract of gyro, accelerometer and joint
/// position, the accelerometer with two ticks, a scale and an offset.
fn with_normaliser(mean: &[f32; 12], std: &[f32; 12]) -> Result<Policy, PolicyError> {
    let nodes = [
        node("Sub", &["x", "mean"], &["c"]),
        node("Div", &["c", "std"], &["n"]),
        node("MatMul", &["n", "w"], &["y"]),
    ];
    let weights = onnx::Random::new(1).vector(36, 0.1);
    let initializers =
        [tensor("mean", &[12], mean), tensor("std", &[12], std), tensor("w", &[12, 3], &weights)];
    let file = x_to_y(12, 3, &nodes, &initializers);
    let mut contract = mini_contract();
    contract.observation.truncate(2);
    let accelerometer = Term {
        name: "accelerometer".to_owned(),
        source: Source::Accelerometer,
        unit: "m/s2".to_owned(),
        frame: Some(Frame::Trunk),
        scale: 0.5.into(),
        offset: 1.0.into(),
        history: 2,
        width: 6,
        ..contract.observation[0].clone()
    };
    contract.observation.insert(1, accelerometer);
    Policy::from_onnx(&file, &[contract], Some("mini_walk"))
}

#[test]
fn an_assumed_contract_is_checked_against_the_networks_own_units() {
    // Two ticks of (0, 0, 9.81), scaled by a half and moved by one.
    let mean = [0.0, 0.0, 0.0, 1.0, 1.0, 5.905, 1.0, 1.0, 5.905, 0.0, 0.0, 0.0];
    let std = [0.7, 0.9, 0.7, 1.5, 1.5, 2.0, 1.5, 1.5, 2.0, 0.06, 0.1, 0.08];
    let policy = with_normaliser(&mean, &std).unwrap();
    assert!(policy.notes()[1].contains("normaliser agrees"), "{:?}", policy.notes());
    let refused = |mean: &[f32; 12], std: &[f32; 12], name: &str| {
        let error = with_normaliser(mean, std).map(|_| name).unwrap_err();
        assert!(matches!(&error, PolicyError::Units { term, .. } if term == name), "{error}");
        assert!(error.hint().contains("scales") && error.to_string().contains(name));
    };
    // Degrees, g instead of m/s2, gravity taken out, joint angles times ten.
    let mut other = std;
    other[..3].iter_mut().for_each(|std| *std *= 57.3);
    refused(&mean, &other, "gyro");
    let mut other = std;
    other[3..9].iter_mut().for_each(|std| *std /= 9.81);
    refused(&mean, &other, "accelerometer");
    let mut other = mean;
    (other[5], other[8]) = (1.0, 1.0);
    refused(&other, &std, "accelerometer");
    let mut other = std;
    other[9..].iter_mut().for_each(|std| *std *= 10.0);
    refused(&mean, &other, "position");
}
