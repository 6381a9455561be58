//! Why something was not done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Reasons, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A line that is no JSON object, or too long.
    BadMessage,
    /// A `kind` that nobody knows.
    UnknownKind,
    /// A field that is missing, unknown, or out of range.
    BadField,
    /// The client has not said `hello`.
    NoHello,
    /// The client speaks another version.
    OtherVersion,
    /// Too many requests in a second.
    TooFast,
    /// Too many clients.
    TooManyClients,
    /// No lease, or one that has ended.
    NoLease,
    /// Somebody else has the lease.
    LeaseHeld,
    /// An axis the robot lacks.
    UnknownAxis,
    /// A deadline that has passed, or a sequence number that is not newer.
    TooLate,
    /// The emergency stop is set.
    Stopped,
    /// Only somebody at the robot may do this.
    OnlyAtTheRobot,
    /// The robot cannot do this as it runs now.
    NotPossible,
}

/// Something that was not done, and why.
#[derive(Debug, Clone, PartialEq, Error, Serialize, Deserialize, JsonSchema)]
#[error("{message}")]
pub struct Refusal {
    /// Why, for programs.
    pub code: Code,
    /// Where in the request: a field, as in `axes.vx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was expected and what was found, for people.
    pub message: String,
    /// What can be done about it.
    pub hint: String,
}

impl Refusal {
    /// A refusal of a whole request.
    pub fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Refusal {
        Refusal { code, field: None, message: message.into(), hint: hint.into() }
    }

    /// A field that is not as it must be.
    pub fn field(field: &str, expected: &str, found: impl std::fmt::Display) -> Refusal {
        Refusal {
            code: Code::BadField,
            field: Some(field.to_owned()),
            message: format!("{field}: expected {expected}, found {found}"),
            hint: "docs/local-api.md lists the fields of every request".to_owned(),
        }
    }
}
