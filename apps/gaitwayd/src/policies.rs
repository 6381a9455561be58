//! Policies that clients can change to: those of a folder, and those that need no file.

use crate::arguments::{CarriedPolicy, PolicySettings};
use crate::live_policy::LivePolicies;
use crate::load::{self, LoadError};
use gaitway_model::RobotProfile;
use gaitway_protocol::{Code, PolicyInfo, Refusal};
use gaitway_runtime::api::PolicyShelf;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Policies of a folder that are listed.
const MOST: usize = 64;
/// Longest name of one, bytes: as the local API takes them.
const MAX_NAME_BYTES: usize = 64;

/// The policies at hand of a robot, as they were when it started.
pub(crate) struct Policies {
    settings: PolicySettings,
    /// By their names.
    at_hand: Arc<Vec<(String, Option<PathBuf>)>>,
}

impl Policies {
    /// Those of a robot of `profile`, of which `settings` names the one that runs.
    pub fn of(settings: &PolicySettings, profile: &RobotProfile) -> Policies {
        Policies { settings: settings.clone(), at_hand: Arc::new(at_hand(settings, profile)) }
    }

    /// For clients.
    pub fn shelf(&self, profile: &RobotProfile, live: LivePolicies) -> PolicyShelf {
        let settings = self.settings.clone();
        let policies = self.at_hand.iter().map(|(name, file)| PolicyInfo {
            name: name.clone(),
            file: file.as_ref().map(|file| file.to_string_lossy().into_owned()),
            runs: runs(name, file.as_deref(), &settings),
        });
        let (at_hand, profile) = (Arc::clone(&self.at_hand), profile.clone());
        let (now, known) = (self.settings.clone(), Arc::clone(&self.at_hand));
        PolicyShelf::new(policies.collect(), move |name| check(name, &settings, &at_hand, &profile))
            .with_live(move |name| {
                live.prepare(&changed_to(name, &now, &known).ok_or_else(|| no_such(name))?)
            })
    }

    /// The arguments that name another policy, to be put behind those the program was started with; `None` where its
    /// file is gone.
    pub fn arguments(&self, name: &str) -> Option<Vec<OsString>> {
        let changed = changed_to(name, &self.settings, &self.at_hand)?;
        if changed.file.as_ref().is_some_and(|file| !file.is_file()) {
            return None;
        }
        let policy = changed.file.map_or_else(|| changed.carried.name().into(), PathBuf::into_os_string);
        let folder = changed.folder.map(|folder| [OsString::from("--policies"), folder.into_os_string()]);
        // It was limp when it was changed.
        let always = ["--limp".into(), "--policy".into(), policy];
        Some(always.into_iter().chain(folder.into_iter().flatten()).collect())
    }
}

fn runs(name: &str, file: Option<&Path>, settings: &PolicySettings) -> bool {
    match (file, &settings.file) {
        (Some(file), Some(running)) => file.file_name() == running.file_name(),
        (None, None) => name == settings.carried.name(),
        _ => false,
    }
}

/// A file goes before a carried one of the same name.
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

/// Never without a name: a file in it that looks like a flag is none.
fn folder(settings: &PolicySettings) -> Option<PathBuf> {
    let own = settings.file.as_deref().and_then(Path::parent).map(Path::to_owned);
    let here = |folder: PathBuf| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    settings.folder.clone().or(own).map(here)
}

/// What cannot be read is not listed.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let onnx = paths.filter(|path| path.extension().is_some_and(|ending| ending == "onnx"));
    let named = onnx.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)));
    let is_name = |name: &str| name.len() <= MAX_NAME_BYTES && !name.chars().any(char::is_control);
    let mut named: Vec<_> = named.filter(|(name, _)| is_name(name)).collect();
    named.sort();
    named.truncate(MOST);
    named
}

fn changed_to(
    name: &str,
    settings: &PolicySettings,
    at_hand: &[(String, Option<PathBuf>)],
) -> Option<PolicySettings> {
    let (_, file) = at_hand.iter().find(|(known, _)| known == name)?;
    let carried = CarriedPolicy::ALL.into_iter().find(|carried| carried.name() == name);
    if file.is_none() && carried.is_none() {
        return None;
    }
    let carried = carried.unwrap_or_default();
    Some(PolicySettings { file: file.clone(), carried, folder: folder(settings), ..settings.clone() })
}

fn check(
    name: &str,
    settings: &PolicySettings,
    at_hand: &[(String, Option<PathBuf>)],
    profile: &RobotProfile,
) -> Result<(), Refusal> {
    let Some(settings) = changed_to(name, settings, at_hand) else { return Err(no_such(name)) };
    let fits = || {
        let (policy, _) = load::policy(&settings)?;
        let options = load::options(&settings)?;
        load::setup(&settings, &policy, profile, &options).map(|_| ())
    };
    fits().map_err(|error: LoadError| Refusal::new(Code::NotPossible, error.to_string(), error.hint()))
}

fn no_such(name: &str) -> Refusal {
    Refusal::new(Code::NotPossible, format!("there is no policy {name}"), "policies lists them")
}
