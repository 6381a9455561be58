//! From the file's graph to a plan: what the action needs, names, order, the input and the output.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::cpu::CpuPath;
use crate::error::OnnxError;
use crate::float_mode::FloatMode;
use crate::lower::{Lowering, NodeView, Source, Value, lower};
use crate::plan::Plan;
use crate::proto::{self, ValueInfo};
use crate::tensor::{self, Numbers};

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

/// Reads a file and lowers what its output needs for the path; `output` names one of several.
fn build(bytes: &[u8], path: CpuPath, output: Option<&str>) -> Result<Plan, OnnxError> {
    let graph = proto::decode(bytes)?.ok_or(OnnxError::MissingGraph)?;
    let output = pick_output(&graph, output)?;
    let (nodes, needed) = what_it_needs(&graph, output);
    let mut names = Names::default();
    let mut lowering = Lowering::new(path);
    for initializer in graph.initializer.iter().filter(|tensor| needed.contains(tensor.name.as_str())) {
        let (dims, numbers) = tensor::decode(initializer, &initializer.name)?;
        lowering.count_parameters(&numbers);
        names.define(
            "an initialiser",
            &initializer.name,
            Value { dims, source: Source::Constant(numbers) },
        )?;
    }
    let input = single_input(&graph, &needed)?;
    let input_dims = row_dims(input)?;
    let input_value = lowering.input(input_dims)?;
    let input_len = input_value.len();
    names.define("an input", &input.name, input_value)?;
    for node in nodes {
        lower_node(node, &mut names, &mut lowering)?;
    }
    let value = names.read("the graph's output", &output.name)?;
    check_output(output, value)?;
    lowering.into_plan(input.name.clone(), input_len, output.name.clone(), value)
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

fn lower_node(node: &proto::Node, names: &mut Names, lowering: &mut Lowering) -> Result<(), OnnxError> {
    let label = label(node);
    // ONNX leaves out an optional input by the empty name.
    let inputs = node
        .input
        .iter()
        .map(|name| if name.is_empty() { Ok(None) } else { names.read(&label, name).cloned().map(Some) })
        .collect::<Result<Vec<_>, _>>()?;
    let view = NodeView { node, label, inputs };
    let values = lower(lowering, &view)?;
    for (name, value) in node.output.iter().zip(values) {
        if !name.is_empty() {
            names.define(&view.label, name, value)?;
        }
    }
    Ok(())
}

/// What errors call a node: its name, or what it gives.
fn label(node: &proto::Node) -> String {
    match node.output.first() {
        Some(output) if node.name.is_empty() => format!("{} -> {output}", node.op_type),
        _ => node.name.clone(),
    }
}

/// The one input that the output needs; old files list their initialisers among the inputs too.
fn single_input<'a>(graph: &'a proto::Graph, needed: &HashSet<&str>) -> Result<&'a ValueInfo, OnnxError> {
    let initializers: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let all: Vec<_> =
        graph.input.iter().filter(|input| !initializers.contains(input.name.as_str())).collect();
    let used: Vec<_> = all.iter().copied().filter(|input| needed.contains(input.name.as_str())).collect();
    match (used.as_slice(), all.as_slice()) {
        ([input], _) | ([], [input]) => Ok(input),
        _ => Err(OnnxError::InputCount { found: all.iter().map(|input| input.name.clone()).collect() }),
    }
}

/// The one output, or that of several which is named.
fn pick_output<'a>(graph: &'a proto::Graph, named: Option<&str>) -> Result<&'a ValueInfo, OnnxError> {
    match graph.output.as_slice() {
        [output] => Ok(output),
        outputs => {
            let found = || outputs.iter().map(|output| output.name.clone()).collect();
            let output = outputs.iter().find(|output| Some(output.name.as_str()) == named);
            output.ok_or_else(|| OnnxError::OutputCount { found: found() })
        }
    }
}

/// The nodes that the output is made from, in file order, and the names of all values on the way to it.
fn what_it_needs<'a>(
    graph: &'a proto::Graph,
    output: &'a ValueInfo,
) -> (Vec<&'a proto::Node>, HashSet<&'a str>) {
    let mut givers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        for name in &node.output {
            givers.entry(name).or_default().push(index);
        }
    }
    let mut is_needed = vec![false; graph.node.len()];
    let mut needed = HashSet::from([output.name.as_str()]);
    let mut open = vec![output.name.as_str()];
    while let Some(name) = open.pop() {
        for &index in givers.get(name).into_iter().flatten() {
            if !std::mem::replace(&mut is_needed[index], true) {
                open.extend(
                    graph.node[index].input.iter().filter(|input| needed.insert(input)).map(String::as_str),
                );
            }
        }
    }
    let nodes = graph.node.iter().zip(is_needed).filter(|(_, is_needed)| *is_needed).map(|(node, _)| node);
    (nodes.collect(), needed)
}

/// The dimensions declared for the input: one row, its length known, a batch of any size read as one.
fn row_dims(info: &ValueInfo) -> Result<Vec<usize>, OnnxError> {
    let not_a_row = || OnnxError::NotARow { value: info.name.clone(), found: shape_text(info) };
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
        expected: shape_text(info),
        found: format!("{:?}", value.dims),
    }
}

/// The declared dimensions, `None` for one that may vary; `None` altogether where no shape is declared.
fn declared_dims(info: &ValueInfo) -> Result<Option<Vec<Option<usize>>>, OnnxError> {
    let Some(tensor) = info.r#type.as_ref().and_then(|r#type| r#type.tensor_type.as_ref()) else {
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

fn shape_text(info: &ValueInfo) -> String {
    let tensor = info.r#type.as_ref().and_then(|r#type| r#type.tensor_type.as_ref());
    let Some(shape) = tensor.and_then(|tensor| tensor.shape.as_ref()) else {
        return "unknown".to_owned();
    };
    let dims = shape.dim.iter().map(|dim| match (dim.dim_value, &dim.dim_param) {
        (Some(len), _) => len.to_string(),
        (None, Some(name)) => name.clone(),
        (None, None) => "?".to_owned(),
    });
    format!("[{}]", dims.collect::<Vec<_>>().join(", "))
}
