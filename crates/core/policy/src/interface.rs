//! Which inputs and outputs of a file are fed, read and remembered, and where they lie.

use crate::ir::{Operand, Span};

/// What of a file is fed, read and remembered. As it is by default: every input that the outputs need is fed, in the
/// order of the file, every output is read, and nothing is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// The inputs that are fed, in the order in which their numbers follow each other; empty: all that are needed.
    pub inputs: Vec<String>,
    /// The outputs that are read, in the order in which their numbers follow each other; empty: all.
    pub outputs: Vec<String>,
    /// What the network gives one run for the next.
    pub states: Vec<StatePorts>,
}

/// A state of a recurrent network: an output of one run that is an input of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatePorts {
    /// The input that takes it.
    pub input: String,
    /// The output that gives the next.
    pub output: String,
}

impl Interface {
    /// All inputs that are needed, and one output.
    pub fn of_output(output: &str) -> Interface {
        Interface { outputs: vec![output.to_owned()], ..Interface::default() }
    }
}

/// The numbers of one input among all that are fed, or of one output among all that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortSpan {
    /// Its name in the file.
    pub name: String,
    /// Index of its first number.
    pub start: usize,
    /// How many numbers it has.
    pub len: usize,
    /// Its dimensions, a batch of any size being one.
    pub dims: Vec<usize>,
}

impl PortSpan {
    /// Index behind its last number.
    pub fn end(&self) -> usize {
        self.start + self.len
    }
}

/// An input that is fed: its numbers in the row, and where the steps read them.
#[derive(Debug)]
pub struct Fed {
    pub port: PortSpan,
    pub at: Span,
}

/// An output that is read.
#[derive(Debug)]
pub struct Read {
    pub port: PortSpan,
    pub from: Operand,
}

/// A state: where the steps read it, and where the next is.
#[derive(Debug)]
pub struct State {
    pub at: Span,
    pub from: Operand,
}
