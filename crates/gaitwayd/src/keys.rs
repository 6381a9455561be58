//! Keys of the terminal the program was started from: whoever presses them is at the robot.
//!
//! With `--keyboard` most of them drive. Those that a keyboard's pad knows are the pad's then; the others, the one that
//! stops at once among them, are what they always are.

use crate::log::Log;
use crate::pad::Pads;
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::Wish;
use gaitway_drivers::pad::keyboard::Keyboard;
use gaitway_runtime::robot::Mailbox;
use gaitway_runtime::terminal::{Terminal, Typed};
use serde_json::{Map, Value, json};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    EmergencyStop,
    Clear,
    Want(Wish),
    Quit,
    Help,
}

const QUIT_WORDS: &str = "limp, softly, and end";

/// A key, its name, what it does, and in words.
const KEYS: [(u8, &str, Action, &str); 8] = [
    (b' ', "space", Action::EmergencyStop, "emergency stop: limp at once, until c"),
    (b'c', "c", Action::Clear, "clear the emergency stop and faults; limp until it is asked up"),
    (b'w', "w", Action::Want(Wish::Walk), "walk"),
    (b's', "s", Action::Want(Wish::Stand), "stand"),
    (b'l', "l", Action::Want(Wish::Limp), "limp, softly"),
    (b'q', "q", Action::Quit, QUIT_WORDS),
    (b'h', "h", Action::Help, "these keys"),
    (b'?', "?", Action::Help, "these keys"),
];

/// The keys, while there is a terminal.
#[derive(Debug)]
pub(crate) struct Keys {
    terminal: Terminal,
    /// Most keys drive.
    drive: bool,
}

impl Keys {
    /// The keys of stdin, which `drive` or not; `None` where nobody can press any.
    pub fn of_stdin(drive: bool, log: &mut Log) -> Option<Keys> {
        let keys = Keys { terminal: Terminal::of_stdin()?, drive };
        keys.say_all(log);
        Some(keys)
    }

    /// The terminal, for the guard.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Does what was typed; returns why the program shall end, where it shall. One that `is_ending` can only be
    /// stopped at once.
    pub fn follow(
        &mut self,
        pads: &mut Pads,
        mailbox: &Mailbox,
        is_ending: bool,
        log: &mut Log,
    ) -> Option<&'static str> {
        loop {
            let key = match self.terminal.typed() {
                Typed::Nothing => return None,
                Typed::Lost => return Some("terminal lost"),
                Typed::Key(key) => key,
            };
            if !is_ending && pads.typed(key) {
                continue;
            }
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
                Action::Help => self.say_all(log),
                _ => act(action, mailbox, log),
            }
        }
    }

    fn say_all(&self, log: &mut Log) {
        let mut words: Map<String, Value> =
            KEYS.iter().map(|(_, name, _, words)| ((*name).to_owned(), json!(words))).collect();
        if self.drive {
            // In place of those of the same name.
            words.extend(Keyboard::keys().map(|(name, words)| (name.to_owned(), json!(words))));
            words.insert("ctrl-c".to_owned(), json!(QUIT_WORDS));
        }
        log.say("info", "keys", json!({ "keys": words }));
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
