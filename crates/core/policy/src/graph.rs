//! From the file's graph to a plan: what the action needs, names, order, the input and the output.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::cpu::CpuPath;
use crate::error::OnnxError;
use crate::float_mode::FloatMode;
use crate::lower::{Lowering, NodeView, Source, Value, lower, require_known};
use crate::plan::Plan;
use crate::proto::{self, ValueInfo};
use crate::prune::{pick_output, single_input, what_it_needs};
use crate::tensor::{self, Numbers};

/// More than a person reads: a hostile file has thousands.
const MOST_OBSTACLES: usize = 50;

impl Plan {
    /// Reads an ONNX file for the fastest path of this CPU, or the one that `GAITWAY_CPU` forces.
    ///
    /// # Errors
    /// [`OnnxError`]: the file is damaged, asks for what this crate does not do, or the variable names no usable path.
    pub fn from_onnx(bytes: &[u8]) -> Result<Plan, OnnxError> {
        Self::from_onnx_with_path(bytes, CpuPath::from_environment()?)
    }

    /// [`Plan::from_onnx`] for the output of this name, where the file has several. What only the others need is left
    /// out, and may be anything.
    ///
    /// # Errors
    /// As [`Plan::from_onnx`], and where none of several outputs has the name.
    pub fn from_onnx_for_output(bytes: &[u8], output: &str) -> Result<Plan, OnnxError> {
        let path = CpuPath::from_environment()?.require()?;
        let _mode = FloatMode::set();
        build(bytes, path, Some(output))
    }

    /// Reads an ONNX file for one path.
    ///
    /// # Errors
    /// [`OnnxError`], also where this CPU cannot run the path.
    pub fn from_onnx_with_path(bytes: &[u8], path: CpuPath) -> Result<Plan, OnnxError> {
        let path = path.require()?;
        let _mode = FloatMode::set();
        build(bytes, path, None)
    }
}

/// Everything that keeps an ONNX file from becoming a plan for its output, or the one of several that is named: each
/// operator that is not known, and the first other thing on each way from the input to the output, fifty at most. Nothing
/// where the file can be run.
pub fn obstacles(bytes: &[u8], output: Option<&str>) -> Vec<OnnxError> {
    let _mode = FloatMode::set();
    build_or_say_why_not(bytes, CpuPath::Scalar, output).err().unwrap_or_default()
}

/// Reads a file and lowers what its output needs for the path; `output` names one of several.
fn build(bytes: &[u8], path: CpuPath, output: Option<&str>) -> Result<Plan, OnnxError> {
    build_or_say_why_not(bytes, path, output).map_err(|obstacles| {
        let first = obstacles.into_iter().next();
        first.unwrap_or(OnnxError::MissingGraph)
    })
}

/// [`build`], which does not end at the first thing in its way.
fn build_or_say_why_not(bytes: &[u8], path: CpuPath, output: Option<&str>) -> Result<Plan, Vec<OnnxError>> {
    let graph = proto::decode(bytes).map_err(|error| vec![error])?;
    let output = pick_output(&graph, output).map_err(|error| vec![error])?;
    let (nodes, needed) = what_it_needs(&graph, output);
    let mut reader = Reader::new(path);
    for initializer in graph.initializer.iter().filter(|tensor| needed.contains(tensor.name.as_str())) {
        let read = reader.initializer(initializer);
        reader.note(read, [initializer.name.as_str()]);
    }
    let input = single_input(&graph, &needed).and_then(|input| Ok((input, reader.input(input)?)));
    let input =
        input.map_err(|error| reader.note(Err(error), graph.input.iter().map(|input| input.name.as_str())));
    for node in nodes {
        reader.node(node);
    }
    reader.finish(input.ok(), output)
}

/// A graph while it is read: what it has given so far, and what it could not give.
struct Reader {
    names: Names,
    lowering: Lowering,
    obstacles: Vec<OnnxError>,
    /// Values that are missing for a reason among the obstacles.
    lost: HashSet<String>,
}

impl Reader {
    fn new(path: CpuPath) -> Reader {
        let (names, lowering) = (Names::default(), Lowering::new(path));
        Reader { names, lowering, obstacles: Vec::new(), lost: HashSet::new() }
    }

    /// Keeps an error, of the same operator once, and that these values are missing by it.
    fn note<'a>(&mut self, read: Result<(), OnnxError>, gives: impl IntoIterator<Item = &'a str>) {
        if let Err(error) = read {
            let is_told = || self.obstacles.iter().any(|told| told.is_of_same_operator(&error));
            if self.obstacles.len() < MOST_OBSTACLES && !is_told() {
                self.obstacles.push(error);
            }
            self.lost.extend(gives.into_iter().map(str::to_owned));
        }
    }

    fn initializer(&mut self, initializer: &proto::Tensor) -> Result<(), OnnxError> {
        let (dims, numbers) = tensor::decode(initializer, &initializer.name)?;
        self.lowering.count_parameters(&numbers);
        let value = Value { dims, source: Source::Constant(numbers) };
        self.names.define("an initialiser", &initializer.name, value)
    }

    /// The length of the input.
    fn input(&mut self, input: &ValueInfo) -> Result<usize, OnnxError> {
        let value = self.lowering.input(row_dims(input)?)?;
        let len = value.len();
        self.names.define("an input", &input.name, value)?;
        Ok(len)
    }

    /// Lowers a node. One whose input is missing is asked only whether it is known; what it gives is missing, too.
    fn node(&mut self, node: &proto::Node) {
        if node.input.iter().any(|value| self.lost.contains(value)) {
            let known = require_known(&NodeView { node, label: label(node), inputs: Vec::new() });
            self.note(known, []);
            self.lost.extend(node.output.iter().cloned());
        } else {
            let read = self.lower(node);
            self.note(read, node.output.iter().map(String::as_str));
        }
    }

    fn lower(&mut self, node: &proto::Node) -> Result<(), OnnxError> {
        let label = label(node);
        // ONNX leaves out an optional input by the empty name.
        let read = |name: &String| match name.is_empty() {
            true => Ok(None),
            false => self.names.read(&label, name).cloned().map(Some),
        };
        let inputs = node.input.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let view = NodeView { node, label, inputs };
        let values = lower(&mut self.lowering, &view)?;
        let named = node.output.iter().zip(values).filter(|(name, _)| !name.is_empty());
        named.into_iter().try_for_each(|(name, value)| self.names.define(&view.label, name, value))
    }

    fn finish(self, input: Option<(&ValueInfo, usize)>, output: &ValueInfo) -> Result<Plan, Vec<OnnxError>> {
        let Some((input, input_len)) = input.filter(|_| self.obstacles.is_empty()) else {
            return Err(self.obstacles);
        };
        let whole = || {
            let value = self.names.read("the graph's output", &output.name)?;
            check_output(output, value)?;
            self.lowering.into_plan(input.name.clone(), input_len, output.name.clone(), value)
        };
        whole().map_err(|error| vec![error])
    }
}

/// What each name stands for so far. Nodes are read in file order, which ONNX requires to be topological.
#[derive(Default)]
struct Names(HashMap<String, Value>);

impl Names {
    fn define(&mut self, giver: &str, name: &str, value: Value) -> Result<(), OnnxError> {
        match self.0.entry(name.to_owned()) {
            Entry::Vacant(entry) => {
                entry.insert(value);
                Ok(())
            }
            Entry::Occupied(_) => {
                Err(OnnxError::DuplicateValue { node: giver.to_owned(), value: name.to_owned() })
            }
        }
    }

    fn read(&self, reader: &str, name: &str) -> Result<&Value, OnnxError> {
        let unknown = || OnnxError::UnknownValue { node: reader.to_owned(), value: name.to_owned() };
        self.0.get(name).ok_or_else(unknown)
    }
}

/// What errors call a node: its name, or what it gives.
fn label(node: &proto::Node) -> String {
    match node.output.first() {
        Some(output) if node.name.is_empty() => format!("{} -> {output}", node.op_type),
        _ => node.name.clone(),
    }
}

/// The dimensions declared for the input: one row, its length known, a batch of any size read as one.
fn row_dims(info: &ValueInfo) -> Result<Vec<usize>, OnnxError> {
    let not_a_row = || OnnxError::NotARow { value: info.name.clone(), found: info.shape_text() };
    let dims = declared_dims(info)?.ok_or_else(not_a_row)?;
    proto::limit_rank(&info.name, dims.len())?;
    let Some((Some(len), leading)) = dims.split_last() else {
        return Err(not_a_row());
    };
    if *len == 0 || leading.iter().any(|dim| dim.unwrap_or(1) != 1) {
        return Err(not_a_row());
    }
    Ok(leading.iter().map(|_| 1).chain([*len]).collect())
}

/// The output is a row of floats, and of the declared dimensions where some are declared.
fn check_output(info: &ValueInfo, value: &Value) -> Result<(), OnnxError> {
    let not_a_row = |found| OnnxError::NotARow { value: info.name.clone(), found };
    if matches!(value.source, Source::Constant(Numbers::Ints(_))) || value.row_len().is_none() {
        return Err(not_a_row(format!("{:?}", value.dims)));
    }
    tensor::require_finite(&info.name, value.constant().unwrap_or_default())?;
    let Some(declared) = declared_dims(info)? else {
        return Ok(());
    };
    let fits = declared.len() == value.dims.len()
        && declared.iter().zip(&value.dims).all(|(declared, dim)| declared.is_none_or(|len| len == *dim));
    if fits { Ok(()) } else { Err(mismatched_output(info, value)) }
}

fn mismatched_output(info: &ValueInfo, value: &Value) -> OnnxError {
    OnnxError::DimensionMismatch {
        node: info.name.clone(),
        what: "the graph's output".to_owned(),
        expected: info.shape_text(),
        found: format!("{:?}", value.dims),
    }
}

/// The declared dimensions, `None` for one that may vary; `None` altogether where no shape is declared.
fn declared_dims(info: &ValueInfo) -> Result<Option<Vec<Option<usize>>>, OnnxError> {
    let Some(tensor) = info.tensor_type() else {
        return Ok(None);
    };
    tensor::require_float(&info.name, tensor.elem_type)?;
    let shape = tensor.shape.as_ref();
    Ok(shape.map(|shape| shape.dim.iter().map(|dim| dim.dim_value.and_then(fixed_len)).collect()))
}

/// Exporters write -1 for a dimension that may vary. One beyond this machine's sizes is refused by its limit later.
fn fixed_len(len: i64) -> Option<usize> {
    (len >= 0).then(|| usize::try_from(len).unwrap_or(usize::MAX))
}
