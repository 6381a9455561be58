//! From arguments to a robot's profile, a policy, and how it is run.

use crate::arguments::{CarriedPolicy, PolicySettings, RobotSettings};
use gaitway_control::{ControlError, Options, Policy, PolicyError};
use gaitway_importers::duck_config::ConfigError;
use gaitway_importers::reference_motion::{self, ReferenceMotionError};
use gaitway_model::{Contract, ContractError, ProfileError, RobotProfile};
use gaitway_platform::files;
use gaitway_runtime::robot::{Setup, SetupError};
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The robot that needs no file, its policy, and contracts of policies that carry none.
const DUCK: &str = include_str!("../../../python/gaitway/robots/open_duck_mini_v2/profile.toml");
const DUCK_POLICY: &[u8] = include_bytes!("../../../python/gaitway/robots/open_duck_mini_v2/walk.onnx");
const DUCK_STANDING: &[u8] = include_bytes!("../../../python/gaitway/robots/open_duck_mini_v2/stand.onnx");
const DUCK_SET: &str = include_str!("../../../python/gaitway/robots/open_duck_mini_v2/policies.toml");
const DUCK_CONTRACTS: [&str; 2] = [
    include_str!("../../../python/gaitway/robots/open_duck_mini_v2/contracts/gaitway_walk.json"),
    include_str!("../../../python/gaitway/robots/open_duck_mini_v2/contracts/open_duck_walk.json"),
];

/// Something the program cannot start with.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A file that cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The robot's profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Its configuration.
    #[error("{}: {error}", path.display())]
    Config {
        /// Which.
        path: PathBuf,
        /// Every mistake in it.
        error: ConfigError,
    },
    /// A contract.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The reference motion.
    #[error(transparent)]
    Reference(#[from] ReferenceMotionError),
    /// Policy and robot do not fit.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No policy was named, and the one that is carried is another robot's.
    #[error(transparent)]
    CarriedPolicy(SetupError),
}

impl LoadError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            LoadError::File { source, .. } => files::remedy(source).to_owned(),
            LoadError::Profile(error) => error.hint(),
            LoadError::Config { path, error } => error.hint(&path.display().to_string()),
            LoadError::Contract(error) => error.hint(),
            LoadError::Policy(error) => error.hint(),
            LoadError::Reference(error) => error.hint().to_owned(),
            LoadError::Setup(error) => error.hint(),
            LoadError::CarriedPolicy(_) => {
                "name a policy of this robot: --policy FILE; without one gaitwayd runs the policy it carries"
                    .to_owned()
            }
        }
    }
}

/// The robot's profile, as for every robot of its kind.
pub fn profile(settings: &RobotSettings) -> Result<RobotProfile, LoadError> {
    let text = match &settings.profile {
        Some(path) => read_text(path)?,
        None => DUCK.to_owned(),
    };
    Ok(RobotProfile::from_toml(&text)?)
}

/// The policy, and its file.
pub fn policy(settings: &PolicySettings) -> Result<(Policy, Cow<'static, [u8]>), LoadError> {
    let assume = settings.assume_contract.as_deref();
    let Some(path) = &settings.file else { return carried(settings.carried, assume) };
    if path.extension().is_some_and(|ending| ending == "toml") {
        return set(path);
    }
    let known: Result<Vec<Contract>, ContractError> =
        DUCK_CONTRACTS.iter().map(|json| Contract::from_json(json)).collect();
    let onnx = read(path)?;
    Ok((Policy::from_onnx(&onnx, &known?, assume)?, Cow::Owned(onnx)))
}

/// The policies that a `policies.toml` names, and the file of the default one.
fn set(path: &Path) -> Result<(Policy, Cow<'static, [u8]>), LoadError> {
    let text = read_text(path)?;
    let beside = |file: &str| read(&path.with_file_name(file)).map_err(|error| error.to_string());
    let policy = Policy::of_set(&text, &mut |file| beside(file))?;
    let default = policy.set().and_then(|set| {
        let rules = set.rules();
        set.members().get(rules.default_index()).map(|member| member.onnx.clone())
    });
    Ok((policy, Cow::Owned(default.unwrap_or_default())))
}

/// They carry their own contracts.
fn carried(which: CarriedPolicy, assume: Option<&str>) -> Result<(Policy, Cow<'static, [u8]>), LoadError> {
    Ok(match which {
        // Who names a contract wants no other policy beside it.
        CarriedPolicy::Walk if assume.is_some() => {
            (Policy::from_onnx(DUCK_POLICY, &[], assume)?, Cow::Borrowed(DUCK_POLICY))
        }
        CarriedPolicy::Walk => {
            let set = Policy::of_set(DUCK_SET, &mut |file| match file {
                "walk.onnx" => Ok(DUCK_POLICY.to_vec()),
                "stand.onnx" => Ok(DUCK_STANDING.to_vec()),
                _ => Err("this program does not carry it".to_owned()),
            })?;
            (set, Cow::Borrowed(DUCK_POLICY))
        }
        CarriedPolicy::Stand => {
            (Policy::from_onnx(DUCK_STANDING, &[], assume)?, Cow::Borrowed(DUCK_STANDING))
        }
    })
}

/// The policy on the robot.
pub fn setup(
    settings: &PolicySettings,
    policy: &Policy,
    profile: &RobotProfile,
    options: &Options,
) -> Result<Setup, LoadError> {
    Setup::new(policy, profile, options).map_err(|error| match (&settings.file, &error) {
        (None, SetupError::Control(ControlError::Contract(_))) => LoadError::CarriedPolicy(error),
        _ => LoadError::Setup(error),
    })
}

/// How the policy is run.
pub fn options(settings: &PolicySettings) -> Result<Options, LoadError> {
    let gait_period_ticks = match &settings.poly_coefficients {
        None => None,
        Some(path) => {
            let file = files::open(path).map_err(|source| file_error(path, source))?;
            Some(reference_motion::period_ticks(io::BufReader::new(file))?.ticks)
        }
    };
    Ok(Options {
        loop_hz: settings.loop_hz,
        leg_kp: settings.leg_kp.map(f64::from),
        ki: settings.ki.map(f64::from),
        kd: settings.kd.map(f64::from),
        action_scale: settings.action_scale,
        cutoff_hz: settings.cutoff_hz,
        gait_period_ticks,
        ..Options::default()
    })
}

/// Whether the carried policies are this robot's.
pub(crate) fn is_carried(profile: &RobotProfile) -> bool {
    RobotProfile::from_toml(DUCK).is_ok_and(|carried| carried.name == profile.name)
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    files::read(path).map_err(|source| file_error(path, source))
}

fn read_text(path: &Path) -> Result<String, LoadError> {
    files::read_text(path).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: io::Error) -> LoadError {
    LoadError::File { path: path.to_owned(), source }
}
