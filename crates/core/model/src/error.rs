//! What can be wrong with a profile, a contract, or the pair of them.

use thiserror::Error;

/// A robot profile that cannot be used.
#[derive(Debug, Error, Clone, PartialEq)]
#[non_exhaustive]
pub enum ProfileError {
    /// The text is not TOML or JSON, lacks a key, or has one nobody knows.
    #[error("{file}: at {path}: {problem}")]
    Syntax {
        /// Which kind of file.
        file: &'static str,
        /// Where in it.
        path: String,
        /// What the parser says.
        problem: String,
    },
    /// A value that the format allows and a robot does not.
    #[error("{file}: at {path}: expected {expected}, found {found}")]
    Value {
        /// Which kind of file.
        file: &'static str,
        /// Where in it.
        path: String,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
}

/// Where in a file a parser stopped, in words where it stopped at the top.
pub(crate) fn place(path: &serde_path_to_error::Path) -> String {
    match path.to_string().as_str() {
        "." | "" => "top level".to_owned(),
        path => path.to_owned(),
    }
}

impl ProfileError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            ProfileError::Syntax { file, .. } => {
                format!("compare with the {file} in docs/formats.md; keys are spelt exactly as there")
            }
            ProfileError::Value { path, .. } => format!("correct {path} and load it again"),
        }
    }
}

/// A contract that cannot be read, contradicts itself, or does not fit the robot.
#[derive(Debug, Error, Clone, PartialEq)]
#[non_exhaustive]
pub enum ContractError {
    /// Not JSON, a missing key, or a key nobody knows.
    #[error("contract: at {path}: {problem}")]
    Syntax {
        /// Where in the contract.
        path: String,
        /// What the parser says.
        problem: String,
    },
    /// Written for a schema this build does not read.
    #[error("contract: schema: expected {expected:?}, found {found:?}")]
    Schema {
        /// The schema this build reads.
        expected: &'static str,
        /// The schema of the contract.
        found: String,
    },
    /// A value that contradicts the schema or another value of the contract.
    #[error("contract: at {path}: expected {expected}, found {found}")]
    Value {
        /// Where in the contract.
        path: String,
        /// What would be right.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The contract is sound, but not for this robot.
    #[error("contract does not fit robot {robot}: {term}: expected {expected}, found {found}")]
    Misfit {
        /// Name of the robot profile.
        robot: String,
        /// The term, joint or field that does not fit.
        term: String,
        /// What the contract expects.
        expected: String,
        /// What the robot has.
        found: String,
    },
}

impl ContractError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            ContractError::Syntax { .. } => {
                "docs/contract.schema.json describes every key; unknown keys are refused so that none is ignored"
                    .to_owned()
            }
            ContractError::Schema { found, .. } => format!(
                "this build cannot read {found:?}: take a Gaitway of the contract's time, or export the policy again"
            ),
            ContractError::Value { path, .. } => {
                format!("correct {path} where the policy is exported, then embed the contract again")
            }
            ContractError::Misfit { .. } => {
                "use the robot profile the policy was trained for, or a policy trained for this robot".to_owned()
            }
        }
    }
}
