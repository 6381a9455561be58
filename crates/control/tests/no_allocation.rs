//! A tick allocates nothing: counted by the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::texts::{Random, mini};
use common::{any_inputs, policy};
use gaitway_contract::contract::Filter;
use gaitway_control::{Controller, Options};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

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
fn no_tick_and_no_reset_allocates() {
    let policy = policy(|contract| {
        contract.action.delay_ticks = 3;
        contract.action.filter = Some(Filter::LowPass { cutoff_hz: 20.0 });
    });
    let options = Options { loop_hz: Some(100), ..Options::default() };
    let mut controller = Controller::new(&policy, &mini(), &options).unwrap();
    let pose = mini().default_pose_rad();
    let mut random = Random::new(1);
    for tick in 0..2000 {
        let (mut sensors, command) = any_inputs(&mut random, 4, true);
        let before = ALLOCATIONS.get();
        controller.step(&sensors, &command).unwrap();
        if controller.observe(&sensors, &command).unwrap() {
            controller.act(&[0.5, f32::NAN, 9.0]).unwrap();
        }
        if tick % 100 == 0 {
            controller.reset(&pose).unwrap();
        }
        assert_eq!(ALLOCATIONS.get(), before, "tick {tick}");
        sensors.joint_age_s.clear();
        let before = ALLOCATIONS.get();
        let refused = controller.step(&sensors, &command).is_err();
        assert!(refused && ALLOCATIONS.get() == before, "a refused row allocates nothing either");
    }
    let counters = controller.record().counters;
    assert!(counters.refusals > 0 && counters.limited > 0, "{counters:?}");
}

#[test]
fn the_allocator_counts() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(1)));
    assert!(ALLOCATIONS.get() > before);
}
