//! Keys of the terminal the program was started from: whoever presses them is at the robot.
//!
//! With `--keyboard` most of them drive. Those that a keyboard's pad knows are the pad's then; the others, the one that
//! stops at once among them, are what they always are. That one is done by a thread of its own ([`Stop`]); the others come
//! from there.

use crate::log::Log;
use crate::pad::Pads;
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::RequestedMode;
use gaitway_gamepad::keyboard::Keyboard;
use gaitway_platform::terminal::Terminal;
use gaitway_runtime::robot::Mailbox;
use gaitway_runtime::stop::{Key, STOP_KEY, Stop};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    EmergencyStop,
    Clear,
    Want(RequestedMode),
    Quit,
    Help,
}

const QUIT_WORDS: &str = "limp, softly, and end";

const STOP_NAME: &str = "space";
const STOP_WORDS: &str = "emergency stop: limp at once, until c";
/// Keys done between two looks at everything else.
const AT_ONCE: usize = 256;

/// A key, its name, what it does, and in words.
const KEYS: [(u8, &str, Action, &str); 8] = [
    (STOP_KEY, STOP_NAME, Action::EmergencyStop, STOP_WORDS),
    (b'c', "c", Action::Clear, "clear the emergency stop and faults; limp until it is asked up"),
    (b'w', "w", Action::Want(RequestedMode::Walk), "walk"),
    (b's', "s", Action::Want(RequestedMode::Stand), "stand"),
    (b'l', "l", Action::Want(RequestedMode::Limp), "limp, softly"),
    (b'q', "q", Action::Quit, QUIT_WORDS),
    (b'h', "h", Action::Help, "these keys"),
    (b'?', "?", Action::Help, "these keys"),
];

/// The keys, while there is a terminal.
#[derive(Debug)]
pub(crate) struct Keys {
    terminal: Arc<Terminal>,
    /// Most keys drive.
    drive: bool,
    /// Stops that were told.
    told: u32,
}

impl Keys {
    /// The keys of stdin, which `drive` or not; `None` where nobody can press any.
    pub fn of_stdin(drive: bool, log: &mut Log) -> Option<Keys> {
        let keys = Keys { terminal: Arc::new(Terminal::of_stdin()?), drive, told: 0 };
        keys.say_all(log);
        Some(keys)
    }

    /// The terminal, for the guard and for who reads it.
    pub fn terminal(&self) -> &Arc<Terminal> {
        &self.terminal
    }

    /// Does what was typed, and tells of stops; returns why the program shall end, where it shall. Of one that
    /// `is_ending` only stops and the key that ends are.
    pub fn follow(
        &mut self,
        stop: &Stop,
        pads: &mut Pads,
        mailbox: &Mailbox,
        is_ending: bool,
        log: &mut Log,
    ) -> Option<&'static str> {
        let count = stop.count();
        if std::mem::replace(&mut self.told, count) != count {
            say_key("warn", STOP_NAME, STOP_WORDS, log);
        }
        for _ in 0..AT_ONCE {
            let key = stop.key()?;
            if stop.is_void(key) || (!is_ending && pads.typed(key.byte)) {
                continue;
            }
            let Some(&(_, name, action, words)) = KEYS.iter().find(|(known, ..)| *known == key.byte) else {
                continue;
            };
            if is_ending && action != Action::Quit {
                continue;
            }
            say_key("info", name, words, log);
            match action {
                Action::Quit => return Some("asked at the terminal"),
                Action::Help => self.say_all(log),
                _ => act(action, key, stop, mailbox, log),
            }
        }
        None
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

fn say_key(level: &str, name: &str, words: &str, log: &mut Log) {
    log.say(level, "key", json!({ "key": name, "does": words, "by": Source::Terminal.name() }));
}

fn act(action: Action, key: Key, stop: &Stop, mailbox: &Mailbox, log: &mut Log) {
    match action {
        Action::Clear => {
            if let Err(error) = mailbox.clear_by_hand(Source::Terminal) {
                log.say("error", "not cleared", json!({ "error": error.to_string(), "hint": error.hint() }));
            }
            if stop.is_void(key) {
                // A stop came while it was cleared, and counts.
                mailbox.set_emergency_stop(Source::Terminal);
            }
        }
        Action::Want(wish) => mailbox.request_mode(wish, false),
        Action::EmergencyStop | Action::Quit | Action::Help => {}
    }
}
