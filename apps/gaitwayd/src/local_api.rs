//! The local API's socket: where it is, and what is said of it.

use crate::arguments::OperatorSettings;
use crate::error::DaemonError;
use crate::log::Log;
use gaitway_runtime::api::{ApiRobot, ApiServer, LeaseTable, NetworkDoor};
use gaitway_runtime::pad::key_file;
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Where it is looked for.
const NAME: &str = "gaitway.sock";

/// The way in from the network, where one was asked for. There is none without a key, on this machine neither.
pub(crate) fn door(settings: &OperatorSettings) -> Result<Option<NetworkDoor>, DaemonError> {
    let Some(address) = settings.listen else { return Ok(None) };
    let key = key_file::load(&settings.pad_key.clone().unwrap_or_else(key_file::default_path))?;
    let failed = |source| DaemonError::Listen { address, source };
    NetworkDoor::listen(address, key).map(Some).map_err(failed)
}

/// Serves the local API; a robot that nobody can look at runs all the same.
pub(crate) fn serve(
    socket: Option<PathBuf>,
    door: Option<NetworkDoor>,
    robot: ApiRobot,
    leases: Arc<Mutex<LeaseTable>>,
    log: &mut Log,
) -> Option<ApiServer> {
    let path = socket.unwrap_or_else(default_path);
    let address = door.as_ref().and_then(|door| door.address().ok());
    match ApiServer::start(&path, door, robot, leases) {
        Ok(server) => {
            log.say("info", "local API", json!({ "socket": path.display().to_string() }));
            if let Some(address) = address {
                log.say("info", "local API over the network", json!({ "address": address.to_string() }));
            }
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
