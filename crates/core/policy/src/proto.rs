//! The parts of ONNX's protobuf messages that a plan is made from; all other fields are skipped.

use prost::Message;

use crate::error::OnnxError;
use crate::wire;

/// Bytes of a file: thirty times the largest policy seen.
pub const MAX_FILE_BYTES: u64 = 32 << 20;
/// Nodes, their fields, tensors and inputs together. Decoding makes 200 bytes of an empty one of two bytes.
const MAX_ENTRIES: u64 = 100_000;

/// Dimensions of a value; a policy has two.
const MAX_RANK: u64 = 8;

/// The newest version of ONNX's operators that was read here: a later one may change what an operator means.
const NEWEST_OPSET: i64 = 28;

/// Numbers of fields: a file's graph, and its nodes.
pub const MODEL_GRAPH: u64 = 7;
pub const GRAPH_NODE: u64 = 1;
pub const GRAPH_INITIALIZER: u64 = 5;
pub const NODE_ATTRIBUTE: u64 = 5;
pub const ATTRIBUTE_TENSOR: u64 = 5;
pub const TENSOR_NAME: u64 = 8;
pub const TENSOR_RAW_DATA: u64 = 9;
pub const TENSOR_EXTERNAL_DATA: u64 = 13;
pub const TENSOR_DATA_LOCATION: u64 = 14;

/// The file's graph, of operators that are known here.
pub fn decode(bytes: &[u8]) -> Result<Graph, OnnxError> {
    limit("bytes in the file", MAX_FILE_BYTES, bytes.len() as u64)?;
    limit("nodes, attributes and tensors in the file", MAX_ENTRIES, count_entries(bytes)?)?;
    let model = Model::decode(bytes).map_err(|error| OnnxError::Malformed { reason: error.to_string() })?;
    let mut own =
        model.opset_import.iter().filter(|opset| is_of_onnx(&opset.domain)).map(|opset| opset.version);
    match own.find(|version| !(1..=NEWEST_OPSET).contains(version)) {
        Some(found) => Err(OnnxError::UnknownOpset { newest: NEWEST_OPSET, found }),
        None => model.graph.ok_or(OnnxError::MissingGraph),
    }
}

/// Refuses values of more dimensions than any policy has, since each value carries its own.
pub fn limit_rank(name: &str, rank: usize) -> Result<(), OnnxError> {
    limit(&format!("dimensions of {name:?}"), MAX_RANK, rank as u64)
}

/// Refuses what is more than the limit.
pub fn limit(what: &str, limit: u64, found: u64) -> Result<(), OnnxError> {
    if found <= limit { Ok(()) } else { Err(OnnxError::TooLarge { what: what.to_owned(), limit, found }) }
}

fn count_entries(bytes: &[u8]) -> Result<u64, OnnxError> {
    let mut entries = 0;
    for graph in wire::fields(bytes) {
        let graph = graph?;
        if graph.number != MODEL_GRAPH {
            continue;
        }
        for entry in wire::fields(graph.payload) {
            let entry = entry?;
            entries += 1;
            if entry.number == GRAPH_NODE {
                entries += wire::fields(entry.payload).count() as u64;
            }
        }
    }
    Ok(entries)
}

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSet>,
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Node {
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    #[prost(string, tag = "7")]
    pub domain: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(float, optional, tag = "2")]
    pub f: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub s: Option<Vec<u8>>,
    #[prost(message, optional, boxed, tag = "5")]
    pub t: Option<Box<Tensor>>,
    #[prost(float, repeated, tag = "7")]
    pub floats: Vec<f32>,
    #[prost(int64, repeated, tag = "8")]
    pub ints: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    #[prost(string, tag = "8")]
    pub name: String,
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<Type>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Type {
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// A length, a name for one that may vary, or neither.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    #[prost(int64, optional, tag = "1")]
    pub dim_value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    pub dim_param: Option<String>,
}

impl ValueInfo {
    /// The declared type, `None` where none is declared, or not of a tensor.
    pub fn tensor_type(&self) -> Option<&TensorType> {
        self.r#type.as_ref().and_then(|r#type| r#type.tensor_type.as_ref())
    }

    /// The declared dimensions, as `[1, n]`.
    pub fn shape_text(&self) -> String {
        let Some(shape) = self.tensor_type().and_then(|tensor| tensor.shape.as_ref()) else {
            return "unknown".to_owned();
        };
        let dims = shape.dim.iter().map(|dim| match (dim.dim_value, &dim.dim_param) {
            (Some(len), _) => len.to_string(),
            (None, Some(name)) => name.clone(),
            (None, None) => "?".to_owned(),
        });
        format!("[{}]", dims.collect::<Vec<_>>().join(", "))
    }
}

/// Whether operators of this domain are ONNX's own.
pub fn is_of_onnx(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

impl Node {
    /// The operator, with its domain where it is not ONNX's own.
    pub fn operator(&self) -> String {
        match is_of_onnx(&self.domain) {
            true => self.op_type.clone(),
            false => format!("{}.{}", self.domain, self.op_type),
        }
    }
}

/// What a file says beside its graph.
#[derive(Clone, PartialEq, Message)]
pub struct About {
    #[prost(string, tag = "2")]
    pub producer_name: String,
    #[prost(string, tag = "3")]
    pub producer_version: String,
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    #[prost(string, tag = "1")]
    pub domain: String,
    #[prost(int64, tag = "2")]
    pub version: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Entry {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}
