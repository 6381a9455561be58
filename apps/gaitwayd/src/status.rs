//! What `gaitway top` looks at: the newest tick as a line of JSON, for whoever connects.

use crate::log::Log;
use gaitway_model::RobotProfile;
use gaitway_runtime::lines_host::LinesHost;
use gaitway_runtime::robot::status::{JointStatus, Status, StatusSlot};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// Where it is looked for.
const NAME: &str = "gaitway.sock";

/// Shows the robot; one that nobody can look at walks all the same.
pub(crate) fn show(
    socket: Option<PathBuf>,
    profile: &RobotProfile,
    slot: Arc<StatusSlot>,
    log: &mut Log,
) -> Option<LinesHost> {
    let path = socket.unwrap_or_else(default_path);
    let names = Names {
        title: profile.title.clone(),
        joints: profile.joints.iter().map(|joint| joint.name.clone()).collect(),
        axes: profile.command_axes.iter().map(|axis| axis.name.clone()).collect(),
    };
    match LinesHost::start(&path, move || slot.take().map(|status| line(&names, &status))) {
        Ok(host) => {
            log.say("info", "status", json!({ "socket": path.display().to_string() }));
            Some(host)
        }
        Err(error) => {
            let hint = "name another socket with --status, and gaitway top --socket";
            log.say("info", "no status", json!({ "why": error.to_string(), "hint": hint }));
            None
        }
    }
}

/// In a folder of the user's own, or root's: in one that everybody writes to somebody else may be there before.
fn default_path() -> PathBuf {
    let own = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
    own.map_or_else(|| PathBuf::from("/run"), PathBuf::from).join(NAME)
}

/// Names of the robot's parts.
struct Names {
    title: String,
    joints: Vec<String>,
    axes: Vec<String>,
}

fn line(names: &Names, status: &Status) -> String {
    let axes = names.axes.iter().zip(status.command);
    let command: Map<String, Value> = axes.map(|(axis, value)| (axis.clone(), number(value))).collect();
    let joints: Vec<Value> =
        names.joints.iter().zip(&status.joints).map(|(name, state)| joint(name, state)).collect();
    let fault = status.fault.map(
        |(kind, joint)| json!({ "kind": kind.name(), "joint": joint.and_then(|joint| names.joints.get(joint)), "hint": kind.hint() }),
    );
    let row = json!({
        "robot": names.title,
        "tick": status.tick,
        "state": status.state.name(),
        "fault": fault,
        "owner": status.owner.map(|owner| owner.name()),
        "cause": status.cause.name(),
        "command": command,
        "imu_age_s": number(status.imu_age_s),
        "lateness_ns": status.lateness_ns,
        "tick_ns": status.tick_ns,
        "compute_ns": status.compute_ns,
        "skipped": status.skipped,
        "implausible": { "imu": status.imu_refused, "servo": status.servo_refused },
        "joints": joints,
    });
    format!("{row}\n")
}

fn joint(name: &str, state: &JointStatus) -> Value {
    json!({
        "name": name,
        "goal_rad": number(state.goal_rad),
        "position_rad": number(state.position_rad),
        "age_s": number(state.age_s),
        "voltage_v": number(state.voltage_v),
        "temperature_c": number(state.temperature_c),
        "current_a": number(state.current_a),
    })
}

/// What is not known is null.
fn number(value: f32) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}
