//! The audit of the servos at the start: what is not as it must be, said, and put right where that was asked.

use crate::log::Log;
use gaitway_feetech::audit::{Finding, Severity};
use gaitway_feetech::error::BusError;
use gaitway_model::RobotProfile;
use gaitway_platform::{Clock, Port};
use gaitway_runtime::line::LineReport;
use gaitway_runtime::robot::findings;
use gaitway_runtime::servo_tools::ServoTools;
use serde_json::json;

/// Audits every servo, and the line to them; true where nothing forbids to move. Silent servos are said and forbid
/// nothing: the loop will see whether they answer, and whether the port is still there.
pub fn audit<P: Port, C: Clock>(
    tools: &mut ServoTools<'_, P, C>,
    profile: &RobotProfile,
    fix: bool,
    log: &mut Log,
) -> Result<bool, BusError> {
    tools.audit();
    let can_read = report_line(tools, log);
    let found = findings(profile, tools.bus());
    report(&found, profile, log);
    if !fix || tools.put_right(&found)? == 0 {
        return Ok(can_read && !has_grave(&found));
    }
    tools.audit();
    let found = findings(profile, tools.bus());
    log.say("info", "fixed, and audited again", json!({}));
    report(&found, profile, log);
    Ok(can_read && !has_grave(&found))
}

/// Says what is wrong with the line; false where a tick cannot read the servos over it.
fn report_line<P: Port, C: Clock>(tools: &mut ServoTools<'_, P, C>, log: &mut Log) -> bool {
    let Ok(line) = tools.check_line() else { return true };
    if line.echoes {
        let (found, hint) = LineReport::ECHO;
        log.say("warn", "adaptor echoes", json!({ "found": found, "hint": hint }));
    }
    let fails = line.bulk_reads == Some(false);
    if fails {
        let (found, hint) = LineReport::NO_BULK;
        log.say("error", "bulk reads fail", json!({ "found": found, "hint": hint }));
    }
    !fails
}

fn has_grave(found: &[Option<Vec<Finding>>]) -> bool {
    found.iter().flatten().flatten().any(|finding| finding.severity == Severity::Grave)
}

fn report(found: &[Option<Vec<Finding>>], profile: &RobotProfile, log: &mut Log) {
    for (joint, findings) in profile.joints.iter().zip(found) {
        let Some(findings) = findings else {
            let hint = "check its plug, its power and its id";
            log.say("warn", "servo silent", json!({ "joint": joint.name, "id": joint.id, "hint": hint }));
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
                "joint": joint.name, "id": joint.id, "register": finding.register.name,
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
