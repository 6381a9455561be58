//! How a run ends: for good, or to begin again with another policy.

use crate::log::Log;
use crate::policies::Policies;
use gaitway_runtime::robot::{Mailbox, StatusSlot};
use serde_json::json;
use std::ffi::OsString;

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// As it was told.
    Ended,
    /// Another policy is wanted: the program is to start again with these arguments behind its own.
    Again(Vec<OsString>),
}

/// A start forgets stops and faults, which only somebody at the robot may clear: then there is none.
pub(crate) fn start_again(
    name: &str,
    policies: &Policies,
    mailbox: &Mailbox,
    status: &StatusSlot,
    log: &mut Log,
) -> Outcome {
    let fault = status.take().and_then(|status| status.fault);
    let why = match (mailbox.is_stopped(), fault, policies.arguments(name)) {
        (true, ..) => "the emergency stop is set",
        (_, Some((kind, _)), _) => kind.name(),
        (.., None) => "the policy's file is gone",
        (false, None, Some(arguments)) => {
            log.say("info", "starting again", json!({ "policy": name }));
            return Outcome::Again(arguments);
        }
    };
    let hint = "look at the robot, then start gaitwayd again";
    log.say("warn", "not started again", json!({ "why": why, "hint": hint }));
    Outcome::Ended
}
