//! Whatever arrives as a datagram of the IMU: no panic, and nothing that is no number, no measurement or from the future
//! is ever taken.
//!
//! `GAITWAY_FUZZ_ITERATIONS` sets how many datagrams.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;
#[path = "../../../tests/rust/random.rs"]
mod random;

use fuzz_iterations::iterations;
use gaitway_control::imu::{ImuReader, ImuSample, LARGEST};
use gaitway_hal::imu_datagram::{LEN, LONG_LEN, decode};
use gaitway_runtime::robot::imu::{ImuSlot, sample_of};
use random::Random;

/// A datagram that is mostly whole: any stamp, mostly one of about now; any bits as numbers, mostly ordinary ones.
fn datagram(random: &mut Random, now_ns: u64) -> Vec<u8> {
    let stamp_ns = match random.below(8) {
        0 => random.bits() >> random.below(64),
        1 => now_ns.wrapping_add(random.bits() >> (24 + random.below(40))),
        _ => now_ns.saturating_sub(random.below(30_000_000) as u64),
    };
    let mut bytes = Vec::from(*b"GWI1");
    bytes.extend((random.bits() as u32).to_le_bytes());
    bytes.extend(stamp_ns.to_le_bytes());
    let is_odd = random.below(4) == 0;
    for _ in 0..6 {
        let bits = match random.below(4) {
            0 if is_odd => random.bits() as u32,
            1 if is_odd => *random.pick(&[&0x7F80_0000, &0xFF80_0000, &0x7FC0_0000, &0x7F7F_FFFF, &1]),
            _ => (10.0 * random.unit()).to_bits(),
        };
        bytes.extend(bits.to_le_bytes());
    }
    bytes.extend([random.below(2) as u8, random.below(2) as u8, 0, 0]);
    if random.below(4) == 0 {
        damage(random, &mut bytes);
    }
    bytes
}

fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len());
    match random.below(5) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes.truncate(at),
        2 => bytes.extend_from_within(at..),
        3 => bytes.insert(at, random.bits() as u8),
        _ => bytes.fill_with(|| random.bits() as u8),
    }
}

fn is_measured(sample: &ImuSample) -> bool {
    let mut numbers = sample.gyro_rps.iter().chain(&sample.accel_mps2).chain(&sample.contact);
    numbers.all(|number| number.is_finite() && (-LARGEST..=LARGEST).contains(number))
}

#[test]
fn no_datagram_brings_what_is_no_number_or_from_the_future() {
    let count = iterations(500_000) as u64;
    let (mut random, slot, mut reader) = (Random::new(11), ImuSlot::new(), ImuReader::default());
    let (mut now_ns, mut last_ns) = (1_000_000_000u64, 0);
    let (mut decoded, mut wrong, mut taken) = (0u64, 0u64, 0u64);
    for _ in 0..count {
        now_ns += random.below(10_000_000) as u64;
        let bytes = datagram(&mut random, now_ns);
        if let Some(datagram) = decode(&bytes) {
            assert!([LEN, LONG_LEN].contains(&bytes.len()) && bytes.starts_with(b"GWI1"), "{bytes:?}");
            let sample = sample_of(datagram);
            decoded += 1;
            let is_wrong = sample.sampled_ns > now_ns || !is_measured(&sample);
            wrong += u64::from(is_wrong);
            slot.put(&sample);
        }
        let (sample, age_s) = reader.read(slot.take(), now_ns);
        let Some(sample) = sample else {
            assert_eq!(age_s, f32::INFINITY);
            continue;
        };
        assert!(is_measured(&sample), "{sample:?}");
        assert!(sample.contact.iter().all(|contact| [0.0, 1.0].contains(contact)), "{sample:?}");
        assert!((last_ns..=now_ns).contains(&sample.sampled_ns), "{sample:?} at {now_ns}, after {last_ns}");
        assert!(age_s >= (now_ns - sample.sampled_ns) as f32 * 1e-9, "{age_s} s is younger than {sample:?}");
        taken += u64::from(sample.sampled_ns > last_ns);
        last_ns = sample.sampled_ns;
    }
    println!("{count} datagrams: {decoded} decoded, {wrong} of them wrong, {taken} taken");
    // Otherwise nothing was tried.
    assert!(decoded > count / 2 && wrong > count / 20 && taken > count / 20);
}
