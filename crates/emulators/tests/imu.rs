//! The emulated IMU: the datagram to the byte, and each fault by what a reader sees.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use gaitway_emulators::{Imu, ImuFault, ImuSample};

const PERIOD_NS: u64 = 10_000_000;

/// One datagram as its reader decodes it, and when it was delivered.
#[derive(Debug, PartialEq)]
struct Seen {
    at_ns: u64,
    sequence: u32,
    sampled_ns: u64,
    gyro_x: f32,
}

/// A second of samples whose gyro counts them, looked at every millisecond.
fn watch(mut imu: Imu) -> Vec<Seen> {
    let mut seen = Vec::new();
    for now_ns in (0..1_000_000_000).step_by(1_000_000) {
        if now_ns % PERIOD_NS == 0 {
            let gyro_rps = [(now_ns / PERIOD_NS) as f32, 0.0, 0.0];
            imu.sample(ImuSample { sampled_ns: now_ns, gyro_rps, ..ImuSample::default() });
        }
        while let Some(bytes) = imu.take_due(now_ns) {
            seen.push(decode(now_ns, &bytes));
        }
    }
    seen
}

fn decode(at_ns: u64, bytes: &[u8]) -> Seen {
    Seen {
        at_ns,
        sequence: u32::from_le_bytes(bytes[4..8].try_into().unwrap()),
        sampled_ns: u64::from_le_bytes(bytes[8..16].try_into().unwrap()),
        gyro_x: f32::from_le_bytes(bytes[16..20].try_into().unwrap()),
    }
}

#[test]
fn a_datagram_is_what_the_format_says() {
    let mut imu = Imu::default();
    let sample = ImuSample {
        sampled_ns: 0x0102_0304_0506_0708,
        gyro_rps: [1.0, -2.0, 0.5],
        accel_mps2: [0.0, 0.25, 9.75],
        contact: [false, true, false, false, false, false, false, false],
        contacts: 2,
    };
    imu.sample(sample);
    assert_eq!(imu.take_due(sample.sampled_ns - 1), None, "nothing comes before its time");
    imu.take_due(sample.sampled_ns).unwrap();
    imu.sample(sample);
    let expected = [
        0x47, 0x57, 0x49, 0x31, 1, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0,
        0x3f, 0, 0, 0, 0, 0, 0, 0x80, 0x3e, 0, 0, 0x1c, 0x41, 0, 1, 0, 0,
    ];
    assert_eq!(imu.take_due(u64::MAX), Some(expected.to_vec()));
    assert_eq!(imu.take_due(u64::MAX), None);
    let contact = [false, true, false, false, false, true, false, false];
    imu.sample(ImuSample { contact, contacts: 6, sampled_ns: sample.sampled_ns + 1, ..sample });
    let long = imu.take_due(u64::MAX).unwrap();
    assert_eq!(long[40..], [0, 1, 0, 0, 0, 1, 0, 0], "a robot with more than four contacts");
}

#[test]
fn a_sound_imu_delivers_every_sample_at_once() {
    for (number, seen) in watch(Imu::default()).into_iter().enumerate() {
        let at_ns = number as u64 * PERIOD_NS;
        let expected = Seen { at_ns, sequence: number as u32, sampled_ns: at_ns, gyro_x: number as f32 };
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_frozen_one_counts_on_and_feels_nothing() {
    let seen = watch(Imu::new(vec![(300_000_000, ImuFault::Frozen { for_ns: 200_000_000 })]));
    assert_eq!(seen.len(), 100);
    for (number, seen) in seen.iter().enumerate() {
        let felt = if (30..50).contains(&number) { 29 } else { number };
        assert_eq!((seen.sequence, seen.gyro_x), (number as u32, felt as f32));
        assert_eq!(seen.sampled_ns, seen.at_ns);
    }
}

#[test]
fn lost_samples_leave_a_gap_in_the_numbers() {
    let seen = watch(Imu::new(vec![(300_000_000, ImuFault::Lost { for_ns: 200_000_000 })]));
    let numbers: Vec<u32> = seen.iter().map(|seen| seen.sequence).collect();
    assert_eq!(numbers, (0..30).chain(50..100).collect::<Vec<u32>>());
}

#[test]
fn late_samples_keep_their_true_time_and_their_order() {
    let late = ImuFault::Late { by_ns: 35_000_000, for_ns: 200_000_000 };
    let seen = watch(Imu::new(vec![(300_000_000, late)]));
    assert_eq!(seen.len(), 100);
    for (number, seen) in seen.iter().enumerate() {
        assert_eq!((seen.sequence, seen.sampled_ns), (number as u32, number as u64 * PERIOD_NS));
        // Sample 49, the last late one, comes at 525 ms: until then those after it wait behind it.
        let late_ns = match number {
            30..50 => 35_000_000,
            50..53 => 525_000_000 - seen.sampled_ns,
            _ => 0,
        };
        assert_eq!(seen.at_ns, seen.sampled_ns + late_ns, "sample {number}");
    }
}

#[test]
fn a_bit_that_flips_changes_one_number_by_a_power_of_two_of_its_unit() {
    let sample =
        ImuSample { gyro_rps: [0.5, -0.25, 0.0], accel_mps2: [0.0, 1.0, 9.81], ..ImuSample::default() };
    let numbers = |bytes: &[u8]| -> Vec<f32> {
        bytes[16..40].chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    };
    let read = |seed: u64| -> Vec<Vec<f32>> {
        let fault = ImuFault::Flipped { every_ns: 100_000_000, for_ns: 1_000_000_000, seed };
        let mut imu = Imu::new(vec![(500_000_000, fault)]);
        let times = (0..2_000_000_000_u64).step_by(PERIOD_NS as usize);
        times
            .map(|sampled_ns| {
                let mut now: ImuSample = sample;
                now.sampled_ns = sampled_ns;
                imu.sample(now);
                numbers(&imu.take_due(sampled_ns).unwrap())
            })
            .collect()
    };
    let sound: Vec<f32> = sample.gyro_rps.into_iter().chain(sample.accel_mps2).collect();
    let seen = read(1);
    let struck: Vec<usize> = (0..seen.len()).filter(|&at| seen[at] != sound).collect();
    assert_eq!(struck, (50..150).step_by(10).collect::<Vec<_>>());
    for row in struck.iter().map(|&at| &seen[at]) {
        let changed: Vec<usize> = (0..6).filter(|&at| row[at] != sound[at]).collect();
        let [at] = changed[..] else { panic!("{row:?}") };
        let words = if at < 3 { 16.0 * 57.295_78 } else { 100.0 };
        let off = ((row[at] * words).round() - (sound[at] * words).round()).abs();
        assert_eq!((off as u32).count_ones(), 1, "{off}");
    }
    assert_eq!(seen, read(1));
    assert_ne!(seen, read(2));
}

#[test]
fn an_injected_fault_strikes_at_once() {
    let mut imu = Imu::default();
    imu.inject(0, ImuFault::Lost { for_ns: PERIOD_NS });
    assert_eq!(watch(imu.clone()).len(), 99);
    assert_eq!(imu.fault_count(), 1);
}
