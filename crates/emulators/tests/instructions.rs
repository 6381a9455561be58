//! What a servo does with each instruction, and when it answers.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Host, SETTLED_NS, frame, quick_bus, quick_bus_with, read, status, sync_read, write};
use gaitway_emulators::registers::{
    GOAL_COPY, GOAL_POSITION, ID, P_GAIN, POSITION_OFFSET, PRESENT_POSITION, REG_WRITE_PENDING,
    RESPONSE_LEVEL, RETURN_DELAY, TORQUE_ENABLE,
};
use gaitway_emulators::{BusOptions, Fault, FaultPlan, JointState, ResponseLevels, ServoOptions};

fn with_servo(servo: ServoOptions, ids: &[u8]) -> Host {
    let options = BusOptions { servo, ..BusOptions::default() };
    Host::new(quick_bus_with(options, ids, FaultPlan::default()))
}

#[test]
fn garbage_before_between_and_within_frames_is_skipped() {
    let ping = frame(20, &[1]);
    let broken = [0xff, 0xff, 20, 2, 1, 0];
    let cut = &ping[..3];
    // Time to finish talking before the answer begins.
    let options = BusOptions { min_turnaround_ns: 1_000_000, ..BusOptions::default() };
    for garbage in [&[0, 1, 2][..], &[0xff], &[0xff, 0xff, 0xff], &broken, cut, &[0xff, 0xff, 1, 1, 0]] {
        let mut host = Host::new(quick_bus_with(options, &[20], FaultPlan::default()));
        let request = [garbage, &ping, garbage].concat();
        assert_eq!(host.exchange(&request), status(20, &[]), "{garbage:02x?}");
    }
}

#[test]
fn a_frame_inside_a_broken_one_is_found_when_the_broken_one_ends() {
    let mut host = Host::new(quick_bus(&[1]));
    let ping = frame(1, &[1]);
    // A header that promises 20 bytes.
    let request = [&[0xff, 0xff, 1, 20][..], &ping, &[0; 14]].concat();
    assert_eq!(host.exchange(&request), status(1, &[]));
}

#[test]
fn a_frame_that_was_broken_off_is_forgotten_after_a_pause() {
    let mut host = Host::new(quick_bus(&[1]));
    assert_eq!(host.exchange(&[0xff, 0xff, 1, 200, 3]), []);
    assert_eq!(host.exchange(&frame(1, &[1])), status(1, &[]));
}

#[test]
fn requests_that_make_no_sense_are_not_answered() {
    let mut host = Host::new(quick_bus(&[1, 2]));
    let nonsense: [&[u8]; 7] =
        [&[0x02, 56], &[0x03], &[0x77, 1, 2], &[0x83, 42, 2, 1, 0], &[0x82, 56], &[0x82, 56, 4, 1], &[0x00]];
    for body in nonsense {
        assert_eq!(host.exchange(&frame(1, body)), [], "{body:02x?}");
    }
    assert_eq!(host.exchange(&frame(0xfe, &[0x02, 56, 4])), [], "nobody reads all at once");
    assert_eq!(host.exchange(&frame(0xfe, &[0x83, 42, 2, 1, 0, 8, 2, 0])), [], "groups of uneven length");
    assert_eq!(host.read(1, GOAL_POSITION), 0);
}

#[test]
fn a_broadcast_write_reaches_all_and_nobody_answers() {
    let mut host = Host::new(quick_bus(&[1, 2]));
    assert_eq!(host.exchange(&write(0xfe, 40, &[1])), []);
    assert!(host.bus.servos().iter().all(|servo| servo.registers().raw(TORQUE_ENABLE) == 1));
}

#[test]
fn a_broadcast_ping_is_answered_at_once_by_all_who_do() {
    let ping = frame(0xfe, &[1]);
    assert_eq!(Host::new(quick_bus(&[7])).exchange(&ping), status(7, &[]));
    let garbled = Host::new(quick_bus(&[7, 8])).exchange(&ping);
    assert_eq!(garbled.len(), 6);
    assert!(garbled.iter().zip(status(7, &[])).filter(|&(heard, sent)| *heard == sent).count() < 6);
    let shy = ServoOptions { answers_broadcast_ping: false, ..ServoOptions::default() };
    assert_eq!(with_servo(shy, &[7]).exchange(&ping), []);
}

#[test]
fn the_response_level_decides_who_answers_what() {
    let asked: [(&str, Vec<u8>); 4] = [
        ("ping", frame(1, &[1])),
        ("read", read(1, 56, 4)),
        ("sync read", sync_read(56, 4, &[1])),
        ("write", write(1, 42, &[0, 8])),
    ];
    let cases = [
        (ResponseLevels::PingReadOrAll, 0, [true, true, true, false]),
        (ResponseLevels::PingReadOrAll, 1, [true; 4]),
        (ResponseLevels::PingReadOrAll, 2, [true; 4]),
        (ResponseLevels::PingThenReadThenAll, 0, [true, false, false, false]),
        (ResponseLevels::PingThenReadThenAll, 1, [true, true, true, false]),
        (ResponseLevels::PingThenReadThenAll, 2, [true; 4]),
    ];
    for (response_levels, level, answered) in cases {
        let mut host = with_servo(ServoOptions { response_levels, ..ServoOptions::default() }, &[1]);
        host.bus.servos_mut()[0].registers_mut().store(RESPONSE_LEVEL, level);
        for ((name, request), is_answered) in asked.iter().zip(answered) {
            let has_come = !host.exchange(request).is_empty();
            assert_eq!(has_come, is_answered, "{name} at {response_levels:?} {level}");
        }
        assert!(host.bus.servos()[0].goal_rad().is_some(), "written, answered or not");
    }
}

#[test]
fn a_reg_write_waits_for_its_action() {
    let mut host = Host::new(quick_bus(&[1, 2]));
    for (id, low) in [(1, 0x10), (2, 0x20)] {
        assert_eq!(host.exchange(&frame(id, &[0x04, 42, low, 8])), status(id, &[]));
        assert_eq!(host.read(id, GOAL_POSITION), 0);
        assert_eq!(host.read(id, REG_WRITE_PENDING), 1);
    }
    assert_eq!(host.exchange(&frame(0xfe, &[0x05])), []);
    assert_eq!((host.read(1, GOAL_POSITION), host.read(2, GOAL_POSITION)), (0x810, 0x820));
    assert_eq!(host.read(1, REG_WRITE_PENDING), 0);
}

#[test]
fn a_factory_reset_brings_back_what_the_factory_set_but_the_id() {
    let mut host = Host::new(quick_bus(&[9]));
    host.write(9, 21, &[10]);
    assert_eq!(host.exchange(&frame(9, &[0x06])), status(9, &[]));
    assert_eq!((host.read(9, P_GAIN), host.read(9, RETURN_DELAY)), (32, 250));

    let forgets = ServoOptions { factory_reset_keeps_id: false, ..ServoOptions::default() };
    let mut host = with_servo(forgets, &[9]);
    assert_eq!(host.exchange(&frame(9, &[0x06])), status(9, &[]), "answered by the id that was called");
    assert_eq!(host.read(1, ID), 1);
}

#[test]
fn a_reboot_is_a_power_cycle_and_takes_its_time() {
    let mut host = Host::new(quick_bus(&[1]));
    host.write(1, 42, &[0, 8]);
    host.bus.inject(host.now_ns, Fault::Overload { servo: 0 }).unwrap();
    host.exchange(&frame(1, &[0x04, 40, 1]));
    host.bus.host_writes(host.now_ns, &frame(1, &[0x08]));
    // Deaf for 50 ms: an answer that was due is not given.
    assert_eq!(host.bus.host_reads(host.now_ns + 1_000_000), []);
    host.bus.host_writes(host.now_ns + 49_000_000, &frame(1, &[1]));
    assert_eq!(host.bus.host_reads(host.now_ns + 60_000_000), []);
    host.now_ns += SETTLED_NS;
    assert_eq!(host.exchange(&frame(1, &[1])), status(1, &[]), "the overload is forgotten");
    host.exchange(&frame(1, &[0x05]));
    let state = (host.read(1, TORQUE_ENABLE), host.read(1, GOAL_POSITION));
    assert_eq!(state, (0, 0), "limp, and the reg-write is forgotten");
}

#[test]
fn an_id_written_takes_effect_at_once() {
    let mut host = Host::new(quick_bus(&[1]));
    assert_eq!(host.exchange(&write(1, 5, &[20])), status(1, &[]));
    assert_eq!(host.read(20, ID), 20);
    assert_eq!(host.exchange(&frame(1, &[1])), []);
}

#[test]
fn a_goal_switches_torque_on_where_servos_do_that() {
    let mut host = Host::new(quick_bus(&[1]));
    host.write(1, 42, &[0, 8]);
    assert_eq!((host.read(1, TORQUE_ENABLE), host.read(1, GOAL_COPY)), (1, 2048));
    host.write(1, 40, &[0]);
    assert_eq!(host.bus.servos()[0].goal_rad(), None);
    // Torque and goal in one write: the torque written counts.
    host.write(1, 40, &[0, 0, 0, 8]);
    assert_eq!(host.read(1, TORQUE_ENABLE), 0);

    let strict = ServoOptions { goal_switches_torque_on: false, ..ServoOptions::default() };
    let mut host = with_servo(strict, &[1]);
    host.write(1, 42, &[0, 8]);
    assert_eq!(host.read(1, TORQUE_ENABLE), 0);
}

#[test]
fn torque_on_without_a_goal_jumps_or_holds() {
    let joint = JointState { position_rad: 0.5, ..JointState::default() };
    let mut host = Host::new(quick_bus(&[1]));
    host.bus.set_joints(0, &[joint]);
    host.write(1, 40, &[1]);
    assert!(host.bus.servos()[0].goal_rad().unwrap() < -3.1);

    let kind = ServoOptions { torque_on_holds_pose: true, ..ServoOptions::default() };
    let mut host = with_servo(kind, &[1]);
    host.bus.set_joints(0, &[joint]);
    host.write(1, 40, &[1]);
    assert!((host.bus.servos()[0].goal_rad().unwrap() - 0.5).abs() < 0.001);
}

#[test]
fn calibration_makes_the_present_position_the_middle() {
    let mut host = Host::new(quick_bus(&[1]));
    host.bus.set_joints(0, &[JointState { position_rad: -0.5, ..JointState::default() }]);
    host.write(1, 40, &[128]);
    assert_eq!((host.read(1, PRESENT_POSITION), host.read(1, TORQUE_ENABLE)), (2048, 0));
    // 326 steps below: sign bit 11.
    assert_eq!(host.read(1, POSITION_OFFSET), 326 | 1 << 11);
    host.write(1, 42, &[0, 8]);
    assert!((host.bus.servos()[0].goal_rad().unwrap() + 0.5).abs() < 0.001, "goals move with it");
}

#[test]
fn goals_stay_within_the_angle_limits() {
    let mut host = Host::new(quick_bus(&[1]));
    // −559 as two's complement, as rustypot writes −4 rad: a huge negative number in sign and magnitude.
    host.write(1, 42, &(-559_i16).to_le_bytes());
    assert_eq!(host.bus.servos()[0].goal_rad(), Some(-std::f64::consts::PI));
    host.write(1, 9, &[0, 0, 0, 0]);
    let turns = host.bus.servos()[0].goal_rad().unwrap() / std::f64::consts::TAU;
    assert!(turns < -7.0, "{turns}: both limits 0 stand for many turns");
    host.write(1, 33, &[1]);
    assert_eq!(host.bus.servos()[0].goal_rad(), None, "a wheel has no goal");
}
