//! The same bits on every CPU path, and the same bits as ever.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{FNV_START, REAL_FILES, Random, VARIED_INPUTS, bits, fnv, real_file, run_on, synthetic, varied};
use gaitway_policy::{CpuPath, Plan, PortSpan};

const OBSERVATIONS: usize = 2_000;

/// Ordinary observations, and now and then one that no sensor should give.
fn observations(len: usize, count: usize) -> Vec<Vec<f32>> {
    let mut random = Random::new(2024);
    let odd = [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1e-42, -3e38, 1e30];
    (0..count)
        .map(|i| {
            let scale = [0.1, 1.0, 5.0, 100.0][random.below(4)];
            let mut observation = random.vector(len, scale);
            if i % 50 == 49 {
                observation[random.below(len)] = odd[random.below(odd.len())];
            }
            observation
        })
        .collect()
}

fn outputs(bytes: &[u8], path: CpuPath, count: usize) -> Vec<f32> {
    let plan = Plan::from_onnx_with_path(bytes, path).unwrap();
    let mut workspace = plan.workspace();
    let mut all = Vec::new();
    for observation in observations(plan.input_len(), count) {
        let mut output = vec![0.0; plan.output_len()];
        plan.run(&mut workspace, &observation, &mut output).unwrap();
        all.extend(output);
    }
    all
}

fn assert_same_bits_on_all_paths(name: &str, bytes: &[u8]) {
    let reference = bits(&outputs(bytes, CpuPath::Scalar, OBSERVATIONS));
    for path in CpuPath::available() {
        let found = bits(&outputs(bytes, path, OBSERVATIONS));
        assert!(found == reference, "{name}: {path} differs from scalar");
    }
}

#[test]
fn synthetic_network_has_the_same_bits_on_all_paths() {
    assert_same_bits_on_all_paths("synthetic", &synthetic());
    assert_same_bits_on_all_paths("varied", &varied());
}

#[test]
fn real_policies_have_the_same_bits_on_all_paths() {
    for name in REAL_FILES {
        if let Some(bytes) = real_file(name) {
            assert_same_bits_on_all_paths(name, &bytes);
        }
    }
}

/// Every architecture must print this number; a change here changes what every recording replays to.
#[test]
fn synthetic_network_has_the_committed_bits() {
    for path in CpuPath::available() {
        let hash = fnv(FNV_START, &outputs(&synthetic(), path, OBSERVATIONS));
        println!("{path}: {hash:#018x}");
        assert_eq!(hash, 0x0139_a7ed_6f31_53e6, "{path}");
    }
}

/// As above, of the operators that only later networks have.
#[test]
fn varied_network_has_the_committed_bits() {
    assert_eq!(Plan::from_onnx(&varied()).unwrap().input_len(), VARIED_INPUTS);
    for path in CpuPath::available() {
        let found = outputs(&varied(), path, OBSERVATIONS);
        let ordinary = found.iter().filter(|value| value.is_finite()).count();
        assert!(ordinary * 10 > found.len() * 9, "{ordinary} of {} are numbers", found.len());
        let hash = fnv(FNV_START, &found);
        println!("{path}: {hash:#018x}");
        assert_eq!(hash, 0xf442_a49b_15b0_0091, "{path}");
    }
}

#[test]
fn a_nan_in_gives_the_canonical_nan_out() {
    for path in CpuPath::available() {
        let mut observation = vec![0.5; 37];
        observation[3] = f32::from_bits(0xffc1_2345);
        let output = run_on(&synthetic(), path, &observation);
        assert!(output.iter().any(|value| value.is_nan()));
        for value in output.iter().filter(|value| value.is_nan()) {
            assert_eq!(value.to_bits(), 0x7fc0_0000);
        }
    }
}

#[test]
fn upstream_policy_gives_its_golden_values() {
    const GOLDEN: [f32; 14] = [
        0.0712, -0.0638, -0.1917, -0.0355, 0.2758, 0.3409, 0.1285, -0.2345, 0.1479, -0.1584, -0.0312, 0.4592,
        0.2564, 0.2644,
    ];
    let Some(bytes) = real_file("BEST_WALK_ONNX_2.onnx") else {
        return;
    };
    let output = run_on(&bytes, CpuPath::detect(), &[0.0; 101]);
    for (found, expected) in output.iter().zip(GOLDEN) {
        assert!((found - expected).abs() < 6e-5, "{found} {expected}");
    }
}

#[test]
fn real_policies_describe_themselves() {
    let Some(bytes) = real_file("BEST_WALK_ONNX_2.onnx") else {
        return;
    };
    let plan = Plan::from_onnx(&bytes).unwrap();
    let named = |port: Option<&PortSpan>| port.map(|port| (port.name.clone(), port.len));
    assert_eq!(named(plan.inputs().next()), Some(("obs".to_owned(), 101)));
    assert_eq!(named(plan.outputs().next()), Some(("continuous_actions".to_owned(), 14)));
    assert_eq!((plan.macs(), plan.parameters()), (219_136, 220_262));
    let normaliser = plan.input_normaliser().unwrap();
    assert_eq!((normaliser.mean.len(), normaliser.std.len()), (101, 101));
    assert!(normaliser.std.iter().all(|std| *std > 0.0));
}
