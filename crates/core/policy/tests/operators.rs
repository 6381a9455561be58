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

/// So many weights that they lie in huge pages, and a product of constants before them, which needs none when it is run.
#[test]
fn many_weights_behind_a_product_that_is_known() {
    const OUTPUTS: usize = 5000;
    let (x, row, w) = (positive(1, N), positive(2, N), positive(3, N * OUTPUTS));
    let (k, n) = (N as i64, OUTPUTS as i64);
    let constants = [tensor("row", &[1, k], &row), tensor("w", &[k, n], &w)];
    let known = node("MatMul", &["row", "w"], &["known"]);
    let nodes = [known, node("MatMul", &["x", "w"], &["of_x"]), node("Add", &["of_x", "known"], &["y"])];
    let both: Vec<f32> = x.iter().zip(&row).map(|(x, row)| x + row).collect();
    let weight = |k: usize, j: usize| w[k * OUTPUTS + j];
    check(&x_to_y(N, OUTPUTS, &nodes, &constants), &x, &product(&both, weight, OUTPUTS, |_| 0.0));
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

#[test]
fn functions_of_one_number() {
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let softplus = |x: f64| x.exp().ln_1p();
    let x_to = |operator| node(operator, &["x"], &["y"]);
    let near = |node: Message, formula: &dyn Fn(f64) -> f64| {
        let expected: Vec<f64> = input().iter().map(|&x| formula(f64::from(x))).collect();
        check_near(&x_to_y(N, N, &[node], &[]), &input(), &expected);
    };
    near(x_to("Neg"), &|x| -x);
    near(x_to("Reciprocal"), &|x| 1.0 / x);
    near(x_to("Exp"), &f64::exp);
    near(x_to("Sin"), &f64::sin);
    near(x_to("Cos"), &f64::cos);
    near(x_to("Softplus"), &softplus);
    near(x_to("Softsign"), &|x| x / (1.0 + x.abs()));
    near(x_to("Mish"), &|x| x * softplus(x).tanh());
    let tanh = text_attribute("approximate", "tanh");
    let normal =
        |x: f64| 0.5 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh());
    near(x_to("Gelu").message(5, &tanh), &|x| x * normal(x));
    near(x_to("LeakyRelu"), &|x| if x < 0.0 { 0.01 * x } else { x });
    near(x_to("HardSigmoid"), &|x| (0.2 * x + 0.5).clamp(0.0, 1.0));
    near(x_to("HardSwish"), &|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0));
    let (alpha, beta) = (float_attribute("alpha", 0.5), float_attribute("beta", 0.25));
    near(x_to("LeakyRelu").message(5, &alpha), &|x| if x < 0.0 { 0.5 * x } else { x });
    let steep = x_to("HardSigmoid").message(5, &alpha).message(5, &beta);
    near(steep, &|x| (0.5 * x + 0.25).clamp(0.0, 1.0));
    let selu = |x: f64| 1.050_700_987 * if x < 0.0 { 1.673_263_242 * x.exp_m1() } else { x };
    near(x_to("Selu"), &selu);
    // The square root and the logarithm of a logistic function, which is positive.
    for (operator, formula) in [("Sqrt", f64::sqrt as fn(f64) -> f64), ("Log", f64::ln)] {
        let nodes = [node("Sigmoid", &["x"], &["p"]), node(operator, &["p"], &["y"])];
        let expected: Vec<f64> = input().iter().map(|&x| formula(logistic(f64::from(x)))).collect();
        check_near(&x_to_y(N, N, &nodes, &[]), &input(), &expected);
    }
}

#[test]
fn the_larger_the_smaller_the_sum_and_a_slope() {
    let (a, b) = (tensor("a", &[], &[0.25]), tensor("b", &[N as i64], &[-0.5; N]));
    let all = ["x", "a", "b"];
    let constants = [a, b];
    check_map(node("Max", &all, &["y"]), &constants, |x| x.max(0.25));
    check_map(node("Min", &all, &["y"]), &constants, |x| x.min(-0.5));
    check_map(node("Sum", &all, &["y"]), &constants, |x| x + 0.25 - 0.5);
    check_map(node("Max", &["x"], &["y"]), &[], |x| x);
    check_map(node("PRelu", &["x", "a"], &["y"]), &constants, |x| if x < 0.0 { 0.25 * x } else { x });
    check_map(node("Pow", &["x", "two"], &["y"]), &[tensor("two", &[], &[2.0])], |x| x * x);
}

#[test]
fn a_nan_is_the_largest_the_smallest_and_the_sum() {
    let zero = tensor("zero", &[], &[0.0]);
    for operator in ["Max", "Min", "Pow", "PRelu"] {
        for inputs in [["x", "zero"], ["zero", "x"]] {
            let bytes = x_to_y(3, 3, &[node(operator, &inputs, &["y"])], std::slice::from_ref(&zero));
            for path in CpuPath::available() {
                let found = run_on(&bytes, path, &[f32::NAN, -1.0, 1.0]);
                // By IEEE 754 anything to the power of zero is one, and zero has no slope.
                let is_lost = [("Pow", "x"), ("PRelu", "zero")].contains(&(operator, inputs[0]));
                assert_eq!(found[0].is_nan(), !is_lost, "{operator} of {inputs:?} on {path}");
            }
        }
    }
    for operator in ["ReduceMax", "ReduceMin", "ReduceSum", "ReduceL2"] {
        for x in [[f32::NAN, 1.0, 2.0], [1.0, f32::NAN, 2.0], [1.0, 2.0, f32::NAN]] {
            assert!(run(&x_to_y(3, 1, &[node(operator, &["x"], &["y"])], &[]), &x)[0].is_nan(), "{operator}");
        }
    }
}

#[test]
fn reductions_of_a_row() {
    let x: Vec<f64> = input().iter().map(|&x| f64::from(x)).collect();
    let squares: f64 = x.iter().map(|x| x * x).sum();
    let expected = [
        ("ReduceSum", x.iter().sum()),
        ("ReduceMean", x.iter().sum::<f64>() / N as f64),
        ("ReduceL1", x.iter().map(|x| x.abs()).sum()),
        ("ReduceL2", squares.sqrt()),
        ("ReduceSumSquare", squares),
        ("ReduceMax", x.iter().copied().fold(f64::MIN, f64::max)),
        ("ReduceMin", x.iter().copied().fold(f64::MAX, f64::min)),
    ];
    let last = int_tensor("last", &[-1]);
    for (operator, expected) in expected {
        for named in [
            node(operator, &["x"], &["r"]),
            node(operator, &["x"], &["r"]).message(5, &ints_attribute("axes", &[1])),
            node(operator, &["x", "last"], &["r"]).message(5, &int_attribute("keepdims", 0)),
        ] {
            let nodes = [named, node("Add", &["x", "r"], &["y"])];
            let moved: Vec<f64> = x.iter().map(|x| x + expected).collect();
            check_near(&x_to_y(N, N, &nodes, std::slice::from_ref(&last)), &input(), &moved);
        }
    }
}

#[test]
fn normalisations() {
    let x: Vec<f64> = input().iter().map(|&x| f64::from(x)).collect();
    let len = N as f64;
    let mean = x.iter().sum::<f64>() / len;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / len;
    let square = x.iter().map(|x| x * x).sum::<f64>() / len;
    let most = x.iter().copied().fold(f64::MIN, f64::max);
    let powers: f64 = x.iter().map(|x| (x - most).exp()).sum();
    let of = |formula: &dyn Fn(f64) -> f64| -> Vec<f64> { x.iter().map(|&x| formula(x)).collect() };
    let row = |name: &str, value: f32| tensor(name, &[N as i64], &[value; N]);
    let constants = [row("s", 1.5), row("b", 0.25), row("m", 0.5), row("v", 2.0)];
    let network = |node: Message| x_to_y(N, N, &[node], &constants);
    let epsilon = float_attribute("epsilon", 0.01);
    let layer = node("LayerNormalization", &["x", "s", "b"], &["y"]).message(5, &epsilon);
    check_near(&network(layer), &input(), &of(&|x| (x - mean) / (variance + 0.01).sqrt() * 1.5 + 0.25));
    let without_bias = node("LayerNormalization", &["x", "s"], &["y"]);
    check_near(&network(without_bias), &input(), &of(&|x| (x - mean) / (variance + 1e-5).sqrt() * 1.5));
    let root = node("RMSNormalization", &["x", "s"], &["y"]);
    check_near(&network(root), &input(), &of(&|x| x / (square + 1e-5).sqrt() * 1.5));
    let batch = node("BatchNormalization", &["x", "s", "b", "m", "v"], &["y"]).message(5, &epsilon);
    check_near(&network(batch), &input(), &of(&|x| (x - 0.5) / 2.01f64.sqrt() * 1.5 + 0.25));
    check_near(&network(node("Softmax", &["x"], &["y"])), &input(), &of(&|x| (x - most).exp() / powers));
}
