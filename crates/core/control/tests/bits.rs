//! The policy that ships, run for 500 ticks: its goals have these bits on every machine.
//!
//! `scripts/test_on_arm.sh` runs this under emulation on aarch64.

mod common;

#[path = "../../../../tests/rust/shipped.rs"]
mod shipped;

use common::texts::Random;
use gaitway_control::{Controller, Options, Policy};
use gaitway_model::RobotProfile;
use shipped::{SHIPPED, SHIPPED_POLICY};

/// FNV-1a over the bits of all goals. A change of the policy, the contract or the arithmetic moves it.
const GOALS: u64 = 0x04ea_ed58_a95e_3f25;

#[test]
fn the_shipped_policy_has_the_same_goals_on_every_machine() {
    let profile = RobotProfile::from_toml(SHIPPED).unwrap();
    let policy = Policy::from_onnx(SHIPPED_POLICY, &[], None).unwrap();
    let mut controller = Controller::new(&policy, &profile, &Options::default()).unwrap();
    let mut random = Random::new(11);
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for _ in 0..500 {
        let (sensors, command) = common::any_inputs(&mut random, controller.joints(), false);
        for goal in controller.step(&sensors, &command).unwrap().rad() {
            for byte in goal.to_bits().to_le_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    let record = controller.record();
    assert_eq!((record.counters.refusals, record.fallen), (0, false), "the network decided every goal");
    assert_eq!(hash, GOALS, "found {hash:#x}");
}
