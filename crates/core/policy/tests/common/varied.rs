//! A network of the operators that [`super::synthetic`] does not have: of several inputs and rows, with a state.

use super::*;

/// Numbers of its inputs: an observation, and the state of a GRU.
pub const VARIED_INPUTS: usize = 24 + HIDDEN as usize;
const HIDDEN: i64 = 9;

/// A file with the inputs `x` [1, 24] and `h` [1, 1, 9], and the outputs `y` and `h_next`.
pub fn varied() -> Vec<u8> {
    let mut random = Random::new(17);
    let mut weights = |name: &str, dims: &[i64]| {
        let len = dims.iter().product::<i64>() as usize;
        tensor(name, dims, &random.vector(len, 0.4))
    };
    let positive = |tensor: &str, len: usize| {
        tensor_of(tensor, (0..len).map(|place| 0.3 + 0.1 * place as f32).collect())
    };
    let initializers = vec![
        weights("gru_w", &[1, 3 * HIDDEN, 24]),
        weights("gru_r", &[1, 3 * HIDDEN, HIDDEN]),
        weights("gru_b", &[1, 6 * HIDDEN]),
        weights("lstm_w", &[1, 4 * HIDDEN, HIDDEN]),
        weights("lstm_r", &[1, 4 * HIDDEN, HIDDEN]),
        weights("conv_w", &[5, 4, 3]),
        weights("conv_b", &[5]),
        weights("rows_w", &[6, 7]),
        weights("threshold", &[1, 24]),
        weights("ln_b", &[6]),
        positive("ln_s", 6),
        weights("bn_b", &[4]),
        weights("bn_m", &[4]),
        positive("bn_s", 4),
        positive("bn_v", 4),
        tensor("two", &[], &[2.0]),
        int_tensor("zero", &[0]),
        int_tensor("planes", &[1, 4, 6]),
        int_tensor("flat", &[1, -1]),
        int_tensor("picked", &[3, 0, -1, 3]),
        int_tensor("wide", &[1, 4, 7]),
    ];
    x_and_state(&[dense(), choices(), functions(), ends()].concat(), &initializers)
}

/// One step of a GRU, one of an LSTM.
fn dense() -> Vec<Message> {
    let hidden = || int_attribute("hidden_size", HIDDEN);
    vec![
        node("Unsqueeze", &["x", "zero"], &["step"]),
        node("GRU", &["step", "gru_w", "gru_r", "gru_b", "", "h"], &["", "h_next"]).message(5, &hidden()),
        node("LSTM", &["h_next", "lstm_w", "lstm_r"], &["", "l"]).message(5, &hidden()),
        node("Reshape", &["l", "flat"], &["recurrent"]),
    ]
}

fn choices() -> Vec<Message> {
    vec![
        node("Less", &["x", "threshold"], &["less"]),
        node("GreaterOrEqual", &["x", "two"], &["more"]),
        node("Or", &["less", "more"], &["either"]),
        node("And", &["less", "more"], &["both"]),
        node("Not", &["both"], &["not"]),
        node("Equal", &["either", "not"], &["equal"]),
        node("Where", &["equal", "x", "threshold"], &["chosen"]),
        node("Pow", &["chosen", "two"], &["squares"]),
    ]
}

/// Four rows of six, their functions, and what they come to.
fn functions() -> Vec<Message> {
    let axes = |node: Message, axis: i64| node.message(5, &ints_attribute("axes", &[axis]));
    let chain = ["Sin", "Cos", "Erf", "Gelu", "Mish", "HardSwish", "Softsign", "Selu", "Softplus"];
    let mut nodes = vec![node("Reshape", &["chosen", "planes"], &["v0"])];
    for (place, operator) in chain.into_iter().enumerate() {
        nodes.push(node(operator, &[&format!("v{place}")], &[&format!("v{}", place + 1)]));
    }
    nodes.extend([
        node("Log", &["v9"], &["logs"]),
        node("Exp", &["logs"], &["exps"]),
        node("Sqrt", &["exps"], &["roots"]),
        node("Reciprocal", &["roots"], &["inverse"]),
        node("Neg", &["inverse"], &["planes_in"]),
        node("LayerNormalization", &["planes_in", "ln_s", "ln_b"], &["layered"]),
        node("BatchNormalization", &["layered", "bn_s", "bn_b", "bn_m", "bn_v"], &["batched"]),
        node("Softmax", &["batched"], &["soft"]).message(5, &int_attribute("axis", -1)),
        node("MatMul", &["soft", "rows_w"], &["rows"]),
        axes(node("ReduceL2", &["rows"], &["lengths"]), -1),
        node("Expand", &["lengths", "wide"], &["spread"]),
        node("Div", &["rows", "spread"], &["units"]),
        axes(node("ReduceMean", &["units"], &["means"]), 1),
        axes(node("ReduceMax", &["units"], &["maxima"]), 1),
        node("Conv", &["batched", "conv_w", "conv_b"], &["convolved"])
            .message(5, &ints_attribute("pads", &[1, 0]))
            .message(5, &ints_attribute("strides", &[2])),
        node("Transpose", &["convolved"], &["turned"]).message(5, &ints_attribute("perm", &[0, 2, 1])),
        node("Gather", &["turned", "picked"], &["gathered"]).message(5, &int_attribute("axis", 2)),
    ]);
    nodes
}

fn ends() -> Vec<Message> {
    let parts = ["means", "maxima", "gathered"];
    let flatten = |part: &str| node("Flatten", &[part], &[&format!("{part}_flat")]);
    let mut nodes: Vec<Message> = parts.into_iter().map(flatten).collect();
    let joined = ["recurrent", "squares", "means_flat", "maxima_flat", "gathered_flat"];
    nodes.push(node("Concat", &joined, &["y"]).message(5, &int_attribute("axis", 1)));
    nodes
}

fn tensor_of(name: &str, values: Vec<f32>) -> Message {
    tensor(name, &[values.len() as i64], &values)
}

fn x_and_state(nodes: &[Message], initializers: &[Message]) -> Vec<u8> {
    let state = |name| value_info(name, FLOAT, &[Dim::Len(1), Dim::Len(1), Dim::Len(HIDDEN)]);
    let y = value_info("y", FLOAT, &[Dim::Len(1), Dim::Unknown]);
    model(nodes, initializers, &[row("x", 24), state("h")], &[y, state("h_next")])
}
