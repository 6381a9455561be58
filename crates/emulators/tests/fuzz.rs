//! Whatever a host writes, whenever, with whatever goes wrong: no panic, and bounded memory.
//!
//! `GAITWAY_FUZZ_ITERATIONS` sets how many writes each test makes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;

mod common;

use common::{DUCK_IDS, Random, frame};
use fuzz_iterations::iterations;
use gaitway_emulators::registers::REGISTERS;
use gaitway_emulators::{
    BusOptions, Fault, FaultPlan, FaultRates, JointState, LaterServos, ReplyFault, RequestFault,
    RequestParser, ServoBus, ServoOptions,
};

/// A request that is mostly whole: random instruction and parameters, then sometimes damaged.
fn request(random: &mut Random) -> Vec<u8> {
    let id = [0xfe, DUCK_IDS[random.below(14)], random.bits() as u8][random.below(3)];
    let instruction = [1, 2, 3, 4, 5, 6, 8, 0x82, 0x83, random.bits() as u8][random.below(10)];
    let mut body = vec![instruction];
    let len = [2, 3, 4, 16, 44, 240][random.below(6)];
    body.extend((0..len).map(|_| match random.below(3) {
        0 => DUCK_IDS[random.below(14)],
        _ => random.bits() as u8,
    }));
    let mut bytes = frame(id, &body);
    if random.below(3) == 0 {
        let at = random.below(bytes.len());
        match random.below(3) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes.truncate(at),
            _ => bytes.extend_from_within(at..),
        }
    }
    bytes
}

fn fault(random: &mut Random) -> Fault {
    let (servo, second) = (random.below(14), random.below(14));
    let by_ns = random.bits() >> random.below(64);
    match random.below(17) {
        0 => Fault::Reply { servo, fault: ReplyFault::Lost },
        1 => Fault::Reply { servo, fault: ReplyFault::Cut { keep_bytes: random.below(300) } },
        2 => Fault::Reply { servo, fault: ReplyFault::Corrupted { bits: random.bits() as u32 } },
        3 => Fault::Reply { servo, fault: ReplyFault::Late { by_ns } },
        4 => Fault::Reply { servo, fault: ReplyFault::Duplicated },
        5 => Fault::Request(RequestFault::Corrupted { bits: random.below(9) as u32 }),
        6 => Fault::Silent { servo, later: LaterServos::Wait },
        7 => Fault::Speaks { servo },
        8 => Fault::SwapIds { first: servo, second },
        9 => Fault::SetId { servo, id: random.bits() as u8 },
        10 => Fault::Reset { servo },
        11 => Fault::Overload { servo },
        12 => Fault::OverTemperature { servo },
        13 => Fault::Sag { drop_v: f64::from(random.bits() as i16) },
        14 => Fault::Unplug,
        15 => {
            let register = REGISTERS[random.below(REGISTERS.len())];
            Fault::Setting { servo, register, value: random.bits() as u16 }
        }
        _ => Fault::Replug,
    }
}

fn bus(seed: u64) -> ServoBus {
    let rates = FaultRates {
        lost: 0.1,
        late: 0.2,
        duplicated: 0.3,
        cut: 0.1,
        corrupted: 0.1,
        ..FaultRates::default()
    };
    let servo = ServoOptions { boot_ns: 100_000, ..ServoOptions::default() };
    let options = BusOptions { servo, usb_frame_ns: 125_000, ..BusOptions::default() };
    ServoBus::new(options, &DUCK_IDS, FaultPlan { seed, rates, schedule: vec![] }).unwrap()
}

#[test]
fn requests_and_faults_never_panic() {
    let mut random = Random::new(3);
    let (mut now_ns, mut heard) = (0_u64, 0);
    let mut twin = bus(0);
    let total = iterations(200_000);
    for at in 0..total {
        if at % 1_000 == 0 {
            (twin, now_ns) = (bus(at as u64), 0);
        }
        assert!(twin.host_writes(now_ns, &request(&mut random)) <= 4_096);
        let step_ns = random.bits() >> 40;
        now_ns += step_ns;
        heard += twin.host_reads(now_ns).len();
        if random.below(10) == 0 {
            let mut number = || f64::from_bits(random.bits());
            let joints: Vec<JointState> = (0..14)
                .map(|_| JointState { position_rad: number(), velocity_rps: number(), drive_nm: number() })
                .collect();
            twin.set_joints(now_ns, &joints);
        }
        if random.below(10) == 0 {
            twin.inject(now_ns, fault(&mut random)).unwrap();
        }
        for servo in twin.servos() {
            assert!(servo.goal_rad().is_none_or(f64::is_finite));
            assert!((0.0..=1.0).contains(&servo.stiffness().torque_limit));
            assert!(servo.temperature_c().is_finite());
        }
    }
    println!("{total} writes, {heard} bytes heard");
    assert!(total < 1_000 || heard > total, "servos must be answering for this to try anything");
}

#[test]
fn times_of_any_size_and_order_never_panic_or_hang() {
    let mut random = Random::new(4);
    for at in 0..iterations(200_000) / 20 {
        let mut twin = bus(at as u64);
        for _ in 0..20 {
            let now_ns = random.bits() >> random.below(64);
            twin.host_writes(now_ns, &request(&mut random));
            twin.inject(now_ns, fault(&mut random)).unwrap();
            twin.advance(now_ns.saturating_add(random.bits() >> 44));
            assert!(twin.host_reads(u64::MAX >> random.below(64)).len() <= 4_096);
        }
    }
}

#[test]
fn the_parser_holds_one_frame_at_most() {
    let mut random = Random::new(5);
    let mut parser = RequestParser::default();
    let mut found = 0_usize;
    let total = iterations(500_000);
    for _ in 0..total {
        let mut bytes = request(&mut random);
        if random.below(4) == 0 {
            bytes = (0..random.below(40)).map(|_| [0xff, random.bits() as u8][random.below(2)]).collect();
        }
        for byte in bytes {
            parser.push(byte);
            found += std::iter::from_fn(|| parser.next_request()).count();
            assert!(parser.held_bytes() < 250);
        }
    }
    println!("{found} requests in {total} writes");
    assert!(total < 1_000 || found > total / 4);
}
