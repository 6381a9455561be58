//! `FloatMode` shields the bits from a control word that another library has set, and puts it back.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::arch::asm;

use common::{Random, bits, node, synthetic, tensor, x_to_y};
use gaitway_policy::{FloatMode, Plan};

/// Flush-to-zero, denormals-are-zero, rounding toward zero, exceptions masked.
const HOSTILE: u32 = 0x1f80 | 1 << 15 | 1 << 6 | 0b11 << 13;
/// The exception flags, which arithmetic raises.
const FLAGS: u32 = 0x3f;

fn read() -> u32 {
    let mut word = 0u32;
    // SAFETY: stores four bytes into a live u32.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word) };
    word
}

fn write(word: u32) {
    // SAFETY: loads a word without reserved bits.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word) };
}

/// A network whose result is denormal, beside the synthetic one: `y = x * 1e-20 * 1e-20`.
fn denormal() -> Vec<u8> {
    let nodes = [node("Mul", &["x", "tiny"], &["h"]), node("Mul", &["h", "tiny"], &["y"])];
    x_to_y(37, 37, &nodes, &[tensor("tiny", &[], &[1e-20])])
}

fn outputs(plan: &Plan, guarded: bool) -> Vec<u32> {
    let input = Random::new(3).vector(37, 2.0);
    let mut output = vec![0.0; plan.output_len()];
    let mut workspace = plan.workspace();
    let _mode = guarded.then(FloatMode::set);
    plan.run(&mut workspace, &input, &mut output).unwrap();
    bits(&output)
}

#[test]
fn hostile_control_word_changes_no_bit_under_the_guard() {
    for bytes in [synthetic(), denormal()] {
        let plan = Plan::from_onnx(&bytes).unwrap();
        let expected = outputs(&plan, false);
        let default = read();

        write(HOSTILE);
        let unguarded = outputs(&plan, false);
        let guarded = outputs(&plan, true);
        let loaded = Plan::from_onnx(&bytes).map(|plan| outputs(&plan, true));
        let after = read();
        write(default);

        assert_eq!(guarded, expected);
        assert_eq!(loaded.unwrap(), expected);
        assert_ne!(unguarded, expected, "the hostile word should matter without the guard");
        assert_eq!(after & !FLAGS, HOSTILE, "the guard must put back what was there");
    }
}
