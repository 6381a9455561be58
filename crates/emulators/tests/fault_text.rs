//! Faults as people write them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use gaitway_emulators::registers::{PRESENT_VOLTAGE, RETURN_DELAY};
use gaitway_emulators::{
    Bno055Fault, FAULT_EXAMPLES, Fault, FaultScript, ImuFault, LaterServos, ReplyFault, RequestFault,
    WrittenFault, parse_fault,
};

const JOINTS: [&str; 14] = [
    "left_hip_yaw",
    "left_hip_roll",
    "left_hip_pitch",
    "left_knee",
    "left_ankle",
    "neck_pitch",
    "head_pitch",
    "head_yaw",
    "head_roll",
    "right_hip_yaw",
    "right_hip_roll",
    "right_hip_pitch",
    "right_knee",
    "right_ankle",
];

#[test]
fn every_fault_can_be_written() {
    let parsed = FAULT_EXAMPLES.map(|text| parse_fault(text, &JOINTS).unwrap());
    let reply = |fault| WrittenFault::Bus(Fault::Reply { servo: 4, fault });
    let bus = WrittenFault::Bus;
    let expected = [
        reply(ReplyFault::Lost),
        reply(ReplyFault::Cut { keep_bytes: 3 }),
        reply(ReplyFault::Corrupted { bits: 1 }),
        reply(ReplyFault::Late { by_ns: 2_000_000 }),
        reply(ReplyFault::Duplicated),
        bus(Fault::Request(RequestFault::Lost)),
        bus(Fault::Request(RequestFault::Corrupted { bits: 1 })),
        bus(Fault::Silent { servo: 4, later: LaterServos::Answer }),
        bus(Fault::Speaks { servo: 4 }),
        bus(Fault::SwapIds { first: 0, second: 9 }),
        bus(Fault::SetId { servo: 4, id: 20 }),
        bus(Fault::Setting { servo: 4, register: RETURN_DELAY, value: 250 }),
        bus(Fault::Shows { servo: 4, register: PRESENT_VOLTAGE, value: 0 }),
        bus(Fault::PositionOff { servo: 4, steps: 4096 }),
        bus(Fault::Reset { servo: 4 }),
        bus(Fault::Overload { servo: 4 }),
        bus(Fault::OverTemperature { servo: 4 }),
        bus(Fault::Sag { drop_v: 1.5 }),
        bus(Fault::Unplug),
        bus(Fault::Replug),
        bus(Fault::Echo),
        bus(Fault::BulkFirst),
        WrittenFault::Imu(ImuFault::Frozen { for_ns: 500_000_000 }),
        WrittenFault::Imu(ImuFault::Late { by_ns: 30_000_000, for_ns: 1_000_000_000 }),
        WrittenFault::Imu(ImuFault::Lost { for_ns: 500_000_000 }),
        WrittenFault::Imu(ImuFault::Flipped { every_ns: 300_000_000, for_ns: 3_000_000_000, seed: 1 }),
        WrittenFault::Chip(Bno055Fault::Silent { for_ns: 2_000_000_000 }),
        WrittenFault::Chip(Bno055Fault::Frozen { for_ns: 500_000_000 }),
        WrittenFault::Chip(Bno055Fault::Saturated { for_ns: 500_000_000 }),
        WrittenFault::Chip(Bno055Fault::Garbled { for_ns: 500_000_000 }),
        WrittenFault::Chip(Bno055Fault::Flipped { every_ns: 300_000_000, for_ns: 3_000_000_000 }),
        WrittenFault::Chip(Bno055Fault::Slow { by_ns: 30_000_000, for_ns: 1_000_000_000 }),
        WrittenFault::Chip(Bno055Fault::BrownOut),
    ];
    assert_eq!(parsed.len(), expected.len());
    for ((at_ns, found), expected) in parsed.into_iter().zip(expected) {
        assert_eq!((at_ns, found), (0, expected));
    }
}

#[test]
fn a_script_sorts_faults_to_where_they_belong() {
    let mut script = FaultScript::default();
    for text in [
        "at=3.0 silent servo=left_ankle later=wait",
        "imu-lost for=500us at=1500ms",
        "rates lost=0.25 late-by=1ms",
    ] {
        script.add(text, &JOINTS).unwrap();
    }
    let silent = Fault::Silent { servo: 4, later: LaterServos::Wait };
    assert_eq!(script.bus.schedule, [(3_000_000_000, silent)]);
    assert_eq!(script.imu, [(1_500_000_000, ImuFault::Lost { for_ns: 500_000 })]);
    assert_eq!((script.bus.rates.lost, script.bus.rates.late_by_ns), (0.25, 1_000_000));
}

#[test]
fn what_is_no_fault_is_refused_with_an_example() {
    for (text, message, hint) in [
        ("", "no kind of fault", "one of: lost"),
        ("explode", "found explode", "one of: lost"),
        ("silent", "expected servo=…, found none", "silent servo=4"),
        ("silent servo=14", "0 to 13, found 14", "silent servo=4"),
        ("silent servo=tail", "found tail", "silent servo=4"),
        ("silent servo=1 later=never", "later=wait, found never", "silent servo=4"),
        ("silent servo=1 colour=blue", "nothing more for silent, found colour=blue", "silent servo=4"),
        ("silent servo=1 servo=2", "nothing more for silent, found servo=2", "silent servo=4"),
        ("silent servo=1 loudly", "found loudly", "silent servo=4"),
        ("at=soon unplug", "found at=soon", "unplug"),
        ("at=-1 unplug", "found at=-1", "unplug"),
        ("at=inf unplug", "found at=inf", "unplug"),
        ("late servo=1 by=2h", "found by=2h", "late servo=4 by=2ms"),
        ("setting servo=1 register=4 value=0", "the address of a register, found 4", "setting"),
        ("set-id servo=1 id=300", "a number after id=, found id=300", "set-id"),
        ("at=3 rates lost=0.1", "nothing more for rates, found at=3", "rates lost=0.01"),
        ("rates lost=many", "found lost=many", "rates lost=0.01"),
    ] {
        let error = parse_fault(text, &JOINTS).unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(error.hint().contains(hint), "{text}: {}", error.hint());
    }
}
