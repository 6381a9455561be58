//! What clients ask.

use crate::limits::{
    LEASE_SECONDS, MAX_AXES, MAX_GAIT_TRIM, MAX_LINE_BYTES, MAX_RATE_HZ, MIN_RATE_HZ, PROTOCOL_VERSION,
};
use crate::names::{Mode, Source, Topic};
use crate::refusal::{Code, Refusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Kinds, for the refusal of one that is none.
const KINDS: [&str; 13] = [
    "hello",
    "clock",
    "subscribe",
    "lease",
    "release",
    "command",
    "mode",
    "stop",
    "clear_stop",
    "policies",
    "policy",
    "trim",
    "mark",
];
/// Longest name of a client, bytes.
const MAX_NAME_BYTES: usize = 64;
/// Longest text of a mark, bytes.
const MAX_TEXT_BYTES: usize = 200;

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Request {
    /// The answer has the same; without one it is not said that something was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// What is asked.
    #[serde(flatten)]
    pub ask: Ask,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Who calls; the first request of every connection.
    Hello {
        /// Version of the protocol the client speaks.
        protocol: u32,
        /// Name of the client, for the robot's log.
        client: String,
    },
    /// The robot's clock, by which deadlines are told.
    Clock {},
    /// Topics the client wants from now on; none ends it.
    Subscribe {
        /// Topics.
        topics: Vec<Topic>,
        /// How often each comes, Hz.
        rate_hz: f64,
    },
    /// Control of the robot for a while, or for a while longer.
    Lease {
        /// Who asks.
        source: Source,
        /// For how long, s.
        seconds: f64,
        /// The lease that is renewed; a new one, or the one it has, if null.
        #[serde(default)]
        lease: Option<u64>,
    },
    /// Gives control up.
    Release {
        /// The lease.
        lease: u64,
    },
    /// A command; what it does not name is zero.
    Command {
        /// The lease under which it is given.
        lease: u64,
        /// Greater than that of every command before it under this lease.
        sequence: u64,
        /// Until when it holds, on the robot's clock, ns.
        deadline_ns: u64,
        /// Values by axis, in the axis's unit.
        axes: BTreeMap<String, f64>,
    },
    /// What the robot shall do; every mode but limp needs a lease.
    Mode {
        /// The mode.
        mode: Mode,
        /// The lease.
        #[serde(default)]
        lease: Option<u64>,
    },
    /// The emergency stop: limp at once. It needs no lease.
    Stop {},
    /// Clears the emergency stop.
    ClearStop {},
    /// The policies this robot has at hand.
    Policies {},
    /// Runs another policy from now on. The robot must be limp; `gaitwayd` starts again, and every connection ends.
    Policy {
        /// Its name, as `policies` lists it.
        name: String,
        /// The lease.
        lease: u64,
    },
    /// What is added to every command that moves, of whoever gives it, until `gaitwayd` ends. It replaces the trim
    /// before it.
    Trim {
        /// The lease.
        lease: u64,
        /// Offsets by axis, in the axis's unit.
        #[serde(default)]
        axes: BTreeMap<String, f64>,
        /// What is added to the gait's speed; 0.1 is ten percent faster.
        #[serde(default)]
        gait_speed: f64,
    },
    /// Keeps the last minute as a recording of its own.
    Mark {
        /// What was seen, for who reads the recording.
        text: String,
    },
}

impl Request {
    /// Reads a line, and checks every field that can be checked without a robot.
    ///
    /// # Errors
    /// The refusal to answer with, and the request's id where it could be read.
    pub fn from_line(line: &[u8]) -> Result<Request, (Option<u64>, Refusal)> {
        let mut object = object(line).map_err(|refusal| (None, refusal))?;
        if object.get("kind").and_then(Value::as_str) == Some("stop") {
            // Whatever else it says: a stop of a newer client, or a careless one, stops too.
            return Ok(Request { id: object.get("id").and_then(Value::as_u64), ask: Ask::Stop {} });
        }
        let id = match object.remove("id") {
            None | Some(Value::Null) => None,
            Some(id) => {
                let number =
                    id.as_u64().ok_or_else(|| (None, Refusal::field("id", "a whole number", &id)))?;
                Some(number)
            }
        };
        ask(object).map(|ask| Request { id, ask }).map_err(|refusal| (id, refusal))
    }

    /// The request as a line.
    pub fn to_line(&self) -> String {
        // No map here has a key that is no string, and no number is not finite: this cannot fail.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

fn object(line: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let hint = "a request is one line with one JSON object, as in {\"kind\": \"stop\"}";
    if line.len() > MAX_LINE_BYTES {
        let found = format!("expected a line of at most {MAX_LINE_BYTES} bytes, found a longer one");
        return Err(Refusal::new(Code::BadMessage, found, hint));
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::new(Code::BadMessage, "expected a JSON object, found another value", hint)),
        Err(error) => Err(Refusal::new(Code::BadMessage, format!("expected JSON: {error}"), hint)),
    }
}

fn ask(object: Map<String, Value>) -> Result<Ask, Refusal> {
    let kind = match object.get("kind") {
        Some(Value::String(kind)) => kind.clone(),
        Some(other) => return Err(Refusal::field("kind", "a string", other)),
        None => return Err(Refusal::field("kind", "one of the requests", "none")),
    };
    if !KINDS.contains(&kind.as_str()) {
        let message = format!("kind: expected one of {}, found {kind:?}", KINDS.join(", "));
        let hint = "a robot of another version may know more: ask it with hello";
        return Err(Refusal {
            field: Some("kind".to_owned()),
            ..Refusal::new(Code::UnknownKind, message, hint)
        });
    }
    let ask: Ask = serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { &kind } else { &path };
        Refusal {
            code: Code::BadField,
            field: Some(field.clone()),
            message: format!("{field}: {}", error.inner()),
            hint: "docs/local-api.md lists the fields of every request".to_owned(),
        }
    })?;
    check(&ask)?;
    Ok(ask)
}

fn check(ask: &Ask) -> Result<(), Refusal> {
    match ask {
        Ask::Hello { protocol, client } => check_hello(*protocol, client),
        Ask::Subscribe { rate_hz, .. } => within("rate_hz", *rate_hz, &(MIN_RATE_HZ..=MAX_RATE_HZ), "Hz"),
        Ask::Lease { seconds, .. } => within("seconds", *seconds, &LEASE_SECONDS, "s"),
        Ask::Command { axes, .. } => check_axes(axes),
        Ask::Trim { axes, gait_speed, .. } => {
            check_axes(axes)?;
            within("gait_speed", *gait_speed, &MAX_GAIT_TRIM, "")
        }
        Ask::Policy { name, .. } => check_text("name", name, 1..=MAX_NAME_BYTES),
        Ask::Mark { text } => check_text("text", text, 0..=MAX_TEXT_BYTES),
        _ => Ok(()),
    }
}

fn check_hello(protocol: u32, client: &str) -> Result<(), Refusal> {
    if protocol != PROTOCOL_VERSION {
        let message = format!("protocol: expected {PROTOCOL_VERSION}, found {protocol}");
        let hint = "update the older of the two, robot or client";
        return Err(Refusal {
            field: Some("protocol".to_owned()),
            ..Refusal::new(Code::OtherVersion, message, hint)
        });
    }
    check_text("client", client, 1..=MAX_NAME_BYTES)
}

/// Text goes to logs and terminals.
fn check_text(field: &str, text: &str, bytes: RangeInclusive<usize>) -> Result<(), Refusal> {
    if bytes.contains(&text.len()) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let expected = format!("{} to {} bytes without control characters", bytes.start(), bytes.end());
    Err(Refusal::field(field, &expected, format!("{} bytes", text.len())))
}

fn check_axes(axes: &BTreeMap<String, f64>) -> Result<(), Refusal> {
    if axes.len() > MAX_AXES {
        return Err(Refusal::field("axes", &format!("at most {MAX_AXES} of them"), axes.len()));
    }
    // What no 32-bit number holds would reach the policy as infinite.
    match axes.iter().find(|(_, value)| !(**value as f32).is_finite()) {
        Some((axis, value)) => Err(Refusal::field(&format!("axes.{axis}"), "a number below 3.4e38", value)),
        None => Ok(()),
    }
}

fn within(field: &str, value: f64, range: &RangeInclusive<f64>, unit: &str) -> Result<(), Refusal> {
    if range.contains(&value) {
        return Ok(());
    }
    let expected = format!("{} to {} {unit}", range.start(), range.end());
    Err(Refusal::field(field, &expected, value))
}
