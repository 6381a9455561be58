//! `Plan::run` allocates nothing: counted by the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../../../tests/rust/counting.rs"]
mod counting;

use common::{REAL_FILES, real_file, synthetic};
use gaitway_policy::{CpuPath, Plan};

#[test]
fn running_allocates_nothing() {
    let files = REAL_FILES.into_iter().filter_map(real_file).chain([synthetic()]);
    for bytes in files {
        for path in CpuPath::available() {
            let plan = Plan::from_onnx_with_path(&bytes, path).unwrap();
            let mut workspace = plan.workspace();
            let (input, mut output) = (vec![0.25; plan.input_len()], vec![0.0; plan.output_len()]);
            let before = counting::allocations();
            plan.run(&mut workspace, &input, &mut output).unwrap();
            let refused = plan.run(&mut workspace, &input[1..], &mut output);
            assert_eq!(counting::allocations(), before, "{path}");
            assert!(refused.is_err());
        }
    }
}

#[test]
fn the_allocator_counts() {
    let before = counting::allocations();
    drop(std::hint::black_box(Box::new(1)));
    assert!(counting::allocations() > before);
}
