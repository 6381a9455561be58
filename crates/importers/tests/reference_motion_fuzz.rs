//! Damaged pickles never panic, errors name their place, and what is still taken is a gait.
//!
//! `GAITWAY_FUZZ_ITERATIONS` sets how many damaged pickles are tried.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;
#[path = "../../../tests/rust/random.rs"]
mod random;

mod pickles;

use fuzz_iterations::iterations;
use gaitway_importers::reference_motion::{ReferenceMotionError, period_ticks};
use pickles::{BY_NUMPY, dict, entry, file, float, int, scalar, usual};
use random::Random;

/// Every opcode there is, those that are refused included.
const OPCODES: &[u8] =
    b"(.012FGIJKLMNPQRSTUVXabcd}egh]ijlopqrstu)BC\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\
    \x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98";

/// `seed` after one to four kinds of damage.
fn damaged(random: &mut Random, seed: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            break;
        }
        // The protocol would end most tries at the first byte.
        let at = (random.below(bytes.len()) + 2).min(bytes.len() - 1);
        let end = (at + 1 + random.below(40)).min(bytes.len());
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = OPCODES[random.below(OPCODES.len())],
            2 => bytes.insert(at, OPCODES[random.below(OPCODES.len())]),
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..end)),
            5 => bytes.extend_from_within(at..end),
            _ => {
                let other = &others[random.below(others.len())];
                let from = random.below(other.len());
                let to = (from + 1 + random.below(60)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

#[test]
fn damaged_pickles_never_panic() {
    let total = iterations(400_000);
    let period = scalar("numpy.core.multiarray", "f8", ">", 0.54_f64.to_be_bytes());
    let mixed = dict(&[
        ("a", usual()),
        ("b", entry(period, int(50), int(27))),
        ("c", entry(float(0.54), int(50), int(27))),
    ]);
    let by_hand = (2..=5).map(|protocol| file(protocol, &mixed));
    let seeds: Vec<Vec<u8>> = BY_NUMPY.iter().map(|bytes| bytes.to_vec()).chain(by_hand).collect();
    let mut random = Random::new(13);
    let mut taken = 0;
    for at in 0..total {
        let bytes = damaged(&mut random, &seeds[at % seeds.len()], &seeds);
        match period_ticks(&bytes[..]) {
            Ok(gait) => {
                assert!((2..=1000).contains(&gait.ticks) && gait.entries > 0, "{gait:?}");
                assert_eq!((gait.period_s * gait.fps) as u32, gait.ticks, "{gait:?}");
                taken += 1;
            }
            Err(error) => names_the_place(&error, bytes.len()),
        }
    }
    println!("{taken} of {total} damaged pickles are still taken");
    assert!(seeds.iter().all(|seed| period_ticks(&seed[..]).is_ok()), "an undamaged seed is refused");
    // A test whose pickles are all refused, or all taken, tries nothing.
    assert!(total < 1000 || (total / 1000..total / 2).contains(&taken), "{taken} of {total}");
}

fn names_the_place(error: &ReferenceMotionError, len: usize) {
    let named = match error {
        ReferenceMotionError::Syntax { at, found, .. } => *at <= len as u64 && !found.is_empty(),
        ReferenceMotionError::Value { place, .. } => place.starts_with("entry ") || place == "whole file",
        ReferenceMotionError::Disagree { first, other, .. } => first.starts_with("entry 1") && first != other,
        ReferenceMotionError::OtherFile { .. } => true,
        _ => false,
    };
    assert!(named && !error.hint().is_empty(), "{error}");
}
