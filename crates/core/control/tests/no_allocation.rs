//! A tick allocates nothing: counted by the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../../../tests/rust/counting.rs"]
mod counting;

use common::texts::{Random, mini};
use common::{any_inputs, policy};
use gaitway_control::{Controller, Options};
use gaitway_model::contract::Filter;

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
        let before = counting::allocations();
        controller.step(&sensors, &command).unwrap();
        if controller.observe(&sensors, &command).unwrap() {
            controller.act(&[0.5, f32::NAN, 9.0]).unwrap();
        }
        if tick % 100 == 0 {
            controller.reset(&pose).unwrap();
        }
        assert_eq!(counting::allocations(), before, "tick {tick}");
        sensors.joint_age_s.clear();
        let before = counting::allocations();
        let refused = controller.step(&sensors, &command).is_err();
        assert!(refused && counting::allocations() == before, "a refused row allocates nothing either");
    }
    let counters = controller.record().counters;
    assert!(counters.refusals > 0 && counters.limited > 0, "{counters:?}");
}

#[test]
fn the_allocator_counts() {
    let before = counting::allocations();
    drop(std::hint::black_box(Box::new(1)));
    assert!(counting::allocations() > before);
}
