//! The servo bus: bytes in with their time, bytes out with theirs.

use crate::codec::RequestParser;
use crate::error::TwinError;
use crate::exchange::{Exchange, WireBytes};
use crate::fault_run::Faults;
use crate::faults::{Applied, Fault, FaultPlan, RequestFault};
use crate::motor::JointState;
use crate::options::{BusOptions, check_baud};
use crate::registers::ID;
use crate::servo::Servo;
use crate::turns::Turns;
use crate::wire::Wire;

/// Heat, load and supply are computed at multiples of this, ns: the unit of the servo's protection times.
const MODEL_STEP_NS: u64 = 10_000_000;
/// Where nothing happens for longer than this, one step covers it all, ns.
const LONG_GAP_NS: u64 = 10_000_000_000;

/// Servos on one half-duplex wire, emulated to the byte and the nanosecond.
///
/// Every call brings the bus up to its time first; a time before the last one counts as the last one. What the host
/// reads depends on the calls that change something (writes, joints, faults) and their times, not on how often
/// anybody looks, as long as somebody does every ten seconds.
#[derive(Debug, Clone)]
pub struct ServoBus {
    pub(crate) options: BusOptions,
    pub(crate) servos: Vec<Servo>,
    pub(crate) wire: Wire,
    pub(crate) faults: Faults,
    pub(crate) turns: Option<Turns>,
    /// Time the wire was quiet because a servo was about to answer, ns.
    pub(crate) waiting_ns: u64,
    pub(crate) now_ns: u64,
    parser: RequestParser,
    heard_ns: u64,
    modelled_ns: u64,
    sag_v: f64,
    is_plugged: bool,
    has_echo: bool,
    /// Of a sync read only the first servo answers.
    pub(crate) is_first_only: bool,
}

/// What happens next. At the same time, the earlier in this list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Fault,
    Model,
    HostByte,
    ServoByte,
    Turn,
}

impl ServoBus {
    /// A bus of factory-new servos with these ids, limp, at time 0.
    pub fn new(options: BusOptions, ids: &[u8], plan: FaultPlan) -> Result<ServoBus, TwinError> {
        options.check()?;
        if let Some(servo) = ids.iter().position(|&id| id > 253) {
            return Err(TwinError::Id { servo, found: ids[servo] });
        }
        let faults = Faults::new(plan, ids.len())?;
        Ok(ServoBus {
            servos: ids.iter().map(|&id| Servo::new(id, options.servo, options.supply_v)).collect(),
            wire: Wire::new(&options),
            faults,
            turns: None,
            waiting_ns: 0,
            now_ns: 0,
            parser: RequestParser::default(),
            heard_ns: 0,
            modelled_ns: 0,
            sag_v: 0.0,
            is_plugged: true,
            has_echo: false,
            is_first_only: false,
            options,
        })
    }

    /// The host writes; returns how many bytes were taken. As with a terminal, what exceeds the buffer of 4096 bytes
    /// is not; nothing is while the bus is unplugged.
    pub fn host_writes(&mut self, now_ns: u64, bytes: &[u8]) -> usize {
        self.advance(now_ns);
        let taken = bytes.len().min(self.wire.room());
        if !self.is_plugged || taken == 0 {
            return 0;
        }
        let mut bytes = bytes[..taken].to_vec();
        let fault = self.faults.strike_request(self.now_ns);
        if let Some(RequestFault::Corrupted { bits }) = fault {
            self.faults.flip(&mut bytes, bits);
        }
        self.wire.send_from_host(self.now_ns, &bytes, fault == Some(RequestFault::Lost));
        taken
    }

    /// Everything that has reached the host by now and was not read yet. Unread bytes beyond 4096 are lost.
    pub fn host_reads(&mut self, now_ns: u64) -> Vec<u8> {
        self.advance(now_ns);
        self.wire.take_arrived(self.now_ns)
    }

    /// When the next byte is through the wire or reaches the host, or the next servo's turn comes, ns. Until then
    /// nothing changes for the host unless it writes. Faults by the clock do not count.
    pub fn next_event_ns(&self) -> Option<u64> {
        [self.next_arrival_ns(), self.next_on_the_wire_ns()].into_iter().flatten().min()
    }

    /// When the host may read the next byte that is through the wire, ns.
    pub fn next_arrival_ns(&self) -> Option<u64> {
        self.wire.next_arrival_ns()
    }

    fn next_on_the_wire_ns(&self) -> Option<u64> {
        let turn_ns = self.turns.as_ref().map(|turns| turns.at_ns);
        [self.wire.next_from_host_ns(), self.wire.next_from_servo_ns(), turn_ns].into_iter().flatten().min()
    }

    /// Brings the bus up to a time.
    pub fn advance(&mut self, now_ns: u64) {
        let until_ns = now_ns.max(self.now_ns);
        while let Some((at_ns, event)) = self.next_event().filter(|&(at_ns, _)| at_ns <= until_ns) {
            // A fault may be scheduled for a time before the bus was first called.
            self.now_ns = at_ns.max(self.now_ns);
            match event {
                Event::Fault => {
                    if let Some(fault) = self.faults.take_next() {
                        self.apply(fault);
                    }
                }
                Event::Model => self.step_models(until_ns),
                Event::HostByte => self.host_byte(),
                Event::ServoByte => self.wire.deliver_from_servo(&mut self.faults.random, self.is_plugged),
                Event::Turn => self.take_turn(),
            }
        }
        self.now_ns = until_ns;
    }

    /// What the joints do at this time, in the order of the servos.
    pub fn set_joints(&mut self, now_ns: u64, joints: &[JointState]) {
        self.advance(now_ns);
        for (servo, &joint) in self.servos.iter_mut().zip(joints) {
            servo.set_joint(joint);
        }
    }

    /// Something goes wrong now.
    pub fn inject(&mut self, now_ns: u64, fault: Fault) -> Result<(), TwinError> {
        fault.check(self.servos.len())?;
        self.advance(now_ns);
        self.apply(fault);
        Ok(())
    }

    /// The servos, in the order of their ids at the start, as of the last call.
    pub fn servos(&self) -> &[Servo] {
        &self.servos
    }

    /// The servos, to prepare them.
    pub fn servos_mut(&mut self) -> &mut [Servo] {
        &mut self.servos
    }

    /// The host talks at another rate; servos with another one do not understand it.
    pub fn set_baud(&mut self, now_ns: u64, baud: u32) -> Result<(), TwinError> {
        check_baud(baud)?;
        self.advance(now_ns);
        self.options.baud = baud;
        self.wire.set_baud(baud);
        Ok(())
    }

    /// Time the wire has carried bits, ns.
    pub fn busy_ns(&self) -> u64 {
        self.wire.busy_ns
    }

    /// Time the wire was quiet because a servo was about to answer: return delays, late answers and the slots of
    /// silent servos, ns. No host can use it.
    pub fn waiting_ns(&self) -> u64 {
        self.waiting_ns
    }

    /// Bytes the wire has carried.
    pub fn wire_bytes(&self) -> WireBytes {
        self.wire.bytes
    }

    /// The last exchanges, the oldest first, as many as the options keep; an answer that is still to come is in
    /// none.
    pub fn take_exchanges(&mut self) -> Vec<Exchange> {
        self.wire.exchanges.take()
    }

    /// Whether the host's end is in; a device file would be gone while it is not.
    pub fn is_plugged(&self) -> bool {
        self.is_plugged
    }

    /// Faults that struck since the log was last taken, 65,536 at most.
    pub fn take_fault_log(&mut self) -> Vec<Applied> {
        self.faults.take_log()
    }

    /// All faults that ever struck.
    pub fn fault_count(&self) -> u64 {
        self.faults.count()
    }

    fn next_event(&self) -> Option<(u64, Event)> {
        let model_ns = self.modelled_ns.checked_add(MODEL_STEP_NS);
        [
            self.faults.next_ns().map(|at_ns| (at_ns, Event::Fault)),
            model_ns.map(|at_ns| (at_ns, Event::Model)),
            self.wire.next_from_host_ns().map(|at_ns| (at_ns, Event::HostByte)),
            self.wire.next_from_servo_ns().map(|at_ns| (at_ns, Event::ServoByte)),
            self.turns.as_ref().map(|turns| (turns.at_ns, Event::Turn)),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn host_byte(&mut self) {
        // A frame that was broken off long ago must not swallow the beginning of this one.
        if self.now_ns - self.heard_ns > self.options.frame_gap_ns {
            self.parser.clear();
        }
        self.heard_ns = self.now_ns;
        if let Some(byte) = self.wire.take_from_host(&mut self.faults.random) {
            if self.has_echo && self.is_plugged {
                self.wire.echo(self.now_ns, byte);
            }
            self.parser.push(byte);
            while let Some(request) = self.parser.next_request() {
                self.serve(&request);
            }
        }
    }

    fn step_models(&mut self, until_ns: u64) {
        let others = [self.faults.next_ns(), self.next_on_the_wire_ns()].into_iter().flatten();
        let quiet_until_ns = others.fold(until_ns, u64::min);
        let gap_ns = quiet_until_ns.saturating_sub(self.modelled_ns);
        let dt_ns = if gap_ns > LONG_GAP_NS { gap_ns } else { MODEL_STEP_NS };
        self.modelled_ns += dt_ns;
        self.step_servos(dt_ns);
    }

    fn step_servos(&mut self, dt_ns: u64) {
        let current_a: f64 = self.servos.iter().map(Servo::supply_current_a).sum();
        let supply_v = (self.options.supply_v - self.sag_v - self.options.supply_ohm * current_a).max(0.0);
        for servo in &mut self.servos {
            servo.step(dt_ns, supply_v);
        }
    }

    fn apply(&mut self, fault: Fault) {
        let now_ns = self.now_ns;
        match fault {
            // These strike a packet, and are written into the log when they do.
            Fault::Reply { servo, fault } => return self.faults.wait_for_reply(servo, fault),
            Fault::Request(fault) => return self.faults.wait_for_request(fault),
            Fault::Silent { servo, later } => self.servos[servo].set_silence(Some(later)),
            Fault::Speaks { servo } => self.servos[servo].set_silence(None),
            Fault::SwapIds { first, second } => {
                let (one, other) = (self.servos[first].id(), self.servos[second].id());
                self.servos[first].registers_mut().store(ID, u16::from(other));
                self.servos[second].registers_mut().store(ID, u16::from(one));
            }
            Fault::Setting { servo, register, value } => {
                self.servos[servo].registers_mut().store(register, value);
            }
            Fault::Shows { servo, register, value } => self.servos[servo].show_instead(register, value),
            Fault::PositionOff { servo, steps } => self.servos[servo].set_position_off(steps),
            Fault::SetId { servo, id } => self.servos[servo].registers_mut().store(ID, u16::from(id)),
            Fault::Reset { servo } => self.servos[servo].power_cycle(now_ns),
            Fault::Overload { servo } => self.servos[servo].force_overload(),
            Fault::OverTemperature { servo } => self.servos[servo].overheat(),
            Fault::Sag { drop_v } => {
                self.sag_v = drop_v;
                self.step_servos(0);
            }
            Fault::Unplug => {
                self.is_plugged = false;
                self.wire.unplug(now_ns);
            }
            Fault::Replug => self.is_plugged = true,
            Fault::Echo => self.has_echo = true,
            Fault::BulkFirst => self.is_first_only = true,
        }
        self.faults.record(now_ns, fault);
    }
}
