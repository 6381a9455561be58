//! The messages as a JSON schema, for clients in other languages.

use crate::reply::Reply;
use crate::request::Request;
use schemars::{JsonSchema, schema_for};

/// Every message, by who says it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Messages {
    /// What clients say.
    request: Request,
    /// What the robot says.
    reply: Reply,
}

/// The published JSON schema, as text.
pub fn json_schema() -> String {
    let mut text = serde_json::to_string_pretty(&schema_for!(Messages)).unwrap_or_default();
    text.push('\n');
    text
}
