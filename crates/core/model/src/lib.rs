//! What a robot is and what a policy must be fed.
//!
//! * [`profile::RobotProfile`]: joints, limits, gains, mounts of one robot, from TOML.
//! * [`contract::Contract`]: what one policy file must be fed and what its numbers mean, from JSON.
//! * [`observation::ObservationProgram`]: the two compiled into a flat program that builds the observation.
//! * [`policies::PolicyRules`]: the policies of one robot and the transitions between them, from TOML.
//! * [`envelope::CommandEnvelope`]: the commands a policy accepts, enforced.
//!
//! Takes text and streams, never files; knows no weights.

pub mod axis;
pub mod canonical;
pub mod contract;
mod contract_json;
mod controls;
pub mod envelope;
pub mod error;
pub mod golden;
pub mod history;
pub mod network;
pub mod observation;
pub mod per_element;
pub mod policies;
pub mod profile;
pub mod sensors;
pub mod term;
mod validate;

pub use axis::{Axis, Command, MAX_AXES};
pub use contract::Contract;
pub use error::{ContractError, ProfileError};
pub use observation::{ObservationProgram, ObservationState};
pub use policies::PolicyRules;
pub use profile::RobotProfile;
pub use sensors::Sensors;
