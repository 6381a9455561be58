//! Policies that clients can change to: those of a folder, and those that need no file.

use crate::arguments::{CarriedPolicy, PolicySettings};
use crate::load;
use gaitway_model::RobotProfile;
use gaitway_protocol::{Code, PolicyInfo, Refusal};
use gaitway_runtime::api::PolicyShelf;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Policies of a folder that are listed.
const MOST: usize = 64;

/// The policies at hand of a robot of `profile`, of which `settings` names the one that runs.
pub(crate) fn shelf(settings: &PolicySettings, profile: &RobotProfile) -> PolicyShelf {
    let at_hand = at_hand(settings, profile);
    let policies = at_hand.iter().map(|(name, file)| PolicyInfo {
        name: name.clone(),
        file: file.as_ref().map(|file| file.to_string_lossy().into_owned()),
        runs: file.as_deref() == settings.file.as_deref()
            && (file.is_some() || name.as_str() == settings.carried.name()),
    });
    let (policies, settings, profile) = (policies.collect(), settings.clone(), profile.clone());
    PolicyShelf::new(policies, move |name| check(&changed_to(name, &settings, &at_hand), &profile))
}

/// The arguments that name another policy, to be put behind those the program was started with.
pub(crate) fn arguments(name: &str, settings: &PolicySettings, profile: &RobotProfile) -> Vec<OsString> {
    let changed = changed_to(name, settings, &at_hand(settings, profile));
    let policy = changed.file.map_or_else(|| changed.carried.name().into(), PathBuf::into_os_string);
    let folder = changed.folder.map(|folder| [OsString::from("--policies"), folder.into_os_string()]);
    // It was limp when it was changed.
    let always = ["--limp".into(), "--policy".into(), policy];
    always.into_iter().chain(folder.into_iter().flatten()).collect()
}

/// By their names; a file goes before a carried one of the same name.
fn at_hand(settings: &PolicySettings, profile: &RobotProfile) -> Vec<(String, Option<PathBuf>)> {
    let mut found: Vec<(String, Option<PathBuf>)> = Vec::new();
    if let Some(folder) = folder(settings) {
        found.extend(files(&folder).into_iter().map(|(name, file)| (name, Some(file))));
    }
    if load::is_carried(profile) {
        for carried in CarriedPolicy::ALL.map(CarriedPolicy::name) {
            if !found.iter().any(|(name, _)| name == carried) {
                found.push((carried.to_owned(), None));
            }
        }
    }
    found.sort();
    found
}

fn folder(settings: &PolicySettings) -> Option<PathBuf> {
    let own = settings.file.as_deref().and_then(Path::parent);
    settings.folder.clone().or_else(|| own.map(Path::to_owned))
}

/// What cannot be read is not listed.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let paths = entries.into_iter().flatten().flatten().map(|entry| folder.join(entry.file_name()));
    let onnx = paths.filter(|path| path.extension().is_some_and(|ending| ending == "onnx"));
    let named = onnx.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)));
    let mut named: Vec<_> = named.filter(|(name, _)| !name.chars().any(char::is_control)).collect();
    named.sort();
    named.truncate(MOST);
    named
}

fn changed_to(
    name: &str,
    settings: &PolicySettings,
    at_hand: &[(String, Option<PathBuf>)],
) -> PolicySettings {
    let file = at_hand.iter().find(|(known, _)| known == name).and_then(|(_, file)| file.clone());
    let carried = CarriedPolicy::ALL.into_iter().find(|carried| carried.name() == name).unwrap_or_default();
    PolicySettings { file, carried, folder: folder(settings), ..settings.clone() }
}

fn check(settings: &PolicySettings, profile: &RobotProfile) -> Result<(), Refusal> {
    let fits = || {
        let (policy, _) = load::policy(settings)?;
        let options = load::options(settings)?;
        load::setup(settings, &policy, profile, &options).map(|_| ())
    };
    fits().map_err(|error| Refusal::new(Code::NotPossible, error.to_string(), error.hint()))
}
