//! Damaged configurations never panic, and what is still taken is usable.
//!
//! `GAITWAY_FUZZ_ITERATIONS` sets how many damaged texts are tried.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../core/model/tests/common/mod.rs"]
mod common;

use common::{fuzz, shipped as duck};
use gaitway_importers::duck_config;
use std::collections::HashSet;

const CONFIG: &str = r#"{
  "start_paused": false, "imu_upside_down": false, "phase_frequency_factor_offset": 0.05, "fall_threshold_deg": 45,
  "expression_features": {"eyes": true, "projector": false, "antennas": true, "speaker": false, "camera": false},
  "joints_offsets": {"left_knee": 0.03, "neck_pitch": -0.06, "_hip": "x", "right_ankle": 0.0},
  "joints_signs": {"left_knee": -1}, "servo_ids": {"left_hip_yaw": 10, "right_hip_yaw": 20}, "action_scale": 0.2,
  "imu_trim": {"pitch": 0.02, "roll": -0.03}, "imu_address": "0x29", "imu_chip_id": 161
}"#;

#[test]
fn damaged_duck_configs_never_panic() {
    let duck = duck();
    fuzz("duck configs", &[CONFIG], 250_000, |text| match duck_config::apply(&duck, text.as_bytes()) {
        Ok((profile, report)) => {
            for joint in &profile.joints {
                let [low, high] = joint.offset_range_rad();
                assert!((low..=high).contains(&joint.offset_rad) && matches!(joint.direction, 1 | -1));
            }
            let ids: HashSet<u8> = profile.joints.iter().map(|joint| joint.id).collect();
            assert_eq!(ids.len(), profile.joints.len());
            assert!(report.ignored.iter().all(|line| line.contains(": ")));
            assert_eq!(profile.policy_sha256(), duck.policy_sha256());
            true
        }
        Err(error) => {
            for mistake in &error.mistakes {
                assert!(!mistake.place.is_empty() && error.to_string().contains(&mistake.place), "{error}");
            }
            assert!(!error.mistakes.is_empty() && !error.hint("duck_config.json").is_empty());
            false
        }
    });
}
