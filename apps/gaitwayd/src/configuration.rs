//! Which configuration makes this robot this robot: found, read, and said.

use crate::arguments::{RobotSettings, usual_duck_config};
use crate::load::{self, LoadError};
use crate::log::Log;
use gaitway_importers::duck_config;
use gaitway_model::RobotProfile;
use serde_json::json;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A profile with what is known of this one robot.
pub(crate) struct Configured {
    pub profile: RobotProfile,
    /// No configuration was found, and nobody said that none is needed.
    pub is_missing: bool,
}

/// The robot as its configuration has it. What was read is in the log, and where none was found, where it was looked
/// for.
pub(crate) fn configured(settings: &RobotSettings, log: &mut Log) -> Result<Configured, LoadError> {
    let profile = load::profile(settings)?;
    if settings.no_config {
        log.say(
            "info",
            "configuration",
            json!({ "file": null, "why": "--no-config: the profile alone counts" }),
        );
        return Ok(Configured { profile, is_missing: false });
    }
    let usual = usual_duck_config(std::env::var_os("HOME").as_deref());
    let found = settings.config.clone().or_else(|| usual.clone().filter(|path| path.is_file()));
    let Some(path) = found else {
        let hint = hint_for_none(usual.as_deref(), std::env::var_os("SUDO_USER"));
        let why = "without it offsets are unknown: torque is not enabled";
        log.say("warn", "no configuration", json!({ "looked_for": usual, "why": why, "hint": hint }));
        return Ok(Configured { profile, is_missing: true });
    };
    let profile = read(&profile, path, log)?;
    Ok(Configured { profile, is_missing: false })
}

fn read(profile: &RobotProfile, path: PathBuf, log: &mut Log) -> Result<RobotProfile, LoadError> {
    let applied = duck_config::apply(profile, &load::read(&path)?);
    let (profile, report) = applied.map_err(|error| LoadError::Config { path: path.clone(), error })?;
    log.say("info", "configuration", json!({ "file": path }));
    for line in report.applied {
        log.say("info", "configuration", json!({ "applied": line }));
    }
    for line in report.ignored {
        log.say("warn", "configuration", json!({ "ignored": line }));
    }
    Ok(profile)
}

/// Why there is none, as far as that can be told, and what to do.
fn hint_for_none(looked_for: Option<&Path>, sudo_user: Option<OsString>) -> String {
    let none = "or --no-config where the profile alone is right, as for a twin";
    match (looked_for, sudo_user) {
        (_, Some(user)) => {
            let user = user.to_string_lossy();
            format!("sudo looks in another home folder: --config ~{user}/duck_config.json; {none}")
        }
        (None, None) => {
            format!("HOME is not set, as in a service: --config /home/USER/duck_config.json; {none}")
        }
        (Some(_), None) => {
            format!("gaitway motors calibrate makes it; elsewhere, name it with --config; {none}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_no_configuration_is_told_why() {
        let path = Path::new("/root/duck_config.json");
        let sudo = hint_for_none(Some(path), Some("pi".into()));
        assert!(sudo.contains("--config ~pi/duck_config.json"), "{sudo}");
        assert!(hint_for_none(None, None).contains("HOME is not set"));
        for hint in [sudo, hint_for_none(None, None), hint_for_none(Some(path), None)] {
            assert!(hint.contains("--config") && hint.contains("--no-config"), "{hint}");
        }
    }
}
