//! `Plan::run` allocates nothing: counted by the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{REAL_FILES, real_file, synthetic};
use gaitway_policy::{CpuPath, Plan};

struct Counting;

thread_local! {
    // Per thread, since the test harness allocates on others.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: hands everything on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn running_allocates_nothing() {
    let files = REAL_FILES.into_iter().filter_map(real_file).chain([synthetic()]);
    for bytes in files {
        for path in CpuPath::available() {
            let plan = Plan::from_onnx_with_path(&bytes, path).unwrap();
            let mut workspace = plan.workspace();
            let (input, mut output) = (vec![0.25; plan.input_len()], vec![0.0; plan.output_len()]);
            let before = ALLOCATIONS.get();
            plan.run(&mut workspace, &input, &mut output).unwrap();
            let refused = plan.run(&mut workspace, &input[1..], &mut output);
            assert_eq!(ALLOCATIONS.get(), before, "{path}");
            assert!(refused.is_err());
        }
    }
}

#[test]
fn the_allocator_counts() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(1)));
    assert!(ALLOCATIONS.get() > before);
}
