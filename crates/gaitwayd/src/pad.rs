//! Pads beside the loop: one in somebody's hands, or one elsewhere.

use crate::arguments::Arguments;
use crate::error::DaemonError;
use crate::log::Log;
use gaitway_contract::{Axis, Contract};
use gaitway_drivers::pad::{Button, Reach};
use gaitway_runtime::pad::{LayoutError, NamedLayout, NetworkPadReader, PadEvent, PadReader};
use gaitway_runtime::robot::Mailbox;
use gaitway_runtime::sound::{SoundError, Sounds};
use serde_json::json;
use std::sync::Arc;

/// The layout that was asked for, if one was.
pub(crate) fn layout(arguments: &Arguments) -> Result<Option<NamedLayout>, LayoutError> {
    arguments.pad_layout.as_deref().map(NamedLayout::load).transpose()
}

/// Who says what to do.
pub(crate) struct Pads {
    near: Option<PadReader>,
    far: Option<NetworkPadReader>,
    sounds: Option<Sounds>,
}

impl Pads {
    /// Follows the pads that were asked for.
    pub fn start(
        arguments: &Arguments,
        layout: Option<NamedLayout>,
        contract: &Contract,
        mailbox: &Arc<Mailbox>,
        log: &mut Log,
    ) -> Result<Pads, DaemonError> {
        let reach = reach(contract);
        let near = || PadReader::start(arguments.pad.clone(), layout, reach, Arc::clone(mailbox));
        let near = arguments.commands.then(near).transpose();
        let near = near.map_err(|source| DaemonError::System { doing: "starting a thread", source })?;
        let far = |address| NetworkPadReader::start(address, reach, Arc::clone(mailbox));
        let far = arguments.pad_listen.map(far).transpose();
        let far = far.map_err(|source| DaemonError::System { doing: "listening for a pad", source })?;
        if let Some(far) = &far {
            log.say("info", "listening for a pad", json!({ "address": far.address().to_string() }));
        }
        Ok(Pads { near, far, sounds: load_sounds(arguments, log) })
    }

    /// True where nobody is followed.
    pub fn is_empty(&self) -> bool {
        self.near.is_none() && self.far.is_none()
    }

    /// Does and says what there is to do and to say.
    pub fn follow(&mut self, log: &mut Log) {
        let near = self.near.iter().flat_map(PadReader::events);
        let far = self.far.iter().flat_map(NetworkPadReader::events);
        let events: Vec<PadEvent> = near.chain(far).collect();
        for event in events {
            if event == PadEvent::Pressed(Button::Sound) {
                self.play(log);
            }
            tell(event, log);
        }
        if let Some(Err(error)) = self.sounds.as_mut().map(Sounds::look) {
            self.give_up_sounds(&error, log);
        }
    }

    fn play(&mut self, log: &mut Log) {
        match self.sounds.as_mut().map(Sounds::play_any) {
            Some(Ok(file)) => log.say("info", "sound", json!({ "file": file })),
            Some(Err(error)) => self.give_up_sounds(&error, log),
            None => {}
        }
    }

    /// A duck without a voice walks all the same.
    fn give_up_sounds(&mut self, error: &SoundError, log: &mut Log) {
        self.sounds = None;
        warn_of_no_sound(error, log);
    }
}

fn load_sounds(arguments: &Arguments, log: &mut Log) -> Option<Sounds> {
    let loaded = Sounds::load(arguments.sounds.as_deref()?);
    loaded.map_err(|error| warn_of_no_sound(&error, log)).ok()
}

fn warn_of_no_sound(error: &SoundError, log: &mut Log) {
    log.say("warn", "no sound", json!({ "why": error.to_string(), "hint": error.hint() }));
}

/// A full stick asks for as much as the policy was trained for, and nothing where it was not.
fn reach(contract: &Contract) -> Reach {
    let of = |axis: Axis| {
        let known = contract.command.iter().find(|known| known.axis == axis);
        known.map_or([0.0; 2], |known| [known.min as f32, known.max as f32])
    };
    Reach {
        forward: of(Axis::Vx),
        leftward: of(Axis::Vy),
        turning: of(Axis::Wz),
        head_pitch: of(Axis::HeadPitch),
        head_yaw: of(Axis::HeadYaw),
        head_roll: of(Axis::HeadRoll),
    }
}

fn tell(event: PadEvent, log: &mut Log) {
    match event {
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
    }
}
