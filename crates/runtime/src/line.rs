//! What lies between the computer and the servos, looked at once: an adaptor that echoes, and bulk reads that fail.

use crate::desk::Desk;
use gaitway_feetech::single::Heard;
use gaitway_platform::clock::Clock;
use gaitway_platform::port::{Port, PortError};

/// How often a bulk read is tried before it counts as failing, and in how many of these turns the first servo must
/// answer alone: otherwise it is the servos that are silent by now. The first, because the bus may still be busy with
/// those that owe the bulk read an answer.
const TURNS: usize = 5;
const ANSWERED_ALONE: usize = 3;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineReport {
    /// The adaptor sends back every byte it is given.
    pub echoes: bool,
    /// Whether several servos answer one request; `None` where too few answer at all.
    pub bulk_reads: Option<bool>,
}

impl LineReport {
    /// What is said of an echo, and what to do.
    pub const ECHO: (&'static str, &'static str) = (
        "the adaptor sends every byte back (echo)",
        "Gaitway ignores the echo, other programs may not: use a servo board that separates sending and receiving, \
         or check how RX and TX are joined",
    );
    /// What is said where bulk reads fail, and what to do.
    pub const NO_BULK: (&'static str, &'static str) = (
        "servos answer one by one, but not to a bulk read of all",
        "a tick has no time to ask one by one: update the servos' firmware (gaitway motors audit tells which differ), \
         take out servos that are no STS3215, or use another adaptor",
    );
}

impl<P: Port, C: Clock> Desk<P, C> {
    /// Looks at the line with these servos, which answer when they are asked alone.
    pub fn check_line(&mut self, ids: &[u8]) -> Result<LineReport, PortError> {
        Ok(LineReport { echoes: self.echoes()?, bulk_reads: self.check_bulk(ids)? })
    }

    fn check_bulk(&mut self, ids: &[u8]) -> Result<Option<bool>, PortError> {
        let (Some(&first), true) = (ids.first(), ids.len() > 1) else { return Ok(None) };
        let mut alone = 0;
        for _ in 0..TURNS {
            if self.bulk(ids)?.len() > 1 {
                return Ok(Some(true));
            }
            alone += usize::from(matches!(self.ping(first, 1)?, Heard::Answer { .. }));
        }
        Ok((alone >= ANSWERED_ALONE).then_some(false))
    }
}
