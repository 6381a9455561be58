//! What the tests share: a small robot and a small contract, the shipped files, chance, and damage to texts.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;
#[path = "../../../../../tests/rust/random.rs"]
mod random;
#[path = "../../../../../tests/rust/shipped.rs"]
mod shipped;

pub use fuzz_iterations::iterations;
use gaitway_model::{Contract, ContractError, ProfileError, RobotProfile};
pub use random::Random;
#[allow(unused_imports, reason = "each test file uses a part")]
pub use shipped::{SHIPPED, SHIPPED_CONTRACTS};

/// A robot of four joints. Its angles are exact in float32.
pub const MINI: &str = include_str!("mini.toml");

/// The same robot as schema 1 said it.
pub const MINI_V1: &str = include_str!("mini_v1.toml");

/// A contract for three of them, in another order.
pub const MINI_CONTRACT: &str = include_str!("mini.json");

pub fn shipped() -> RobotProfile {
    RobotProfile::from_toml(SHIPPED).unwrap()
}

pub fn mini() -> RobotProfile {
    RobotProfile::from_toml(MINI).unwrap()
}

/// A contract for the same robot with every key that came with schema 2.
pub const MINI_CONTRACT_2: &str = include_str!("mini_2.json");

/// [`MINI_CONTRACT`], made out for [`MINI`].
pub fn mini_contract() -> Contract {
    let mut contract = Contract::from_json(MINI_CONTRACT).unwrap();
    contract.robot.profile_sha256 = mini().policy_sha256();
    contract
}

/// `seed` after one to three kinds of damage; `others` are what is spliced in.
pub fn damaged(random: &mut Random, seed: &str, others: &[&str]) -> String {
    let mut text = seed.to_owned();
    for _ in 0..=random.below(3) {
        if text.is_empty() {
            break;
        }
        text = match random.below(10) {
            0 => with_bytes(random, text, |random, bytes| {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }),
            1 => with_bytes(random, text, |random, bytes| bytes.truncate(random.below(bytes.len()))),
            2 => with_bytes(random, text, |random, bytes| {
                let (from, to) = span(random, bytes.len(), 200);
                let piece = bytes[from..to].to_vec();
                let at = random.below(bytes.len());
                bytes.splice(at..at, piece);
            }),
            3 => with_bytes(random, text, |random, bytes| {
                let other = random.pick(others).as_bytes();
                let (from, to) = span(random, other.len(), 200);
                let (start, end) = span(random, bytes.len(), 200);
                bytes.splice(start..end, other[from..to].iter().copied());
            }),
            4 => with_bytes(random, text, |random, bytes| {
                let (from, to) = span(random, bytes.len(), 40);
                bytes.drain(from..to);
            }),
            5 | 6 => with_other_word(random, &text),
            _ => with_other_number(random, &text),
        };
    }
    text
}

fn span(random: &mut Random, len: usize, longest: usize) -> (usize, usize) {
    let from = random.below(len);
    (from, (from + 1 + random.below(longest)).min(len))
}

fn with_bytes(random: &mut Random, text: String, damage: impl Fn(&mut Random, &mut Vec<u8>)) -> String {
    let mut bytes = text.into_bytes();
    damage(random, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

const NUMBERS: [&str; 24] = [
    "NaN",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "null",
    "1e308",
    "-1e308",
    "1e39",
    "1e999",
    "-1",
    "0",
    "-0.0",
    "1",
    "2",
    "100",
    "255",
    "256",
    "4294967295",
    "4294967296",
    "-9223372036854775808",
    "18446744073709551616",
    "5e-324",
    "-128",
];

fn with_other_number(random: &mut Random, text: &str) -> String {
    let number = |byte: u8| byte.is_ascii_digit() || b"+-.eE_".contains(&byte);
    let bytes = text.as_bytes();
    let starts: Vec<usize> =
        (1..bytes.len()).filter(|&at| number(bytes[at]) && b" [,=:\n".contains(&bytes[at - 1])).collect();
    if starts.is_empty() {
        return text.to_owned();
    }
    let start = starts[random.below(starts.len())];
    let len = bytes[start..].iter().take_while(|&&byte| number(byte)).count();
    format!("{}{}{}", &text[..start], random.pick(&NUMBERS), &text[start + len..])
}

/// One word, a key or a quoted value, becomes another of the same text.
fn with_other_word(random: &mut Random, text: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = text.split(|c| !word(c)).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return text.to_owned();
    }
    let (old, new) = (random.pick(&words), random.pick(&words));
    let start = old.as_ptr() as usize - text.as_ptr() as usize;
    format!("{}{new}{}", &text[..start], &text[start + old.len()..])
}

/// Fails where a profile's error does not say where, or not what to do.
pub fn names_the_place(error: &ProfileError) {
    let place = match error {
        ProfileError::Syntax { path, .. } | ProfileError::Value { path, .. } => path,
        other => unreachable!("{other}"),
    };
    assert!(!place.is_empty() && error.to_string().contains(place), "{error}");
    assert!(!error.hint().is_empty());
}

/// Fails where a contract's error does not say where, or not what to do.
pub fn names_the_term(error: &ContractError) {
    let place = match error {
        ContractError::Syntax { path, .. } | ContractError::Value { path, .. } => path,
        ContractError::Schema { .. } => "schema",
        ContractError::Misfit { term, .. } => term,
        other => unreachable!("{other}"),
    };
    assert!(!place.is_empty() && error.to_string().contains(place), "{error}");
    assert!(!error.hint().is_empty());
}

/// Damages each seed in turn; prints and returns how many texts of how many `usable` took.
pub fn fuzz(name: &str, seeds: &[&str], default: usize, usable: impl Fn(&str) -> bool) {
    let mut random = Random::new(7);
    let total = iterations(default);
    let taken = (0..total).filter(|at| usable(&damaged(&mut random, seeds[at % seeds.len()], seeds))).count();
    println!("{name}: {taken} of {total} damaged texts are still taken");
    assert!(seeds.iter().all(|seed| usable(seed)), "{name}: an undamaged seed is refused");
    // A test whose texts are all refused, or all taken, tries nothing.
    assert!(total < 1000 || (total / 1000..total / 2).contains(&taken), "{name}: {taken} of {total}");
}
