//! What can go wrong before a policy may move a robot, and the little that can go wrong afterwards.

use gaitway_model::{ContractError, ProfileError};
use gaitway_policy::OnnxError;
use thiserror::Error;

/// A policy file that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file is not an ONNX graph this engine runs.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The contract cannot be read, contradicts itself or does not fit.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The file carries no contract and nobody knows it.
    #[error("policy file carries no contract, and its weights are unknown (sha256 {sha256})")]
    NoContract {
        /// Hash of the weights.
        sha256: String,
        /// Names of contracts that could be assumed.
        known: String,
    },
    /// The standing policy's contract differs from the walking policy's.
    #[error("standing policy {standing}: its contract differs from that of {name} in more than its weights")]
    StandingContract {
        /// The walking policy.
        name: String,
        /// The standing policy.
        standing: String,
    },
    /// A standing policy needs the native engine.
    #[error("standing policy: expected the native engine for both networks, found another one")]
    StandingEngine,
    /// The rules by which policies take turns.
    #[error(transparent)]
    Rules(#[from] ProfileError),
    /// A policy set without a policy.
    #[error("policy set: expected at least one policy, found none")]
    EmptySet,
    /// A policy of a set that cannot be used.
    #[error("policy set: {file}: {error}")]
    InSet {
        /// Its file.
        file: String,
        /// Why not.
        error: Box<PolicyError>,
    },
    /// A file that cannot be read.
    #[error("expected a policy file, found none that can be read: {problem}")]
    Unreadable {
        /// What the system says.
        problem: String,
    },
    /// A policy of a set differs from the others in what cannot change while the robot runs.
    #[error(
        "policy set: {file}: its contract's {what} differ from the default policy's: expected {expected}, found {found}"
    )]
    SetDiffers {
        /// Its file.
        file: String,
        /// What differs.
        what: &'static str,
        /// What the default policy's contract says.
        expected: String,
        /// What its own says.
        found: String,
    },
    /// No contract of that name.
    #[error("no contract is called {name:?}; known are: {known}")]
    NoSuchContract {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A contract was to be assumed for a file that has another.
    #[error("contract {name:?} cannot be assumed: the file's own contract is {found:?}")]
    OtherContract {
        /// The name asked for.
        name: String,
        /// The contract the file carries, or is known by.
        found: String,
    },
    /// Weights were changed after the contract was written.
    #[error("contract describes other weights: expected sha256 {expected}, found {found}")]
    WeightsChanged {
        /// What the contract says.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// The contract was changed after it was embedded.
    #[error("embedded contract was changed: expected sha256 {expected}, found {found}")]
    ContractChanged {
        /// What the file says.
        expected: String,
        /// What its contract has.
        found: String,
    },
    /// Network and contract disagree about a name or a length.
    #[error("network does not fit its contract: {what}: expected {expected}, found {found}")]
    Shape {
        /// What disagrees.
        what: &'static str,
        /// What the contract says.
        expected: String,
        /// What the network has.
        found: String,
    },
    /// The network's own normaliser says that it was trained on other units.
    #[error("assumed contract is wrong about term {term}: expected {expected}, found {found}")]
    Units {
        /// The term.
        term: String,
        /// What the contract's unit would give.
        expected: String,
        /// What the normaliser says.
        found: String,
    },
}

impl PolicyError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            PolicyError::Onnx(error) => error.hint().to_string(),
            PolicyError::Contract(error) => error.hint(),
            PolicyError::NoContract { known, .. } => format!(
                "ask its author for a contract and `gaitway policy embed` it, or, if you know what it was trained \
                 on, pass --assume-contract NAME (known: {known})"
            ),
            PolicyError::OtherContract { .. } => "leave --assume-contract out".to_owned(),
            PolicyError::StandingContract { .. } => {
                "train both on the same observation, action and gains, or run the walking policy alone"
                    .to_owned()
            }
            PolicyError::Rules(error) => error.hint(),
            PolicyError::EmptySet => "name one under [[policies]] in policies.toml".to_owned(),
            PolicyError::InSet { error, .. } => error.hint(),
            PolicyError::Unreadable { .. } => "put the file beside policies.toml, or correct its name there".to_owned(),
            PolicyError::SetDiffers { .. } => {
                "policies of a set share robot, rate and gains: train them alike, or run this one alone with --policy"
                    .to_owned()
            }
            PolicyError::StandingEngine => "run the walking policy alone".to_owned(),
            PolicyError::NoSuchContract { .. } => "pass one of the known names".to_owned(),
            PolicyError::WeightsChanged { .. } => {
                "export the policy again, or embed the contract that belongs to these weights".to_owned()
            }
            PolicyError::ContractChanged { .. } => {
                "take the file from where it was published, or embed the contract again".to_owned()
            }
            PolicyError::Shape { .. } => "embed the contract this network was exported with".to_owned(),
            PolicyError::Units { .. } => {
                "this file was trained with other scales: assume another contract, or write one for it"
                    .to_owned()
            }
        }
    }
}

/// A policy and a robot that cannot run together as asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The contract does not fit the robot.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The loop cannot run at this rate.
    #[error(
        "loop rate {loop_hz} Hz does not fit a policy of {policy_hz} Hz: expected {policy_hz} times a whole number, at most 10000"
    )]
    Rate {
        /// Rate asked for.
        loop_hz: u32,
        /// Rate of the policy.
        policy_hz: u32,
    },
    /// A number among the options that makes no sense.
    #[error("{what}: expected {expected}, found {found}")]
    Option {
        /// Which option.
        what: &'static str,
        /// What would be right.
        expected: &'static str,
        /// What was given.
        found: f64,
    },
    /// A row with another length than the robot or policy has.
    #[error("{what}: expected {expected} numbers, found {found}")]
    Length {
        /// Which row.
        what: &'static str,
        /// Its length.
        expected: usize,
        /// The length given.
        found: usize,
    },
    /// The engine is outside and has to be asked by the caller.
    #[error("this policy runs in an engine outside: step() cannot call it")]
    ExternalEngine,
    /// `act` without an `observe` before it.
    #[error("act() needs an observe() before it in the same tick")]
    ActBeforeObserve,
    /// A saved state that is not one of this controller.
    #[error("saved state does not belong to this controller: {what}: expected {expected}, found {found}")]
    State {
        /// What differs.
        what: &'static str,
        /// What this controller has.
        expected: String,
        /// What the state has.
        found: String,
    },
}

impl ControlError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            ControlError::Contract(error) => error.hint(),
            ControlError::Rate { policy_hz, .. } => {
                format!("run the loop at {policy_hz}, {} or {} Hz", 2 * policy_hz, 4 * policy_hz)
            }
            ControlError::Option { what, .. } => format!("correct {what}"),
            ControlError::Length { .. } => {
                "build the row from the robot the controller was made for".to_owned()
            }
            ControlError::ExternalEngine => {
                "call observe(), run the engine, and call act() with its output".to_owned()
            }
            ControlError::ActBeforeObserve => "call observe() first".to_owned(),
            ControlError::State { .. } => {
                "restore it with the same Gaitway version, policy, robot and options that saved it".to_owned()
            }
        }
    }
}
