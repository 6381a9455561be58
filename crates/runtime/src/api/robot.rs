//! The robot as the local API knows it: what it is called, along what it is commanded, how it is.

use crate::api::leases::{CommandTrim, LeaseTable};
use crate::api::policies::PolicyShelf;
use crate::api::telemetry::{self, Beside};
use crate::robot::Mailbox;
use crate::robot::status::{Status, StatusSlot};
use gaitway_control::supervisor::CLEAR_STOP;
use gaitway_model::envelope::CommandEnvelope;
use gaitway_model::{Command, Contract, RobotProfile};
use gaitway_protocol::{AxisInfo, Code, Hello, Limit, PROTOCOL_VERSION, Refusal, ReplyBody, Topic, Trim};
use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A trim is this share of an axis's range at most: it puts right, and does not drive.
const TRIM_SHARE: f64 = 0.25;

/// A running robot, for its clients.
#[derive(Debug)]
pub struct ApiRobot {
    /// But for what the policy says.
    hello: Hello,
    policy: Mutex<OfPolicy>,
    pub(super) mailbox: Arc<Mailbox>,
    status: Arc<StatusSlot>,
    pub(super) policies: PolicyShelf,
    marks: Option<SyncSender<String>>,
}

/// What the contract of the policy that runs says.
#[derive(Debug)]
struct OfPolicy {
    contract: String,
    /// Least and most of each axis; of one that it lacks, nothing.
    ranges: Vec<Option<[f64; 2]>>,
    envelope: CommandEnvelope,
}

impl OfPolicy {
    fn new(contract: &Contract, axes: &[AxisInfo]) -> OfPolicy {
        let range = |axis: &AxisInfo| {
            let entry = contract.command.iter().find(|entry| entry.axis == axis.name)?;
            Some([entry.min, entry.max])
        };
        let names = axes.iter().map(|axis| axis.name.as_str());
        OfPolicy {
            contract: contract.name.clone(),
            ranges: axes.iter().map(range).collect(),
            envelope: CommandEnvelope::new(&contract.command, contract.policy_rate_hz, names),
        }
    }
}

impl ApiRobot {
    /// A robot of `profile` that runs a policy of `contract`, `loop_hz` ticks a second.
    pub fn new(
        profile: &RobotProfile,
        contract: &Contract,
        loop_hz: u32,
        mailbox: Arc<Mailbox>,
        status: Arc<StatusSlot>,
    ) -> ApiRobot {
        let axis = |axis: &gaitway_model::profile::CommandAxis| AxisInfo {
            name: axis.name.clone(),
            unit: axis.unit.clone(),
            min: None,
            max: None,
        };
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            robot: profile.name.clone(),
            title: profile.title.clone(),
            profile_sha256: profile.policy_sha256(),
            contract: String::new(),
            joints: profile.joints.iter().map(|joint| joint.name.clone()).collect(),
            contacts: profile.contacts.iter().map(|contact| contact.name.clone()).collect(),
            axes: profile.command_axes.iter().map(axis).collect(),
            loop_hz,
            clock_ns: 0,
        };
        let policy = Mutex::new(OfPolicy::new(contract, &hello.axes));
        let policies = PolicyShelf::default();
        ApiRobot { hello, policy, mailbox, status, policies, marks: None }
    }

    /// It runs a policy of this contract from now on.
    pub(super) fn runs(&self, contract: &Contract) {
        *self.policy() = OfPolicy::new(contract, &self.hello.axes);
    }

    fn policy(&self) -> MutexGuard<'_, OfPolicy> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Policies it can change to.
    #[must_use]
    pub fn with_policies(self, policies: PolicyShelf) -> ApiRobot {
        ApiRobot { policies, ..self }
    }

    /// Where marks go; without it nothing is recorded.
    #[must_use]
    pub fn with_marks(self, marks: Option<SyncSender<String>>) -> ApiRobot {
        ApiRobot { marks, ..self }
    }

    /// Nothing moves while the emergency stop is set.
    pub(super) fn refuse_while_stopped(&self) -> Result<(), Refusal> {
        if !self.mailbox.is_stopped() {
            return Ok(());
        }
        Err(Refusal::new(Code::Stopped, "the emergency stop is set", CLEAR_STOP))
    }

    /// Keeps the last minute.
    pub(super) fn mark(&self, text: &str) -> Result<(), Refusal> {
        let impossible = |message, hint| Refusal::new(Code::NotPossible, message, hint);
        let Some(marks) = &self.marks else {
            return Err(impossible("nothing is recorded", "start gaitwayd without --no-record"));
        };
        let full = |_| impossible("the recorder has marks enough for now", "try again in a second");
        marks.try_send(text.to_owned()).map_err(full)
    }

    pub(super) fn hello(&self, now_ns: u64) -> Hello {
        let policy = self.policy();
        let mut hello = Hello { clock_ns: now_ns, contract: policy.contract.clone(), ..self.hello.clone() };
        for (axis, range) in hello.axes.iter_mut().zip(&policy.ranges) {
            (axis.min, axis.max) = (range.map(|[min, _]| min), range.map(|[_, max]| max));
        }
        hello
    }

    /// Values by axis as a command of this robot.
    pub(super) fn command(&self, values: &BTreeMap<String, f64>) -> Result<Command, Refusal> {
        let mut command = Command::default();
        for (name, value) in values {
            let Some(index) = self.hello.axes.iter().position(|axis| axis.name == *name) else {
                return Err(self.unknown_axis(name));
            };
            command.values[index] = *value as f32;
        }
        Ok(command)
    }

    /// Offsets by axis as a trim of this robot.
    pub(super) fn trim(&self, axes: &BTreeMap<String, f64>, gait_speed: f64) -> Result<CommandTrim, Refusal> {
        let offset = Command { phase_factor_offset: gait_speed as f32, ..self.command(axes)? };
        let policy = self.policy();
        for ((axis, range), offset) in self.hello.axes.iter().zip(&policy.ranges).zip(offset.values) {
            let most = TRIM_SHARE * range.map_or(0.0, |[min, max]| max - min);
            if f64::from(offset.abs()) > most {
                let expected = format!("{most:.3} {} at most, a quarter of what the policy takes", axis.unit);
                return Err(Refusal::field(&format!("axes.{}", axis.name), &expected, offset));
            }
        }
        let mut trim = CommandTrim { offset, ..CommandTrim::default() };
        for (axis, is_velocity) in self.hello.axes.iter().zip(&mut trim.is_velocity) {
            *is_velocity = axis.unit.ends_with("/s");
        }
        Ok(trim)
    }

    fn trim_message(&self, trim: &Command) -> Trim {
        let axes = self.hello.axes.iter().zip(trim.values).filter(|(_, offset)| *offset != 0.0);
        let axes = axes.map(|(axis, offset)| (axis.name.clone(), offset)).collect();
        Trim { axes, gait_speed: trim.phase_factor_offset }
    }

    fn unknown_axis(&self, name: &str) -> Refusal {
        let known: Vec<&str> = self.hello.axes.iter().map(|axis| axis.name.as_str()).collect();
        let message = format!("axes.{name}: expected one of {}, found {name}", known.join(", "));
        let refusal =
            Refusal::new(Code::UnknownAxis, message, "hello lists the robot's axes and their units");
        Refusal { field: Some(format!("axes.{name}")), ..refusal }
    }

    /// What of a command the policy is not asked.
    pub(super) fn limits(&self, command: &Command) -> Vec<Limit> {
        let policy = self.policy();
        let limit = |clipped: gaitway_model::envelope::Clipped| {
            let mut known = self.hello.axes.iter().zip(&policy.ranges);
            let is_known = known.any(|(axis, range)| axis.name == clipped.axis && range.is_some());
            Limit {
                rule: if is_known { "range" } else { "not_in_contract" }.to_owned(),
                axis: clipped.axis,
                asked: f64::from(clipped.asked),
                allowed: f64::from(clipped.allowed),
            }
        };
        policy.envelope.clipped(command).into_iter().map(limit).collect()
    }

    /// How it was in its last tick; none before the first.
    pub(super) fn status(&self) -> Option<Status> {
        self.status.take()
    }

    /// A topic's message.
    pub(super) fn topic(&self, topic: Topic, status: &Status, leases: &LeaseTable, now_ns: u64) -> ReplyBody {
        match topic {
            Topic::Status => {
                let beside = Beside {
                    stopped: self.mailbox.is_stopped(),
                    lease_holder: leases.strongest(now_ns).map(str::to_owned),
                    trim: self.trim_message(leases.trim()),
                };
                ReplyBody::Status(Box::new(telemetry::status(&self.hello, status, beside, now_ns)))
            }
            Topic::Joints => ReplyBody::Joints {
                tick: status.tick,
                joints: status.joints.iter().map(telemetry::joint).collect(),
            },
        }
    }
}
