//! Why a file was refused: what, where, what was expected and found, and the remedy.

use crate::cpu::CpuPathError;
use gaitway_filekind::FileKind;

const ANOTHER_RUNTIME: &str =
    "another engine runs it: --engine onnxruntime, which comes with pip install 'gaitway[onnxruntime]'";
const EXPORT_AGAIN: &str = "the file is not valid ONNX; export it again, or copy it again if it was cut off";
const EXPORT_F32: &str = "export the network in float32";

/// An ONNX file that cannot become a plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OnnxError {
    /// The bytes are not the protobuf message they should be.
    #[error("the file is damaged or not ONNX: {reason}")]
    Malformed {
        /// What is wrong with the bytes.
        reason: String,
    },
    /// The bytes are of another kind of file.
    #[error("expected an ONNX network, found {found}")]
    OtherFile {
        /// What it is.
        found: FileKind,
    },
    /// The message holds no graph.
    #[error("the file has no graph")]
    MissingGraph,
    /// Operators of a version that is not known here.
    #[error("expected ONNX opset 1 to {newest}, found {found}")]
    UnknownOpset {
        /// The newest that is known.
        newest: i64,
        /// The file's.
        found: i64,
    },
    /// More of something than any policy needs.
    #[error("{what}: {found} is more than the limit of {limit}")]
    TooLarge {
        /// What there is too much of.
        what: String,
        /// The most that is accepted.
        limit: u64,
        /// What the file asks for.
        found: u64,
    },
    /// An operator, or a use of one, that this crate does not run.
    #[error("operator {operator} at node {node} is not supported: {reason}")]
    UnsupportedOperator {
        /// The operator's name, with its domain where it is not ONNX's own.
        operator: String,
        /// The node's name.
        node: String,
        /// What about it is not supported.
        reason: String,
    },
    /// A node that breaks the rules of its operator.
    #[error("node {node} is not a valid {operator}: {reason}")]
    InvalidNode {
        /// The operator's name.
        operator: String,
        /// The node's name.
        node: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// A node reads a value that no earlier node, input or initialiser gives.
    #[error("{node} reads {value:?}, which nothing before it gives")]
    UnknownValue {
        /// The node's name.
        node: String,
        /// The value's name.
        value: String,
    },
    /// Two things give a value of the same name.
    #[error("the value {value:?} is given twice, the second time by {node}")]
    DuplicateValue {
        /// What gives it the second time.
        node: String,
        /// The value's name.
        value: String,
    },
    /// An input or output that the file does not have.
    #[error("expected {}, found {}", expected_port(what, name.as_deref()), found_ports(found))]
    NoPort {
        /// "input" or "output".
        what: &'static str,
        /// The name that was asked for; absent where any would do.
        name: Option<String>,
        /// The names the file has.
        found: Vec<String>,
    },
    /// Inputs that the outputs need and nothing feeds.
    #[error("the network also takes {}, which nothing feeds", found.join(", "))]
    UnfedInputs {
        /// The inputs' names.
        found: Vec<String>,
    },
    /// A state whose output is not as long as its input.
    #[error("state {input} -> {output}: expected {expected} numbers from the output, found {found}")]
    StateLength {
        /// The input's name.
        input: String,
        /// The output's name.
        output: String,
        /// Numbers of the input.
        expected: usize,
        /// Numbers of the output.
        found: usize,
    },
    /// The input or output is no batch of one of known dimensions.
    #[error("{value:?} has the shape {found}; expected [1, n], [n] or [1, m, n] with m and n known")]
    NotARow {
        /// The value's name.
        value: String,
        /// Its shape.
        found: String,
    },
    /// Dimensions that do not fit together.
    #[error("node {node}: {what}: expected {expected}, found {found}")]
    DimensionMismatch {
        /// The node's name.
        node: String,
        /// Which dimensions.
        what: String,
        /// What would fit.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A tensor, input or output whose type is not float32 (or int64 where a shape is asked for).
    #[error("{tensor:?} has the type {found}; expected {expected}")]
    UnsupportedType {
        /// The tensor's name.
        tensor: String,
        /// The type's name.
        found: String,
        /// What would be accepted.
        expected: &'static str,
    },
    /// A tensor whose data lies in another file.
    #[error("the data of tensor {tensor:?} lies in another file")]
    ExternalData {
        /// The tensor's name.
        tensor: String,
    },
    /// A tensor whose data lies in another file and cannot be had there.
    #[error("the data of tensor {tensor:?} lies in another file: {reason}")]
    OtherFileOfTensor {
        /// The tensor's name.
        tensor: String,
        /// What is wrong with that file, or with its name.
        reason: String,
    },
    /// A tensor whose data is not as long as its dimensions say.
    #[error("tensor {tensor:?}: its dimensions {dims} ask for {expected} elements, its data holds {found}")]
    TensorSize {
        /// The tensor's name.
        tensor: String,
        /// Its dimensions.
        dims: String,
        /// Elements, or "bytes" where the data is raw.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A weight that is infinite or not a number.
    #[error("tensor {tensor:?} holds {value} at index {index}; expected finite numbers")]
    NotFinite {
        /// The tensor's name.
        tensor: String,
        /// Index into the tensor's data.
        index: usize,
        /// "NaN", "inf" or "-inf".
        value: String,
    },
    /// The CPU path asked for does not exist, or not here.
    #[error(transparent)]
    CpuPath(#[from] CpuPathError),
}

fn expected_port(what: &str, name: Option<&str>) -> String {
    name.map_or_else(|| format!("an {what}"), |name| format!("an {what} called {name:?}"))
}

fn found_ports(found: &[String]) -> String {
    if found.is_empty() { "none".to_owned() } else { found.join(", ") }
}

impl OnnxError {
    /// Whether both say the same of an operator, of which a file may have many nodes.
    pub(crate) fn is_of_same_operator(&self, other: &OnnxError) -> bool {
        use OnnxError::UnsupportedOperator as Unsupported;
        match (self, other) {
            (
                Unsupported { operator, reason, .. },
                Unsupported { operator: other, reason: other_reason, .. },
            ) => operator == other && reason == other_reason,
            _ => false,
        }
    }

    /// What the person who has the file can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            OnnxError::Malformed { .. } | OnnxError::MissingGraph => EXPORT_AGAIN,
            OnnxError::OtherFile { found } => found.remedy().unwrap_or("name the policy's .onnx file"),
            OnnxError::InvalidNode { .. }
            | OnnxError::UnknownValue { .. }
            | OnnxError::DuplicateValue { .. }
            | OnnxError::DimensionMismatch { .. }
            | OnnxError::TensorSize { .. } => "run onnx.checker.check_model on it, and export it again",
            OnnxError::UnknownOpset { .. } => "export it again: torch.onnx.export(…, opset_version=17)",
            OnnxError::TooLarge { .. } => "it is far beyond a gait policy; check that it is the right file",
            OnnxError::UnsupportedOperator { .. } => ANOTHER_RUNTIME,
            OnnxError::NoPort { .. } => {
                "name one of the file's: network.input and network.output of the contract, --output of compare"
            }
            OnnxError::UnfedInputs { .. } => {
                "name them in the contract: network.further_inputs for more of the observation, network.states for what \
                 an output remembers; or export only the actor"
            }
            OnnxError::StateLength { .. } => {
                "pair each state's input with the output that gives its next value"
            }
            OnnxError::NotARow { .. } => {
                "export with a batch of one or a dynamic batch, and a fixed last dimension"
            }
            OnnxError::UnsupportedType { .. } => EXPORT_F32,
            OnnxError::ExternalData { .. } => {
                "with that file beside it, `gaitway policy inline FILE` writes one with all weights inside"
            }
            OnnxError::OtherFileOfTensor { .. } => {
                "copy the files of the weights beside it, under their own names"
            }
            OnnxError::NotFinite { .. } => "the training diverged; take an earlier checkpoint",
            OnnxError::CpuPath(_) => "unset GAITWAY_CPU to take the fastest path of this CPU",
        }
    }
}

/// A slice or workspace handed to [`Plan::run`](crate::Plan::run) that is not of the plan's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {expected} numbers, found {found}")]
pub struct LengthError {
    /// "input", "output" or "workspace".
    pub what: &'static str,
    /// The plan's length.
    pub expected: usize,
    /// The length handed in.
    pub found: usize,
}

impl LengthError {
    pub(crate) fn check(what: &'static str, expected: usize, found: usize) -> Result<(), LengthError> {
        if expected == found { Ok(()) } else { Err(LengthError { what, expected, found }) }
    }
}
