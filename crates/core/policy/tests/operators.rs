//! Every operator against its formula in float64, written here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::*;
use gaitway_policy::CpuPath;

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
    check_map(x_to("Elu").message(5, &alpha(0.5)), &[], |x| if x < 0.0 { 0.5 * x.exp_m1() } else { x });
    check_map(x_to("Swish"), &[], |x| x * logistic(x));
    check_map(x_to("Swish").message(5, &alpha(2.0)), &[], |x| x * logistic(2.0 * x));
}

#[test]
fn clip_takes_bounds_from_inputs_and_attributes() {
    let (low, high) = (tensor("low", &[], &[-1.0]), tensor("high", &[1], &[0.5]));
    check_map(node("Clip", &["x", "low", "high"], &["y"]), &[low.clone(), high.clone()], |x| {
        x.clamp(-1.0, 0.5)
    });
    check_map(node("Clip", &["x", "", "high"], &["y"]), &[high], |x| x.min(0.5));
    check_map(node("Clip", &["x", "low"], &["y"]), &[low], |x| x.max(-1.0));
    check_map(node("Clip", &["x"], &["y"]), &[], |x| x);
    let old = node("Clip", &["x"], &["y"]).message(5, &float_attribute("min", -0.5));
    check_map(old.clone(), &[], |x| x.max(-0.5));
    check_map(old.message(5, &float_attribute("max", 0.25)), &[], |x| x.clamp(-0.5, 0.25));
}

#[test]
fn an_infinite_bound_of_clip_bounds_nothing() {
    let [below, above] = [f32::NEG_INFINITY, f32::INFINITY].map(|bound| tensor("b", &[], &[bound]));
    check_map(node("Clip", &["x", "b"], &["y"]), &[below], |x| x);
    check_map(node("Clip", &["x", "", "b"], &["y"]), &[above], |x| x);
    let old = node("Clip", &["x"], &["y"]).message(5, &float_attribute("min", f32::NEG_INFINITY));
    check_map(old.message(5, &float_attribute("max", 0.25)), &[], |x| x.min(0.25));
}

#[test]
fn nan_passes_through_clip_and_relu() {
    let zero = tensor("zero", &[], &[0.0]);
    for operator in [node("Relu", &["x"], &["y"]), node("Clip", &["x", "zero", "zero"], &["y"])] {
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
    let operators: [(&str, Formula); 4] =
        [("Add", |a, b| a + b), ("Sub", |a, b| a - b), ("Mul", |a, b| a * b), ("Div", |a, b| a / b)];
    for (operator, formula) in operators {
        for name in ["row", "matrix", "one", "one_of_one"] {
            let constant = |i: usize| f64::from(if name.starts_with("one") { 0.75 } else { row[i] });
            let x = input();
            let right: Vec<f64> = (0..N).map(|i| formula(f64::from(x[i]), constant(i))).collect();
            let left: Vec<f64> = (0..N).map(|i| formula(constant(i), f64::from(x[i]))).collect();
            check(&x_to_y(N, N, &[node(operator, &["x", name], &["y"])], &constants), &x, &right);
            check(&x_to_y(N, N, &[node(operator, &[name, "x"], &["y"])], &constants), &x, &left);
        }
        let both: Vec<f64> = input().iter().map(|&x| formula(f64::from(x), f64::from(x))).collect();
        check(&x_to_y(N, N, &[node(operator, &["x", "x"], &["y"])], &[]), &input(), &both);
    }
}

/// `alpha x·B + beta c` in float64, and weights small enough that float32 sums stay within the tolerance.
fn product(
    x: &[f32],
    weight: impl Fn(usize, usize) -> f32,
    outputs: usize,
    bias: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let sum = |j| x.iter().enumerate().map(|(k, x)| f64::from(*x) * f64::from(weight(k, j))).sum::<f64>();
    (0..outputs).map(|j| sum(j) + bias(j)).collect()
}

/// Positive numbers, so that no sum cancels and the relative error stays small.
fn positive(seed: u64, len: usize) -> Vec<f32> {
    Random::new(seed).vector(len, 1.0).iter().map(|x| x.abs() + 0.01).collect()
}

#[test]
fn gemm_and_matmul_of_every_tile_width() {
    for outputs in [1, 15, 16, 17, 32, 47, 64, 65, 127, 128, 150, 200, 256] {
        let (x, w, c) = (positive(1, N), positive(2, N * outputs), positive(3, outputs));
        let (k, n) = (N as i64, outputs as i64);
        let constants = [tensor("w", &[k, n], &w), tensor("wt", &[n, k], &w), tensor("c", &[n], &c)];
        let network = |node| x_to_y(N, outputs, &[node], &constants);
        let plain = |k: usize, j: usize| w[k * outputs + j];
        let transposed = |k: usize, j: usize| w[j * N + k];
        let gemm = |inputs: &[&str]| node("Gemm", inputs, &["y"]);
        let trans_b = int_attribute("transB", 1);
        let bias = |j: usize| f64::from(c[j]);
        check(&network(node("MatMul", &["x", "w"], &["y"])), &x, &product(&x, plain, outputs, |_| 0.0));
        check(&network(gemm(&["x", "w"])), &x, &product(&x, plain, outputs, |_| 0.0));
        check(&network(gemm(&["x", "w", "c"])), &x, &product(&x, plain, outputs, bias));
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

#[test]
fn swish_is_sigmoid_and_mul_to_the_bit() {
    let apart = [node("Sigmoid", &["x"], &["s"]), node("Mul", &["x", "s"], &["y"])];
    let one = [node("Swish", &["x"], &["y"])];
    let x = Random::new(9).vector(500, 30.0);
    assert_eq!(bits(&run(&x_to_y(500, 500, &apart, &[]), &x)), bits(&run(&x_to_y(500, 500, &one, &[]), &x)));
}
