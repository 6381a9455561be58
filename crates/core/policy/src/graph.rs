//! From the file's graph to a plan: what the outputs need, names, order, inputs, outputs and states.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::cpu::CpuPath;
use crate::error::OnnxError;
use crate::float_mode::FloatMode;
use crate::interface::{Fed, Interface, PortSpan, Read, State};
use crate::ir::{Operand, Span};
use crate::lower::{Lowering, NodeView, Source, Value, lower, require_known};
use crate::plan::Plan;
use crate::proto::{self, ValueInfo};
use crate::prune::{pick_inputs, pick_outputs, pick_states, require_fed, what_it_needs};
use crate::tensor::{self, Numbers};

/// More than a person reads: a hostile file has thousands.
const MOST_OBSTACLES: usize = 50;

impl Plan {
    /// Reads an ONNX file for the fastest path of this CPU, or the one that `GAITWAY_CPU` forces. Every input that it
    /// needs is fed and every output is read.
    ///
    /// # Errors
    /// [`OnnxError`]: the file is damaged, asks for what this crate does not do, or the variable names no usable path.
    pub fn from_onnx(bytes: &[u8]) -> Result<Plan, OnnxError> {
        Self::from_onnx_with(bytes, &Interface::default())
    }

    /// [`Plan::from_onnx`] for these inputs, outputs and states. What only other outputs need is left out, and may be
    /// anything.
    ///
    /// # Errors
    /// As [`Plan::from_onnx`], and where the file has no input or output of a name.
    pub fn from_onnx_with(bytes: &[u8], interface: &Interface) -> Result<Plan, OnnxError> {
        let path = CpuPath::from_environment()?.require()?;
        let _mode = FloatMode::set();
        build(bytes, path, interface)
    }

    /// Reads an ONNX file for one path.
    ///
    /// # Errors
    /// [`OnnxError`], also where this CPU cannot run the path.
    pub fn from_onnx_with_path(bytes: &[u8], path: CpuPath) -> Result<Plan, OnnxError> {
        let path = path.require()?;
        let _mode = FloatMode::set();
        build(bytes, path, &Interface::default())
    }
}

/// Everything that keeps an ONNX file from becoming a plan: each operator that is not known, and the first other thing
/// on each way from the inputs to the outputs, fifty at most. Nothing where the file can be run.
pub fn obstacles(bytes: &[u8], interface: &Interface) -> Vec<OnnxError> {
    let _mode = FloatMode::set();
    build_or_say_why_not(bytes, CpuPath::Scalar, interface).err().unwrap_or_default()
}

/// Reads a file and lowers what its outputs need for the path.
fn build(bytes: &[u8], path: CpuPath, interface: &Interface) -> Result<Plan, OnnxError> {
    build_or_say_why_not(bytes, path, interface).map_err(|obstacles| {
        let first = obstacles.into_iter().next();
        first.unwrap_or(OnnxError::MissingGraph)
    })
}

/// [`build`], which does not end at the first thing in its way.
fn build_or_say_why_not(bytes: &[u8], path: CpuPath, interface: &Interface) -> Result<Plan, Vec<OnnxError>> {
    let graph = proto::decode(bytes).map_err(|error| vec![error])?;
    let ports = Ports::of(&graph, interface).map_err(|error| vec![error])?;
    let (nodes, needed) = what_it_needs(&graph, ports.read());
    let mut reader = Reader::new(path);
    for initializer in graph.initializer.iter().filter(|tensor| needed.contains(tensor.name.as_str())) {
        let read = reader.initializer(initializer);
        reader.note(read, [initializer.name.as_str()]);
    }
    let inputs = pick_inputs(&graph, &interface.inputs, &ports.needed_without_states(&needed));
    let inputs = inputs.map_err(|error| vec![error])?;
    let taken: Vec<&ValueInfo> = inputs.iter().copied().chain(ports.state_inputs()).collect();
    require_fed(&graph, &needed, &taken).map_err(|error| vec![error])?;
    let laid_out: Vec<Option<Laid>> = taken.into_iter().map(|input| reader.input(input)).collect();
    for node in nodes {
        reader.node(node);
    }
    match laid_out.into_iter().collect::<Option<Vec<_>>>() {
        Some(laid_out) => reader.finish(laid_out, &ports),
        None => Err(reader.obstacles),
    }
}

/// The outputs and states that an interface names.
struct Ports<'a> {
    outputs: Vec<&'a ValueInfo>,
    states: Vec<(&'a ValueInfo, &'a ValueInfo)>,
}

impl<'a> Ports<'a> {
    fn of(graph: &'a proto::Graph, interface: &Interface) -> Result<Ports<'a>, OnnxError> {
        let outputs = pick_outputs(graph, &interface.outputs)?;
        Ok(Ports { outputs, states: pick_states(graph, &interface.states)? })
    }

    /// All that a run must give.
    fn read(&self) -> impl Iterator<Item = &'a ValueInfo> {
        self.outputs.iter().copied().chain(self.states.iter().map(|(_, output)| *output))
    }

    fn state_inputs(&self) -> impl Iterator<Item = &'a ValueInfo> {
        self.states.iter().map(|(input, _)| *input)
    }

    fn needed_without_states<'b>(&self, needed: &HashSet<&'b str>) -> HashSet<&'b str> {
        let is_state = |name: &str| self.state_inputs().any(|input| input.name == name);
        needed.iter().copied().filter(|name| !is_state(name)).collect()
    }
}

/// An input in the arena.
struct Laid {
    name: String,
    dims: Vec<usize>,
    at: Span,
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

    /// Lays out an input; `None`, and the reason among the obstacles, where it cannot be.
    fn input(&mut self, input: &ValueInfo) -> Option<Laid> {
        let laid = self.lay_out(input);
        let (laid, read) = match laid {
            Ok(laid) => (Some(laid), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.note(read, [input.name.as_str()]);
        laid
    }

    fn lay_out(&mut self, input: &ValueInfo) -> Result<Laid, OnnxError> {
        let (value, at) = self.lowering.input(&input.name, batch_of_one(input)?)?;
        let dims = value.dims.clone();
        self.names.define("an input", &input.name, value)?;
        Ok(Laid { name: input.name.clone(), dims, at })
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

    /// The plan, where nothing is in the way; `laid_out` are the inputs that are fed, then those of the states.
    fn finish(mut self, laid_out: Vec<Laid>, ports: &Ports<'_>) -> Result<Plan, Vec<OnnxError>> {
        if !self.obstacles.is_empty() {
            return Err(self.obstacles);
        }
        self.plan(laid_out, ports).map_err(|error| vec![error])
    }

    fn plan(&mut self, mut laid_out: Vec<Laid>, ports: &Ports<'_>) -> Result<Plan, OnnxError> {
        let of_states = laid_out.split_off(laid_out.len() - ports.states.len());
        let mut states = Vec::with_capacity(of_states.len());
        for (input, (_, output)) in of_states.into_iter().zip(&ports.states) {
            let (from, value) = self.output(output)?;
            if value.len() != input.at.len {
                let (expected, found) = (input.at.len, value.len());
                let (input, output) = (input.name, output.name.clone());
                return Err(OnnxError::StateLength { input, output, expected, found });
            }
            states.push(State { at: input.at, from });
        }
        let mut inputs: Vec<Fed> = Vec::with_capacity(laid_out.len());
        for Laid { name, dims, at } in laid_out {
            let start = inputs.last().map_or(0, |last| last.port.end());
            inputs.push(Fed { port: PortSpan { name, start, len: at.len, dims }, at });
        }
        let mut outputs: Vec<Read> = Vec::with_capacity(ports.outputs.len());
        for output in &ports.outputs {
            let (from, value) = self.output(output)?;
            let start = outputs.last().map_or(0, |last| last.port.end());
            let (name, len) = (output.name.clone(), value.len());
            outputs.push(Read { port: PortSpan { name, start, len, dims: value.dims }, from });
        }
        let lowering = std::mem::replace(&mut self.lowering, Lowering::new(CpuPath::Scalar));
        Ok(lowering.into_plan(inputs, outputs, states))
    }

    /// Where an output of the graph is found, and what it is.
    fn output(&mut self, output: &ValueInfo) -> Result<(Operand, Value), OnnxError> {
        let value = self.names.read("the graph's output", &output.name)?.clone();
        check_output(output, &value)?;
        Ok((self.lowering.operand(&value)?, value))
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

/// The dimensions declared for an input, a batch of any size read as one.
fn batch_of_one(info: &ValueInfo) -> Result<Vec<usize>, OnnxError> {
    let not_one = || OnnxError::NotARow { value: info.name.clone(), found: info.shape_text() };
    let dims = declared_dims(info)?.ok_or_else(not_one)?;
    proto::limit_rank(&info.name, dims.len())?;
    let Some((Some(_), leading)) = dims.split_last() else {
        return Err(not_one());
    };
    let known = leading.iter().map(|dim| dim.unwrap_or(1)).chain(dims.last().copied().flatten());
    let dims: Vec<usize> = known.collect();
    if is_batch_of_many(&dims) || dims.contains(&0) { Err(not_one()) } else { Ok(dims) }
}

/// Whether it is several rows, each for a robot of its own.
fn is_batch_of_many(dims: &[usize]) -> bool {
    matches!(dims, [many, _] if *many != 1)
}

/// The output is a batch of one of floats, and of the declared dimensions where some are declared.
fn check_output(info: &ValueInfo, value: &Value) -> Result<(), OnnxError> {
    let is_int = matches!(value.source, Source::Constant(Numbers::Ints(_)));
    if is_int || value.len() == 0 || is_batch_of_many(&value.dims) {
        return Err(OnnxError::NotARow { value: info.name.clone(), found: format!("{:?}", value.dims) });
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
