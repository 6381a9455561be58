//! The frames the driver sends, byte for byte, beside those that the community's runtime was seen to send.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use gaitway_feetech::bus::ServoBus;
use gaitway_feetech::error::BusError;
use gaitway_feetech::registers;
use gaitway_feetech::servo::ServoConfig;
use gaitway_hal::actuators::Poll;
use gaitway_hal::link::Link;

const IDS: [u8; 14] = [20, 21, 22, 23, 24, 30, 31, 32, 33, 10, 11, 12, 13, 14];
const HOME_RAD: [f32; 14] =
    [0.002, 0.053, -0.63, 1.368, -0.784, 0.0, 0.0, 0.0, 0.0, -0.003, -0.065, 0.635, 1.379, -0.796];
const ALL: [bool; 14] = [true; 14];
const LINK: Link = Link { baud: 1_000_000, turnaround_ns: 50_000, latency_ns: 0 };

fn duck() -> ServoBus {
    let servos = IDS.map(|id| ServoConfig { id, direction: 1, offset_rad: 0.0 });
    ServoBus::new(&servos, LINK).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

#[test]
fn goals_of_the_home_pose_are_the_published_frame() {
    let published = "ff ff fe 2e 83 2a 02 14 01 08 15 22 08 16 65 06 17 7b 0b 18 00 06 1e 00 08 1f 00 08 20 00 08 \
                     21 00 08 0a fe 07 0b d5 07 0c 9d 09 0d 82 0b 0e f9 05 a0";
    assert_eq!(duck().write_goals(&HOME_RAD, &ALL).unwrap(), hex(published));
}

#[test]
fn the_common_read_is_the_published_one_with_speed_in_it() {
    // Published: … 82 38 02 … 0b for the position alone. Two bytes more, and the checksum two less.
    let expected = "ff ff fe 12 82 38 04 14 15 16 17 18 1e 1f 20 21 0a 0b 0c 0d 0e 09";
    assert_eq!(duck().begin_read(0, 20_000_000), hex(expected));
}

#[test]
fn gains_are_the_published_frame_once_the_eeprom_is_locked() {
    let mut bus = duck();
    let gains = IDS.map(|id| if (30..34).contains(&id) { 8 } else { 30 });
    let refused = bus.write(registers::P_GAIN, &gains, &ALL);
    assert_eq!(refused, Err(BusError::Unlocked { register: "P gain" }));
    let lock = bus.set_lock(true, &ALL).unwrap();
    assert_eq!(&lock[4..9], hex("83 37 01 14 01"));
    let published = "ff ff fe 20 83 15 01 14 1e 15 1e 16 1e 17 1e 18 1e 1e 08 1f 08 20 08 21 08 0a 1e 0b 1e 0c 1e \
                     0d 1e 0e 1e d4";
    assert_eq!(bus.write(registers::P_GAIN, &gains, &ALL).unwrap(), hex(published));
}

#[test]
fn torque_off_is_the_published_frame() {
    let published = "ff ff fe 20 83 28 01 14 00 15 00 16 00 17 00 18 00 1e 00 1f 00 20 00 21 00 0a 00 0b 00 0c 00 \
                     0d 00 0e 00 0d";
    assert_eq!(duck().set_torque(false, &ALL).unwrap(), hex(published));
    assert_eq!(duck().torque_off(), hex(published));
}

#[test]
fn offsets_and_directions_are_the_servos_own() {
    let servos = [
        ServoConfig { id: 1, direction: 1, offset_rad: 0.1 },
        ServoConfig { id: 2, direction: -1, offset_rad: 0.1 },
    ];
    let mut bus = ServoBus::new(&servos, LINK).unwrap();
    let frame = bus.write_goals(&[0.2, 0.2], &[true; 2]).unwrap();
    let goal = |place: usize| u16::from_le_bytes([frame[8 + 3 * place], frame[9 + 3 * place]]);
    assert_eq!([goal(0), goal(1)], [2048 + 195, 2048 - 66]);
}

#[test]
fn a_goal_that_is_no_number_never_reaches_the_wire() {
    let mut goals = HOME_RAD;
    goals[3] = f32::NAN;
    let refused = duck().write_goals(&goals, &ALL).unwrap_err();
    assert!(matches!(refused, BusError::NonFiniteGoal { id: 23, .. }), "{refused}");
    let short = duck().write_goals(&goals[..13], &ALL).unwrap_err();
    assert_eq!(short, BusError::Length { what: "goals", expected: 14, found: 13 });
}

#[test]
fn ids_that_cannot_share_a_bus_are_refused() {
    let servo = |id| ServoConfig { id, direction: 1, offset_rad: 0.0 };
    for servos in [vec![], vec![servo(1), servo(1)], vec![servo(254)], (0..65).map(servo).collect()] {
        let refused = ServoBus::new(&servos, LINK).unwrap_err();
        assert!(matches!(refused, BusError::Ids { .. }) && !refused.hint().is_empty());
    }
}

#[test]
fn a_tick_takes_as_long_as_its_bytes_and_turnarounds() {
    assert_eq!(duck().tick_ns(), 2_120_000 + 14 * 50_000);
}

#[test]
fn silence_ends_at_the_computed_time_and_is_counted() {
    let mut bus = duck();
    bus.begin_read(1_000_000, 4_000_000);
    let Poll::Wait { until_ns } = bus.poll(1_000_001, &[]) else { panic!("an answer was awaited") };
    assert_eq!(until_ns, 1_000_000 + 1_620_000 + 14 * 50_000 + 200_000);
    assert_eq!(bus.poll(until_ns, &[]), Poll::Done, "no time is left for a retry");
    assert!(bus.states().iter().all(|state| state.health.misses == 1 && state.age_s(until_ns).is_infinite()));
}

#[test]
fn what_did_not_answer_is_asked_once_more_where_there_is_time() {
    let mut bus = duck();
    bus.begin_read(0, 20_000_000);
    let Poll::Wait { until_ns } = bus.poll(0, &[]) else { panic!("an answer was awaited") };
    assert!(matches!(bus.poll(until_ns, &[]), Poll::Send(again) if again.len() == 22));
    assert_eq!(bus.counters().retries, 1);
}

#[test]
fn the_order_turns_and_the_dead_are_only_probed() {
    let mut bus = duck();
    let mut asked = Vec::new();
    for tick in 0..200u64 {
        let start_ns = tick * 20_000_000;
        let frame = bus.begin_read(start_ns, start_ns + 3_000_000);
        let ids = frame.len().saturating_sub(1).max(7);
        asked.push(frame.get(7..ids).unwrap_or_default().to_vec());
        bus.poll(start_ns + 3_000_000, &[]);
    }
    assert_eq!(asked[1][0], 21, "the second tick begins with the second servo");
    assert_eq!(
        asked[50].len(),
        14,
        "who was asked behind a silent one may have waited for it: no reason to drop it"
    );
    assert!(asked[99].is_empty(), "first in the order and silent five times: nobody is asked any more");
    assert_eq!((asked[110].len(), asked[120].len()), (1, 1), "but one is, every ten ticks");
    assert_ne!(asked[110], asked[120], "and another each time");
    assert_eq!(bus.begin_slow_read(None, 0, u64::MAX), [] as [u8; 0], "nobody to ask");
}
