//! What can be wrong about a batch.

use gaitway_control::{ControlError, PolicyError};
use thiserror::Error;

/// A batch that cannot be made, or rows that are not its own.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The contract does not fit the robot.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The contract has no text, and so no hash.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A row or a list of the wrong length.
    #[error("{what}: expected {expected} numbers, found {found}")]
    Length {
        /// Which.
        what: &'static str,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An index beyond its row.
    #[error("{what}: expected an index below {len}, found {found}")]
    Index {
        /// Of what.
        what: &'static str,
        /// Length of the row.
        len: usize,
        /// The index.
        found: usize,
    },
    /// More than a computer has room for.
    #[error("{what}: expected at most {most}, found {found}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
        /// How many were asked for.
        found: usize,
    },
    /// A number outside its range.
    #[error("{what}: expected {expected}, found {found}")]
    Value {
        /// Which.
        what: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f32,
    },
    /// An action that is no number.
    #[error("action of robot {robot}: expected finite numbers, found {found}")]
    NonFiniteAction {
        /// Which robot.
        robot: usize,
        /// The first number that is none.
        found: f32,
    },
    /// A sensor that is no number: the simulation has broken down.
    #[error("observation of robot {robot}: expected finite numbers, found {found} at {index}")]
    NonFiniteObservation {
        /// Which robot.
        robot: usize,
        /// Where in the observation.
        index: usize,
        /// What is there.
        found: f32,
    },
    /// A saved state that is not this batch's.
    #[error("saved batch: expected {expected} bytes of state, found {found}")]
    Saved {
        /// Length of this batch's state.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
}

impl BatchError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            BatchError::Control(error) => error.hint(),
            BatchError::Policy(error) => error.hint(),
            BatchError::Length { .. } | BatchError::Index { .. } => {
                "make the rows with the model the batch was made for".to_owned()
            }
            BatchError::TooMany { .. } => {
                "ask for less: a training has some hundreds of robots, a robot some hundred numbers"
                    .to_owned()
            }
            BatchError::Value { what, .. } => format!("correct {what}"),
            BatchError::NonFiniteAction { .. } => {
                "the network has diverged: go back to a checkpoint, with a smaller learning rate".to_owned()
            }
            BatchError::NonFiniteObservation { .. } => {
                "the simulation has broken down: reset this robot, or take a smaller time step".to_owned()
            }
            BatchError::Saved { .. } => {
                "restore it with as many robots, and the contract, it was saved with".to_owned()
            }
        }
    }
}

/// Refuses more than `most`.
pub(crate) fn at_most(what: &'static str, most: usize, found: usize) -> Result<(), BatchError> {
    if found <= most { Ok(()) } else { Err(BatchError::TooMany { what, most, found }) }
}
