//! Logs: one JSON object a line on stdout, and nothing else there; at a terminal, sentences.

use crate::plain;
use crate::printer::Printer;
use crate::terminal_view::TerminalView;
use gaitway_control::supervisor::Obstacle;
use gaitway_model::RobotProfile;
use gaitway_model::profile::FaultKind;
use gaitway_platform::budget::Budget;
use gaitway_platform::{Clock, MonotonicClock};
use gaitway_record::writer::Level;
use gaitway_runtime::robot::Event;
use gaitway_runtime::robot::event::Stamped;
use gaitway_runtime::robot::status::StatusSlot;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::SyncSender;

/// A line on its way into the recording: when it was said, and how it is written.
pub type Line = (u64, Level, String);

/// Lines of one kind that are written at once, and in each second from then on: a flood of one hides no other, and
/// fills no disk.
const LINES: u32 = 100;
const LINES_PER_SECOND: u32 = 20;

/// Writes the lines, and remembers when nobody reads them any more.
#[derive(Debug)]
pub struct Log {
    clock: MonotonicClock,
    started_ns: u64,
    printer: Printer,
    /// Where a person reads.
    face: Option<TerminalView>,
    /// What to do where no sample of the IMU comes.
    imu_hint: String,
    /// Lines nobody read in time.
    left_out: u64,
    /// Where every line goes as well.
    recorder: Option<SyncSender<Line>>,
    /// How many lines of each kind there may be.
    budgets: BTreeMap<String, Budget>,
}

impl Log {
    /// A log whose times count from `started_ns`, in any case `as_json`.
    pub fn new(started_ns: u64, as_json: bool) -> io::Result<Log> {
        let (clock, printer) = (MonotonicClock::default(), Printer::start(io::stdout())?);
        let face = if as_json { None } else { TerminalView::of_stdout() };
        Ok(Log {
            clock,
            started_ns,
            printer,
            face,
            imu_hint: String::new(),
            left_out: 0,
            recorder: None,
            budgets: BTreeMap::new(),
        })
    }

    /// Shows a person how the robot is.
    pub fn show(&mut self, slot: &StatusSlot, profile: &RobotProfile) {
        let now_ns = self.clock.now_ns();
        if let Some(text) = self.face.as_mut().and_then(|face| face.follow(now_ns, slot, profile)) {
            self.printer.print(text);
        }
    }

    /// One line: what happened now, with the keys of `more`.
    pub fn say(&mut self, level: &str, message: &str, more: Value) {
        self.say_at(self.clock.now_ns(), level, message, more);
    }

    /// Every line goes to the recorder as well.
    pub fn record_to(&mut self, recorder: SyncSender<Line>) {
        self.recorder = Some(recorder);
    }

    /// Says `hint` where no sample of the IMU comes.
    pub fn hint_at_imu(&mut self, hint: String) {
        self.imu_hint = hint;
    }

    /// True once stdout took no more: the terminal, or whoever read the logs, is gone.
    pub fn is_lost(&self) -> bool {
        self.printer.is_lost()
    }

    /// An event of the loop.
    pub fn event(&mut self, stamped: &Stamped, profile: &RobotProfile) {
        let (level, message, more) = words(stamped, profile);
        let mut more = more;
        if is_about_the_imu(&stamped.event) {
            more["hint"] = json!(self.imu_hint);
        }
        more["tick"] = json!(stamped.tick);
        self.say_at(stamped.at_ns, level, message, more);
    }

    /// Says how many lines of a kind were left out, where there were too many; once a second at most.
    pub fn tell_left_out(&mut self, now_ns: u64) {
        let counts = self.budgets.iter_mut();
        let counts = counts.filter_map(|(of, budget)| Some((of.clone(), budget.left_out(now_ns)?)));
        for (of, count) in counts.collect::<Vec<(String, u64)>>() {
            self.write(self.clock.now_ns(), "warn", "lines left out", json!({ "of": of, "count": count }));
        }
    }

    fn say_at(&mut self, at_ns: u64, level: &str, message: &str, more: Value) {
        let now_ns = self.clock.now_ns();
        let new = || Budget::new(LINES, LINES_PER_SECOND);
        if self.budgets.entry(message.to_owned()).or_insert_with(new).take(now_ns) {
            self.write(at_ns, level, message, more);
        }
    }

    fn write(&mut self, at_ns: u64, level: &str, message: &str, mut more: Value) {
        plain::escape(&mut more);
        let seconds = at_ns.saturating_sub(self.started_ns) as f64 * 1e-9;
        let mut line = json!({ "t": (seconds * 1e6).round() / 1e6, "level": level, "event": message });
        if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
            line.extend(more);
        }
        if let Some(recorder) = &self.recorder {
            // A recorder that broke off is told of elsewhere; one that is held up takes no more than fits.
            let _ = recorder.try_send((at_ns, level_of(level), line.to_string()));
        }
        self.print(&line);
    }

    /// Who has missed lines is told so with the next one.
    fn print(&mut self, line: &Value) {
        let is_told = self.left_out == 0 || {
            let missed =
                json!({ "t": line["t"], "level": "warn", "event": "lines left out", "count": self.left_out });
            self.print_one(&missed)
        };
        if is_told {
            self.left_out = 0;
        }
        if !(is_told && self.print_one(line)) {
            self.left_out += 1;
        }
    }

    fn print_one(&mut self, line: &Value) -> bool {
        let text = self.face.as_mut().map(|face| face.line(line));
        self.printer.print(text.unwrap_or_else(|| format!("{line}\n")))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(face) = &mut self.face {
            self.printer.print(face.clear());
        }
    }
}

fn level_of(level: &str) -> Level {
    match level {
        "error" => Level::Error,
        "warn" => Level::Warn,
        _ => Level::Info,
    }
}

fn is_about_the_imu(event: &Event) -> bool {
    match event {
        Event::Fault(change) => change.came && change.alarm.kind == FaultKind::ImuStale,
        Event::Obstacle(obstacle) => *obstacle == Some(Obstacle::NoImu),
        _ => false,
    }
}

/// Level, name and keys of an event.
fn words(stamped: &Stamped, profile: &RobotProfile) -> (&'static str, &'static str, Value) {
    let name = |joint: usize| profile.joints.get(joint).map(|joint| joint.name.as_str());
    match &stamped.event {
        // It boots; where it does not come that becomes a fault.
        Event::Obstacle(Some(Obstacle::NoImu)) if stamped.tick == 0 => {
            ("info", "stays limp", json!({ "why": "waiting for the IMU (no fresh sample yet)" }))
        }
        Event::State(change) => {
            let (from, to, reason) = (change.from.name(), change.to.name(), change.reason.to_string());
            ("info", "state", json!({ "from": from, "to": to, "reason": reason }))
        }
        Event::Fault(change) => {
            let alarm = &change.alarm;
            let level = if change.came { "warn" } else { "info" };
            let joint = alarm.joint.and_then(name);
            let (kind, reaction, value) = (alarm.kind.name(), alarm.reaction.name(), finite(alarm.value));
            let name = if change.came { "fault" } else { "fault gone" };
            let mut more = json!({ "fault": kind, "reaction": reaction, "joint": joint, "value": value });
            if change.came {
                more["hint"] = json!(alarm.kind.hint());
            }
            (level, name, more)
        }
        Event::Obstacle(None) => ("info", "no obstacle", json!({})),
        Event::Obstacle(Some(Obstacle::NoWeight)) => {
            let hint = Obstacle::NoWeight.hint();
            ("info", "policy waits", json!({ "why": Obstacle::NoWeight.to_string(), "hint": hint }))
        }
        Event::Obstacle(Some(obstacle)) => {
            let joint = obstacle.joint().and_then(name);
            let (why, hint) = (obstacle.to_string(), obstacle.hint());
            ("warn", "stays limp", json!({ "why": why, "joint": joint, "hint": hint }))
        }
        Event::Implausible { last, count } => {
            let (value, joint) = (last.value.name(), last.joint.and_then(name));
            let found = finite(last.found).map(|found| (f64::from(found) * 1e3).round() / 1e3);
            let more = json!({ "value": value, "joint": joint, "found": found, "count": count });
            ("warn", "implausible value dropped", more)
        }
        Event::ServoReset { joint } => ("warn", "servo was reset", json!({ "joint": name(*joint) })),
        Event::PortGone(error) => {
            ("error", "port gone", json!({ "error": error.to_string(), "hint": error.hint() }))
        }
        Event::Watchdog(trip) => {
            ("error", "watchdog: emergency stop", json!({ "why": trip.to_string(), "hint": trip.hint() }))
        }
        Event::PolicyTaken => ("info", "another policy has taken over", json!({})),
        Event::PortBack => ("info", "port back", json!({})),
    }
}

/// JSON knows no infinity.
fn finite(value: f32) -> Option<f32> {
    value.is_finite().then_some(value)
}
