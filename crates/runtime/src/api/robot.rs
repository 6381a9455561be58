//! The robot as the local API knows it: what it is called, along what it is commanded, how it is.

use crate::api::telemetry;
use crate::robot::Mailbox;
use crate::robot::status::{Status, StatusSlot};
use gaitway_model::envelope::CommandEnvelope;
use gaitway_model::{Command, Contract, RobotProfile};
use gaitway_protocol::{AxisInfo, Code, Hello, Limit, PROTOCOL_VERSION, Refusal, ReplyBody, Topic};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A running robot, for its clients.
#[derive(Debug)]
pub struct ApiRobot {
    hello: Hello,
    envelope: CommandEnvelope,
    pub(super) mailbox: Arc<Mailbox>,
    status: Arc<StatusSlot>,
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
        let of_contract = |name: &str| contract.command.iter().find(|axis| axis.axis == name);
        let axis = |axis: &gaitway_model::profile::CommandAxis| AxisInfo {
            name: axis.name.clone(),
            unit: axis.unit.clone(),
            min: of_contract(&axis.name).map(|axis| axis.min),
            max: of_contract(&axis.name).map(|axis| axis.max),
        };
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            robot: profile.name.clone(),
            title: profile.title.clone(),
            profile_sha256: profile.policy_sha256(),
            contract: contract.name.clone(),
            joints: profile.joints.iter().map(|joint| joint.name.clone()).collect(),
            contacts: profile.contacts.iter().map(|contact| contact.name.clone()).collect(),
            axes: profile.command_axes.iter().map(axis).collect(),
            loop_hz,
            clock_ns: 0,
        };
        let names = profile.command_axes.iter().map(|axis| axis.name.as_str());
        let envelope = CommandEnvelope::new(&contract.command, contract.policy_rate_hz, names);
        ApiRobot { hello, envelope, mailbox, status }
    }

    pub(super) fn hello(&self, now_ns: u64) -> Hello {
        Hello { clock_ns: now_ns, ..self.hello.clone() }
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

    fn unknown_axis(&self, name: &str) -> Refusal {
        let known: Vec<&str> = self.hello.axes.iter().map(|axis| axis.name.as_str()).collect();
        let message = format!("axes.{name}: expected one of {}, found {name}", known.join(", "));
        let refusal =
            Refusal::new(Code::UnknownAxis, message, "hello lists the robot's axes and their units");
        Refusal { field: Some(format!("axes.{name}")), ..refusal }
    }

    /// What of a command the policy is not asked.
    pub(super) fn limits(&self, command: &Command) -> Vec<Limit> {
        let limit = |clipped: gaitway_model::envelope::Clipped| {
            let is_known = self.hello.axes.iter().any(|axis| axis.name == clipped.axis && axis.min.is_some());
            Limit {
                rule: if is_known { "range" } else { "not_in_contract" }.to_owned(),
                axis: clipped.axis,
                asked: f64::from(clipped.asked),
                allowed: f64::from(clipped.allowed),
            }
        };
        self.envelope.clipped(command).into_iter().map(limit).collect()
    }

    /// How it was in its last tick; none before the first.
    pub(super) fn status(&self) -> Option<Status> {
        self.status.take()
    }

    /// A topic's message.
    pub(super) fn topic(&self, topic: Topic, status: &Status, now_ns: u64) -> ReplyBody {
        match topic {
            Topic::Status => {
                ReplyBody::Status(telemetry::status(&self.hello, status, self.mailbox.is_stopped(), now_ns))
            }
            Topic::Joints => ReplyBody::Joints {
                tick: status.tick,
                joints: status.joints.iter().map(telemetry::joint).collect(),
            },
        }
    }
}
