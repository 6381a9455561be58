//! Whatever arrives on the bus: no panic, no sample out of any servo's reach, and the exchange always ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;
#[path = "../../../../tests/rust/random.rs"]
mod random;

use fuzz_iterations::iterations;
use gaitway_feetech::bus::ServoBus;
use gaitway_feetech::frame::checksum;
use gaitway_feetech::servo::ServoConfig;
use gaitway_hal::actuators::Poll;
use gaitway_hal::link::Link;
use random::Random;

/// Something like a status, damaged or not, or no status at all.
fn arrival(random: &mut Random) -> Vec<u8> {
    let len = random.below(14);
    let mut bytes = vec![0xFF, 0xFF, random.below(6) as u8, len as u8 + 2, random.bits() as u8];
    bytes.extend((0..len).map(|_| random.bits() as u8));
    bytes.push(checksum(&bytes[2..]));
    for _ in 0..random.below(3) {
        let place = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[place] ^= 1 << random.below(8),
            1 => bytes.truncate(place),
            2 => bytes.insert(place, 0xFF),
            _ => bytes.extend_from_within(place..),
        }
        if bytes.is_empty() {
            bytes.push(random.bits() as u8);
        }
    }
    bytes
}

#[test]
fn no_stream_of_bytes_breaks_the_driver() {
    let frames = iterations(500_000);
    let servos = [1, 2, 3, 4].map(|id| ServoConfig { id, direction: -1, offset_rad: 0.3 });
    let link = Link { baud: 1_000_000, turnaround_ns: 0, latency_ns: 0 };
    let mut bus = ServoBus::new(&servos, link).unwrap();
    let mut random = Random::new(5);
    let (mut now_ns, mut seen) = (0u64, 0);
    while seen < frames {
        let deadline_ns = now_ns + 1_000_000 + random.below(3_000_000) as u64;
        let slow = random.below(3) == 0;
        if slow {
            bus.begin_slow_read(None, now_ns, deadline_ns)
        } else {
            bus.begin_read(now_ns, deadline_ns)
        };
        loop {
            now_ns += random.below(400_000) as u64;
            seen += 1;
            match bus.poll(now_ns, &arrival(&mut random)) {
                Poll::Done => break,
                Poll::Send(frame) => assert!(!frame.is_empty()),
                Poll::Wait { until_ns } => assert!(until_ns <= deadline_ns && until_ns > now_ns),
            }
        }
    }
    for state in bus.states() {
        assert!(state.position_rad.abs() < 60.0 && state.velocity_rps.abs() <= 15.0, "{state:?}");
    }
    assert!(bus.states().iter().any(|state| state.health.answers > 100), "some got through");
}
