//! What the robot answers.

use crate::names::{Mode, Source};
use crate::refusal::Refusal;
use crate::telemetry::{JointStatus, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One message of the robot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    /// That of the request; none where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// What it says.
    #[serde(flatten)]
    pub body: ReplyBody,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplyBody {
    /// Which robot this is.
    Hello(Hello),
    /// The robot's clock.
    Clock(Clock),
    /// A lease was granted or renewed.
    Lease(LeaseGranted),
    /// What became of a command.
    Fate(CommandFate),
    /// It is done, or will be.
    Accepted(Accepted),
    /// It was not done.
    Refused(Refusal),
    /// The policies this robot has at hand.
    Policies {
        /// In the order of their names.
        policies: Vec<PolicyInfo>,
    },
    /// The topic `status`.
    Status(Box<Status>),
    /// The topic `joints`.
    Joints {
        /// The tick in which they stood so.
        tick: u64,
        /// In the order of `hello`.
        joints: Vec<JointStatus>,
    },
}

/// Which robot this is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// Version of the protocol.
    pub protocol: u32,
    /// Version of Gaitway.
    pub version: String,
    /// Name of the robot profile.
    pub robot: String,
    /// Its name for people.
    pub title: String,
    /// sha256 of the profile, as `gaitway robot show` prints it.
    pub profile_sha256: String,
    /// Name of the contract of the policy that runs.
    pub contract: String,
    /// Joints, in the order of every row.
    pub joints: Vec<String>,
    /// Contacts, in the order of every row.
    pub contacts: Vec<String>,
    /// Along what it can be commanded.
    pub axes: Vec<AxisInfo>,
    /// Ticks in a second.
    pub loop_hz: u32,
    /// The robot's clock now, ns.
    pub clock_ns: u64,
}

/// One command axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AxisInfo {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Least the policy was trained for; null for an axis it is never told.
    pub min: Option<f64>,
    /// Most the policy was trained for; null for an axis it is never told.
    pub max: Option<f64>,
}

/// A policy this robot has at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyInfo {
    /// Its name.
    pub name: String,
    /// Its file; null for one that `gaitwayd` carries.
    pub file: Option<String>,
    /// Whether it is the one that runs.
    pub runs: bool,
}

/// The robot's monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clock {
    /// Now, ns.
    pub clock_ns: u64,
}

/// Control for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeaseGranted {
    /// Its number, for commands.
    pub lease: u64,
    /// For whom.
    pub source: Source,
    /// Until when, on the robot's clock, ns.
    pub expires_ns: u64,
}

/// A request without an answer of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// The mode that is wanted from now on, where one was asked for: `stand` of a robot that may only stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommandFate {
    /// Its sequence number.
    pub sequence: u64,
    /// Whether the robot follows it.
    pub fate: Fate,
    /// What of it the policy is not asked, and why.
    pub limits: Vec<Limit>,
}

/// Whether the robot follows a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It does.
    Followed,
    /// Somebody stronger has control.
    Overridden,
    /// The robot does not run its policy now.
    NotRunning,
}

/// What of a value is not asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// The rule: `range` of the policy's contract, or `not_in_contract`.
    pub rule: String,
    /// The axis.
    pub axis: String,
    /// What was asked.
    pub asked: f64,
    /// What the policy is asked.
    pub allowed: f64,
}

impl ReplyBody {
    /// It is done, and there is nothing more to say.
    pub fn done() -> ReplyBody {
        ReplyBody::Accepted(Accepted { mode: None })
    }
}

impl Reply {
    /// An answer.
    pub fn new(id: Option<u64>, body: ReplyBody) -> Reply {
        Reply { id, body }
    }

    /// The message as a line.
    pub fn to_line(&self) -> String {
        // Numbers that are not known are null, so that every one that is written is finite: this cannot fail.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    /// Reads a line of a robot. Fields this version does not know are passed over.
    ///
    /// # Errors
    /// A line that is no message.
    pub fn from_line(line: &[u8]) -> Result<Reply, serde_json::Error> {
        serde_json::from_slice(line)
    }
}
