//! What the tests share: an ONNX writer of their own, a random generator, the real files.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../../../../tests/rust/random.rs"]
mod random;

mod varied;

use gaitway_policy::{CpuPath, Plan};
pub use random::Random;
#[allow(unused_imports, reason = "each test file uses a part")]
pub use varied::{VARIED_INPUTS, varied};

pub const FLOAT: u64 = 1;
pub const INT64: u64 = 7;

/// A protobuf message being written.
#[derive(Debug, Clone, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    pub fn int(mut self, number: u64, value: i64) -> Message {
        self.varint(number << 3);
        self.varint(value as u64);
        self
    }

    pub fn float(mut self, number: u64, value: f32) -> Message {
        self.varint(number << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn bytes(mut self, number: u64, value: &[u8]) -> Message {
        self.varint(number << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    pub fn text(self, number: u64, value: &str) -> Message {
        self.bytes(number, value.as_bytes())
    }

    pub fn message(self, number: u64, value: &Message) -> Message {
        self.bytes(number, &value.0)
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// A float32 tensor with raw data.
pub fn tensor(name: &str, dims: &[i64], values: &[f32]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    tensor_head(name, dims, FLOAT).bytes(9, &raw)
}

/// An int64 tensor with its data in `int64_data`.
pub fn int_tensor(name: &str, values: &[i64]) -> Message {
    let head = tensor_head(name, &[values.len() as i64], INT64);
    values.iter().fold(head, |message, &value| message.int(7, value))
}

/// A tensor without data.
pub fn tensor_head(name: &str, dims: &[i64], data_type: u64) -> Message {
    let message = dims.iter().fold(Message::default(), |message, &dim| message.int(1, dim));
    message.int(2, data_type as i64).text(8, name)
}

/// A node without attributes.
pub fn node(operator: &str, inputs: &[&str], outputs: &[&str]) -> Message {
    let message = inputs.iter().fold(Message::default(), |message, input| message.text(1, input));
    let message = outputs.iter().fold(message, |message, output| message.text(2, output));
    message.text(4, operator)
}

pub fn float_attribute(name: &str, value: f32) -> Message {
    Message::default().text(1, name).float(2, value).int(20, 1)
}

pub fn text_attribute(name: &str, value: &str) -> Message {
    Message::default().text(1, name).text(4, value).int(20, 3)
}

pub fn int_attribute(name: &str, value: i64) -> Message {
    Message::default().text(1, name).int(3, value).int(20, 2)
}

pub fn ints_attribute(name: &str, values: &[i64]) -> Message {
    let head = Message::default().text(1, name);
    values.iter().fold(head, |message, &value| message.int(8, value)).int(20, 7)
}

pub fn tensor_attribute(name: &str, tensor: &Message) -> Message {
    Message::default().text(1, name).message(5, tensor).int(20, 4)
}

/// A dimension of an input or output.
#[derive(Debug, Clone, Copy)]
pub enum Dim {
    Len(i64),
    Name(&'static str),
    Unknown,
}

/// An input or output.
pub fn value_info(name: &str, data_type: u64, dims: &[Dim]) -> Message {
    let shape = dims.iter().fold(Message::default(), |shape, dim| {
        let dim = match *dim {
            Dim::Len(len) => Message::default().int(1, len),
            Dim::Name(name) => Message::default().text(2, name),
            Dim::Unknown => Message::default(),
        };
        shape.message(1, &dim)
    });
    let tensor = Message::default().int(1, data_type as i64).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

/// `[1, len]` of float32.
pub fn row(name: &str, len: usize) -> Message {
    value_info(name, FLOAT, &[Dim::Len(1), Dim::Len(len as i64)])
}

/// A file of these nodes, initialisers, inputs and outputs.
pub fn model(
    nodes: &[Message],
    initializers: &[Message],
    inputs: &[Message],
    outputs: &[Message],
) -> Vec<u8> {
    let mut graph = Message::default();
    for (number, messages) in [(1, nodes), (5, initializers), (11, inputs), (12, outputs)] {
        graph = messages.iter().fold(graph, |graph, message| graph.message(number, message));
    }
    let opset = Message::default().text(1, "").int(2, 17);
    Message::default().int(1, 8).message(8, &opset).message(7, &graph).0
}

/// A file with the input `x` of `inputs` numbers and the output `y` of `outputs`.
pub fn x_to_y(inputs: usize, outputs: usize, nodes: &[Message], initializers: &[Message]) -> Vec<u8> {
    model(nodes, initializers, &[row("x", inputs)], &[row("y", outputs)])
}

/// Runs a file once.
pub fn run(bytes: &[u8], input: &[f32]) -> Vec<f32> {
    run_on(bytes, CpuPath::detect(), input)
}

/// Runs a file once on a path.
pub fn run_on(bytes: &[u8], path: CpuPath, input: &[f32]) -> Vec<f32> {
    let plan = Plan::from_onnx_with_path(bytes, path).unwrap_or_else(|error| panic!("{error}"));
    let mut output = vec![0.0; plan.output_len()];
    plan.run(&mut plan.workspace(), input, &mut output).unwrap();
    output
}

/// FNV-1a over the bits of floats.
pub fn fnv(mut hash: u64, values: &[f32]) -> u64 {
    for byte in values.iter().flat_map(|value| value.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    hash
}

pub const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

pub fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A real policy, `None` (and a line that says so) where it is not there.
#[expect(clippy::disallowed_methods, reason = "a test opens its file itself")]
pub fn real_file(name: &str) -> Option<Vec<u8>> {
    let path = format!("{}/../../../../shared/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        println!("skipped: {path} absent");
    }
    bytes
}

/// Numbers in the tests' observation.
pub const N: usize = 21;

/// An observation.
pub fn input() -> Vec<f32> {
    Random::new(11).vector(N, 4.0)
}

/// Runs one node on all paths and compares with the formula, to a few units of the last place of float32.
pub fn check(bytes: &[u8], input: &[f32], expected: &[f64]) {
    compare(bytes, input, expected, |expected| 4e-7 * expected.abs().max(1e-6));
}

/// As [`check`], where a sum may cancel: to some units of one and the result.
pub fn check_near(bytes: &[u8], input: &[f32], expected: &[f64]) {
    compare(bytes, input, expected, |expected| 1e-6 * (1.0 + expected.abs()));
}

fn compare(bytes: &[u8], input: &[f32], expected: &[f64], allowed: impl Fn(f64) -> f64) {
    for path in CpuPath::available() {
        let found = run_on(bytes, path, input);
        assert_eq!(found.len(), expected.len());
        for (found, &expected) in found.iter().zip(expected) {
            let error = (f64::from(*found) - expected).abs();
            assert!(error <= allowed(expected), "{path}: {found} {expected}");
        }
    }
}

pub const REAL_FILES: [&str; 2] = ["BEST_WALK_ONNX_2.onnx", "prototype_walk.onnx"];

/// A network with every operator a plan has: normaliser, clip, four activations, a split, a skip, a strided slice.
pub fn synthetic() -> Vec<u8> {
    let mut random = Random::new(7);
    let mut weights = |name: &str, dims: &[i64]| {
        let len = dims.iter().product::<i64>() as usize;
        tensor(name, dims, &random.vector(len, 0.3))
    };
    let initializers = vec![
        weights("mean", &[37]),
        weights("w0", &[37, 150]),
        weights("b0", &[150]),
        weights("w1", &[91, 150]),
        weights("b1", &[1, 91]),
        weights("w2", &[91, 45]),
        weights("w3", &[37, 15]),
        tensor("std", &[], &[0.75]),
        tensor("low", &[], &[-2.5]),
        tensor("high", &[], &[2.0]),
        int_tensor("starts", &[-1]),
        int_tensor("ends", &[-1000]),
        int_tensor("axes", &[1]),
        int_tensor("steps", &[-3]),
    ];
    let nodes = [
        node("Sub", &["x", "mean"], &["centred"]),
        node("Div", &["centred", "std"], &["scaled"]),
        node("Clip", &["scaled", "low", "high"], &["h0"]),
        node("Gemm", &["h0", "w0", "b0"], &["g0"]).message(5, &float_attribute("alpha", 1.25)),
        node("Swish", &["g0"], &["h1"]),
        node("Gemm", &["h1", "w1", "b1"], &["g1"]).message(5, &int_attribute("transB", 1)),
        node("Elu", &["g1"], &["h2"]).message(5, &float_attribute("alpha", 0.7)),
        node("MatMul", &["h2", "w2"], &["g2"]),
        node("Split", &["g2"], &["s0", "s1", "s2"]).message(5, &int_attribute("axis", -1)),
        node("Tanh", &["s0"], &["t0"]),
        node("Sigmoid", &["s1"], &["t1"]),
        node("Relu", &["s2"], &["t2"]),
        node("Mul", &["t0", "t1"], &["m"]),
        node("MatMul", &["x", "w3"], &["skip"]),
        node("Abs", &["skip"], &["skip1"]),
        node("Add", &["m", "skip1"], &["a"]),
        node("Concat", &["a", "t2"], &["c"]).message(5, &int_attribute("axis", 1)),
        node("Slice", &["c", "starts", "ends", "axes", "steps"], &["y"]),
    ];
    x_to_y(37, 10, &nodes, &initializers)
}
