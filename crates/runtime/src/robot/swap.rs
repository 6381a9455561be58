//! Another policy for a robot that runs: made elsewhere, handed to the loop, and taken over at a tick that is safe.
//!
//! Two queues of one place carry it: to the loop, and what was replaced back from it, to be dropped where that may take
//! its time. The loop neither waits nor allocates, and never frees.

use crate::robot::recorder::TickRecorder;
use gaitway_control::{ControlStack, Controller};
use rtrb::{Consumer, Producer, RingBuffer};
use std::fmt;

/// A policy waits so long at most for a phase at which the one that runs may be left, s.
const PATIENCE_S: u32 = 2;

/// What takes the place of what the loop has; afterwards, what it had.
#[derive(Debug)]
pub struct Swap {
    /// The policy.
    pub controller: Controller,
    /// The ring into which its ticks are recorded: a file has one policy, or one set.
    pub recorder: Option<TickRecorder>,
    /// Ticks of the loop over which the goals go over to it.
    pub blend_ticks: u32,
    /// The loop has taken it.
    pub is_taken: bool,
    waited: u32,
}

impl Swap {
    /// A policy for a robot that runs another one.
    pub fn new(controller: Controller, recorder: Option<TickRecorder>, blend_ticks: u32) -> Swap {
        Swap { controller, recorder, blend_ticks, is_taken: false, waited: 0 }
    }
}

/// The loop's end.
pub struct SwapTaker {
    incoming: Consumer<Box<Swap>>,
    outgoing: Producer<Box<Swap>>,
    waiting: Option<Box<Swap>>,
}

/// The other end.
pub struct SwapGiver {
    outgoing: Producer<Box<Swap>>,
    incoming: Consumer<Box<Swap>>,
}

/// Both ends.
pub fn swap_door() -> (SwapGiver, SwapTaker) {
    let (outgoing, taken) = RingBuffer::new(1);
    let (give_back, incoming) = RingBuffer::new(1);
    let taker = SwapTaker { incoming: taken, outgoing: give_back, waiting: None };
    (SwapGiver { outgoing, incoming }, taker)
}

// SAFETY: the queues are used through `&mut self` alone, and a shared reference reaches nothing.
unsafe impl Sync for SwapTaker {}

impl SwapGiver {
    /// Hands it to the loop; gives it back where the loop still has another one.
    pub fn give(&mut self, swap: Box<Swap>) -> Result<(), Box<Swap>> {
        self.outgoing.push(swap).map_err(|rtrb::PushError::Full(swap)| swap)
    }

    /// What the loop had before, once it has taken the other.
    pub fn take_back(&mut self) -> Option<Box<Swap>> {
        self.incoming.pop().ok()
    }

    /// True where the loop is gone.
    pub fn is_over(&self) -> bool {
        self.incoming.is_abandoned()
    }
}

impl SwapTaker {
    /// Before a tick: lets the policy that waits take over, where it may. True where it has.
    pub fn follow(&mut self, stack: &mut ControlStack, recorder: &mut Option<TickRecorder>) -> bool {
        if self.waiting.is_none() {
            self.waiting = self.incoming.pop().ok();
        }
        let Some(mut swap) = self.waiting.take() else { return false };
        let patience = PATIENCE_S * stack.controller().loop_hz();
        if !stack.may_take_over() && swap.waited < patience {
            swap.waited += 1;
            self.waiting = Some(swap);
            return false;
        }
        stack.take_over(&mut swap.controller, swap.blend_ticks);
        std::mem::swap(recorder, &mut swap.recorder);
        swap.is_taken = true;
        // There is room: the other end gives one at a time.
        let _ = self.outgoing.push(swap);
        true
    }
}

impl fmt::Debug for SwapTaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SwapTaker").field("waiting", &self.waiting.is_some()).finish_non_exhaustive()
    }
}

impl fmt::Debug for SwapGiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SwapGiver").finish_non_exhaustive()
    }
}
