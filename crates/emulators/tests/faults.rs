//! Every fault shows on the wire, is logged, and comes back the same with the same seed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    BYTE_NS, DUCK_IDS, Host, SETTLED_NS, exchange_at, frame, quick_bus, quick_bus_with, status, sync_read,
    write,
};
use gaitway_emulators::registers::{
    P_GAIN, PRESENT_POSITION, PRESENT_TEMPERATURE, PRESENT_VOLTAGE, TORQUE_ENABLE, error_bit,
};
use gaitway_emulators::{
    BusOptions, Fault, FaultPlan, FaultRates, LaterServos, ReplyFault, RequestFault, ServoBus, TwinError,
};

const IDS: [u8; 3] = [1, 2, 3];

fn gains() -> Vec<u8> {
    sync_read(21, 1, &IDS)
}

/// What three healthy servos answer to [`gains`]: seven bytes each.
fn healthy() -> Vec<u8> {
    IDS.iter().flat_map(|&id| status(id, &[32])).collect()
}

/// The answer to [`gains`] where `fault` struck before.
fn with(fault: Fault) -> Vec<u8> {
    let mut bus = quick_bus(&IDS);
    bus.inject(0, fault).unwrap();
    exchange_at(&mut bus, 0, &gains())
}

fn with_reply(fault: ReplyFault) -> Vec<u8> {
    with(Fault::Reply { servo: 1, fault })
}

fn differing(one: &[u8], other: &[u8]) -> Vec<usize> {
    (0..one.len()).filter(|&at| one[at] != other[at]).collect()
}

#[test]
fn a_lost_answer_leaves_the_others() {
    let heard = with_reply(ReplyFault::Lost);
    assert_eq!(heard, [&healthy()[..7], &healthy()[14..]].concat());
}

#[test]
fn a_cut_answer_ends_early() {
    let heard = with_reply(ReplyFault::Cut { keep_bytes: 4 });
    assert_eq!(heard, [&healthy()[..11], &healthy()[14..]].concat());
    assert_eq!(with_reply(ReplyFault::Cut { keep_bytes: 99 }).len(), 20, "all but one byte at most");
}

#[test]
fn a_corrupted_answer_has_as_many_flipped_bits_as_asked() {
    for bits in [1, 3, 56, 1_000] {
        let heard = with_reply(ReplyFault::Corrupted { bits });
        let flipped: u32 = heard.iter().zip(healthy()).map(|(one, other)| (one ^ other).count_ones()).sum();
        assert_eq!(flipped, bits.min(56));
        assert!(differing(&heard, &healthy()).iter().all(|at| (7..14).contains(at)));
    }
}

#[test]
fn a_late_answer_delays_those_after_it() {
    let mut bus = quick_bus(&IDS);
    bus.inject(0, Fault::Reply { servo: 1, fault: ReplyFault::Late { by_ns: 300_000 } }).unwrap();
    bus.host_writes(0, &gains());
    let request_ns = gains().len() as u64 * BYTE_NS;
    assert_eq!(bus.host_reads(request_ns + 14 * BYTE_NS + 299_999).len(), 13);
    assert_eq!(bus.host_reads(request_ns + 14 * BYTE_NS + 300_000).len(), 1);
    assert_eq!(bus.host_reads(request_ns + 21 * BYTE_NS + 300_000), healthy()[14..]);
    assert_eq!(bus.waiting_ns(), 300_000);
}

#[test]
fn a_late_answer_may_come_when_the_host_has_given_up() {
    let mut bus = quick_bus(&[1, 2]);
    bus.inject(0, Fault::Reply { servo: 0, fault: ReplyFault::Late { by_ns: 1_000_000 } }).unwrap();
    bus.host_writes(0, &frame(1, &[1]));
    // The ping ends at 60 µs, its answer begins at 1060 µs: as the answer to another is under way.
    bus.host_writes(980_000, &frame(2, &[1]));
    let heard = bus.host_reads(SETTLED_NS);
    assert_eq!(heard.len(), 12);
    // From 1040 to 1100 µs the one, from 1060 to 1120 µs the other.
    assert_eq!(heard[..2], [0xff, 0xff]);
    let sent = [status(1, &[]), status(2, &[])].concat();
    let strange = heard.iter().filter(|byte| !sent.contains(byte)).count();
    assert!(strange >= 6, "bytes are garbled, not shuffled: {heard:02x?}");
}

#[test]
fn a_duplicated_answer_comes_twice() {
    let heard = with_reply(ReplyFault::Duplicated);
    assert_eq!(heard, [&healthy()[..14], &healthy()[7..]].concat());
}

#[test]
fn a_request_may_be_lost_or_corrupted() {
    assert_eq!(with(Fault::Request(RequestFault::Lost)), []);
    assert_eq!(with(Fault::Request(RequestFault::Corrupted { bits: 1 })), []);
}

#[test]
fn a_silent_servo_costs_its_slot_or_all_that_follow_and_still_obeys() {
    let answer = with(Fault::Silent { servo: 1, later: LaterServos::Answer });
    assert_eq!(answer, [&healthy()[..7], &healthy()[14..]].concat());
    let mut bus = quick_bus(&IDS);
    bus.inject(0, Fault::Silent { servo: 1, later: LaterServos::Wait }).unwrap();
    assert_eq!(exchange_at(&mut bus, 0, &gains()), healthy()[..7]);
    assert_eq!(exchange_at(&mut bus, SETTLED_NS, &write(2, 21, &[9])), []);
    assert_eq!(bus.servos()[1].registers().raw(P_GAIN), 9);
    bus.inject(0, Fault::Speaks { servo: 1 }).unwrap();
    assert_eq!(exchange_at(&mut bus, 2 * SETTLED_NS, &frame(2, &[1])), status(2, &[]));
}

#[test]
fn swapped_ids_answer_for_each_other() {
    let mut bus = quick_bus(&IDS);
    bus.servos_mut()[0].registers_mut().store(P_GAIN, 7);
    bus.inject(0, Fault::SwapIds { first: 0, second: 2 }).unwrap();
    assert_eq!(
        exchange_at(&mut bus, 0, &gains()),
        [status(1, &[32]), status(2, &[32]), status(3, &[7])].concat()
    );
    exchange_at(&mut bus, SETTLED_NS, &write(3, 42, &[0, 8]));
    assert!(bus.servos()[0].goal_rad().is_some(), "the other joint moves");
}

#[test]
fn two_servos_with_one_id_garble_each_other() {
    let heard = with(Fault::SetId { servo: 2, id: 2 });
    // The slot of 3 is empty now.
    assert_eq!(heard.len(), 14);
    assert_eq!(heard[..7], healthy()[..7]);
    assert_eq!(differing(&heard[7..], &healthy()[7..14]).len(), 7);
}

#[test]
fn a_reset_servo_is_limp_deaf_for_a_while_and_has_its_eeprom() {
    let mut host = Host::new(quick_bus(&IDS));
    host.write(2, 55, &[1]);
    host.write(2, 21, &[9]);
    host.write(2, 42, &[0, 8]);
    host.bus.inject(host.now_ns, Fault::Reset { servo: 1 }).unwrap();
    assert_eq!(host.exchange(&gains()), [&healthy()[..7], &healthy()[14..]].concat());
    assert_eq!(host.exchange(&gains()), healthy());
    assert_eq!(host.read(2, TORQUE_ENABLE), 0);
}

#[test]
fn overload_and_heat_latch_and_show_in_every_answer() {
    for (fault, bit) in [
        (Fault::Overload { servo: 0 }, error_bit::OVERLOAD),
        (Fault::OverTemperature { servo: 0 }, error_bit::TEMPERATURE),
    ] {
        let mut host = Host::new(quick_bus(&IDS));
        host.write(1, 42, &[0, 8]);
        host.bus.inject(host.now_ns, fault).unwrap();
        assert_eq!(host.bus.servos()[0].goal_rad(), None);
        assert_eq!(host.exchange(&gains())[4], bit);
        assert_eq!(host.read(1, TORQUE_ENABLE), 0);
        let hot = host.read(1, PRESENT_TEMPERATURE);
        assert_eq!(hot, if bit == error_bit::TEMPERATURE { 75 } else { 25 });
    }
}

#[test]
fn a_servo_shows_what_it_does_not_measure_until_its_power_goes() {
    let mut host = Host::new(quick_bus(&IDS));
    host.bus.inject(0, Fault::Shows { servo: 0, register: PRESENT_VOLTAGE, value: 0 }).unwrap();
    assert_eq!((host.read(1, PRESENT_VOLTAGE), host.read(2, PRESENT_VOLTAGE)), (0, 74));
    host.bus.inject(host.now_ns, Fault::Reset { servo: 0 }).unwrap();
    host.now_ns += 1_000_000_000;
    assert_eq!(host.read(1, PRESENT_VOLTAGE), 74);
}

#[test]
fn a_position_is_off_by_a_turn_and_the_goal_is_not() {
    let mut host = Host::new(quick_bus(&IDS));
    for (steps, raw) in [(4096, 2048 + 4096), (-4096, 2048 | 1 << 15), (0, 2048)] {
        host.bus.inject(host.now_ns, Fault::PositionOff { servo: 0, steps }).unwrap();
        assert_eq!(host.read(1, PRESENT_POSITION), raw, "{steps}");
        assert_eq!(host.read(2, PRESENT_POSITION), 2048);
    }
}

#[test]
fn a_sag_shows_in_every_servo_until_it_ends() {
    let mut host = Host::new(quick_bus(&IDS));
    host.bus.inject(0, Fault::Sag { drop_v: 3.5 }).unwrap();
    assert_eq!(host.read(3, PRESENT_VOLTAGE), 39);
    // Below the 4 V of register 15; unload conditions do not name the voltage.
    assert_eq!(host.exchange(&frame(3, &[1]))[4], error_bit::VOLTAGE);
    host.write(3, 42, &[0, 8]);
    assert_eq!(host.read(3, TORQUE_ENABLE), 1);
    host.bus.inject(0, Fault::Sag { drop_v: 0.0 }).unwrap();
    assert_eq!(host.exchange(&frame(3, &[1]))[4], 0);
    host.bus.inject(0, Fault::Sag { drop_v: 1e9 }).unwrap();
    assert_eq!(host.read(3, PRESENT_VOLTAGE), 0);
}

#[test]
fn an_unplugged_bus_takes_and_gives_nothing_and_the_servos_keep_their_goals() {
    let mut host = Host::new(quick_bus(&IDS));
    host.write(1, 42, &[0, 8]);
    host.bus.host_writes(host.now_ns, &gains());
    // In the middle of the second answer: the first was not read either.
    host.bus.inject(host.now_ns + 220_000, Fault::Unplug).unwrap();
    assert!(!host.bus.is_plugged());
    host.now_ns += SETTLED_NS;
    assert_eq!(host.bus.host_writes(host.now_ns, &gains()), 0);
    assert_eq!(host.bus.host_reads(host.now_ns), []);
    assert!(host.bus.servos()[0].goal_rad().is_some());
    host.bus.inject(host.now_ns, Fault::Replug).unwrap();
    assert_eq!(host.exchange(&gains()), healthy());
}

#[test]
fn a_schedule_strikes_in_order_of_time_and_is_logged() {
    let late = ReplyFault::Late { by_ns: 7 };
    let schedule = vec![
        (300_000_000, Fault::Replug),
        (50_000_000, Fault::Reply { servo: 2, fault: late }),
        (250_000_000, Fault::Unplug),
    ];
    let plan = FaultPlan { schedule, ..FaultPlan::default() };
    let mut bus = quick_bus_with(BusOptions::default(), &IDS, plan);
    let lens = [0, 1, 2, 3].map(|at| exchange_at(&mut bus, at * SETTLED_NS, &gains()).len());
    // The third write is at 200 ms, read at 300 ms: what was not read by 250 ms is gone.
    assert_eq!(lens, [21, 21, 0, 21]);
    let log = bus.take_fault_log();
    let struck: Vec<u64> = log.iter().map(|applied| applied.at_ns / 1_000_000).collect();
    assert_eq!(struck, [100, 250, 300], "a packet's fault is logged when it strikes the packet");
    assert_eq!(log[0].fault, Fault::Reply { servo: 2, fault: late });
    assert_eq!((bus.fault_count(), bus.take_fault_log()), (3, vec![]));
}

/// Ten seconds of a control loop at 50 Hz over a bad wire: every byte heard, and the log.
fn bad_day(seed: u64) -> (Vec<u8>, ServoBus) {
    let rates = FaultRates {
        lost: 0.02,
        cut: 0.02,
        corrupted: 0.02,
        late: 0.02,
        duplicated: 0.02,
        request_lost: 0.02,
        request_corrupted: 0.02,
        ..FaultRates::default()
    };
    let plan = FaultPlan { seed, rates, schedule: vec![(5_000_000_000, Fault::SetId { servo: 3, id: 20 })] };
    let mut bus = quick_bus_with(BusOptions::default(), &DUCK_IDS, plan);
    let mut heard = Vec::new();
    for tick in 0..500 {
        let now_ns = tick * 20_000_000;
        bus.host_writes(now_ns, &sync_read(56, 4, &DUCK_IDS));
        heard.extend(bus.host_reads(now_ns + 3_000_000));
        bus.host_writes(now_ns + 5_000_000, &write(20, 42, &[0, 8]));
        heard.extend(bus.host_reads(now_ns + 20_000_000));
    }
    (heard, bus)
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
    let (heard, mut bus) = bad_day(7);
    let (again, mut bus_again) = bad_day(7);
    let log = bus.take_fault_log();
    assert_eq!(heard, again);
    assert_eq!(log, bus_again.take_fault_log());
    assert_ne!(heard, bad_day(8).0);

    // About 7000 answers and 1000 writes: each class must have struck about as often as its rate says.
    let count = |is_it: fn(&Fault) -> bool| log.iter().filter(|applied| is_it(&applied.fault)).count();
    let replies: [fn(&Fault) -> bool; 5] = [
        |fault| matches!(fault, Fault::Reply { fault: ReplyFault::Lost, .. }),
        |fault| matches!(fault, Fault::Reply { fault: ReplyFault::Cut { .. }, .. }),
        |fault| matches!(fault, Fault::Reply { fault: ReplyFault::Corrupted { .. }, .. }),
        |fault| matches!(fault, Fault::Reply { fault: ReplyFault::Late { .. }, .. }),
        |fault| matches!(fault, Fault::Reply { fault: ReplyFault::Duplicated, .. }),
    ];
    for (class, is_it) in replies.into_iter().enumerate() {
        assert!((80..220).contains(&count(is_it)), "class {class}: {}", count(is_it));
    }
    let requests: [fn(&Fault) -> bool; 2] = [
        |fault| matches!(fault, Fault::Request(RequestFault::Lost)),
        |fault| matches!(fault, Fault::Request(RequestFault::Corrupted { .. })),
    ];
    for is_it in requests {
        assert!((5..50).contains(&count(is_it)), "{}", count(is_it));
    }
}

#[test]
fn refuses_plans_that_cannot_be() {
    let build = |plan| ServoBus::new(BusOptions::default(), &IDS, plan).unwrap_err();
    let rates = |rates| build(FaultPlan { rates, ..FaultPlan::default() });
    let none = FaultRates::default();
    assert_eq!(rates(FaultRates { cut: 1.5, ..none }), TwinError::Rate { rate: "cut", found: 1.5 });
    let nan = rates(FaultRates { request_lost: f64::NAN, ..none });
    assert!(nan.to_string().starts_with("rates.request_lost"), "{nan}");
    let sum = rates(FaultRates { lost: 0.75, late: 0.5, ..none });
    assert_eq!(sum, TwinError::RatesSum { packets: "reply", found: 1.25 });

    let schedule = |fault| build(FaultPlan { schedule: vec![(0, fault)], ..FaultPlan::default() });
    let error = schedule(Fault::SwapIds { first: 0, second: 3 });
    assert_eq!(error.to_string(), "fault SwapIds { first: 0, second: 3 }: servo 3 is not on a bus of 3");
    assert!(!error.hint().is_empty());
    let mut bus = quick_bus(&IDS);
    assert!(bus.inject(0, Fault::Reset { servo: 3 }).is_err());
    assert!(bus.inject(0, Fault::Sag { drop_v: f64::NAN }).is_err());
    assert_eq!(bus.fault_count(), 0);
}

#[test]
fn an_echo_is_the_hosts_own_bytes_before_every_answer() {
    let heard = with(Fault::Echo);
    assert_eq!(heard, [gains(), healthy()].concat());
    let mut bus = quick_bus(&IDS);
    bus.inject(0, Fault::Echo).unwrap();
    let switch = frame(0xfe, &[0x83, TORQUE_ENABLE.address, 1, 1, 0]);
    assert_eq!(exchange_at(&mut bus, 0, &switch), switch, "nobody answers, and it comes back all the same");
}

#[test]
fn of_a_bulk_read_only_the_first_answers() {
    assert_eq!(with(Fault::BulkFirst), healthy()[..7]);
    let mut bus = quick_bus(&IDS);
    bus.inject(0, Fault::BulkFirst).unwrap();
    for id in IDS {
        assert_eq!(
            exchange_at(&mut bus, u64::from(id) * SETTLED_NS, &frame(id, &[0x01])).len(),
            6,
            "alone they do"
        );
    }
}
