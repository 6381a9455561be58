//! The table, EEPROM against RAM, the lock and the wear, and what the servo shows of its joint.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Host, SETTLED_NS, frame, quick_bus, quick_bus_with, read, write};
use gaitway_emulators::registers::{
    ACCELERATION, Access, GOAL_POSITION, GOAL_SPEED, GOAL_TIME, LOCK, MODEL, MOVING, P_GAIN, PHASE,
    POSITION_OFFSET, PRESENT_CURRENT, PRESENT_LOAD, PRESENT_POSITION, PRESENT_SPEED, PRESENT_TEMPERATURE,
    PRESENT_VOLTAGE, PROTECTIVE_TORQUE, REGISTERS, STATUS, TORQUE_ENABLE, TORQUE_LIMIT, UNLOAD_CONDITIONS,
    error_bit,
};
use gaitway_emulators::{BusOptions, FaultPlan, JointState, OverloadReaction, ServoOptions};

const STALLED: JointState = JointState { position_rad: 0.0, velocity_rps: 0.0, drive_nm: 3.2 };
const STALLED_BACKWARDS: JointState = JointState { drive_nm: -3.2, ..STALLED };

fn host() -> Host {
    Host::new(quick_bus(&[1]))
}

#[test]
fn registers_do_not_overlap_and_stand_in_order() {
    for pair in REGISTERS.windows(2) {
        assert!(pair[0].address + pair[0].width <= pair[1].address, "{} {}", pair[0].name, pair[1].name);
    }
}

#[test]
fn sign_and_magnitude_is_not_twos_complement() {
    for (register, sign) in [(GOAL_POSITION, 15), (POSITION_OFFSET, 11), (GOAL_TIME, 10)] {
        assert_eq!(register.encode(-1), 1 << sign | 1);
        assert_eq!(register.decode(1 << sign | 5), -5);
        assert_eq!(register.decode(1 << sign), 0, "minus zero");
        let most = (1 << sign) - 1;
        assert_eq!(register.decode(register.encode(-100_000)), -most);
        for value in [-most, -7, 0, 7, most] {
            assert_eq!(register.decode(register.encode(value)), value);
        }
    }
    assert_eq!((P_GAIN.encode(300), P_GAIN.encode(-1)), (255, 0));
}

#[test]
fn an_open_lock_saves_and_wears_a_closed_one_does_neither() {
    let mut host = host();
    host.write(1, 21, &[10, 11, 12]);
    assert_eq!(host.bus.servos()[0].registers().saves(), 1, "one write, one save");
    host.write(1, LOCK.address, &[1]);
    host.write(1, 21, &[20]);
    assert_eq!(host.read(1, P_GAIN), 20, "takes effect");
    let registers = host.bus.servos()[0].registers();
    assert_eq!((registers.saves(), registers.saved_raw(P_GAIN)), (1, 10), "and is not saved");

    assert_eq!(host.exchange(&frame(1, &[0x08])), []);
    assert_eq!((host.read(1, P_GAIN), host.read(1, LOCK)), (10, 0), "back to what was saved, the lock open");
    host.write(1, TORQUE_LIMIT.address, &[100, 0]);
    assert_eq!(host.bus.servos()[0].registers().saves(), 1, "the torque limit is RAM");
}

#[test]
fn power_comes_back_limp_with_the_torque_limit_of_the_eeprom() {
    let mut host = host();
    host.write(1, 16, &500_u16.to_le_bytes());
    host.write(1, 42, &[0, 8]);
    host.write(1, 48, &[100, 0]);
    assert_eq!(host.bus.servos()[0].stiffness().torque_limit, 0.1);
    host.exchange(&frame(1, &[0x08]));
    let limits = [TORQUE_ENABLE, GOAL_POSITION, TORQUE_LIMIT].map(|register| host.read(1, register));
    assert_eq!(limits, [0, 0, 500]);
}

#[test]
fn what_only_the_servo_writes_cannot_be_written() {
    let mut host = host();
    let before = host.exchange(&read(1, 0, 128));
    for register in REGISTERS.iter().filter(|register| register.access == Access::ReadOnly) {
        host.write(1, register.address, &[0x5a, 0x5a][..usize::from(register.width)]);
    }
    for address in (50..55).chain(86..128) {
        host.write(1, address, &[0x5a]);
    }
    assert_eq!(host.exchange(&read(1, 0, 128)), before);
    assert_eq!(host.read(1, MODEL), 777);
    // Beyond the last address there is nothing to write and nothing but zeros to read.
    host.write(1, 255, &[1, 2, 3]);
    assert_eq!(host.exchange(&read(1, 250, 10))[5..15], [0; 10]);
}

#[test]
fn positions_and_speeds_of_both_signs() {
    let mut host = host();
    let mut show = |position_rad, velocity_rps| {
        let joint = JointState { position_rad, velocity_rps, ..JointState::default() };
        host.bus.set_joints(host.now_ns, &[joint]);
        [PRESENT_POSITION, PRESENT_SPEED, MOVING].map(|register| host.read(1, register))
    };
    assert_eq!(show(0.0, 0.0), [2048, 0, 0]);
    // 5.24 rad/s is 3416 steps/s (facts 2.7).
    assert_eq!(show(1.0, 5.24), [2700, 3416, 1]);
    assert_eq!(show(-1.0, -5.24), [1396, 3416 | 1 << 15, 1]);
    assert_eq!(show(f64::NAN, f64::NEG_INFINITY), [2048, u16::MAX, 1], "physics that went astray");
    host.write(1, PHASE.address, &[8]);
    host.bus.set_joints(host.now_ns, &[JointState { velocity_rps: 5.24, ..JointState::default() }]);
    assert_eq!(host.read(1, PRESENT_SPEED), 68, "without phase bit 2: 50 steps/s");
}

#[test]
fn load_and_current_of_a_stall_sag_the_supply() {
    let mut host = host();
    assert_eq!(host.read(1, PRESENT_VOLTAGE), 74);
    host.bus.set_joints(host.now_ns, &[STALLED_BACKWARDS]);
    host.now_ns += SETTLED_NS;
    // 3.2 N·m at 1.2116 N·m/A: 2.641 A, 7.068 V over the winding, 0.12 V lost in the supply.
    assert_eq!(host.read(1, PRESENT_CURRENT), 406);
    assert_eq!(host.read(1, PRESENT_VOLTAGE), 73);
    let load = PRESENT_LOAD.decode(host.read(1, PRESENT_LOAD));
    assert!((-985..-955).contains(&load), "{load}");
    // Turning with the drive, the back-EMF takes current away.
    let turning = JointState { velocity_rps: 5.24, drive_nm: 3.2, ..JointState::default() };
    host.bus.set_joints(host.now_ns, &[turning]);
    assert_eq!(host.read(1, PRESENT_CURRENT), 41);
}

#[test]
fn an_overload_longer_than_the_protection_time_cuts_the_torque_until_it_is_switched_on_anew() {
    let mut host = host();
    host.write(1, 42, &[0, 8]);
    host.bus.set_joints(host.now_ns, &[STALLED]);
    // Register 35: 200 × 10 ms.
    host.bus.advance(host.now_ns + 1_990_000_000);
    assert!(host.bus.servos()[0].goal_rad().is_some());
    host.bus.advance(host.now_ns + 2_020_000_000);
    assert_eq!(host.bus.servos()[0].goal_rad(), None);
    host.now_ns += 2_020_000_000;
    host.bus.set_joints(host.now_ns, &[JointState::default()]);
    let answer = host.exchange(&frame(1, &[1]));
    assert_eq!(answer[4], error_bit::OVERLOAD, "latched, and in every answer");
    host.bus.host_writes(host.now_ns, &write(1, 42, &[0, 8]));
    host.bus.advance(host.now_ns + 200_000);
    assert_eq!(host.bus.servos()[0].registers().raw(TORQUE_ENABLE), 0, "a goal does not clear it");
    host.now_ns += SETTLED_NS;
    host.bus.host_reads(host.now_ns);
    host.write(1, 40, &[1]);
    assert_eq!((host.read(1, TORQUE_ENABLE), host.read(1, STATUS)), (1, 0));
}

#[test]
fn a_short_overload_is_forgotten() {
    let mut host = host();
    host.write(1, 42, &[0, 8]);
    for _ in 0..5 {
        host.bus.set_joints(host.now_ns, &[STALLED]);
        host.now_ns += 1_900_000_000;
        host.bus.set_joints(host.now_ns, &[JointState::default()]);
        host.now_ns += 100_000_000;
    }
    assert_eq!((host.read(1, TORQUE_ENABLE), host.read(1, STATUS)), (1, 0));
}

#[test]
fn servos_that_keep_a_protective_torque_hold_on_weakly() {
    let servo = ServoOptions { overload: OverloadReaction::ProtectiveTorque, ..ServoOptions::default() };
    let options = BusOptions { servo, ..BusOptions::default() };
    let mut host = Host::new(quick_bus_with(options, &[1], FaultPlan::default()));
    host.write(1, 42, &[0, 8]);
    host.bus.set_joints(host.now_ns, &[STALLED]);
    host.now_ns += 3_000_000_000;
    assert_eq!(host.read(1, PROTECTIVE_TORQUE), 20);
    let servo = &host.bus.servos()[0];
    assert_eq!((servo.goal_rad(), servo.stiffness().torque_limit), (Some(0.0), 0.2));
}

#[test]
fn a_stalled_servo_heats_up_cuts_out_and_cools_down() {
    let mut host = host();
    host.write(1, 36, &[100]);
    host.write(1, 42, &[0, 8]);
    host.bus.set_joints(host.now_ns, &[STALLED]);
    host.now_ns += 50_000_000_000;
    let warm = host.read(1, PRESENT_TEMPERATURE);
    assert!((40..60).contains(&warm), "{warm}");
    host.now_ns += 100_000_000_000;
    assert_eq!(host.read(1, TORQUE_ENABLE), 0);
    assert_eq!(host.read(1, STATUS), u16::from(error_bit::TEMPERATURE));
    host.bus.set_joints(host.now_ns, &[JointState::default()]);
    // Still hot: switched on, it switches itself off again.
    host.write(1, 40, &[1]);
    assert_eq!(host.read(1, TORQUE_ENABLE), 0);
    host.now_ns += 3_600_000_000_000;
    assert!(host.read(1, PRESENT_TEMPERATURE) < 40);
    host.write(1, 40, &[1]);
    assert_eq!((host.read(1, TORQUE_ENABLE), host.read(1, STATUS)), (1, 0));
}

#[test]
fn unload_conditions_decide_which_faults_cut_the_torque() {
    let mut host = host();
    host.write(1, UNLOAD_CONDITIONS.address, &[error_bit::OVER_CURRENT]);
    // Over-current: 2 A for 100 ms.
    host.write(1, 28, &308_u16.to_le_bytes());
    host.write(1, 38, &[10]);
    host.write(1, 42, &[0, 8]);
    host.bus.set_joints(host.now_ns, &[JointState { drive_nm: 2.3, ..STALLED }]);
    host.now_ns += 90_000_000;
    host.bus.advance(host.now_ns);
    assert!(host.bus.servos()[0].goal_rad().is_some(), "1.9 A");
    host.bus.set_joints(host.now_ns, &[STALLED]);
    host.now_ns += 3_000_000_000;
    let status = host.read(1, STATUS) as u8;
    assert_eq!(status, error_bit::OVER_CURRENT | error_bit::OVERLOAD);
    assert_eq!(host.read(1, TORQUE_ENABLE), 0);
    host.bus.set_joints(host.now_ns, &[JointState::default()]);
    host.now_ns += SETTLED_NS;
    assert_eq!(host.read(1, STATUS) as u8, error_bit::OVER_CURRENT, "the overload was not latched");
}

#[test]
fn a_goal_speed_and_an_acceleration_slow_the_goal_down_until_the_power_goes() {
    let mut host = host();
    host.write(1, 18, &[12]);
    host.write(1, TORQUE_ENABLE.address, &[1]);
    let mut goal_after = |settings: [u8; 2], ms: u64| {
        host.write(1, TORQUE_ENABLE.address, &[0]);
        host.write(1, ACCELERATION.address, &settings[..1]);
        host.write(1, GOAL_SPEED.address, &[settings[1], 0]);
        host.write(1, GOAL_POSITION.address, &3048_u16.to_le_bytes());
        host.bus.advance(host.now_ns + (ms - 100) * 1_000_000);
        host.now_ns += ms * 1_000_000;
        (host.bus.servos()[0].goal_rad().unwrap() * 4096.0 / std::f64::consts::TAU).round()
    };
    assert_eq!(goal_after([0, 0], 200), 1000.0, "at once, as after power-on");
    let crept = goal_after([0, 200], 1000);
    assert!((180.0..=205.0).contains(&crept), "200 steps a second: {crept}");
    let eased = goal_after([2, 0], 1000);
    assert!((85.0..=105.0).contains(&eased), "half of 198 steps/s²: {eased}");
    assert_eq!(goal_after([10, 250], 20_000), 1000.0, "and arrives");
    host.exchange(&frame(1, &[0x08]));
    assert_eq!([host.read(1, ACCELERATION), host.read(1, GOAL_SPEED)], [0, 0]);
}
