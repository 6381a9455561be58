//! What a person at the terminal sees: a sentence for each line of the log, and below them the robot's status, updated
//! in place, and the keys.

mod sentence;

use gaitway_model::RobotProfile;
use gaitway_platform::terminal::stdout_width;
use gaitway_runtime::robot::status::{Status, StatusSlot};
use sentence::sentence;
use serde_json::{Map, Value};

/// Between two updates of the status, ns.
const UPDATE_NS: u64 = 200_000_000;
/// Keys that are shown all the time, as far as there is room; the others are a key away.
const KEYS: [&str; 6] = ["space", "h", "w", "s", "q", "c"];

/// The face of the program at a terminal.
#[derive(Debug, Default)]
pub(crate) struct TerminalView {
    /// Columns of the terminal.
    width: usize,
    updated_ns: Option<u64>,
    status: String,
    keys: String,
    /// Lines on the screen that the next text takes the place of.
    drawn: usize,
}

impl TerminalView {
    /// A face where stdout is a terminal.
    pub fn of_stdout() -> Option<TerminalView> {
        stdout_width().map(TerminalView::of_width)
    }

    fn of_width(width: usize) -> TerminalView {
        TerminalView { width, ..TerminalView::default() }
    }

    /// A line of the log, above status and keys.
    pub fn line(&mut self, line: &Value) -> String {
        let empty = Map::new();
        let line = line.as_object().unwrap_or(&empty);
        let keys = line.get("keys").and_then(Value::as_object);
        // They are listed where somebody asks; at the start the most important ones suffice.
        if let (Some(keys), true) = (keys, self.keys.is_empty()) {
            self.keys = keys_line(keys);
            return self.drawn("");
        }
        if is_as_asked(line) {
            return String::new();
        }
        self.drawn(&sentence(line))
    }

    /// The status as it is now, where it is time.
    pub fn follow(&mut self, now_ns: u64, slot: &StatusSlot, profile: &RobotProfile) -> Option<String> {
        if self.updated_ns.is_some_and(|updated_ns| now_ns < updated_ns + UPDATE_NS) {
            return None;
        }
        self.updated_ns = Some(now_ns);
        let status = status_line(&slot.take()?, profile);
        // A window may have been made narrower.
        let width = stdout_width().unwrap_or(self.width);
        if (&status, width) == (&self.status, self.width) {
            return None;
        }
        (self.status, self.width) = (status, width);
        Some(self.drawn(""))
    }

    /// Takes status and keys off the screen.
    pub fn clear(&mut self) -> String {
        (self.status, self.keys) = (String::new(), String::new());
        self.drawn("")
    }

    /// `text` in the place of what is drawn, and that anew below it.
    fn drawn(&mut self, text: &str) -> String {
        let mut out = match self.drawn {
            0 => String::new(),
            lines => format!("\r{}\x1b[J", "\x1b[1A".repeat(lines - 1)),
        };
        out += text;
        let below: Vec<String> = [&self.status, &self.keys]
            .into_iter()
            .filter(|line| !line.is_empty())
            // One column less: a full line would wrap.
            .map(|line| line.chars().take(self.width.saturating_sub(1)).collect())
            .collect();
        self.drawn = below.len();
        out + &below.join("\n")
    }
}

fn status_line(status: &Status, profile: &RobotProfile) -> String {
    let command: Vec<String> = (profile.command_axes.iter())
        .zip(status.command)
        .filter(|(_, value)| *value != 0.0)
        .map(|(axis, value)| format!("{} {value:+.2}", axis.name))
        .collect();
    let command = if command.is_empty() { "zero".to_owned() } else { command.join(" ") };
    let volts = status.joints.iter().map(|joint| joint.voltage_v).filter(|volts| volts.is_finite());
    let lowest = volts.fold(f32::INFINITY, f32::min);
    let battery = if lowest.is_finite() { format!("{lowest:.1} V") } else { "not read yet".to_owned() };
    let owner = status.owner.map_or("nobody", |owner| owner.name());
    let fault = match status.fault {
        None if status.imu_age_s.is_infinite() => "waiting for the IMU".to_owned(),
        None => "no fault".to_owned(),
        Some((kind, joint)) => {
            let joint = joint.and_then(|joint| profile.joints.get(joint));
            let place = joint.map_or(String::new(), |joint| format!(" at {}", joint.name));
            format!("FAULT {}{place}", kind.name())
        }
    };
    let state = status.state.name();
    format!("{state} | control: {owner} | command: {command} | battery: {battery} | {fault}")
}

/// What the system granted is for the log; a person wants to know what it refused.
fn is_as_asked(line: &Map<String, Value>) -> bool {
    let is =
        |key: &str, what: &[&str]| line.get(key).and_then(Value::as_str).is_some_and(|it| what.contains(&it));
    is("event", &["real time"]) && is("granted", &["yes", "not_asked"])
}

fn keys_line(keys: &Map<String, Value>) -> String {
    let words = |key: &&str| {
        let words = keys.get(*key)?.as_str()?;
        let short = words.split([':', ';']).next().unwrap_or(words);
        Some(format!("{key}: {short}"))
    };
    KEYS.iter().filter_map(words).collect::<Vec<String>>().join(" | ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use serde_json::json;

    /// The screen after everything was written to it, as lines.
    fn screen(written: &[String]) -> Vec<String> {
        let mut lines = vec![String::new()];
        let all = written.concat();
        let mut rest = all.as_str();
        while let Some(next) = rest.chars().next() {
            if let Some(behind) = rest.strip_prefix("\x1b[1A") {
                let _ = lines.pop();
                rest = behind;
            } else if let Some(behind) = rest.strip_prefix("\x1b[J") {
                lines.last_mut().unwrap().clear();
                rest = behind;
            } else {
                match next {
                    '\n' => lines.push(String::new()),
                    '\r' => {}
                    letter => lines.last_mut().unwrap().push(letter),
                }
                rest = &rest[next.len_utf8()..];
            }
        }
        lines
    }

    fn keys() -> Value {
        json!({ "t": 0.1, "level": "info", "event": "keys", "keys": {
            "space": "emergency stop: limp at once, until c", "c": "clear", "h": "these keys", "l": "limp, softly" } })
    }

    fn state(from: &str, to: &str) -> Value {
        json!({ "t": 1.5, "level": "info", "event": "state", "from": from, "to": to, "reason": "asked", "tick": 9 })
    }

    #[test]
    fn lines_go_above_a_status_that_stays_in_its_place() {
        let mut face = TerminalView::of_width(60);
        let mut written = vec![face.line(&keys())];
        face.status = "limp | no fault".to_owned();
        written.push(face.drawn(""));
        written.push(face.line(&state("limp", "aligning")));
        face.status = "aligning | no fault".to_owned();
        written.extend([face.drawn(""), face.drawn("")]);
        let shown = ["    1.50 s  limp -> aligning (asked)", "aligning | no fault"];
        assert_eq!(screen(&written)[..2], shown);
        assert_eq!(screen(&written)[2..], ["space: emergency stop | h: these keys | c: clear"]);
        written.push(face.clear());
        assert_eq!(screen(&written), [shown[0], ""], "a shell's prompt begins on a line of its own");
    }

    #[test]
    fn a_line_is_never_wider_than_the_window() {
        let mut face = TerminalView::of_width(20);
        face.status = "x".repeat(100);
        assert_eq!(face.drawn("").len(), 19);
    }

    #[test]
    fn what_the_system_refused_is_told_and_what_it_granted_is_not() {
        let item = |granted: &str| {
            json!({ "t": 0, "level": "info", "event": "real time", "what": "priority",
            "found": "none", "granted": granted, "remedy": "add yourself to the group realtime" })
        };
        let mut face = TerminalView::of_width(80);
        assert_eq!(face.line(&item("yes")), "");
        let refused =
            "    0.00 s  real time: priority refused, found none: add yourself to the group realtime\n";
        assert_eq!(face.line(&item("no")), refused);
    }

    #[test]
    fn asked_for_all_keys_are_listed() {
        let mut face = TerminalView::of_width(200);
        let _ = face.line(&keys());
        let listed = face.line(&keys());
        assert!(listed.contains("keys\n") && listed.contains("l        limp, softly\n"), "{listed}");
    }
}
