//! What the tests share: a small network under the small contract of `crates/core/model/tests`.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::duplicate_mod, reason = "both of what is included bring the one source of chance")]

#[path = "../../../policy/tests/common/mod.rs"]
pub mod onnx;
#[path = "../../../model/tests/common/mod.rs"]
pub mod texts;

use gaitway_control::{Controller, Options, Policy, embed};
use gaitway_model::{Command, Contract, RobotProfile, Sensors};

/// Where the mini robot's joints lie in the profile; its contract has knee, hip, neck.
pub const HIP: usize = 0;
pub const KNEE: usize = 1;
pub const ANKLE: usize = 2;
pub const NECK: usize = 3;

/// Where the terms of the mini contract begin.
pub const COMMAND: usize = 9;
pub const LAST_ACTIONS: usize = 12;
pub const LAST_TARGET: usize = 21;
pub const PHASE: usize = 24;

/// `inputs` numbers to three, by a matrix large enough to reach every limit.
pub fn network(inputs: usize) -> Vec<u8> {
    let mut random = onnx::Random::new(3);
    let weights = onnx::tensor("w", &[inputs as i64, 3], &random.vector(3 * inputs, 0.8));
    onnx::x_to_y(inputs, 3, &[onnx::node("MatMul", &["x", "w"], &["y"])], &[weights])
}

/// A policy under the mini contract, edited.
pub fn policy(edit: impl FnOnce(&mut Contract)) -> Policy {
    let mut contract = texts::mini_contract();
    edit(&mut contract);
    let file = embed(&network(contract.observation_len()), &contract).unwrap();
    Policy::from_onnx(&file, &[], None).unwrap()
}

/// A controller of the mini robot under the mini contract, edited.
pub fn controller(edit: impl FnOnce(&mut Contract)) -> Controller {
    Controller::new(&policy(edit), &texts::mini(), &Options::default()).unwrap()
}

/// The mini robot standing in its default pose.
pub fn standing() -> Sensors {
    let mut sensors = Sensors::still(4, 2);
    sensors.joint_position_rad.copy_from_slice(&texts::mini().default_pose_rad());
    sensors
}

pub fn head_yaw(value: f32) -> Command {
    let mut command = Command::default();
    command.values[5] = value;
    command
}

/// Any sensors and command, with numbers no sensor gives once in a while where `wild`.
pub fn any_inputs(random: &mut texts::Random, joints: usize, wild: bool) -> (Sensors, Command) {
    let mut sensors = Sensors::still(joints, 2);
    let mut command = Command::default();
    let Sensors { gyro_rps, accel_mps2, imu_age_s, contact, .. } = &mut sensors;
    for value in gyro_rps.iter_mut().chain(accel_mps2).chain(contact).chain([imu_age_s]) {
        *value += any(random, wild);
    }
    for row in [&mut sensors.joint_position_rad, &mut sensors.joint_velocity_rps, &mut sensors.joint_age_s] {
        row.iter_mut().for_each(|value| *value = any(random, wild));
    }
    command.values[..7].iter_mut().for_each(|value| *value = any(random, wild));
    (sensors, command)
}

/// A small number; where `wild`, one in 400 is one of the worst there are.
pub fn any(random: &mut texts::Random, wild: bool) -> f32 {
    const WORST: [f32; 8] =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e30, -0.0, f32::MIN_POSITIVE / 8.0];
    if wild && random.below(400) == 0 { WORST[random.below(WORST.len())] } else { random.unit() }
}

/// Fails where a goal is not finite, out of its joint's range, or further from the one before than it may move.
pub fn within_limits(profile: &RobotProfile, loop_hz: f64, before: &[f32], goals: &[f32]) {
    for ((joint, &before), &goal) in profile.joints.iter().zip(before).zip(goals) {
        let range = joint.min_rad as f32..=joint.max_rad as f32;
        assert!(range.contains(&goal), "{}: {goal} of {range:?}", joint.name);
        let (moved, step) = ((f64::from(goal) - f64::from(before)).abs(), joint.velocity_limit_rps / loop_hz);
        assert!(
            moved <= step * 1.000_001 + 1e-6 * f64::from(before.abs()),
            "{}: {before} to {goal}",
            joint.name
        );
    }
}
