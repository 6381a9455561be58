//! Keys of the terminal the program was started from: whoever presses them is at the robot.

use crate::log::Log;
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::Wish;
use gaitway_runtime::robot::Mailbox;
use gaitway_runtime::terminal::{Terminal, Typed};
use serde_json::json;

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    EmergencyStop,
    Clear,
    Want(Wish),
    Quit,
    Help,
}

/// A key, its name, what it does, and in words.
const KEYS: [(u8, &str, Action, &str); 8] = [
    (b' ', "space", Action::EmergencyStop, "emergency stop: limp at once, until c"),
    (b'c', "c", Action::Clear, "clear the emergency stop and faults; limp until s or w"),
    (b'w', "w", Action::Want(Wish::Walk), "walk"),
    (b's', "s", Action::Want(Wish::Stand), "stand"),
    (b'l', "l", Action::Want(Wish::Limp), "limp, softly"),
    (b'q', "q", Action::Quit, "limp, softly, and end"),
    (b'h', "h", Action::Help, "these keys"),
    (b'?', "?", Action::Help, "these keys"),
];

/// The keys, while there is a terminal.
#[derive(Debug)]
pub(crate) struct Keys {
    terminal: Terminal,
}

impl Keys {
    /// The keys of stdin; `None` where nobody can press any.
    pub fn of_stdin(log: &mut Log) -> Option<Keys> {
        let keys = Keys { terminal: Terminal::of_stdin()? };
        say_keys(log);
        Some(keys)
    }

    /// The terminal, for the guard.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Does what was typed; returns why the program shall end, where it shall. One that `is_ending` can only be
    /// stopped at once.
    pub fn follow(&mut self, mailbox: &Mailbox, is_ending: bool, log: &mut Log) -> Option<&'static str> {
        loop {
            let key = match self.terminal.typed() {
                Typed::Nothing => return None,
                Typed::Lost => return Some("terminal lost"),
                Typed::Key(key) => key,
            };
            let Some(&(_, name, action, words)) = KEYS.iter().find(|(known, ..)| *known == key) else {
                continue;
            };
            if is_ending && action != Action::EmergencyStop {
                continue;
            }
            let level = if action == Action::EmergencyStop { "warn" } else { "info" };
            log.say(level, "key", json!({ "key": name, "does": words, "by": Source::Terminal.name() }));
            match action {
                Action::Quit => return Some("asked at the terminal"),
                Action::Help => say_keys(log),
                _ => act(action, mailbox, log),
            }
        }
    }
}

fn act(action: Action, mailbox: &Mailbox, log: &mut Log) {
    match action {
        Action::EmergencyStop => mailbox.set_emergency_stop(Source::Terminal),
        Action::Clear => {
            // Whoever clears has a hand at the robot: it must not get up by itself then.
            mailbox.set_wish(Wish::Limp, false);
            let cleared = mailbox.clear_emergency_stop(Source::Terminal);
            if let Err(error) = cleared.and_then(|()| mailbox.clear_faults(Source::Terminal)) {
                log.say("error", "not cleared", json!({ "error": error.to_string(), "hint": error.hint() }));
            }
        }
        Action::Want(wish) => mailbox.set_wish(wish, false),
        Action::Quit | Action::Help => {}
    }
}

fn say_keys(log: &mut Log) {
    let words: serde_json::Map<_, _> =
        KEYS.iter().map(|(_, name, _, words)| ((*name).to_owned(), json!(words))).collect();
    log.say("info", "keys", json!({ "keys": words }));
}
