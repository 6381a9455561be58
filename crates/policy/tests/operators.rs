//! Every operator against its formula in float64, written here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::*;
use gaitway_policy::{CpuPath, Plan};

const N: usize = 21;

fn input() -> Vec<f32> {
    Random::new(11).vector(N, 4.0)
}

/// Runs one node on all paths and compares with the formula, to a few units of the last place of float32.
fn check(bytes: &[u8], input: &[f32], expected: &[f64]) {
    for path in CpuPath::available() {
        let found = run_on(bytes, path, input);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            let error = (f64::from(*found) - expected).abs();
            assert!(
                error <= 4e-7 * expected.abs().max(1e-6),
                "{path}: {found} {expected}"
            );
        }
    }
}

fn check_map(node: Message, initializers: &[Message], formula: impl Fn(f64) -> f64) {
    let expected: Vec<f64> = input().iter().map(|&x| formula(f64::from(x))).collect();
    check(&x_to_y(N, N, &[node], initializers), &input(), &expected);
}

#[test]
fn activations() {
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let x_to = |operator| node(operator, &["x"], &["y"]);
    check_map(x_to("Abs"), &[], f64::abs);
    check_map(x_to("Relu"), &[], |x| x.max(0.0));
    check_map(x_to("Tanh"), &[], f64::tanh);
    check_map(x_to("Sigmoid"), &[], logistic);
    check_map(x_to("Elu"), &[], |x| if x < 0.0 { x.exp_m1() } else { x });
    let alpha = |value| float_attribute("alpha", value);
    check_map(x_to("Elu").message(5, &alpha(0.5)), &[], |x| {
        if x < 0.0 { 0.5 * x.exp_m1() } else { x }
    });
    check_map(x_to("Swish"), &[], |x| x * logistic(x));
    check_map(x_to("Swish").message(5, &alpha(2.0)), &[], |x| {
        x * logistic(2.0 * x)
    });
}

#[test]
fn clip_takes_bounds_from_inputs_and_attributes() {
    let (low, high) = (tensor("low", &[], &[-1.0]), tensor("high", &[1], &[0.5]));
    check_map(
        node("Clip", &["x", "low", "high"], &["y"]),
        &[low.clone(), high.clone()],
        |x| x.clamp(-1.0, 0.5),
    );
    check_map(node("Clip", &["x", "", "high"], &["y"]), &[high], |x| x.min(0.5));
    check_map(node("Clip", &["x", "low"], &["y"]), &[low], |x| x.max(-1.0));
    check_map(node("Clip", &["x"], &["y"]), &[], |x| x);
    let old = node("Clip", &["x"], &["y"]).message(5, &float_attribute("min", -0.5));
    check_map(old.clone(), &[], |x| x.max(-0.5));
    check_map(old.message(5, &float_attribute("max", 0.25)), &[], |x| {
        x.clamp(-0.5, 0.25)
    });
}

#[test]
fn nan_passes_through_clip_and_relu() {
    let zero = tensor("zero", &[], &[0.0]);
    for operator in [
        node("Relu", &["x"], &["y"]),
        node("Clip", &["x", "zero", "zero"], &["y"]),
    ] {
        let bytes = x_to_y(3, 3, &[operator], std::slice::from_ref(&zero));
        for path in CpuPath::available() {
            let found = bits(&run_on(&bytes, path, &[f32::NAN, -1.0, 0.0]));
            assert_eq!(found, [0x7fc0_0000, 0, 0], "{path}");
        }
    }
}

#[test]
fn arithmetic_with_rows_and_single_numbers() {
    let row: Vec<f32> = Random::new(5).vector(N, 1.0).iter().map(|x| x + 1.5).collect();
    let constants = [
        tensor("row", &[N as i64], &row),
        tensor("matrix", &[1, N as i64], &row),
        tensor("one", &[], &[0.75]),
        tensor("one_of_one", &[1, 1], &[0.75]),
    ];
    type Formula = fn(f64, f64) -> f64;
    let operators: [(&str, Formula); 4] = [
        ("Add", |a, b| a + b),
        ("Sub", |a, b| a - b),
        ("Mul", |a, b| a * b),
        ("Div", |a, b| a / b),
    ];
    for (operator, formula) in operators {
        for name in ["row", "matrix", "one", "one_of_one"] {
            let constant = |i: usize| f64::from(if name.starts_with("one") { 0.75 } else { row[i] });
            let x = input();
            let right: Vec<f64> = (0..N).map(|i| formula(f64::from(x[i]), constant(i))).collect();
            let left: Vec<f64> = (0..N).map(|i| formula(constant(i), f64::from(x[i]))).collect();
            check(
                &x_to_y(N, N, &[node(operator, &["x", name], &["y"])], &constants),
                &x,
                &right,
            );
            check(
                &x_to_y(N, N, &[node(operator, &[name, "x"], &["y"])], &constants),
                &x,
                &left,
            );
        }
        let both: Vec<f64> = input()
            .iter()
            .map(|&x| formula(f64::from(x), f64::from(x)))
            .collect();
        check(
            &x_to_y(N, N, &[node(operator, &["x", "x"], &["y"])], &[]),
            &input(),
            &both,
        );
    }
}

/// `alpha x·B + beta c` in float64, and weights small enough that float32 sums stay within the tolerance.
fn product(
    x: &[f32],
    weight: impl Fn(usize, usize) -> f32,
    outputs: usize,
    bias: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let sum = |j| {
        x.iter()
            .enumerate()
            .map(|(k, x)| f64::from(*x) * f64::from(weight(k, j)))
            .sum::<f64>()
    };
    (0..outputs).map(|j| sum(j) + bias(j)).collect()
}

/// Positive numbers, so that no sum cancels and the relative error stays small.
fn positive(seed: u64, len: usize) -> Vec<f32> {
    Random::new(seed)
        .vector(len, 1.0)
        .iter()
        .map(|x| x.abs() + 0.01)
        .collect()
}

#[test]
fn gemm_and_matmul_of_every_tile_width() {
    for outputs in [1, 15, 16, 17, 32, 47, 64, 65, 127, 128, 150, 200, 256] {
        let (x, w, c) = (positive(1, N), positive(2, N * outputs), positive(3, outputs));
        let (k, n) = (N as i64, outputs as i64);
        let constants = [
            tensor("w", &[k, n], &w),
            tensor("wt", &[n, k], &w),
            tensor("c", &[n], &c),
        ];
        let network = |node| x_to_y(N, outputs, &[node], &constants);
        let plain = |k: usize, j: usize| w[k * outputs + j];
        let transposed = |k: usize, j: usize| w[j * N + k];
        let gemm = |inputs: &[&str]| node("Gemm", inputs, &["y"]);
        let trans_b = int_attribute("transB", 1);
        let bias = |j: usize| f64::from(c[j]);
        check(
            &network(node("MatMul", &["x", "w"], &["y"])),
            &x,
            &product(&x, plain, outputs, |_| 0.0),
        );
        check(
            &network(gemm(&["x", "w"])),
            &x,
            &product(&x, plain, outputs, |_| 0.0),
        );
        check(
            &network(gemm(&["x", "w", "c"])),
            &x,
            &product(&x, plain, outputs, bias),
        );
        check(
            &network(gemm(&["x", "wt", "c"]).message(5, &trans_b)),
            &x,
            &product(&x, transposed, outputs, bias),
        );
    }
}

#[test]
fn gemm_scales_by_alpha_and_beta_and_repeats_a_single_bias() {
    let (x, w) = (positive(1, N), positive(2, N * 5));
    let constants = [tensor("w", &[N as i64, 5], &w), tensor("c", &[1, 1], &[3.0])];
    let gemm = node("Gemm", &["x", "w", "c"], &["y"])
        .message(5, &float_attribute("alpha", 0.5))
        .message(5, &float_attribute("beta", 2.0));
    let expected = product(&x, |k, j| 0.5 * w[k * 5 + j], 5, |_| 6.0);
    check(&x_to_y(N, 5, &[gemm], &constants), &x, &expected);
}

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
    check(
        &x_to_y(N, N, &[by_attribute, back("b", "a")], &[]),
        &x,
        &wide(&swapped),
    );
    let by_input = last(node("Split", &["x", "sizes"], &["a", "b"]));
    check(
        &x_to_y(N, N, &[by_input, back("b", "a")], &[sizes]),
        &x,
        &wide(&swapped),
    );
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
        (
            node("Slice", &["x", "starts", "ends", "axes", "steps"], &["y"]),
            constants,
        )
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
        check(
            &x_to_y(N, expected.len(), &[node], &constants),
            &x,
            &wide(&expected),
        );
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
    check_map(node("Flatten", &["x"], &["y"]), &[], |x| x);
    check_map(node("Identity", &["x"], &["y"]), &[], |x| x);
    check_map(reshape(), &shape(&[1, -1]), |x| x);
    check_map(reshape(), &shape(&[0, N as i64]), |x| x);
    check_map(reshape(), &shape(&[-1, N as i64]), |x| x);
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

#[test]
fn swish_is_sigmoid_and_mul_to_the_bit() {
    let apart = [node("Sigmoid", &["x"], &["s"]), node("Mul", &["x", "s"], &["y"])];
    let one = [node("Swish", &["x"], &["y"])];
    let x = Random::new(9).vector(500, 30.0);
    assert_eq!(
        bits(&run(&x_to_y(500, 500, &apart, &[]), &x)),
        bits(&run(&x_to_y(500, 500, &one, &[]), &x))
    );
}

#[test]
fn the_batch_may_be_named_unknown_or_missing() {
    let double = [node("Add", &["x", "x"], &["y"])];
    for leading in [
        vec![Dim::Len(1)],
        vec![Dim::Len(-1)],
        vec![Dim::Name("batch")],
        vec![Dim::Unknown],
        vec![],
    ] {
        let dims = [leading, vec![Dim::Len(2)]].concat();
        let info = |name| [value_info(name, FLOAT, &dims)];
        assert_eq!(
            run(&model(&double, &[], &info("x"), &info("y")), &[1.0, 2.0]),
            [2.0, 4.0]
        );
    }
}

#[test]
fn old_files_list_initialisers_among_the_inputs() {
    let nodes = [node("Add", &["x", "c"], &["y"])];
    let inputs = [row("c", 2), row("x", 2)];
    let bytes = model(&nodes, &[tensor("c", &[2], &[1.0, 2.0])], &inputs, &[row("y", 2)]);
    assert_eq!(run(&bytes, &[10.0, 20.0]), [11.0, 22.0]);
}

#[test]
fn normaliser_is_found_where_there_is_one() {
    let constants = [tensor("mean", &[2], &[1.0, 2.0]), tensor("scale", &[], &[4.0])];
    let normaliser = |second: &str| {
        let nodes = [
            node("Sub", &["x", "mean"], &["h"]),
            node(second, &["h", "scale"], &["y"]),
        ];
        Plan::from_onnx(&x_to_y(2, 2, &nodes, &constants))
            .unwrap()
            .input_normaliser()
    };
    let std = |second| normaliser(second).map(|found| (found.mean, found.std));
    assert_eq!(std("Mul"), Some((vec![1.0, 2.0], vec![0.25, 0.25])));
    assert_eq!(std("Div"), Some((vec![1.0, 2.0], vec![4.0, 4.0])));
    assert_eq!(std("Add"), Some((vec![1.0, 2.0], vec![1.0, 1.0])));
    let without = x_to_y(2, 2, &[node("Relu", &["x"], &["y"])], &[]);
    assert_eq!(Plan::from_onnx(&without).unwrap().input_normaliser(), None);
}

#[test]
fn wrong_lengths_are_refused() {
    let plan = Plan::from_onnx(&x_to_y(2, 2, &[node("Relu", &["x"], &["y"])], &[])).unwrap();
    let other = Plan::from_onnx(&synthetic()).unwrap();
    let mut workspace = plan.workspace();
    let text = |result: Result<(), gaitway_policy::LengthError>| result.unwrap_err().to_string();
    assert_eq!(
        text(plan.run(&mut workspace, &[0.0], &mut [0.0; 2])),
        "input: expected 2 numbers, found 1"
    );
    assert_eq!(
        text(plan.run(&mut workspace, &[0.0; 2], &mut [0.0; 3])),
        "output: expected 2 numbers, found 3"
    );
    assert!(text(plan.run(&mut other.workspace(), &[0.0; 2], &mut [0.0; 2])).starts_with("workspace"));
}
