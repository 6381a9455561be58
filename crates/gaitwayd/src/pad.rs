//! The pad beside the loop.

use crate::arguments::Arguments;
use crate::error::DaemonError;
use crate::log::Log;
use gaitway_contract::{Axis, Contract};
use gaitway_drivers::pad::Reach;
use gaitway_runtime::pad::{LayoutError, NamedLayout, PadEvent, PadReader};
use gaitway_runtime::robot::Mailbox;
use serde_json::json;
use std::sync::Arc;

/// The layout that was asked for, if one was.
pub(crate) fn layout(arguments: &Arguments) -> Result<Option<NamedLayout>, LayoutError> {
    arguments.pad_layout.as_deref().map(NamedLayout::load).transpose()
}

/// Follows the pad that was asked for, if one was.
pub(crate) fn start(
    arguments: &Arguments,
    layout: Option<NamedLayout>,
    contract: &Contract,
    mailbox: &Arc<Mailbox>,
) -> Result<Option<PadReader>, DaemonError> {
    if !arguments.commands {
        return Ok(None);
    }
    let reader = PadReader::start(arguments.pad.clone(), layout, reach(contract), Arc::clone(mailbox));
    let failed = |source| DaemonError::System { doing: "starting a thread", source };
    reader.map(Some).map_err(failed)
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

/// Says what there is to say.
pub(crate) fn tell(reader: &PadReader, log: &mut Log) {
    for event in reader.events() {
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
}
