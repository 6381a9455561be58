//! Operators that move numbers, and constants folded at load.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::*;
use gaitway_policy::Plan;

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

#[test]
fn split_by_attribute_by_input_and_in_equal_parts() {
    let x = input();
    let last = |node: Message| node.message(5, &int_attribute("axis", 1));
    let back = |first: &str, second: &str| last(node("Concat", &[first, second], &["y"]));
    let sizes = int_tensor("sizes", &[4, 17]);
    let swapped = [&x[4..], &x[..4]].concat();
    let by_attribute =
        last(node("Split", &["x"], &["a", "b"])).message(5, &ints_attribute("split", &[4, 17]));
    check(&x_to_y(N, N, &[by_attribute, back("b", "a")], &[]), &x, &wide(&swapped));
    let by_input = last(node("Split", &["x", "sizes"], &["a", "b"]));
    check(&x_to_y(N, N, &[by_input, back("b", "a")], &[sizes]), &x, &wide(&swapped));
    let thirds = last(node("Split", &["x"], &["a", "b", "y"]));
    check(&x_to_y(N, 7, &[thirds], &[]), &x, &wide(&x[14..]));
    let uneven = last(node("Split", &["x"], &["a", "y"])).message(5, &int_attribute("num_outputs", 2));
    check(&x_to_y(N, 10, &[uneven], &[]), &x, &wide(&x[11..]));
}

#[test]
fn slice_by_inputs_and_by_attributes() {
    let x = input();
    let slice = |start: i64, end: i64, step: i64| {
        let ints = [("starts", start), ("ends", end), ("axes", -1), ("steps", step)];
        let constants = ints.map(|(name, value)| int_tensor(name, &[value]));
        (node("Slice", &["x", "starts", "ends", "axes", "steps"], &["y"]), constants)
    };
    let cases: [(i64, i64, i64, Vec<f32>); 5] = [
        (3, 9, 1, x[3..9].to_vec()),
        (-5, i64::MAX, 1, x[16..].to_vec()),
        (1, 20, 4, vec![x[1], x[5], x[9], x[13], x[17]]),
        (i64::MAX, i64::MIN, -1, x.iter().rev().copied().collect()),
        (10, 3, i64::MIN, vec![x[10]]),
    ];
    for (start, end, step, expected) in cases {
        let (node, constants) = slice(start, end, step);
        check(&x_to_y(N, expected.len(), &[node], &constants), &x, &wide(&expected));
    }
    let old = node("Slice", &["x"], &["y"])
        .message(5, &ints_attribute("starts", &[0, 2]))
        .message(5, &ints_attribute("ends", &[1, -1]));
    check(&x_to_y(N, 18, &[old], &[]), &x, &wide(&x[2..20]));
}

#[test]
fn flatten_identity_and_reshape_keep_the_row() {
    let shape = |dims: &[i64]| vec![int_tensor("shape", dims)];
    let reshape = || node("Reshape", &["x", "shape"], &["y"]);
    let keeps = |node, initializers: &[Message]| {
        check(&x_to_y(N, N, &[node], initializers), &input(), &wide(&input()))
    };
    keeps(node("Flatten", &["x"], &["y"]), &[]);
    keeps(node("Identity", &["x"], &["y"]), &[]);
    keeps(reshape(), &shape(&[1, -1]));
    keeps(reshape(), &shape(&[0, N as i64]));
    keeps(reshape(), &shape(&[-1, N as i64]));
}

#[test]
fn constants_are_folded() {
    let value = tensor_attribute("value", &tensor("", &[2], &[1.0, 2.0]));
    let nodes = [
        node("Constant", &[], &["c"]).message(5, &value),
        node("Constant", &[], &["two"]).message(5, &float_attribute("value_float", 2.0)),
        node("Mul", &["c", "two"], &["c2"]),
        node("MatMul", &["c2", "w"], &["c3"]),
        node("Concat", &["c3", "c"], &["c4"]).message(5, &int_attribute("axis", 0)),
        node("Add", &["x", "c4"], &["y"]),
    ];
    let bytes = x_to_y(3, 3, &nodes, &[tensor("w", &[2, 1], &[10.0, 100.0])]);
    check(&bytes, &[0.5, 0.5, 0.5], &[420.5, 1.5, 2.5]);
    assert_eq!(Plan::from_onnx(&bytes).unwrap().macs(), 0);
}
