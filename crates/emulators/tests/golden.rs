//! The frames that rustypot 0.1.0 was measured to send (facts 2.4), byte for byte, and what the servos answer.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{DUCK_IDS, Host, hex, quick_bus, status};
use gaitway_emulators::registers::{D_GAIN, GOAL_POSITION, P_GAIN, TORQUE_ENABLE};
use gaitway_emulators::{JointState, ServoBus};

const GOALS: &str = "ff ff fe 2e 83 2a 02 14 01 08 15 22 08 16 65 06 17 7b 0b 18 00 06 1e 00 08 1f 00 08 20 00 08 21 \
                     00 08 0a fe 07 0b d5 07 0c 9d 09 0d 82 0b 0e f9 05 a0";
const POSITIONS: &str = "ff ff fe 12 82 38 02 14 15 16 17 18 1e 1f 20 21 0a 0b 0c 0d 0e 0b";
const SPEEDS: &str = "ff ff fe 12 82 3a 02 14 15 16 17 18 1e 1f 20 21 0a 0b 0c 0d 0e 09";
const D_GAINS: &str = "ff ff fe 12 82 16 01 14 15 16 17 18 1e 1f 20 21 0a 0b 0c 0d 0e 2e";
const KP: &str = "ff ff fe 20 83 15 01 14 1e 15 1e 16 1e 17 1e 18 1e 1e 08 1f 08 20 08 21 08 0a 1e 0b 1e 0c 1e 0d 1e \
                  0e 1e d4";
const KD: &str = "ff ff fe 20 83 16 01 14 00 15 00 16 00 17 00 18 00 1e 00 1f 00 20 00 21 00 0a 00 0b 00 0c 00 0d 00 \
                  0e 00 1f";
const TORQUE_OFF: &str = "ff ff fe 20 83 28 01 14 00 15 00 16 00 17 00 18 00 1e 00 1f 00 20 00 21 00 0a 00 0b 00 0c \
                          00 0d 00 0e 00 0d";

/// The duck's default pose (facts 1.1), rad.
const INIT_RAD: [f64; 14] =
    [0.002, 0.053, -0.63, 1.368, -0.784, 0.0, 0.0, 0.0, 0.0, -0.003, -0.065, 0.635, 1.379, -0.796];

fn duck() -> Host {
    Host::new(quick_bus(&DUCK_IDS))
}

fn raws(bus: &ServoBus, register: gaitway_emulators::registers::Register) -> Vec<u16> {
    bus.servos().iter().map(|servo| servo.registers().raw(register)).collect()
}

#[test]
fn goals_of_the_default_pose_reach_every_servo_and_switch_it_on() {
    let mut host = duck();
    assert!(host.bus.servos().iter().all(|servo| servo.goal_rad().is_none()));
    assert_eq!(host.exchange(&hex(GOALS)), []);
    for (servo, pose_rad) in host.bus.servos().iter().zip(INIT_RAD) {
        let goal_rad = servo.goal_rad().unwrap();
        // rustypot truncates to a step of 0.00153 rad.
        assert!((goal_rad - pose_rad).abs() < 0.00154, "{goal_rad} {pose_rad}");
    }
    let goals = [2049, 2082, 1637, 2939, 1536, 2048, 2048, 2048, 2048, 2046, 2005, 2461, 2946, 1529]
        .map(u16::from_le);
    assert_eq!(raws(&host.bus, GOAL_POSITION), goals);
    assert_eq!(raws(&host.bus, TORQUE_ENABLE), [1; 14]);
}

#[test]
fn positions_and_speeds_are_answered_in_the_order_asked() {
    let mut host = duck();
    let mut joints = [JointState::default(); 14];
    joints[0].position_rad = 0.5;
    joints[13].velocity_rps = -1.0;
    host.bus.set_joints(0, &joints);

    let answer = host.exchange(&hex(POSITIONS));
    // 0.5 rad is 325.9 steps: 2374.
    let first = hex("ff ff 14 04 00 46 09 98");
    assert_eq!(answer[..8], first);
    let rest: Vec<u8> = DUCK_IDS[1..].iter().flat_map(|&id| status(id, &[0x00, 0x08])).collect();
    assert_eq!(answer[8..], rest);

    let answer = host.exchange(&hex(SPEEDS));
    // −1 rad/s is −651.9 steps/s: sign bit 15, then 652.
    assert_eq!(answer[13 * 8..], hex("ff ff 0e 04 00 8c 82 df"));
    assert_eq!(answer.len(), 14 * 8);
}

#[test]
fn the_gain_transactions_of_the_python_runtime() {
    let mut host = duck();
    let factory: Vec<u8> = DUCK_IDS.iter().flat_map(|&id| status(id, &[32])).collect();
    assert_eq!(host.exchange(&hex(D_GAINS)), factory);
    assert_eq!(host.exchange(&hex(KP)), []);
    assert_eq!(host.exchange(&hex(KD)), []);
    let kp = [30, 30, 30, 30, 30, 8, 8, 8, 8, 30, 30, 30, 30, 30].map(u16::from_le);
    assert_eq!(raws(&host.bus, P_GAIN), kp);
    assert_eq!(raws(&host.bus, D_GAIN), [0; 14]);
    assert_eq!(host.bus.servos()[5].stiffness().p_gain, 8);
    assert_eq!(host.bus.servos()[0].registers().saves(), 2, "gains are EEPROM, the lock is open");
}

#[test]
fn torque_on_for_one_and_off_for_all() {
    let mut host = duck();
    assert_eq!(host.exchange(&hex("ff ff fe 06 83 28 01 1e 01 30")), []);
    assert_eq!(raws(&host.bus, TORQUE_ENABLE), [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(host.exchange(&hex(TORQUE_OFF)), []);
    assert_eq!(raws(&host.bus, TORQUE_ENABLE), [0; 14]);
}

#[test]
fn a_ping_is_answered_by_the_one_it_names() {
    let mut host = Host::new(quick_bus(&[1, 2]));
    assert_eq!(host.exchange(&hex("ff ff 01 02 01 fb")), hex("ff ff 01 02 00 fc"));
    assert_eq!(host.exchange(&hex("ff ff 03 02 01 f9")), []);
}

#[test]
fn model_and_firmware_as_the_vendors_sdk_asks_for_them() {
    let mut host = Host::new(quick_bus(&[1]));
    // 777, little-endian.
    assert_eq!(host.exchange(&hex("ff ff 01 04 02 03 02 f3")), hex("ff ff 01 04 00 09 03 ee"));
}
