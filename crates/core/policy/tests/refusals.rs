//! Every way a file can be refused, and that the refusal says what, where, expected and found, and the remedy.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::*;
use gaitway_policy::{CpuPath, CpuPathError, OnnxError, Plan};

/// A name for each variant. A new variant does not compile here until it has one, and a case below.
fn kind(error: &OnnxError) -> &'static str {
    match error {
        OnnxError::Malformed { .. } => "malformed",
        OnnxError::OtherFile { .. } => "other file",
        OnnxError::MissingGraph => "missing graph",
        OnnxError::UnknownOpset { .. } => "unknown opset",
        OnnxError::TooLarge { .. } => "too large",
        OnnxError::UnsupportedOperator { .. } => "unsupported operator",
        OnnxError::InvalidNode { .. } => "invalid node",
        OnnxError::UnknownValue { .. } => "unknown value",
        OnnxError::DuplicateValue { .. } => "duplicate value",
        OnnxError::NoPort { .. } => "no port",
        OnnxError::UnfedInputs { .. } => "unfed inputs",
        OnnxError::StateLength { .. } => "state length",
        OnnxError::NotARow { .. } => "not a row",
        OnnxError::DimensionMismatch { .. } => "dimension mismatch",
        OnnxError::UnsupportedType { .. } => "unsupported type",
        OnnxError::ExternalData { .. } => "external data",
        OnnxError::OtherFileOfTensor { .. } => "external data that cannot be had",
        OnnxError::TensorSize { .. } => "tensor size",
        OnnxError::NotFinite { .. } => "not finite",
        OnnxError::CpuPath(CpuPathError::Unknown { .. }) => "unknown path",
        OnnxError::CpuPath(CpuPathError::Unavailable { .. }) => "unavailable path",
    }
}

const KINDS: [&str; 18] = [
    "other file",
    "malformed",
    "missing graph",
    "unknown opset",
    "too large",
    "unsupported operator",
    "invalid node",
    "unknown value",
    "duplicate value",
    "no port",
    "not a row",
    "dimension mismatch",
    "unsupported type",
    "external data",
    "tensor size",
    "not finite",
    "unknown path",
    "unavailable path",
];

/// Asserts the kind of refusal and that its message holds the words, and gives the kind back.
fn refused(result: Result<Plan, OnnxError>, expected: &'static str, words: &[&str]) -> &'static str {
    let error = result.err().unwrap_or_else(|| panic!("should be refused: {expected} {words:?}"));
    let text = error.to_string();
    assert_eq!(kind(&error), expected, "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
    assert!(!error.hint().is_empty());
    expected
}

/// `x` of 4 numbers to `y` of 4, through these nodes and initialisers.
fn graph(nodes: &[Message], initializers: &[Message]) -> Result<Plan, OnnxError> {
    Plan::from_onnx(&x_to_y(4, 4, nodes, initializers))
}

fn relu() -> Message {
    node("Relu", &["x"], &["y"])
}

fn identity_with(input: &[Message], output: &[Message]) -> Result<Plan, OnnxError> {
    Plan::from_onnx(&model(&[relu()], &[], input, output))
}

/// A node that reads the initialiser `c`.
fn with_tensor(tensor: Message) -> Result<Plan, OnnxError> {
    graph(&[node("Add", &["x", "c"], &["y"])], &[tensor])
}

fn whole_files() -> Vec<&'static str> {
    let huge: Vec<Message> = (0..100_001).map(|_| Message::default()).collect();
    let doubling = (0..40).map(|i| {
        let (from, to) = (if i == 0 { "x".to_owned() } else { format!("d{i}") }, format!("d{}", i + 1));
        node("Concat", &[&from, &from], &[&to]).message(5, &int_attribute("axis", 1))
    });
    let doubling: Vec<Message> = doubling.chain([node("Relu", &["d40"], &["y"])]).collect();
    vec![
        refused(Plan::from_onnx(b"no onnx at all"), "malformed", &["byte"]),
        refused(
            Plan::from_onnx(&Message::default().message(7, &Message::default().bytes(1, &[0x0a, 1, 0xff])).0),
            "malformed",
            &[],
        ),
        refused(Plan::from_onnx(b""), "missing graph", &[]),
        refused(other_file(b""), "other file", &["expected an ONNX network, found an empty file"]),
        refused(other_file(b"<!DOCTYPE html>"), "other file", &["found a web page"]),
        refused(other_file(b"PK\x03\x04"), "other file", &["found a zip archive"]),
        refused(of_opset(99), "unknown opset", &["1 to 28", "99"]),
        refused(of_opset(0), "unknown opset", &["found 0"]),
        refused(graph(&huge, &[]), "too large", &["100000"]),
        refused(graph(&doubling, &[]), "too large", &["memory"]),
        refused(with_tensor(tensor("c", &[1; 9], &[1.0])), "too large", &["dimensions", "\"c\""]),
        refused(Plan::from_onnx(&vec![0; 33 << 20]), "too large", &["bytes"]),
    ]
}

fn of_opset(version: i64) -> Result<Plan, OnnxError> {
    let mut bytes = x_to_y(4, 4, &[relu()], &[]);
    bytes.extend(Message::default().message(8, &Message::default().int(2, version)).0);
    Plan::from_onnx(&bytes)
}

fn other_file(bytes: &[u8]) -> Result<Plan, OnnxError> {
    gaitway_policy::metadata::refuse_other_files(bytes)?;
    Plan::from_onnx(bytes)
}

fn inputs_and_outputs() -> Vec<&'static str> {
    let (x, y) = (|| [row("x", 4)], || [row("y", 4)]);
    let dims = |dims: &[Dim]| [value_info("x", FLOAT, dims)];
    let untyped = Message::default().text(1, "x");
    vec![
        refused(identity_with(&[], &y()), "no port", &["expected an input, found none"]),
        refused(identity_with(&x(), &[]), "no port", &["expected an output, found none"]),
        refused(identity_with(&[untyped], &y()), "not a row", &["\"x\"", "unknown"]),
        refused(identity_with(&dims(&[Dim::Len(2), Dim::Len(4)]), &y()), "not a row", &["[2, 4]"]),
        refused(identity_with(&dims(&[Dim::Len(1), Dim::Name("n")]), &y()), "not a row", &["[1, n]"]),
        refused(identity_with(&dims(&[Dim::Len(1), Dim::Len(0)]), &y()), "not a row", &["[1, 0]"]),
        refused(identity_with(&dims(&[]), &y()), "not a row", &["[]"]),
        refused(identity_with(&x(), &[row("y", 5)]), "dimension mismatch", &["[1, 5]", "[1, 4]"]),
        refused(identity_with(&dims(&[Dim::Len(1), Dim::Len(1 << 40)]), &y()), "too large", &[]),
        refused(
            identity_with(&[value_info("x", 11, &[Dim::Len(1), Dim::Len(4)])], &y()),
            "unsupported type",
            &["float64", "float32"],
        ),
        refused(identity_with(&x(), &[row("z", 4)]), "unknown value", &["\"z\""]),
    ]
}

fn tensors() -> Vec<&'static str> {
    let double = tensor_head("c", &[1], 11).bytes(9, &[0; 8]);
    let external = tensor_head("c", &[1], FLOAT).int(14, 1);
    let odd = tensor_head("c", &[1], FLOAT).bytes(9, &[0; 5]);
    let name = Message::default().text(1, "x");
    vec![
        refused(with_tensor(double), "unsupported type", &["\"c\"", "float64"]),
        refused(with_tensor(tensor_head("c", &[1], 99)), "unsupported type", &["99"]),
        refused(with_tensor(int_tensor("c", &[1, 2, 3, 4])), "unsupported type", &["\"c\"", "int64"]),
        refused(with_tensor(external), "external data", &["\"c\""]),
        refused(with_tensor(tensor("c", &[4], &[1.0; 3])), "tensor size", &["\"c\"", "[4]", "3"]),
        refused(with_tensor(tensor("c", &[-1], &[1.0])), "tensor size", &["[-1]"]),
        refused(with_tensor(tensor("c", &[i64::MAX, 4], &[1.0])), "tensor size", &["\"c\""]),
        refused(with_tensor(odd), "tensor size", &["5 bytes"]),
        refused(
            with_tensor(tensor("c", &[4], &[1.0, 2.0, f32::NAN, 0.0])),
            "not finite",
            &["\"c\"", "NaN", "index 2"],
        ),
        refused(with_tensor(tensor("x", &[4], &[1.0; 4])), "no port", &["found none"]),
        refused(
            graph(
                &[node("Add", &["x", "c"], &["y"])],
                &[tensor("c", &[1], &[1.0]), tensor("c", &[1], &[1.0])],
            ),
            "duplicate value",
            &["\"c\""],
        ),
        refused(graph(&[relu(), relu()], &[]), "duplicate value", &["\"y\""]),
        refused(
            graph(&[node("Relu", &["later"], &["y"]), node("Relu", &["x"], &["later"])], &[]),
            "unknown value",
            &["later", "Relu -> y"],
        ),
        refused(graph(&[relu().message(5, &name)], &[]), "unsupported operator", &["\"x\""]),
    ]
}

fn operators() -> Vec<&'static str> {
    let square = || tensor("w", &[4, 4], &[1.0; 16]);
    let gemm = |inputs: &[&str]| node("Gemm", inputs, &["y"]);
    let zero = tensor("zero", &[4], &[0.0; 4]);
    let axis = |axis| int_attribute("axis", axis);
    let slice = |starts: &[i64], ends: &[i64]| {
        node("Slice", &["x"], &["y"])
            .message(5, &ints_attribute("starts", starts))
            .message(5, &ints_attribute("ends", ends))
    };
    let unsupported = "unsupported operator";
    vec![
        refused(
            graph(&[node("Attention", &["x"], &["y"]).text(3, "memory")], &[]),
            unsupported,
            &["Attention", "memory"],
        ),
        refused(graph(&[relu().text(7, "com.microsoft")], &[]), unsupported, &["com.microsoft.Relu"]),
        refused(
            graph(&[gemm(&["x", "w"]).message(5, &int_attribute("transA", 1))], &[square()]),
            unsupported,
            &["transA"],
        ),
        refused(graph(&[gemm(&["x", "x"])], &[]), unsupported, &["input 1"]),
        refused(graph(&[node("Split", &["x"], &["y", "z"])], &[]), "dimension mismatch", &["add up to 1"]),
        refused(graph(&[node("Clip", &["x", "x"], &["y"])], &[]), unsupported, &["min"]),
        refused(graph(&[relu().text(1, "x")], &[]), "invalid node", &["expected 1 to 1 inputs, found 2"]),
        refused(graph(&[node("Relu", &[""], &["y"])], &[]), "invalid node", &["input 0"]),
        refused(graph(&[relu().text(2, "z")], &[]), "invalid node", &["found 2"]),
        refused(graph(&[node("Constant", &[], &["y"])], &[]), "invalid node", &["attribute"]),
        refused(graph(&[slice(&[0], &[1, 2])], &[]), "invalid node", &["differ"]),
        refused(graph(&[slice(&[0, 0, 0], &[1, 1, 1])], &[]), "invalid node", &["axis 2"]),
        refused(graph(&[slice(&[0, 3], &[1, 3])], &[]), "dimension mismatch", &["at least one"]),
        refused(
            graph(&[gemm(&["x", "w"])], &[tensor("w", &[3, 4], &[1.0; 12])]),
            "dimension mismatch",
            &["Gemm -> y", "3 by", "4 by 4"],
        ),
        refused(
            graph(&[gemm(&["x", "w", "c"])], &[square(), tensor("c", &[3], &[1.0; 3])]),
            "dimension mismatch",
            &["bias", "[4]", "[3]"],
        ),
        refused(
            graph(&[node("MatMul", &["x", "w"], &["y"])], &[tensor("w", &[4], &[1.0; 4])]),
            "dimension mismatch",
            &["two"],
        ),
        refused(with_tensor(tensor("c", &[3], &[1.0; 3])), "dimension mismatch", &["[1, 4]", "[3]"]),
        refused(with_tensor(tensor("c", &[4, 1], &[1.0; 4])), "not a row", &["\"y\"", "[4, 4]"]),
        refused(
            graph(&[node("Split", &["x"], &["y", "z", "v"]).message(5, &axis(1))], &[]),
            "dimension mismatch",
            &["add up to 4"],
        ),
        refused(
            graph(&[node("Reshape", &["x", "s"], &["y"])], &[int_tensor("s", &[3, 2])]),
            "dimension mismatch",
            &["4 elements", "[3, 2]"],
        ),
        refused(
            graph(&[node("Flatten", &["x"], &["y"]).message(5, &axis(3))], &[]),
            "dimension mismatch",
            &["axis"],
        ),
        refused(
            graph(&[node("Div", &["zero", "zero"], &["h"]), node("Add", &["x", "h"], &["y"])], &[zero]),
            "not finite",
            &["Div -> h", "NaN"],
        ),
        refused(
            graph(&[node("Elu", &["x"], &["y"]).message(5, &float_attribute("alpha", f32::NAN))], &[]),
            "not finite",
            &["Elu -> y.alpha"],
        ),
    ]
}

fn paths() -> Vec<&'static str> {
    let missing = if cfg!(target_arch = "x86_64") { CpuPath::Neon } else { CpuPath::Avx512 };
    let unknown = "sse9".parse::<CpuPath>().map_err(OnnxError::from);
    vec![
        refused(
            Plan::from_onnx_with_path(&synthetic(), missing),
            "unavailable path",
            &[missing.name(), "scalar"],
        ),
        refused(unknown.map(|_| unreachable!()), "unknown path", &["sse9", "scalar"]),
    ]
}

#[test]
fn every_refusal_is_reached_and_precise() {
    let reached: BTreeSet<_> =
        [whole_files(), inputs_and_outputs(), tensors(), operators(), paths()].concat().into_iter().collect();
    assert_eq!(reached, BTreeSet::from(KINDS));
}
