//! The audit of the servos at the start: what is not as it must be, said, and put right where that was asked.

use crate::log::Log;
use gaitway_contract::RobotProfile;
use gaitway_drivers::feetech::audit::{Finding, Severity};
use gaitway_drivers::feetech::error::BusError;
use gaitway_runtime::robot::{Body, findings};
use gaitway_runtime::{Clock, Port};
use serde_json::json;

/// Audits every servo; true where nothing forbids to move. Silent servos are said and forbid nothing: the loop will
/// see whether they answer.
pub fn audit<P: Port, C: Clock>(
    body: &mut Body<P, C>,
    profile: &RobotProfile,
    fix: bool,
    log: &mut Log,
) -> Result<bool, BusError> {
    body.audit()?;
    let found = findings(profile, body.bus());
    report(&found, profile, log);
    if !fix || body.put_right(&found)? == 0 {
        return Ok(!has_grave(&found));
    }
    body.audit()?;
    let found = findings(profile, body.bus());
    log.say("info", "fixed, and audited again", json!({}));
    report(&found, profile, log);
    Ok(!has_grave(&found))
}

fn has_grave(found: &[Option<Vec<Finding>>]) -> bool {
    found.iter().flatten().flatten().any(|finding| finding.severity == Severity::Grave)
}

fn report(found: &[Option<Vec<Finding>>], profile: &RobotProfile, log: &mut Log) {
    for (joint, findings) in profile.joints.iter().zip(found) {
        let Some(findings) = findings else {
            let hint = "check its plug, its power and its id";
            log.say(
                "warn",
                "servo silent",
                json!({ "joint": joint.name, "id": joint.servo_id, "hint": hint }),
            );
            continue;
        };
        for finding in findings {
            let level = match finding.severity {
                Severity::Note => "info",
                Severity::Warning => "warn",
                Severity::Grave => "error",
            };
            let hint = if finding.fixable { "--fix puts it right" } else { "not to be put right from here" };
            let more = json!({
                "joint": joint.name, "id": joint.servo_id, "register": finding.register.name,
                "expected": finding.expected, "found": finding.found,
                "consequence": finding.consequence, "hint": hint,
            });
            log.say(level, "audit", more);
        }
    }
    let silent = found.iter().filter(|findings| findings.is_none()).count();
    let count: usize = found.iter().flatten().map(Vec::len).sum();
    log.say("info", "audited", json!({ "servos": found.len(), "silent": silent, "findings": count }));
}
