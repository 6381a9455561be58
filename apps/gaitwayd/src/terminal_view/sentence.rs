//! Lines of the log in words.

use serde_json::{Map, Value};
use std::fmt::Write;

/// A line of the log in words, with its hint on a line of its own.
pub(super) fn sentence(line: &Map<String, Value>) -> String {
    let text = |key: &str| line.get(key).map(shown).unwrap_or_default();
    let event = text("event");
    let place =
        line.get("joint").filter(|joint| !joint.is_null()).map(|joint| format!(" at {}", shown(joint)));
    let place = place.unwrap_or_default();
    let what = match event.as_str() {
        "state" => format!("{} -> {} ({})", text("from"), text("to"), text("reason")),
        "fault" => format!("fault {}{place}: reaction {}", text("fault"), text("reaction")),
        "fault gone" => format!("fault {}{place} is over", text("fault")),
        "stays limp" => format!("torque not enabled: {}", text("why")),
        "no obstacle" => "nothing hinders it now".to_owned(),
        "policy waits" => format!("the policy waits: {}", text("why")),
        "recording" => format!("recording to {}", text("file")),
        "the last minute was kept" => format!("the minute before the fault is in {}", text("file")),
        "keys" => line.get("keys").and_then(Value::as_object).map(listed).unwrap_or_default(),
        "key" => format!("{}: {}", text("key"), text("does")),
        "real time" => {
            format!("real time: {} refused, found {}: {}", text("what"), text("found"), text("remedy"))
        }
        "stopping" => format!("stopping: {}", text("why")),
        _ => format!("{event}{}", details(line)),
    };
    let level = match text("level").as_str() {
        "error" => "error: ",
        "warn" => "warning: ",
        _ => "",
    };
    let seconds = line.get("t").and_then(Value::as_f64).unwrap_or(0.0);
    let mut out = format!("{seconds:8.2} s  {level}{what}\n");
    if let Some(hint) = line.get("hint").filter(|hint| !hint.is_null()) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:12}hint: {}", "", shown(hint));
    }
    out
}

/// What an event without words of its own has to tell.
fn details(line: &Map<String, Value>) -> String {
    const TOLD: [&str; 5] = ["t", "level", "event", "hint", "tick"];
    let details = line.iter().filter(|(key, value)| !TOLD.contains(&key.as_str()) && !value.is_null());
    let named = |key: &str, value: &Value| match key {
        // A reason speaks for itself.
        "why" => shown(value),
        _ => format!("{} {}", key.replace('_', " "), shown(value)),
    };
    let details: Vec<String> = details.map(|(key, value)| named(key, value)).collect();
    if details.is_empty() { String::new() } else { format!(": {}", details.join(", ")) }
}

fn listed(keys: &Map<String, Value>) -> String {
    keys.iter()
        .fold("keys".to_owned(), |all, (key, words)| format!("{all}\n{:12}{key:8} {}", "", shown(words)))
}

/// A value as text. What came from a file or a wire must not steer the terminal.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64().filter(|_| !number.is_u64() && !number.is_i64()) {
            Some(number) => format!("{number:.3}"),
            None => number.to_string(),
        },
        Value::Array(items) => items.iter().map(shown).collect::<Vec<String>>().join(", "),
        Value::Object(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{key} {}", shown(value)));
            pairs.collect::<Vec<String>>().join(", ")
        }
        other => other.to_string(),
    };
    text.replace(char::is_control, "?")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sentences_are_plain_and_steer_nothing() {
        let said = |line: Value| sentence(line.as_object().unwrap());
        let fault = json!({ "t": 2, "level": "warn", "event": "fault", "fault": "overload", "reaction": "limp",
            "joint": "left_knee", "value": null });
        assert_eq!(said(fault), "    2.00 s  warning: fault overload at left_knee: reaction limp\n");
        let limp =
            json!({ "t": 2, "level": "warn", "event": "stays limp", "why": "a reason", "hint": "a remedy" });
        assert_eq!(
            said(limp),
            "    2.00 s  warning: torque not enabled: a reason\n            hint: a remedy\n"
        );
        let none = json!({ "t": 0, "level": "warn", "event": "no configuration", "looked_for": "/root/c.json",
            "why": "without it offsets are unknown" });
        assert_eq!(
            said(none),
            "    0.00 s  warning: no configuration: looked for /root/c.json, without it offsets are unknown\n"
        );
        let odd =
            json!({ "t": 0, "level": "info", "event": "pad", "name": "\x1b[2J\x07evil", "axes": [1, 2.5] });
        assert_eq!(said(odd), "    0.00 s  pad: axes 1, 2.500, name ?[2J?evil\n");
    }
}
