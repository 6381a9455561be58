//! The same bytes without a driver: what a pseudo-terminal and the kernel's wake-ups cost by themselves.

use gaitway_feetech::bus::ServoBus;
use gaitway_feetech::error::BusError;
use gaitway_platform::clock::Clock;
use gaitway_platform::port::{Port, PortError};

/// Before the answers can be complete the port is looked at without pause from this time on, ns.
const EARLY_NS: u64 = 100_000;
/// Answers that are not complete so long after the request, ns, are given up.
const PATIENCE_NS: u64 = 20_000_000;
/// Statuses of position and velocity, bytes each.
const STATUS_BYTES: usize = 10;

/// A request and goals that were made once, and how many bytes answer the former.
#[derive(Debug)]
pub(super) struct BareBus {
    request: Vec<u8>,
    goals: Vec<u8>,
    answer_bytes: usize,
    wire_ns: u64,
}

impl BareBus {
    /// The driver's own frames.
    pub fn new(bus: &mut ServoBus, goal_rad: &[f32]) -> Result<BareBus, BusError> {
        let count = bus.servos().len();
        let request = bus.begin_read(0, u64::MAX).to_vec();
        let goals = bus.write_goals(goal_rad, &vec![true; count])?.to_vec();
        let answer_bytes = STATUS_BYTES * count;
        Ok(BareBus {
            wire_ns: bus.link().wire_ns(request.len() + answer_bytes),
            request,
            goals,
            answer_bytes,
        })
    }

    /// Asks, and waits for as many bytes as all servos answer with; returns how many servos those are of.
    pub fn read(&self, port: &mut impl Port, clock: &impl Clock) -> Result<u64, PortError> {
        let start_ns = clock.now_ns();
        send(port, &self.request)?;
        clock.wait_until(start_ns + self.wire_ns.saturating_sub(EARLY_NS));
        let (mut chunk, mut count) = ([0; 512], 0);
        while count < self.answer_bytes && clock.now_ns() < start_ns + PATIENCE_NS {
            count += port.read(&mut chunk)?;
        }
        Ok((count / STATUS_BYTES) as u64)
    }

    /// Hands the goals over.
    pub fn tell(&self, port: &mut impl Port) -> Result<(), PortError> {
        send(port, &self.goals)
    }
}

/// The frames fit into any port's buffer; what did not would show as servos that were not read.
fn send(port: &mut impl Port, bytes: &[u8]) -> Result<(), PortError> {
    port.write(bytes).map(|_| ())
}
