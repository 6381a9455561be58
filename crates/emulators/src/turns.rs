//! Whose turn it is to answer.

use std::collections::VecDeque;

/// Servos that still have to answer, one turn after the other. The next whole request replaces them: a servo that
/// hears an instruction forgets the one before.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    pub queue: VecDeque<Turn>,
    /// When the wire fell silent for this turn, ns.
    pub since_ns: u64,
    /// When the first of the queue begins, ns.
    pub at_ns: u64,
}

/// One status frame, by as many servos as have the id.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub servos: Vec<usize>,
    pub content: Content,
}

/// What stands in the frame.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    /// The error byte alone, under the id that was called: a servo whose id was just written answers by its old one.
    Status { id: Option<u8> },
    /// Registers, as they are when the answer begins.
    Registers { address: u8, len: u8 },
}
