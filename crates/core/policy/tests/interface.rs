//! What a plan tells about itself, and which lengths it takes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::*;
use gaitway_policy::{Interface, LengthError, Plan, StatePorts, Survey, Workspace, obstacles};

#[test]
fn the_batch_may_be_named_unknown_or_missing() {
    let double = [node("Add", &["x", "x"], &["y"])];
    for leading in
        [vec![Dim::Len(1)], vec![Dim::Len(-1)], vec![Dim::Name("batch")], vec![Dim::Unknown], vec![]]
    {
        let dims = [leading, vec![Dim::Len(2)]].concat();
        let info = |name| [value_info(name, FLOAT, &dims)];
        assert_eq!(run(&model(&double, &[], &info("x"), &info("y")), &[1.0, 2.0]), [2.0, 4.0]);
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
fn what_the_output_does_not_need_is_left_out() {
    // A second head with an operator nobody runs, and a weight that is no number; an input nobody reads.
    let nodes = [
        node("Relu", &["x"], &["h"]),
        node("NonMaxSuppression", &["h", "nan"], &["log_std"]),
        node("Add", &["h", "h"], &["y"]),
    ];
    let outputs = [row("log_std", 2), row("y", 2)];
    let constants = [tensor("nan", &[1], &[f32::NAN])];
    let bytes = model(&nodes, &constants, &[row("z", 3), row("x", 2)], &outputs);
    let of = |output: &str| Plan::from_onnx_with(&bytes, &Interface::of_output(output));
    let plan = of("y").unwrap();
    let names = (plan.inputs().next().unwrap().name.as_str(), plan.outputs().next().unwrap().name.as_str());
    assert_eq!((names, plan.input_len(), plan.output_len(), plan.state_len()), (("x", "y"), 2, 2, 0));
    let mut found = [0.0; 2];
    plan.run(&mut plan.workspace(), &[-1.0, 2.0], &mut found).unwrap();
    assert_eq!(found, [0.0, 4.0]);
    let no_output = of("x").unwrap_err().to_string();
    assert_eq!(no_output, "expected an output called \"x\", found log_std, y");
    assert!(of("log_std").unwrap_err().to_string().contains("NonMaxSuppression"));
}

#[test]
fn several_inputs_and_outputs_follow_each_other() {
    // y = x + h, z = 2 h: fed x then h, read y then z, or as they are named.
    let nodes = [node("Add", &["x", "h"], &["y"]), node("Add", &["h", "h"], &["z"])];
    let inputs = [row("unused", 7), row("x", 2), row("h", 2)];
    let bytes = model(&nodes, &[], &inputs, &[row("y", 2), row("z", 2)]);
    let run = |interface: &Interface, input: &[f32]| {
        let plan = Plan::from_onnx_with(&bytes, interface).unwrap();
        let mut output = vec![0.0; plan.output_len()];
        plan.run(&mut plan.workspace(), input, &mut output).unwrap();
        output
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(run(&Interface::default(), &[1.0, 2.0, 10.0, 20.0]), [11.0, 22.0, 20.0, 40.0]);
    let turned = Interface { inputs: names(&["h", "x"]), outputs: names(&["z", "y"]), states: Vec::new() };
    assert_eq!(run(&turned, &[10.0, 20.0, 1.0, 2.0]), [20.0, 40.0, 11.0, 22.0]);
    let plan = Plan::from_onnx_with(&bytes, &turned).unwrap();
    let spans: Vec<_> = plan.inputs().map(|port| (port.name.as_str(), port.start, port.end())).collect();
    assert_eq!(spans, [("h", 0, 2), ("x", 2, 4)]);
    assert_eq!(run(&Interface::of_output("z"), &[3.0, 4.0]), [6.0, 8.0], "which does not need x");
    let half_fed = Interface { inputs: names(&["x"]), ..Interface::of_output("y") };
    let error = Plan::from_onnx_with(&bytes, &half_fed).unwrap_err().to_string();
    assert_eq!(error, "the network also takes h, which nothing feeds");
}

/// y = x + m, next m = 2 (x + m) + 1.
fn remembering() -> (Vec<u8>, Interface) {
    let nodes = [
        node("Add", &["x", "m"], &["y"]),
        node("Mul", &["y", "two"], &["twice"]),
        node("Add", &["twice", "one"], &["m_next"]),
    ];
    let constants = [tensor("two", &[1], &[2.0]), tensor("one", &[1], &[1.0])];
    let bytes = model(&nodes, &constants, &[row("x", 1), row("m", 1)], &[row("y", 1), row("m_next", 1)]);
    let state = StatePorts { input: "m".to_owned(), output: "m_next".to_owned() };
    (bytes, Interface { states: vec![state], ..Interface::of_output("y") })
}

#[test]
fn what_one_run_gives_the_next_takes() {
    let (bytes, interface) = remembering();
    let plan = Plan::from_onnx_with(&bytes, &interface).unwrap();
    assert_eq!((plan.input_len(), plan.output_len(), plan.state_len()), (1, 1, 1));
    let mut workspace = plan.workspace();
    let step = |workspace: &mut Workspace, x: f32| {
        let mut y = [0.0];
        plan.run(workspace, &[x], &mut y).unwrap();
        y[0]
    };
    assert_eq!([1.0, 1.0, 1.0].map(|x| step(&mut workspace, x)), [1.0, 4.0, 10.0]);
    assert_eq!(workspace.state(), [21.0]);
    let mut other = workspace.clone();
    workspace.reset();
    assert_eq!(step(&mut workspace, 5.0), 5.0, "as before the first");
    assert_eq!(step(&mut other, 5.0), 26.0, "a copy goes on");
    other.set_state(&[100.0]).unwrap();
    assert_eq!(step(&mut other, 5.0), 105.0);
    assert_eq!(other.set_state(&[1.0, 2.0]).unwrap_err().to_string(), "state: expected 1 numbers, found 2");
}

#[test]
fn one_bad_observation_is_not_remembered_for_ever() {
    let (bytes, interface) = remembering();
    let plan = Plan::from_onnx_with(&bytes, &interface).unwrap();
    let mut workspace = plan.workspace();
    let mut y = [0.0];
    for (x, expected, state) in
        [(1.0, 1.0, 3.0), (f32::NAN, f32::NAN, 3.0), (f32::INFINITY, f32::INFINITY, 3.0), (1.0, 4.0, 9.0)]
    {
        plan.run(&mut workspace, &[x], &mut y).unwrap();
        assert_eq!((y[0].to_bits(), workspace.state()), (expected.to_bits(), [state].as_slice()));
    }
}

#[test]
fn states_that_do_not_fit_are_refused() {
    let nodes = [node("Add", &["x", "m"], &["y"]), node("Concat", &["y", "y"], &["m_next"])];
    let bytes = model(&nodes, &[], &[row("x", 1), row("m", 1)], &[row("y", 1), row("m_next", 2)]);
    let state = |input: &str, output: &str| Interface {
        states: vec![StatePorts { input: input.to_owned(), output: output.to_owned() }],
        ..Interface::of_output("y")
    };
    let refused = |interface| Plan::from_onnx_with(&bytes, &interface).unwrap_err().to_string();
    assert_eq!(
        refused(state("m", "m_next")),
        "state m -> m_next: expected 1 numbers from the output, found 2"
    );
    assert_eq!(refused(state("h", "m_next")), "expected an input called \"h\", found x, m");
    assert_eq!(refused(state("m", "h")), "expected an output called \"h\", found y, m_next");
}

#[test]
fn everything_in_the_way_is_told_at_once_and_nothing_that_follows_from_it() {
    let nodes = [
        node("Attention", &["x", "half"], &["h"]),
        node("Hardmax", &["h"], &["r"]),
        node("Split", &["h"], &["a", "b"]),
        node("Hardmax", &["x"], &["s"]),
        node("Tanh", &["x"], &["t"]),
        node("Add", &["r", "s"], &["sum"]),
        node("Add", &["sum", "t"], &["y"]),
        node("Mystery", &["x"], &["unneeded"]),
    ];
    let half = tensor_head("half", &[1], 11);
    let bytes = x_to_y(2, 2, &nodes, &[half]);
    let told: Vec<String> =
        obstacles(&bytes, &Interface::default()).iter().map(ToString::to_string).collect();
    let [half, attention, hardmax] = told.as_slice() else { panic!("{told:?}") };
    assert!(half.contains("\"half\" has the type float64") && attention.contains("Attention"), "{told:?}");
    assert!(hardmax.contains("Hardmax at node Hardmax -> r"), "once, though there are two: {told:?}");
    let names: Vec<(String, String)> = (0..10_000).map(|i| (format!("Op{i}"), format!("v{i}"))).collect();
    let each = names.iter().map(|(operator, value)| node(operator, &["x"], &[value]));
    let values: Vec<&str> = names.iter().map(|(_, value)| value.as_str()).collect();
    let hostile: Vec<Message> = each.chain([node("Concat", &values, &["y"])]).collect();
    let all = Interface::default();
    assert_eq!(obstacles(&x_to_y(2, 2, &hostile, &[]), &all).len(), 50);
    assert_eq!(obstacles(&x_to_y(2, 2, &[node("Relu", &["x"], &["y"])], &[]), &all), []);
    assert_eq!(Plan::from_onnx(&bytes).unwrap_err(), obstacles(&bytes, &all)[0]);
}

#[test]
fn a_file_that_cannot_be_run_can_be_looked_into() {
    let nodes =
        [node("Mystery", &["x", "c"], &["y"]), node("Relu", &["x"], &["z"]), node("Relu", &["z"], &["v"])];
    let inputs = [row("c", 2), value_info("x", FLOAT, &[Dim::Name("batch"), Dim::Len(2)])];
    let mut bytes = model(&nodes, &[tensor("c", &[2], &[1.0, 2.0])], &inputs, &[row("y", 2), row("v", 2)]);
    let entry = Message::default().text(1, "joint_names").text(2, "knee");
    let opset = Message::default().text(1, "com.me").int(2, 3);
    bytes.extend(
        Message::default().text(2, "pytorch").text(3, "2.9").message(8, &opset).message(14, &entry).0,
    );
    let survey = Survey::of(&bytes).unwrap();
    assert_eq!(survey.producer, "pytorch 2.9");
    assert!(survey.opsets.contains(&("com.me".to_owned(), 3)));
    let [input] = survey.inputs.as_slice() else { panic!("{survey:?}") };
    assert_eq!(
        (input.name.as_str(), input.kind.as_str(), input.shape.as_str()),
        ("x", "float32", "[batch, 2]")
    );
    assert_eq!(survey.outputs.iter().map(|output| output.name.as_str()).collect::<Vec<_>>(), ["y", "v"]);
    assert_eq!(
        survey.operators.into_iter().collect::<Vec<_>>(),
        [("Mystery".to_owned(), 1), ("Relu".to_owned(), 2)]
    );
    assert_eq!(survey.metadata, [("joint_names".to_owned(), "knee".to_owned())]);
    assert!(Survey::of(b"nothing").is_err());
}

#[test]
fn normaliser_is_found_where_there_is_one() {
    let constants = [tensor("mean", &[2], &[1.0, 2.0]), tensor("scale", &[], &[4.0])];
    let normaliser = |second: &str| {
        let nodes = [node("Sub", &["x", "mean"], &["h"]), node(second, &["h", "scale"], &["y"])];
        Plan::from_onnx(&x_to_y(2, 2, &nodes, &constants)).unwrap().input_normaliser()
    };
    let std = |second| normaliser(second).map(|found| (found.mean, found.std));
    assert_eq!(std("Mul"), Some((vec![1.0, 2.0], vec![0.25, 0.25])));
    assert_eq!(std("Div"), Some((vec![1.0, 2.0], vec![4.0, 4.0])));
    assert_eq!(std("Add"), Some((vec![1.0, 2.0], vec![1.0, 1.0])));
    // Behind a correction of the input that the network itself works out.
    let corrected =
        [node("Relu", &["x"], &["r"]), node("Add", &["x", "r"], &["c"]), node("Sub", &["c", "mean"], &["y"])];
    let behind = Plan::from_onnx(&x_to_y(2, 2, &corrected, &constants)).unwrap().input_normaliser();
    assert_eq!(behind.map(|found| found.mean), Some(vec![1.0, 2.0]));
    let without = x_to_y(2, 2, &[node("Relu", &["x"], &["y"])], &[]);
    assert_eq!(Plan::from_onnx(&without).unwrap().input_normaliser(), None);
}

#[test]
fn wrong_lengths_are_refused() {
    let plan = Plan::from_onnx(&x_to_y(2, 2, &[node("Relu", &["x"], &["y"])], &[])).unwrap();
    let other = Plan::from_onnx(&synthetic()).unwrap();
    let mut workspace = plan.workspace();
    let text = |result: Result<(), LengthError>| result.unwrap_err().to_string();
    assert_eq!(text(plan.run(&mut workspace, &[0.0], &mut [0.0; 2])), "input: expected 2 numbers, found 1");
    assert_eq!(
        text(plan.run(&mut workspace, &[0.0; 2], &mut [0.0; 3])),
        "output: expected 2 numbers, found 3"
    );
    assert!(text(plan.run(&mut other.workspace(), &[0.0; 2], &mut [0.0; 2])).starts_with("workspace"));
}

#[test]
fn threads_may_share_a_plan() {
    fn shared<T: Send + Sync>() {}
    shared::<Plan>();
}
