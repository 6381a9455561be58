//! What of a graph its action needs: the output, the input, the nodes between.

use std::collections::{HashMap, HashSet};

use crate::error::OnnxError;
use crate::proto::{self, ValueInfo};

/// The one input that the output needs; old files list their initialisers among the inputs too.
pub fn single_input<'a>(graph: &'a proto::Graph, needed: &HashSet<&str>) -> Result<&'a ValueInfo, OnnxError> {
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
pub fn pick_output<'a>(graph: &'a proto::Graph, named: Option<&str>) -> Result<&'a ValueInfo, OnnxError> {
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
pub fn what_it_needs<'a>(
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
