//! The local API's socket: where it is, and what is said of it.

use crate::log::Log;
use gaitway_runtime::api::{ApiRobot, ApiServer, LeaseTable};
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Where it is looked for.
const NAME: &str = "gaitway.sock";

/// Serves the local API; a robot that nobody can look at runs all the same.
pub(crate) fn serve(
    socket: Option<PathBuf>,
    robot: ApiRobot,
    leases: Arc<Mutex<LeaseTable>>,
    log: &mut Log,
) -> Option<ApiServer> {
    let path = socket.unwrap_or_else(default_path);
    match ApiServer::start(&path, robot, leases) {
        Ok(server) => {
            log.say("info", "local API", json!({ "socket": path.display().to_string() }));
            Some(server)
        }
        Err(error) => {
            let hint = "name another socket: gaitwayd --socket PATH, gaitway top --socket PATH";
            log.say("warn", "no local API", json!({ "why": error.to_string(), "hint": hint }));
            None
        }
    }
}

/// In a folder of the user's own, or root's: in one that everybody writes to somebody else may be there before.
fn default_path() -> PathBuf {
    let own = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
    own.map_or_else(|| PathBuf::from("/run"), PathBuf::from).join(NAME)
}
