//! Faults by seed and schedule: what can go wrong. `fault_run` lets it.

use crate::error::TwinError;
use crate::options::LaterServos;
use crate::registers::Register;

/// How far [`Fault::OverTemperature`] puts a servo above its limit, K.
pub(crate) const OVERHEAT_K: f64 = 5.0;

/// Something that goes wrong. Servos are counted from 0, in the order the bus was given them, whatever their ids.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The servo's next answer suffers this.
    Reply {
        /// Whose answer.
        servo: usize,
        /// What happens to it.
        fault: ReplyFault,
    },
    /// The host's next write suffers this.
    Request(RequestFault),
    /// The servo obeys and does not answer.
    Silent {
        /// Which servo.
        servo: usize,
        /// What the servos after it in a sync read do.
        later: LaterServos,
    },
    /// A silent servo answers again.
    Speaks {
        /// Which servo.
        servo: usize,
    },
    /// Two servos exchange their ids.
    SwapIds {
        /// One.
        first: usize,
        /// The other.
        second: usize,
    },
    /// A servo gets another id; where somebody has it already, both answer at once and garble each other.
    SetId {
        /// Which servo.
        servo: usize,
        /// Its new id.
        id: u8,
    },
    /// A register of the servo holds another value, saved where it is a setting: how somebody else left it.
    Setting {
        /// Which servo.
        servo: usize,
        /// Which register.
        register: Register,
        /// What it holds, raw.
        value: u16,
    },
    /// The servo's power goes and comes back: torque off, EEPROM as saved, deaf while it boots.
    Reset {
        /// Which servo.
        servo: usize,
    },
    /// The servo's overload protection trips.
    Overload {
        /// Which servo.
        servo: usize,
    },
    /// The servo is 5 K hotter than it may be.
    OverTemperature {
        /// Which servo.
        servo: usize,
    },
    /// A register of the servo shows another value from now on, whatever it measures, until its power goes.
    Shows {
        /// Which servo.
        servo: usize,
        /// Which register.
        register: Register,
        /// What it shows, raw.
        value: u16,
    },
    /// The servo's position reads so many steps further, as after a wrong offset or with a turn too many.
    PositionOff {
        /// Which servo.
        servo: usize,
        /// How many steps; 0 ends it.
        steps: i32,
    },
    /// The supply drops by so much, and stays there.
    Sag {
        /// How much, V; 0 ends the sag, and less than 0 is a supply that is too high.
        drop_v: f64,
    },
    /// The host's end comes off: what is under way is lost. The servos keep their power and their goals.
    Unplug,
    /// The host's end is back.
    Replug,
    /// The host hears its own bytes from now on: an adaptor that does not keep the two directions apart.
    Echo,
    /// Of a sync read only the first servo answers from now on.
    BulkFirst,
}

/// What happens to one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyFault {
    /// The wire carries it, the host gets none of it.
    Lost,
    /// The host gets its first bytes only.
    Cut {
        /// How many; at most all but one.
        keep_bytes: usize,
    },
    /// Bits flip.
    Corrupted {
        /// How many. One is always found by the checksum; more may cancel.
        bits: u32,
    },
    /// It begins later, and so does every answer after it.
    Late {
        /// By how much, ns.
        by_ns: u64,
    },
    /// It is sent twice.
    Duplicated,
}

/// What happens to one write of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFault {
    /// No servo hears it.
    Lost,
    /// Bits flip.
    Corrupted {
        /// How many.
        bits: u32,
    },
}

/// Share of the packets that suffer each fault, 0 to 1. One packet suffers one at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultRates {
    /// Answers lost.
    pub lost: f64,
    /// Answers cut, anywhere.
    pub cut: f64,
    /// Answers with flipped bits.
    pub corrupted: f64,
    /// Answers late.
    pub late: f64,
    /// Answers sent twice.
    pub duplicated: f64,
    /// Writes of the host lost.
    pub request_lost: f64,
    /// Writes of the host with flipped bits.
    pub request_corrupted: f64,
    /// How late, ns.
    pub late_by_ns: u64,
    /// How many bits flip.
    pub corrupted_bits: u32,
}

impl Default for FaultRates {
    fn default() -> FaultRates {
        FaultRates {
            lost: 0.0,
            cut: 0.0,
            corrupted: 0.0,
            late: 0.0,
            duplicated: 0.0,
            request_lost: 0.0,
            request_corrupted: 0.0,
            late_by_ns: 2_000_000,
            corrupted_bits: 1,
        }
    }
}

/// All that will go wrong on a bus. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultPlan {
    /// Decides which packets suffer, which bits flip, and how bytes garble.
    pub seed: u64,
    /// Faults by chance.
    pub rates: FaultRates,
    /// Faults by the clock: when, ns, and what; in any order.
    pub schedule: Vec<(u64, Fault)>,
}

/// A fault that struck.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// When, ns.
    pub at_ns: u64,
    /// What. A fault by chance is written as the one that would have done the same.
    pub fault: Fault,
}

impl FaultRates {
    /// Refuses what is no share of a whole.
    pub(crate) fn check(&self) -> Result<(), TwinError> {
        let replies = [
            ("lost", self.lost),
            ("cut", self.cut),
            ("corrupted", self.corrupted),
            ("late", self.late),
            ("duplicated", self.duplicated),
        ];
        let requests = [("request_lost", self.request_lost), ("request_corrupted", self.request_corrupted)];
        for (packets, rates) in [("reply", &replies[..]), ("request", &requests[..])] {
            if let Some(&(rate, found)) = rates.iter().find(|(_, rate)| !(0.0..=1.0).contains(rate)) {
                return Err(TwinError::Rate { rate, found });
            }
            let found: f64 = rates.iter().map(|(_, rate)| rate).sum();
            if found > 1.0 {
                return Err(TwinError::RatesSum { packets, found });
            }
        }
        Ok(())
    }
}

impl Fault {
    /// Refuses a fault for a servo that a bus of `servos` does not have.
    pub fn check(&self, servos: usize) -> Result<(), TwinError> {
        let named = match *self {
            Fault::Reply { servo, .. }
            | Fault::Silent { servo, .. }
            | Fault::Speaks { servo }
            | Fault::SetId { servo, .. }
            | Fault::Setting { servo, .. }
            | Fault::Shows { servo, .. }
            | Fault::PositionOff { servo, .. }
            | Fault::Reset { servo }
            | Fault::Overload { servo }
            | Fault::OverTemperature { servo } => servo,
            Fault::SwapIds { first, second } => first.max(second),
            Fault::Sag { drop_v } if !drop_v.is_finite() => {
                return Err(TwinError::FaultSag { found: drop_v });
            }
            Fault::Request(_) | Fault::Sag { .. } => return Ok(()),
            Fault::Unplug | Fault::Replug | Fault::Echo | Fault::BulkFirst => return Ok(()),
        };
        if named < servos {
            return Ok(());
        }
        Err(TwinError::FaultServo { fault: format!("{self:?}"), found: named, servos })
    }
}
