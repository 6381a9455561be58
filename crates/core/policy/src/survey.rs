//! What an ONNX file has, whether or not it can be run.

use std::collections::BTreeMap;

use prost::Message;

use crate::error::OnnxError;
use crate::proto::{self, ValueInfo};
use crate::tensor;

/// What an ONNX file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The program that wrote it, with its version.
    pub producer: String,
    /// Versions of the operators, by domain; the empty domain is ONNX's own.
    pub opsets: Vec<(String, i64)>,
    /// What it is fed, without its weights.
    pub inputs: Vec<Port>,
    /// What it gives.
    pub outputs: Vec<Port>,
    /// Its operators, and how often it has each.
    pub operators: BTreeMap<String, usize>,
    /// What its author wrote beside the network.
    pub metadata: Vec<(String, String)>,
}

/// An input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Type of its numbers.
    pub kind: String,
    /// Its dimensions, as `[1, 101]`; names stand for those that may vary.
    pub shape: String,
}

impl Survey {
    /// Looks into a file.
    ///
    /// # Errors
    /// [`OnnxError`]: the bytes are no ONNX file of a version that is known here.
    pub fn of(bytes: &[u8]) -> Result<Survey, OnnxError> {
        let graph = proto::decode(bytes)?;
        let about = proto::About::decode(bytes)
            .map_err(|error| OnnxError::Malformed { reason: error.to_string() })?;
        let mut operators = BTreeMap::new();
        for node in &graph.node {
            *operators.entry(node.operator()).or_default() += 1;
        }
        let is_fed = |input: &&ValueInfo| graph.initializer.iter().all(|tensor| tensor.name != input.name);
        Ok(Survey {
            producer: [about.producer_name, about.producer_version].join(" ").trim().to_owned(),
            opsets: about.opset_import.into_iter().map(|opset| (opset.domain, opset.version)).collect(),
            inputs: graph.input.iter().filter(is_fed).map(port).collect(),
            outputs: graph.output.iter().map(port).collect(),
            operators,
            metadata: about.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect(),
        })
    }
}

fn port(info: &ValueInfo) -> Port {
    let kind =
        info.tensor_type().map_or_else(|| "unknown".to_owned(), |tensor| tensor::type_name(tensor.elem_type));
    Port { name: info.name.clone(), kind, shape: info.shape_text() }
}
