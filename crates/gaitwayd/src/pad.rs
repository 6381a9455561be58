//! Pads beside the loop: one in somebody's hands, or one elsewhere.

use crate::arguments::Arguments;
use crate::error::DaemonError;
use crate::log::Log;
use gaitway_contract::{Axis, Contract};
use gaitway_drivers::pad::Reach;
use gaitway_runtime::pad::{LayoutError, NamedLayout, NetworkPadReader, PadEvent, PadReader};
use gaitway_runtime::robot::Mailbox;
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
        Ok(Pads { near, far })
    }

    /// True where nobody is followed.
    pub fn is_empty(&self) -> bool {
        self.near.is_none() && self.far.is_none()
    }

    /// Says what there is to say.
    pub fn tell(&self, log: &mut Log) {
        self.near.iter().flat_map(PadReader::events).for_each(|event| tell(event, log));
        self.far.iter().flat_map(NetworkPadReader::events).for_each(|event| tell(event, log));
    }
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
