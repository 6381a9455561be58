//! Wire time to the nanosecond: bytes, return delays, USB, silence.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{
    BYTE_NS, DUCK_IDS, SETTLED_NS, arrivals, exchange_at, frame, quick_bus, quick_bus_with, sync_read,
};
use gaitway_emulators::registers::RETURN_DELAY;
use gaitway_emulators::{BusOptions, Fault, FaultPlan, LaterServos, ServoBus, TwinError, WireBytes};

const WRITTEN_NS: u64 = 1_000_000;

fn state_read() -> Vec<u8> {
    sync_read(56, 4, &DUCK_IDS)
}

/// Writes the sync read of 56 to 59; checks that all 140 bytes are there at `end_ns` and not a nanosecond before.
fn completes_at(bus: &mut ServoBus, end_ns: u64) {
    assert_eq!(bus.host_writes(WRITTEN_NS, &state_read()), 22);
    let early = bus.host_reads(end_ns - 1).len();
    let last = bus.host_reads(end_ns).len();
    assert_eq!(early + last, 140);
    assert_eq!(last, 1);
    assert_eq!(bus.next_event_ns(), None);
}

#[test]
fn fourteen_servos_answer_in_exactly_1620_us() {
    let mut bus = quick_bus(&DUCK_IDS);
    completes_at(&mut bus, WRITTEN_NS + 1_620_000);
    assert_eq!((bus.busy_ns(), bus.waiting_ns()), (1_620_000, 0));
    assert_eq!(bus.wire_bytes(), WireBytes { to_servos: 22, to_host: 140 });
}

#[test]
fn the_factory_return_delay_costs_500_us_a_servo() {
    let mut bus = ServoBus::new(BusOptions::default(), &DUCK_IDS, FaultPlan::default()).unwrap();
    completes_at(&mut bus, WRITTEN_NS + 1_620_000 + 14 * 500_000);
    assert_eq!((bus.busy_ns(), bus.waiting_ns()), (1_620_000, 7_000_000));
}

#[test]
fn the_longer_of_return_delay_and_turnaround_counts() {
    let options = BusOptions { min_turnaround_ns: 50_000, ..BusOptions::default() };
    let mut bus = quick_bus_with(options, &DUCK_IDS, FaultPlan::default());
    bus.servos_mut()[3].registers_mut().store(RETURN_DELAY, 100);
    completes_at(&mut bus, WRITTEN_NS + 1_620_000 + 13 * 50_000 + 200_000);
}

#[test]
fn every_byte_arrives_ten_bits_after_the_one_before() {
    let mut bus = quick_bus(&[1]);
    bus.host_writes(WRITTEN_NS, &frame(1, &[1]));
    let bytes = arrivals(&mut bus, WRITTEN_NS, WRITTEN_NS + 200_000, 1);
    let times: Vec<u64> = bytes.iter().map(|&(at_ns, _)| at_ns - WRITTEN_NS).collect();
    assert_eq!(times, [7, 8, 9, 10, 11, 12].map(|byte| byte * BYTE_NS));
}

#[test]
fn usb_latency_counts_once_each_way() {
    let options =
        BusOptions { usb_to_servos_ns: 125_000, usb_to_host_ns: 1_000_000, ..BusOptions::default() };
    let mut bus = quick_bus_with(options, &DUCK_IDS, FaultPlan::default());
    completes_at(&mut bus, WRITTEN_NS + 1_620_000 + 1_125_000);
    assert_eq!(bus.busy_ns(), 1_620_000, "USB is no time of the wire");
}

#[test]
fn usb_frames_hand_answers_over_every_millisecond() {
    let options = BusOptions { usb_frame_ns: 1_000_000, ..BusOptions::default() };
    let mut bus = quick_bus_with(options, &DUCK_IDS, FaultPlan::default());
    bus.host_writes(1_300_000, &state_read());
    // The request ends at 1.52 ms, the answers at 2.92 ms; 48 bytes end by 2 ms.
    assert_eq!(bus.host_reads(1_999_999).len(), 0);
    assert_eq!(bus.host_reads(2_000_000).len(), 48);
    assert_eq!(bus.host_reads(2_999_999).len(), 0);
    assert_eq!(bus.host_reads(3_000_000).len(), 92);
}

#[test]
fn half_the_baud_rate_takes_twice_the_time_and_others_do_not_understand_it() {
    let mut bus = quick_bus(&[1]);
    bus.set_baud(0, 500_000).unwrap();
    assert_eq!(exchange_at(&mut bus, 0, &frame(1, &[1])), []);
    // Register 6: 1 stands for 500 kbaud.
    bus.servos_mut()[0].registers_mut().store(gaitway_emulators::registers::BAUD, 1);
    bus.host_writes(SETTLED_NS, &frame(1, &[1]));
    assert_eq!(bus.host_reads(SETTLED_NS + 24 * BYTE_NS - 1).len(), 5);
    assert_eq!(bus.host_reads(SETTLED_NS + 24 * BYTE_NS).len(), 1);
    assert_eq!(bus.set_baud(0, 0), Err(TwinError::Baud { found: 0 }));
}

#[test]
fn an_absent_servo_costs_its_slot_or_all_that_follow() {
    let ids = [1, 9, 2];
    let request = sync_read(56, 4, &ids);
    let options = BusOptions { silent_slot_margin_ns: 30_000, ..BusOptions::default() };
    let mut bus = quick_bus_with(options, &[1, 2], FaultPlan::default());
    bus.host_writes(0, &request);
    let end_ns = (request.len() as u64 + 30) * BYTE_NS + 30_000;
    assert_eq!(bus.host_reads(end_ns - 1).len(), 19);
    assert_eq!(bus.host_reads(end_ns).len(), 1);
    assert_eq!(bus.waiting_ns(), 10 * BYTE_NS + 30_000);

    let options = BusOptions { absent: LaterServos::Wait, ..options };
    let mut bus = quick_bus_with(options, &[1, 2], FaultPlan::default());
    assert_eq!(exchange_at(&mut bus, 0, &request).len(), 10);
    assert_eq!(bus.next_event_ns(), None);
    assert_eq!(exchange_at(&mut bus, SETTLED_NS, &frame(2, &[1])).len(), 6, "the next request frees them");
}

#[test]
fn what_the_host_reads_does_not_depend_on_how_often_it_looks() {
    let look = |step_ns| {
        let mut bus = quick_bus(&DUCK_IDS);
        bus.inject(0, Fault::Overload { servo: 3 }).unwrap();
        for at_ns in [0, 5_000_000] {
            bus.host_writes(at_ns, &state_read());
        }
        let bytes = arrivals(&mut bus, 5_000_000, 10_000_000, step_ns);
        bytes.into_iter().map(|(_, byte)| byte).collect::<Vec<u8>>()
    };
    assert_eq!(look(1_000), look(5_000_000));
}

#[test]
fn the_next_event_leads_a_host_through_a_transaction() {
    let mut bus = quick_bus(&DUCK_IDS);
    let mut now_ns = WRITTEN_NS;
    bus.host_writes(now_ns, &state_read());
    let mut bytes = 0;
    while let Some(event_ns) = bus.next_event_ns() {
        assert!(event_ns >= now_ns);
        now_ns = event_ns;
        bytes += bus.host_reads(now_ns).len();
    }
    assert_eq!((bytes, now_ns), (140, WRITTEN_NS + 1_620_000));
}

#[test]
fn talking_while_servos_answer_garbles_both() {
    let mut bus = quick_bus(&DUCK_IDS);
    let clean = exchange_at(&mut bus.clone(), 0, &state_read());
    bus.host_writes(0, &state_read());
    // In the middle of the second answer.
    bus.host_writes(345_000, &frame(20, &[1]));
    let heard = bus.host_reads(SETTLED_NS);
    assert_eq!(heard.len(), 140, "the ping was garbled: nobody answers it, the others go on");
    let differing: Vec<usize> = (0..140).filter(|&at| heard[at] != clean[at]).collect();
    // From 345 to 405 µs; an answer's byte n is on the wire from 220 + 10 n µs.
    assert_eq!(differing, (12..=18).collect::<Vec<usize>>());
}

#[test]
fn a_request_between_answers_replaces_those_to_come() {
    let options = BusOptions { min_turnaround_ns: 200_000, ..BusOptions::default() };
    let mut bus = quick_bus_with(options, &[1, 2], FaultPlan::default());
    // The first answer is out at 410 µs, the second would begin at 610 µs.
    bus.host_writes(0, &sync_read(56, 4, &[1, 2])[..]);
    bus.host_writes(420_000, &frame(1, &[1]));
    assert_eq!(bus.clone().host_reads(SETTLED_NS).len(), 10 + 6);
    bus.host_writes(510_000, &frame(0xfe, &[0x05]));
    assert_eq!(bus.host_reads(SETTLED_NS).len(), 10, "nor does one that nobody answers leave any");
}

#[test]
fn a_full_buffer_takes_no_more_and_an_unread_inbox_is_bounded() {
    let mut bus = quick_bus(&[1]);
    assert_eq!(bus.host_writes(0, &[0; 5_000]), 4_096);
    assert_eq!(bus.host_writes(0, &[0; 10]), 0);
    // One byte is through the wire.
    assert_eq!(bus.host_writes(BYTE_NS, &[0; 10]), 1);
    let mut now_ns = SETTLED_NS;
    for _ in 0..1_000 {
        bus.host_writes(now_ns, &frame(1, &[1]));
        now_ns += 1_000_000;
    }
    assert_eq!(bus.host_reads(now_ns).len(), 4_096);
}

#[test]
fn refuses_buses_that_cannot_be() {
    let build = |options, ids: &[u8]| ServoBus::new(options, ids, FaultPlan::default()).unwrap_err();
    let good = BusOptions::default();
    assert_eq!(build(good, &[1, 254]), TwinError::Id { servo: 1, found: 254 });
    assert_eq!(build(BusOptions { baud: 100, ..good }, &[1]), TwinError::Baud { found: 100 });
    for supply_v in [0.0, f64::NAN, f64::INFINITY] {
        let error = build(BusOptions { supply_v, ..good }, &[1]);
        assert!(error.to_string().contains("supply_v"), "{error}");
        assert!(!error.hint().is_empty());
    }
}

fn logging(options: BusOptions) -> BusOptions {
    BusOptions { exchanges: 3, ..options }
}

/// Bytes of the sync write of all goals.
fn goals() -> Vec<u8> {
    let groups: Vec<u8> = DUCK_IDS.iter().flat_map(|&id| [id, 0x00, 0x08]).collect();
    frame(0xfe, &[&[0x83, 42, 2], &groups[..]].concat())
}

#[test]
fn each_exchange_has_its_time_on_the_wire_return_delays_and_usb_included() {
    let quick = logging(BusOptions::default());
    let slow = BusOptions { min_turnaround_ns: 50_000, ..quick };
    let usb = BusOptions { usb_frame_ns: 1_000_000, ..quick };
    for (options, taken_ns) in [(quick, 1_620_000), (slow, 2_320_000), (usb, 2_000_000)] {
        let mut bus = quick_bus_with(options, &DUCK_IDS, FaultPlan::default());
        exchange_at(&mut bus, WRITTEN_NS, &state_read());
        let [read] = bus.take_exchanges()[..] else { panic!("one piece was written") };
        assert_eq!((read.written_ns, read.begun_ns), (WRITTEN_NS, WRITTEN_NS));
        assert_eq!((read.sent_ns - read.begun_ns, read.ended_ns - read.begun_ns), (220_000, taken_ns));
        assert_eq!(read.fetched_ns, Some(WRITTEN_NS + SETTLED_NS));
        assert_eq!(read.bytes, WireBytes { to_servos: 22, to_host: 140 });
        assert_eq!(bus.take_exchanges(), [], "they are handed out once");
    }
}

#[test]
fn a_piece_that_waits_for_the_wire_begins_when_it_is_free_and_takes_no_answer_of_another() {
    let mut bus = quick_bus_with(logging(BusOptions::default()), &DUCK_IDS, FaultPlan::default());
    bus.host_writes(WRITTEN_NS, &goals());
    bus.host_writes(WRITTEN_NS, &state_read());
    bus.host_reads(WRITTEN_NS + SETTLED_NS);
    let [write, read] = bus.take_exchanges()[..] else { panic!("two pieces were written") };
    assert_eq!((write.begun_ns, write.ended_ns), (WRITTEN_NS, WRITTEN_NS + 500_000));
    assert_eq!((write.fetched_ns, write.bytes), (None, WireBytes { to_servos: 50, to_host: 0 }));
    assert_eq!((read.written_ns, read.begun_ns), (WRITTEN_NS, WRITTEN_NS + 500_000));
    assert_eq!((read.ended_ns, read.bytes.to_host), (WRITTEN_NS + 2_120_000, 140));
}

#[test]
fn the_last_exchanges_are_kept_and_by_default_none() {
    let mut bus = quick_bus_with(logging(BusOptions::default()), &[1], FaultPlan::default());
    for turn in 0..5 {
        exchange_at(&mut bus, turn * SETTLED_NS, &frame(1, &[1]));
    }
    let written: Vec<u64> = bus.take_exchanges().iter().map(|exchange| exchange.written_ns).collect();
    assert_eq!(written, [2, 3, 4].map(|turn| turn * SETTLED_NS));
    let mut silent = quick_bus(&[1]);
    exchange_at(&mut silent, WRITTEN_NS, &frame(1, &[1]));
    assert_eq!(silent.take_exchanges(), []);
}
