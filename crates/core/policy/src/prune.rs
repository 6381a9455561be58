//! What of a graph is run: the outputs that are read, the inputs that are fed, the nodes between.

use std::collections::{HashMap, HashSet};

use crate::error::OnnxError;
use crate::interface::StatePorts;
use crate::proto::{self, ValueInfo};

/// What the graph is fed; old files list their initialisers among the inputs too.
fn fed(graph: &proto::Graph) -> Vec<&ValueInfo> {
    let initializers: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    graph.input.iter().filter(|input| !initializers.contains(input.name.as_str())).collect()
}

/// The inputs of these names; without any, those that the outputs need, in the order of the file. Where they need none
/// at all, the file's first is fed all the same.
pub fn pick_inputs<'a>(
    graph: &'a proto::Graph,
    names: &[String],
    needed: &HashSet<&str>,
) -> Result<Vec<&'a ValueInfo>, OnnxError> {
    let all = fed(graph);
    if !names.is_empty() {
        return names.iter().map(|name| named("input", name, &all)).collect();
    }
    let used: Vec<_> = all.iter().copied().filter(|input| needed.contains(input.name.as_str())).collect();
    match (used.is_empty(), all.first()) {
        (false, _) => Ok(used),
        (true, Some(first)) => Ok(vec![first]),
        (true, None) => Err(OnnxError::NoPort { what: "input", name: None, found: Vec::new() }),
    }
}

/// The outputs of these names; without any, all.
pub fn pick_outputs<'a>(graph: &'a proto::Graph, names: &[String]) -> Result<Vec<&'a ValueInfo>, OnnxError> {
    let all: Vec<_> = graph.output.iter().collect();
    match (names, all.is_empty()) {
        ([], true) => Err(OnnxError::NoPort { what: "output", name: None, found: Vec::new() }),
        ([], false) => Ok(all),
        (names, _) => names.iter().map(|name| named("output", name, &all)).collect(),
    }
}

/// The input and the output of each state.
pub fn pick_states<'a>(
    graph: &'a proto::Graph,
    states: &[StatePorts],
) -> Result<Vec<(&'a ValueInfo, &'a ValueInfo)>, OnnxError> {
    let (inputs, outputs) = (fed(graph), graph.output.iter().collect::<Vec<_>>());
    let pick = |state: &StatePorts| {
        Ok((named("input", &state.input, &inputs)?, named("output", &state.output, &outputs)?))
    };
    states.iter().map(pick).collect()
}

fn named<'a>(what: &'static str, name: &str, all: &[&'a ValueInfo]) -> Result<&'a ValueInfo, OnnxError> {
    let names = || all.iter().map(|port| port.name.clone()).collect();
    let found = all.iter().copied().find(|port| port.name == name);
    found.ok_or_else(|| OnnxError::NoPort { what, name: Some(name.to_owned()), found: names() })
}

/// Refuses inputs that the outputs need and that nothing feeds.
pub fn require_fed(
    graph: &proto::Graph,
    needed: &HashSet<&str>,
    picked: &[&ValueInfo],
) -> Result<(), OnnxError> {
    let is_picked = |input: &&ValueInfo| picked.iter().any(|picked| picked.name == input.name);
    let is_open = |input: &&ValueInfo| needed.contains(input.name.as_str()) && !is_picked(input);
    let open: Vec<String> = fed(graph).into_iter().filter(is_open).map(|input| input.name.clone()).collect();
    if open.is_empty() { Ok(()) } else { Err(OnnxError::UnfedInputs { found: open }) }
}

/// The nodes that the outputs are made from, in file order, and the names of all values on the way to it.
pub fn what_it_needs<'a>(
    graph: &'a proto::Graph,
    outputs: impl IntoIterator<Item = &'a ValueInfo>,
) -> (Vec<&'a proto::Node>, HashSet<&'a str>) {
    let mut givers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        for name in &node.output {
            givers.entry(name).or_default().push(index);
        }
    }
    let mut is_needed = vec![false; graph.node.len()];
    let mut open: Vec<&str> = outputs.into_iter().map(|output| output.name.as_str()).collect();
    let mut needed: HashSet<&str> = open.iter().copied().collect();
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
