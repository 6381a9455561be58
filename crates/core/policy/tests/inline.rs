//! Weights of other files are brought in, from beside the file alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;

mod common;

use common::{FLOAT, Message, REAL_FILES, Random, node, real_file, run, synthetic, tensor_head, x_to_y};
use fuzz_iterations::iterations;
use gaitway_policy::{OnnxError, inline};
use std::borrow::Cow;

/// A tensor of these numbers whose data lie somewhere else.
fn elsewhere(name: &str, len: i64, place: &[(&str, &str)]) -> Message {
    let head = tensor_head(name, &[len], FLOAT).int(14, 1);
    place.iter().fold(head, |tensor, (key, value)| {
        tensor.message(13, &Message::default().text(1, key).text(2, value))
    })
}

fn adds(tensor: Message) -> Vec<u8> {
    x_to_y(2, 2, &[node("Add", &["x", "w"], &["y"])], &[tensor])
}

/// The file `policy.onnx.data`: 8 bytes of something else, then 1.5 and -2.5.
fn data() -> Vec<u8> {
    let numbers = [7.0f32, 7.0, 1.5, -2.5];
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn read(name: &str) -> Result<Vec<u8>, String> {
    if name == "weights/policy.onnx.data" { Ok(data()) } else { Err(format!("no {name}")) }
}

#[test]
fn a_tensor_gets_its_part_of_the_other_file_wherever_it_is() {
    let place = [("location", "weights/policy.onnx.data"), ("offset", "8"), ("length", "8")];
    let scattered = adds(elsewhere("w", 2, &place));
    let whole = inline(&scattered, &mut read).unwrap();
    assert_eq!(run(&whole, &[10.0, 20.0]), [11.5, 17.5]);
    // To the end of the file, where no length is said; in the attribute of a node.
    let attribute =
        Message::default().text(1, "value").message(5, &elsewhere("c", 2, &place[..2])).int(20, 4);
    let nodes = [node("Constant", &[], &["c"]).message(5, &attribute), node("Add", &["x", "c"], &["y"])];
    let scattered = x_to_y(2, 2, &nodes, &[]);
    assert_eq!(run(&inline(&scattered, &mut read).unwrap(), &[10.0, 20.0]), [11.5, 17.5]);
    // Once more there is nothing to do.
    assert!(matches!(inline(&whole, &mut read), Ok(Cow::Borrowed(same)) if same == &*whole));
}

#[test]
fn a_whole_file_is_itself() {
    for whole in REAL_FILES.into_iter().filter_map(real_file).chain([synthetic()]) {
        assert!(matches!(inline(&whole, &mut read), Ok(Cow::Borrowed(same)) if same == whole));
    }
}

#[test]
fn each_file_is_read_once_and_none_that_is_not_beside() {
    let mut names = Vec::new();
    let mut count = |name: &str| {
        names.push(name.to_owned());
        Ok(data())
    };
    let place = [("location", "a.data"), ("length", "8")];
    let tensors = [elsewhere("w", 2, &place), elsewhere("v", 2, &place)];
    let nodes = [node("Add", &["x", "w"], &["s"]), node("Add", &["s", "v"], &["y"])];
    inline(&x_to_y(2, 2, &nodes, &tensors), &mut count).unwrap();
    for name in ["../a", "/a", "", ".", "a/../b", "a//b", "C:a", "a\\b", "a\0b", "..", "a/"] {
        let file = adds(elsewhere("w", 2, &[("location", name)]));
        let Err(OnnxError::OtherFileOfTensor { tensor, reason }) = inline(&file, &mut count) else {
            panic!("{name:?} was read")
        };
        assert!(tensor == "w" && reason.contains("not beside"), "{reason}");
    }
    assert_eq!(names, ["a.data"]);
}

#[test]
fn what_cannot_be_had_is_told_with_its_tensor() {
    let location = ("location", "weights/policy.onnx.data");
    for (place, told) in [
        (vec![("offset", "0")], "names no file"),
        (vec![("location", "other")], "no other"),
        (vec![location, ("offset", "12"), ("length", "8")], "has 16 bytes, and 8 from 12 are asked"),
        (vec![location, ("offset", "17")], "has 16 bytes"),
        (vec![location, ("length", "18446744073709551615")], "has 16 bytes"),
        (vec![location, ("offset", "18446744073709551615"), ("length", "8")], "has 16 bytes"),
        (vec![location, ("offset", "-8")], "its offset is \"-8\""),
        (vec![location, ("length", "eight")], "its length is \"eight\""),
    ] {
        let error = inline(&adds(elsewhere("w", 2, &place)), &mut read).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("\"w\"") || matches!(error, OnnxError::TooLarge { .. }), "{text}");
        assert!(text.contains(told) || matches!(error, OnnxError::TooLarge { .. }), "{text}: {told}");
    }
}

#[test]
fn a_small_file_brings_in_no_more_than_a_plan_may_have() {
    let place = [("location", "a.data")];
    let tensors: Vec<Message> = (0..5).map(|i| elsewhere(&format!("w{i}"), 1, &place)).collect();
    let file = x_to_y(1, 1, &[node("Relu", &["x"], &["y"])], &tensors);
    let mut large = |_: &str| Ok(vec![0; 10 << 20]);
    assert!(matches!(inline(&file, &mut large), Err(OnnxError::TooLarge { .. })));
}

#[test]
fn damaged_files_never_panic() {
    let place = [("location", "weights/policy.onnx.data"), ("offset", "8"), ("length", "8")];
    let (good, mut random) = (adds(elsewhere("w", 2, &place)), Random::new(3));
    for _ in 0..iterations(20_000) {
        let mut bytes = good.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] = random.bits() as u8,
                1 => bytes[at] ^= 1 << random.below(8),
                2 => bytes.truncate(at + 1),
                _ => drop(bytes.remove(at)),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let _ = inline(&bytes, &mut read);
    }
}
