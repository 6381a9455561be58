//! Text of a file that goes to terminals: without what a terminal would obey.

use serde::Serialize;

/// The first control character in any text of `value` but for ends of lines and tabs, as it would be written.
pub(crate) fn first_control(value: &impl Serialize) -> Option<String> {
    let json = serde_json::to_value(value).ok()?;
    find(&json).map(|control| control.escape_unicode().to_string())
}

fn find(value: &serde_json::Value) -> Option<char> {
    let in_text = |text: &str| text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    match value {
        serde_json::Value::String(text) => in_text(text),
        serde_json::Value::Array(values) => values.iter().find_map(find),
        serde_json::Value::Object(entries) => {
            entries.iter().find_map(|(key, value)| in_text(key).or_else(|| find(value)))
        }
        _ => None,
    }
}
