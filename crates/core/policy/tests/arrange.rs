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

#[test]
fn shapes_are_known_and_change_no_number() {
    let x: Vec<f32> = (0..6).map(|x| x as f32).collect();
    let same = |nodes: &[Message], constants: &[Message]| {
        assert_eq!(run(&x_to_y(6, 6, nodes, constants), &x), x);
    };
    let axes =
        |name: &str, axes: &[i64]| node(name, &["x"], &["s"]).message(5, &ints_attribute("axes", axes));
    same(
        &[
            axes("Unsqueeze", &[0, 2]),
            node("Squeeze", &["s"], &["y"]).message(5, &ints_attribute("axes", &[0, 2])),
        ],
        &[],
    );
    same(&[node("Squeeze", &["x"], &["s"]), axes_of("Unsqueeze", "s", "y", &[0])], &[]);
    same(&[node("Cast", &["x"], &["y"]).message(5, &int_attribute("to", 1))], &[]);
    same(&[node("Dropout", &["x"], &["y"])], &[]);
    let order = ints_attribute("perm", &[1, 0]);
    same(&[node("Transpose", &["x"], &["t"]).message(5, &order), node("Transpose", &["t"], &["y"])], &[]);
    // The batch, by way of its shape, as exporters write it.
    let shape = [
        node("Shape", &["x"], &["all"]),
        node("Gather", &["all", "first"], &["batch"]),
        axes_of("Unsqueeze", "batch", "b", &[0]),
        node("Concat", &["b", "rest"], &["shape"]).message(5, &int_attribute("axis", 0)),
        node("Reshape", &["x", "shape"], &["y"]),
    ];
    let scalar = tensor_head("first", &[], INT64).int(7, 0);
    same(&shape, &[scalar, int_tensor("rest", &[-1])]);
}

#[test]
fn a_row_is_cut_in_half_by_arithmetic_with_its_shape() {
    let x: Vec<f32> = (0..6).map(|x| x as f32).collect();
    let half = |operator: &str, constant: i64| {
        let nodes = [
            node("Shape", &["x"], &["all"]),
            node("Gather", &["all", "last"], &["len"]),
            node(operator, &["len", "c"], &["end"]),
            axes_of("Unsqueeze", "end", "ends", &[0]),
            node("Slice", &["x", "zero", "ends", "one"], &["y"]),
        ];
        let scalar = |name: &str, value: i64| tensor_head(name, &[], INT64).int(7, value);
        let constants =
            [scalar("last", -1), scalar("c", constant), int_tensor("zero", &[0]), int_tensor("one", &[1])];
        Plan::from_onnx(&x_to_y(6, 3, &nodes, &constants))
    };
    for (operator, constant) in [("Div", 2), ("Sub", 3), ("Add", -3)] {
        let plan = half(operator, constant).unwrap();
        let mut y = [0.0; 3];
        plan.run(&mut plan.workspace(), &x, &mut y).unwrap();
        assert_eq!(y, [0.0, 1.0, 2.0], "{operator}");
    }
    for (operator, constant) in [("Div", 0), ("Mul", i64::MAX), ("Pow", 1)] {
        assert!(half(operator, constant).is_err(), "{operator} {constant}");
    }
}

#[test]
fn elements_are_gathered_in_any_order() {
    let x: Vec<f32> = (0..5).map(|x| x as f32 + 0.5).collect();
    let gather = node("Gather", &["x", "places"], &["y"]).message(5, &int_attribute("axis", 1));
    let places = int_tensor("places", &[3, 0, -1, 3]);
    assert_eq!(run(&x_to_y(5, 4, std::slice::from_ref(&gather), &[places]), &x), [3.5, 0.5, 4.5, 3.5]);
    for wrong in [5, -6] {
        let bytes = x_to_y(5, 1, std::slice::from_ref(&gather), &[int_tensor("places", &[wrong])]);
        assert!(Plan::from_onnx(&bytes).is_err(), "{wrong}");
    }
}

#[test]
fn one_number_expands_to_a_row_and_constants_turn() {
    let nodes = [
        node("ReduceSum", &["x"], &["sum"]),
        node("Shape", &["x"], &["shape"]),
        node("Expand", &["sum", "shape"], &["y"]),
    ];
    assert_eq!(run(&x_to_y(3, 3, &nodes, &[]), &[1.0, 2.0, 4.0]), [7.0; 3]);
    let nodes = [node("Transpose", &["w"], &["t"]), node("MatMul", &["x", "t"], &["y"])];
    let weights = tensor("w", &[2, 3], &[1.0, 2.0, 3.0, 10.0, 20.0, 30.0]);
    assert_eq!(run(&x_to_y(3, 2, &nodes, &[weights]), &[1.0, 0.0, 1.0]), [4.0, 40.0]);
    let nodes = [node("ConstantOfShape", &["n"], &["zeros"]), node("Add", &["x", "zeros"], &["y"])];
    assert_eq!(run(&x_to_y(3, 3, &nodes, &[int_tensor("n", &[3])]), &[1.0, 2.0, 4.0]), [1.0, 2.0, 4.0]);
}

#[test]
fn what_is_random_is_refused_with_its_reason() {
    for operator in ["RandomNormalLike", "RandomUniform", "Bernoulli", "Multinomial"] {
        let error = Plan::from_onnx(&x_to_y(3, 3, &[node(operator, &["x"], &["y"])], &[])).unwrap_err();
        assert!(error.to_string().contains("it is random"), "{error}");
    }
}

#[test]
fn shapes_beyond_any_network_are_refused_before_anything_is_made() {
    let empty = |name: &str, dims: &[i64]| tensor(name, dims, &[]);
    let huge = 1 << 62;
    let recurrent = |kind: &str| {
        let step = axes_of("Unsqueeze", "x", "step", &[0]);
        let node = node(kind, &["step", "w", "r"], &["y"]);
        x_to_y(4, 4, &[step, node], &[empty("w", &[1, 0, 4]), empty("r", &[1, 0, huge])])
    };
    let turned = [node("Transpose", &["w"], &["t"]), node("MatMul", &["x", "t"], &["y"])];
    let of_shape = |dims: &[i64]| {
        let nodes = [node("ConstantOfShape", &["n"], &["c"]), node("Add", &["x", "c"], &["y"])];
        x_to_y(4, 4, &nodes, &[int_tensor("n", dims)])
    };
    // Whole numbers that double with each node, beyond any memory.
    let zero = tensor_attribute("value", &tensor_head("", &[1], INT64).int(7, 0));
    let mut sums = vec![node("ConstantOfShape", &["n"], &["a0"]).message(5, &zero)];
    for step in 1..40 {
        let (before, after) = (format!("a{}", step - 1), format!("a{step}"));
        sums.push(node("Add", &[&before, &before], &[&after]));
    }
    sums.push(node("Reshape", &["x", "a39"], &["y"]));
    let sums = x_to_y(4, 4, &sums, &[int_tensor("n", &[4_000_000])]);
    for bytes in [
        recurrent("LSTM"),
        recurrent("GRU"),
        x_to_y(4, 4, &turned, &[empty("w", &[0, 1 << 40, 1 << 40])]),
        of_shape(&[0, huge, huge]),
        of_shape(&[huge]),
        of_shape(&[-1]),
        sums,
    ] {
        assert!(Plan::from_onnx(&bytes).is_err());
    }
}

fn axes_of(operator: &str, from: &str, to: &str, axes: &[i64]) -> Message {
    node(operator, &[from], &[to]).message(5, &ints_attribute("axes", axes))
}
