//! The policy set: which policies a robot has, and when one takes over from another. Data in the robot's folder,
//! `policies.toml`.

mod validate;

use crate::error::{ProfileError, place};
use serde::Deserialize;

/// Name of the file, in messages.
const FILE: &str = "policy set";
/// Name of the schema this build reads.
pub const SCHEMA: &str = "gaitway.policies/1";
/// Most policies of a set.
pub const MAX_POLICIES: usize = 16;

/// The policies of a robot and the transitions between them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRules {
    /// [`SCHEMA`].
    pub schema: String,
    /// The policy that a start begins with, by its name.
    pub default: String,
    /// Every policy.
    pub policies: Vec<PolicyEntry>,
    /// When one takes over from another; the first that applies counts.
    #[serde(default)]
    pub transitions: Vec<Transition>,
}

/// One policy of a set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyEntry {
    /// Name, by which it is asked for.
    pub name: String,
    /// ONNX file with a contract inside, beside `policies.toml`.
    pub file: String,
    /// Ticks of the policy over which the goals go over to this policy's when it is entered.
    #[serde(default)]
    pub blend_ticks: u32,
    /// Parts of its gait at which it may be left, each from where to where, 0 to 1; empty: anywhere.
    #[serde(default)]
    pub leave_phases: Vec<[f64; 2]>,
}

/// A policy that may take over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// From these policies; empty: from every other.
    #[serde(default)]
    pub from: Vec<String>,
    /// To this one.
    pub to: String,
    /// What brings it about.
    pub when: When,
    /// Ticks for which the policy before has run at least, so that a policy ends by time.
    #[serde(default)]
    pub after_ticks: u64,
    /// Only while the trunk's tilt lies between these, rad.
    #[serde(default)]
    pub tilt_rad: Option<[f64; 2]>,
    /// Only in this pose of the robot's profile: "default" or "sit".
    #[serde(default)]
    pub pose: Option<PoseName>,
    /// How near every joint must be to the pose, rad.
    #[serde(default)]
    pub within_rad: Option<f64>,
}

/// What brings a transition about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The command asks for no velocity.
    NoVelocity,
    /// It asks for one.
    Velocity,
    /// Somebody asks for the policy by its name.
    Asked,
    /// Nobody asks for the policy that runs, any more.
    NotAsked,
    /// Time, and the pose, alone.
    Always,
}

/// A pose of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoseName {
    /// `[poses.default]`.
    Default,
    /// `[poses.sit]`.
    Sit,
}

impl PolicyRules {
    /// Reads and checks a set. Unknown keys are refused.
    pub fn from_toml(text: &str) -> Result<PolicyRules, ProfileError> {
        let syntax = |path: String, problem: String| ProfileError::Syntax {
            file: FILE,
            path,
            problem: problem.trim().to_owned(),
        };
        let parser =
            toml::Deserializer::parse(text).map_err(|error| syntax("file".to_owned(), error.to_string()))?;
        let rules: PolicyRules = serde_path_to_error::deserialize(parser)
            .map_err(|error| syntax(place(error.path()), error.inner().to_string()))?;
        rules.validate()?;
        Ok(rules)
    }

    /// Place of the policy of that name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.policies.iter().position(|policy| policy.name == name)
    }

    /// Place of the policy a start begins with.
    pub fn default_index(&self) -> usize {
        // Of rules that were checked it is one of them.
        self.index(&self.default).unwrap_or(0)
    }
}
