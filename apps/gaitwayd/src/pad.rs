//! Pads beside the loop: one in somebody's hands, the keys of the terminal, or one elsewhere.

use crate::arguments::OperatorSettings;
use crate::error::DaemonError;
use crate::log::Log;
use gaitway_gamepad::Button;
use gaitway_gamepad::seal::Key;
use gaitway_model::{Contract, RobotProfile};
use gaitway_platform::budget::Budget;
use gaitway_platform::sound::{SoundError, Sounds};
use gaitway_platform::{Clock, MonotonicClock};
use gaitway_runtime::api::LeaseTable;
use gaitway_runtime::expression::ExpressionSlot;
use gaitway_runtime::pad::{
    KeyboardPad, NamedLayout, NetworkPadReader, PadEvent, PadReader, TeleopTarget, key_file, reach,
    stick_axes,
};
use gaitway_runtime::robot::Mailbox;
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The sound that says that a pad was found, where there is one.
const GREETING: &str = "happy1";

/// Sounds that are begun at once, and in each second from then on: each one is a process.
const SOUNDS: u32 = 20;
const SOUNDS_PER_SECOND: u32 = 5;

/// What pads need of files.
pub(crate) struct PadSetup {
    /// The layout that was asked for, if one was.
    layout: Option<NamedLayout>,
    /// The key of a pad elsewhere.
    key: Key,
}

impl PadSetup {
    /// Reads the files. A pad elsewhere needs a key unless only this machine's own programs can be heard.
    pub fn load(settings: &OperatorSettings) -> Result<PadSetup, DaemonError> {
        let layout = settings.pad_layout.as_deref().map(NamedLayout::load).transpose()?;
        let is_elsewhere = settings.pad_listen.is_some_and(|address| !address.ip().is_loopback());
        let usual = is_elsewhere.then(key_file::default_path);
        let key = settings.pad_key.clone().or(usual).map(|path| key_file::load(&path)).transpose()?;
        Ok(PadSetup { layout, key: key.unwrap_or_else(Key::open) })
    }
}

/// Who says what to do.
pub(crate) struct Pads {
    near: Option<PadReader>,
    keyboard: Option<KeyboardPad>,
    far: Option<NetworkPadReader>,
    sounds: Option<Sounds>,
    /// The last sound failed, which was said once.
    is_mute: bool,
    played: Budget,
    clock: MonotonicClock,
}

impl Pads {
    /// Follows the pads that were asked for.
    pub fn start(
        settings: &OperatorSettings,
        setup: PadSetup,
        (contract, profile): (&Contract, &RobotProfile),
        (mailbox, leases): (&Arc<Mailbox>, &Arc<Mutex<LeaseTable>>),
        slot: &Arc<ExpressionSlot>,
        log: &mut Log,
    ) -> Result<Pads, DaemonError> {
        let steered = TeleopTarget {
            reach: reach(contract),
            axes: stick_axes(profile),
            mailbox: Arc::clone(mailbox),
            leases: Arc::clone(leases),
            expression: Arc::clone(slot),
        };
        let near = || PadReader::start(settings.pad.clone(), setup.layout, steered.clone());
        let near = settings.commands.then(near).transpose();
        let near = near.map_err(|source| DaemonError::System { doing: "starting a thread", source })?;
        let keyboard = settings.keyboard.then(|| KeyboardPad::new(steered.clone()));
        let far = |address| {
            NetworkPadReader::start(address, setup.key, steered)
                .map_err(|source| DaemonError::PadListen { address, source })
        };
        let far = settings.pad_listen.map(far).transpose()?;
        if let Some(far) = &far {
            log.say("info", "listening for a pad", json!({ "address": far.address().to_string() }));
        }
        let (played, clock) = (Budget::new(SOUNDS, SOUNDS_PER_SECOND), MonotonicClock::default());
        Ok(Pads { near, keyboard, far, sounds: load_sounds(settings, log), is_mute: false, played, clock })
    }

    /// A key was typed at the terminal. False for one that drives nothing.
    pub fn typed(&mut self, key: u8) -> bool {
        self.keyboard.as_mut().is_some_and(|keyboard| keyboard.typed(key))
    }

    /// Does and says what there is to do and to say.
    pub fn follow(&mut self, log: &mut Log) {
        let near = self.near.iter().flat_map(PadReader::events);
        let far = self.far.iter().flat_map(NetworkPadReader::events);
        let keys = self.keyboard.iter_mut().flat_map(KeyboardPad::steer);
        let events: Vec<PadEvent> = near.chain(keys).chain(far).collect();
        for event in events {
            match event {
                PadEvent::Pressed(Button::Sound) => self.play(Sounds::play_any, log),
                PadEvent::Found { .. } => self.play(|sounds| sounds.play(GREETING), log),
                _ => {}
            }
            tell(event, log);
        }
        match self.sounds.as_mut().and_then(Sounds::look) {
            Some(Ok(())) => self.is_mute = false,
            Some(Err(error)) => self.miss_sound(&error, log),
            None => {}
        }
        let now_ns = self.clock.now_ns();
        if let Some(count) = self.played.left_out(now_ns) {
            log.say("warn", "sounds left out", json!({ "count": count }));
        }
        log.tell_left_out(now_ns);
    }

    fn play(&mut self, play: impl FnOnce(&mut Sounds) -> Result<PathBuf, SoundError>, log: &mut Log) {
        let Some(sounds) = self.sounds.as_mut().filter(|_| self.played.take(self.clock.now_ns())) else {
            return;
        };
        match play(sounds) {
            // A name need not be text.
            Ok(file) => log.say("info", "sound", json!({ "file": file.to_string_lossy() })),
            // Nobody need have a greeting.
            Err(SoundError::Unknown { .. }) => {}
            Err(error) => self.miss_sound(&error, log),
        }
    }

    /// A duck without a voice walks all the same, and tries again when it is asked: one file may be bad, a card may
    /// come.
    fn miss_sound(&mut self, error: &SoundError, log: &mut Log) {
        if !self.is_mute {
            warn_of_no_sound(error, log);
        }
        self.is_mute = true;
    }
}

fn load_sounds(settings: &OperatorSettings, log: &mut Log) -> Option<Sounds> {
    let loaded = Sounds::load(settings.sounds.as_deref()?);
    loaded.map_err(|error| warn_of_no_sound(&error, log)).ok()
}

fn warn_of_no_sound(error: &SoundError, log: &mut Log) {
    log.say("warn", "no sound", json!({ "why": error.to_string(), "hint": error.hint() }));
}

fn tell(event: PadEvent, log: &mut Log) {
    match event {
        PadEvent::Missing { why, hint } => log.say("warn", "no pad yet", json!({ "why": why, "hint": hint })),
        PadEvent::Found { name, layout } => {
            log.say("info", "pad", json!({ "name": name, "layout": layout }));
        }
        PadEvent::Gone => {
            let hint = "it asks for nothing until it is back";
            log.say("warn", "pad gone", json!({ "hint": hint }));
        }
        PadEvent::Stands => {
            let hint = "the pause button lets it walk again";
            log.say("warn", "no pad: standing", json!({ "hint": hint }));
        }
        PadEvent::Pressed(button) => log.say("info", "pad button", json!({ "button": button.name() })),
        PadEvent::Refused(button, why) => {
            let more = json!({ "button": button.name(), "why": why.to_string(), "hint": why.hint() });
            log.say("warn", "pad button refused", more);
        }
        PadEvent::Held(refusal) => {
            log.say("warn", "pad not followed", json!({ "why": refusal.message, "hint": refusal.hint }));
        }
        PadEvent::LeftOut(count) => log.say("warn", "pad buttons left out", json!({ "count": count })),
    }
}
