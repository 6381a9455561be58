//! The driver of the BNO055 against the emulated chip, on a virtual clock: two codecs that know nothing of each other.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;

use fuzz_iterations::iterations;
use gaitway_bno055::{AxisMap, Bno055, Calibration, Config, Mode, Problem};
use gaitway_emulators::{Bno055 as Chip, Bno055Fault, Motion};
use gaitway_hal::imu::{Imu, Next, Sample};

const UPRIGHT: [&str; 3] = ["-y", "+x", "+z"];
const UPSIDE_DOWN: [&str; 3] = ["-y", "-x", "-z"];
const SECOND: u64 = 1_000_000_000;

struct Desk {
    chip: Chip,
    driver: Bno055,
    now_ns: u64,
    samples: Vec<Sample>,
    /// Where the chip answers.
    address: u8,
}

fn config(axes: [&str; 3]) -> Config {
    let axes = AxisMap::new(&axes.map(str::to_owned)).unwrap();
    Config { axes, mode: Mode::Ndof, calibration: None, period_ns: 10_000_000, address: 0x28, chip_id: 0xa0 }
}

impl Desk {
    fn new(axes: [&str; 3]) -> Desk {
        Desk::of(config(axes), axes)
    }

    fn of(config: Config, axes: [&str; 3]) -> Desk {
        Desk {
            chip: Chip::new(0, axes, 1),
            driver: Bno055::new(config),
            now_ns: 0,
            samples: Vec::new(),
            address: 0x28,
        }
    }

    fn run(&mut self, for_ns: u64) {
        let end_ns = self.now_ns + for_ns;
        while self.now_ns < end_ns {
            let is_there = self.driver.address() == self.address;
            match self.driver.poll(self.now_ns) {
                Next::Wait { until_ns } => {
                    assert!(until_ns > self.now_ns, "a wait for what is past would never end");
                    self.now_ns = until_ns.min(end_ns);
                }
                Next::Transfer { write, read } => {
                    let begun_ns = self.now_ns;
                    let (bytes, took_ns) = match is_there {
                        true => self.chip.transfer(begun_ns, write, read),
                        false => (None, 22_500),
                    };
                    self.now_ns += took_ns;
                    self.driver.done(begun_ns, self.now_ns, bytes.as_deref());
                    self.samples.extend(self.driver.take_sample());
                }
            }
        }
    }

    fn up(axes: [&str; 3]) -> Desk {
        let mut desk = Desk::new(axes);
        desk.run(2 * SECOND);
        assert!(desk.driver.is_up(), "{:?}", desk.driver.health());
        desk
    }
}

fn close(found: [f32; 3], expected: [f32; 3], within: f32) -> bool {
    found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() <= within)
}

#[test]
fn whatever_its_mount_forward_is_forward_and_up_is_up() {
    for axes in [UPRIGHT, UPSIDE_DOWN, ["+x", "+y", "+z"], ["+z", "-y", "+x"]] {
        let mut desk = Desk::up(axes);
        let motion = Motion { gyro_rps: [0.5, -1.0, 2.0], accel_mps2: [1.0, -2.0, 9.0], ..Motion::default() };
        desk.chip.set_motion(motion);
        desk.run(SECOND / 10);
        let sample = desk.samples.last().unwrap();
        assert!(close(sample.gyro_rps, motion.gyro_rps, 0.003), "{axes:?}: {sample:?}");
        assert!(close(sample.accel_mps2, motion.accel_mps2, 0.03), "{axes:?}: {sample:?}");
        assert!(!sample.is_saturated);
    }
}

#[test]
fn it_samples_a_hundred_times_a_second_and_knows_when() {
    let mut desk = Desk::up(UPRIGHT);
    desk.samples.clear();
    desk.run(SECOND);
    assert!((99..=101).contains(&desk.samples.len()), "{}", desk.samples.len());
    let steps = desk.samples.windows(2).map(|pair| pair[1].sampled_ns - pair[0].sampled_ns);
    assert!(steps.max().unwrap() < 12_000_000);
}

#[test]
fn what_it_fuses_and_knows_of_itself_is_read_too() {
    let mut desk = Desk::up(UPRIGHT);
    desk.chip.set_motion(Motion { quaternion: [0.6, 0.0, 0.8, 0.0], temperature_c: -3, ..Motion::default() });
    desk.run(10 * SECOND);
    let fusion = desk.driver.fusion().unwrap();
    assert_eq!((fusion.temperature_c, fusion.calibration.system), (-3, 3));
    assert!((fusion.quaternion[2] - 0.8).abs() < 1e-3 && (fusion.gravity_mps2[2] - 9.81).abs() < 0.02);
}

#[test]
fn what_it_learned_is_read_and_given_back_to_it() {
    let calibration =
        Calibration { accel: [-12, 7, 300], mag: [1, -2, 3], gyro: [0, -1, 2], radii: Some([1000, 480]) };
    let known = Config { calibration: Some(calibration), mode: Mode::ImuPlus, ..config(UPRIGHT) };
    let mut desk = Desk::of(known, UPRIGHT);
    desk.run(2 * SECOND);
    assert_eq!((desk.chip.register(0x3d), desk.chip.register(0x55)), (0x08, 244));
    desk.driver.ask_for_calibration();
    desk.run(SECOND);
    assert_eq!(desk.driver.take_calibration(), Some(calibration));
    assert_eq!((desk.chip.register(0x3d), desk.driver.health().bring_ups), (0x08, 1));
    let before = desk.samples.len();
    desk.run(SECOND);
    assert!(desk.samples.len() > before + 90, "it measures again");
}

#[test]
fn a_calibration_without_radii_is_one_too() {
    let calibration = Calibration { accel: [1, 2, 3], ..Calibration::default() };
    let bytes = calibration.to_bytes();
    assert_eq!((bytes.len(), Calibration::from_bytes(&bytes)), (18, Some(calibration)));
    assert_eq!(Calibration::from_bytes(&bytes[..17]), None);
}

#[test]
fn a_dip_of_the_supply_brings_it_up_again() {
    let mut desk = Desk::up(UPRIGHT);
    desk.chip.inject(desk.now_ns, Bno055Fault::BrownOut);
    desk.run(3 * SECOND);
    assert!(desk.driver.is_up());
    assert_eq!(desk.driver.health().bring_ups, 2);
    desk.samples.clear();
    desk.run(SECOND);
    let sample = desk.samples.last().unwrap();
    assert!(close(sample.accel_mps2, [0.0, 0.0, 9.81], 0.03), "its axes are mapped again: {sample:?}");
}

#[test]
fn a_chip_that_does_not_acknowledge_its_reset_comes_up_like_one_that_does() {
    let mut desk = Desk::new(UPRIGHT);
    for bring_ups in 1..=4 {
        desk.run(2 * SECOND);
        let health = desk.driver.health();
        assert_eq!((desk.driver.is_up(), health.bring_ups, health.problem), (true, bring_ups, None));
        desk.chip.inject(desk.now_ns, Bno055Fault::BrownOut);
    }
}

#[test]
fn a_chip_that_was_left_on_its_other_page_comes_up() {
    let mut desk = Desk::new(UPRIGHT);
    desk.now_ns = SECOND;
    desk.chip.transfer(desk.now_ns, &[7, 1], 0);
    assert_eq!(desk.chip.transfer(desk.now_ns, &[0], 1).0, Some(vec![0]));
    desk.run(SECOND);
    assert!(desk.driver.is_up(), "{:?}", desk.driver.health());
}

#[test]
fn zeros_are_no_measurement() {
    let mut desk = Desk::up(UPRIGHT);
    // Back in configuration mode without having been deaf: somebody else's write.
    desk.chip.transfer(desk.now_ns, &[0x3d, 0], 0);
    desk.samples.clear();
    desk.run(SECOND / 2);
    assert_eq!(desk.samples, []);
    assert_eq!(desk.driver.health().problem, Some(Problem::Restarted));
    desk.run(2 * SECOND);
    assert!(desk.driver.is_up() && !desk.samples.is_empty());
}

#[test]
fn a_chip_that_is_silent_is_said_to_be_and_found_again() {
    let mut desk = Desk::up(UPRIGHT);
    desk.chip.inject(desk.now_ns, Bno055Fault::Silent { for_ns: SECOND / 20 });
    desk.run(SECOND / 2);
    assert_eq!(desk.driver.health().bring_ups, 1, "a few lost samples are no reason to reset it");
    assert!(desk.driver.health().failures >= 4);
    desk.chip.inject(desk.now_ns, Bno055Fault::Silent { for_ns: 5 * SECOND });
    desk.run(3 * SECOND);
    assert_eq!((desk.driver.is_up(), desk.driver.health().problem), (false, Some(Problem::Silent)));
    desk.run(4 * SECOND);
    assert!(desk.driver.is_up());
    assert_eq!(desk.driver.health().problem, None);
}

#[test]
fn saturation_is_marked() {
    let mut desk = Desk::up(UPRIGHT);
    desk.chip.inject(desk.now_ns, Bno055Fault::Saturated { for_ns: SECOND });
    desk.run(SECOND / 10);
    assert!(desk.samples.last().unwrap().is_saturated);
}

#[test]
fn flipped_bits_come_through_as_they_were_read() {
    let mut desk = Desk::up(UPRIGHT);
    let before = desk.samples.len();
    let fault = Bno055Fault::Flipped { every_ns: 100_000_000, for_ns: SECOND };
    desk.chip.inject(desk.now_ns, fault);
    desk.run(2 * SECOND);
    let sound = |sample: &&Sample| {
        close(sample.gyro_rps, [0.0; 3], 0.003) && close(sample.accel_mps2, [0.0, 0.0, 9.81], 0.03)
    };
    let seen = &desk.samples[before..];
    let wrong = seen.len() - seen.iter().filter(sound).count();
    // Of ten flips those of the lowest bits are lost in the noise.
    assert!((5..=10).contains(&wrong), "{wrong} of {}", seen.len());
    assert!(seen.len() > 195, "no sample is lost: whoever takes them judges them");
}

#[test]
fn another_chip_is_not_driven() {
    let mut driver = Bno055::new(config(UPRIGHT));
    assert_eq!(driver.poll(0), Next::Transfer { write: &[0], read: 8 });
    driver.done(0, 1, Some(&[0x68, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(driver.health().problem, Some(Problem::NotABno055 { found: 0x68, address: 0x28 }));
    assert!(matches!(driver.poll(1), Next::Wait { .. }));
}

#[test]
fn a_chip_at_the_other_address_is_found_and_stays_found() {
    for (expected, address) in [(0x28, 0x29), (0x29, 0x28), (0x29, 0x29)] {
        let mut desk = Desk::of(Config { address: expected, ..config(UPRIGHT) }, UPRIGHT);
        desk.address = address;
        desk.run(3 * SECOND);
        assert!(desk.driver.is_up() && !desk.samples.is_empty(), "{:?}", desk.driver.health());
        assert_eq!((desk.driver.address(), desk.driver.health().problem), (address, None));
        desk.chip.inject(desk.now_ns, Bno055Fault::BrownOut);
        desk.run(3 * SECOND);
        assert_eq!((desk.driver.is_up(), desk.driver.address()), (true, address));
    }
}

#[test]
fn a_clone_is_named_with_its_id_and_comes_up_where_its_id_is_accepted() {
    let mut desk = Desk::new(UPRIGHT);
    desk.chip.set_id(0xa1);
    desk.run(3 * SECOND);
    let problem = desk.driver.health().problem.unwrap();
    // Also while the other address, which is silent, is being asked.
    assert_eq!(problem, Problem::NotABno055 { found: 0xa1, address: 0x28 });
    assert_eq!(problem.to_string(), "no BNO055: chip id 0xa1 at address 0x28");
    assert!(problem.hint().contains("\"imu_chip_id\": \"0xa1\""), "{}", problem.hint());
    let mut desk = Desk::of(Config { chip_id: 0xa1, ..config(UPRIGHT) }, UPRIGHT);
    desk.chip.set_id(0xa1);
    desk.run(3 * SECOND);
    assert!(desk.driver.is_up() && desk.driver.health().problem.is_none());
}

#[test]
fn a_chip_behind_a_stranger_at_the_usual_address_is_found() {
    let mut desk = Desk::new(UPRIGHT);
    desk.address = 0x29;
    // A neighbour answers in its place.
    desk.driver.done(0, 1, Some(&[0x44, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(desk.driver.address(), 0x29);
    desk.run(3 * SECOND);
    assert_eq!((desk.driver.is_up(), desk.driver.health().problem), (true, None));
}

#[test]
fn a_million_answers_of_any_kind_make_nothing_panic() {
    let rounds = iterations(20_000) as u64;
    let mut driver = Bno055::new(config(UPRIGHT));
    let (mut now_ns, mut chance, mut samples) = (0, 1_u64, 0);
    for round in 0..rounds {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match driver.poll(now_ns) {
            Next::Wait { until_ns } => now_ns = until_ns,
            Next::Transfer { read, .. } => {
                let len = if chance >> 60 == 0 { (chance >> 40) as usize % 64 } else { read };
                let mut bytes: Vec<u8> = (0..len).map(|at| (chance >> (at % 57)) as u8).collect();
                if matches!(read, 1 | 8) && chance >> 62 != 0 {
                    bytes.fill(0xa0);
                }
                let answer = (chance >> 50 & 7 != 0).then_some(bytes.as_slice());
                driver.done(now_ns, now_ns + 1_000, answer);
                now_ns += 1_000;
            }
        }
        if round % 1000 == 0 {
            driver.ask_for_calibration();
        }
        if let Some(sample) = driver.take_sample() {
            samples += 1;
            assert!(sample.gyro_rps.iter().chain(&sample.accel_mps2).all(|value| value.abs() < 400.0));
        }
        driver.take_calibration();
    }
    assert!(samples > rounds / 100, "{samples} samples of {rounds} rounds");
}
