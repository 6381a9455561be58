//! Damaged files never panic, and one that still loads still runs.
//!
//! `GAITWAY_FUZZ_ITERATIONS` sets the number of mutations for each seed file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;

mod common;

use common::{
    Message, REAL_FILES, Random, float_attribute, int_attribute, node, real_file, synthetic, tensor, varied,
    x_to_y,
};
use fuzz_iterations::iterations;
use gaitway_policy::{Plan, metadata};

/// Small enough that most mutations hit structure and not weights.
fn tiny() -> Vec<u8> {
    let nodes = [
        node("Gemm", &["x", "w", "b"], &["g"]).message(5, &float_attribute("alpha", 2.0)),
        node("Split", &["g"], &["s", "t"]).message(5, &int_attribute("axis", 1)),
        node("Elu", &["s"], &["e"]),
        node("Concat", &["e", "t"], &["c"]).message(5, &int_attribute("axis", -1)),
        node("Clip", &["c"], &["y"]).message(5, &float_attribute("min", -1.0)),
    ];
    x_to_y(3, 4, &nodes, &[tensor("w", &[3, 4], &[0.5; 12]), tensor("b", &[4], &[0.5; 4])])
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            return;
        }
        // Half of the mutations near the ends, where the structure of a large file is.
        let near = bytes.len().min(2_000);
        let at = match random.below(4) {
            0 => random.below(near),
            1 => bytes.len() - 1 - random.below(near),
            _ => random.below(bytes.len()),
        };
        match random.below(12) {
            0..=5 => bytes[at] ^= 1 << random.below(8),
            6 => bytes[at] = random.bits() as u8,
            7 => bytes.truncate(at),
            8 => bytes.insert(at, random.bits() as u8),
            9 => drop(bytes.drain(at..(at + 1 + random.below(9)).min(bytes.len()))),
            // A length or number of up to ten bytes.
            _ => {
                drop(bytes.splice(at..at + 1, Message::default().int(1, random.bits() as i64).0.split_off(1)))
            }
        }
    }
}

fn load_and_run(bytes: &[u8]) -> bool {
    let _ = metadata::read(bytes, "gaitway.contract");
    let _ = metadata::weights_sha256(bytes, "gaitway.");
    let Ok(plan) = Plan::from_onnx(bytes) else {
        return false;
    };
    let (input, mut output) = (vec![1.0; plan.input_len()], vec![0.0; plan.output_len()]);
    plan.run(&mut plan.workspace(), &input, &mut output).unwrap();
    let _ = plan.input_normaliser();
    true
}

fn fuzz(name: &str, seed: &[u8], iterations: usize) {
    let mut random = Random::new(99);
    let loaded = (0..iterations)
        .filter(|_| {
            let mut bytes = seed.to_vec();
            mutate(&mut random, &mut bytes);
            load_and_run(&bytes)
        })
        .count();
    println!("{name}: {loaded} of {iterations} still load");
}

#[test]
fn damaged_small_files_never_panic() {
    fuzz("tiny", &tiny(), 10 * iterations(20_000));
    fuzz("synthetic", &synthetic(), iterations(20_000));
    fuzz("varied", &varied(), iterations(20_000));
    let marked = metadata::write(&tiny(), &[("gaitway.contract", "{}"), ("author", "me")]).unwrap();
    fuzz("marked", &marked, iterations(20_000));
}

#[test]
fn damaged_real_files_never_panic() {
    for name in REAL_FILES {
        if let Some(bytes) = real_file(name) {
            fuzz(name, &bytes, iterations(20_000) / 20);
        }
    }
}
