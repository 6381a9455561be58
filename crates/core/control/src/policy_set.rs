//! Policies that take turns on one robot: networks with their contracts, and the rules by which they do.

use crate::error::PolicyError;
use crate::policy::{Policy, PolicySet, SetMember};
use gaitway_model::policies::PolicyEntry;
use gaitway_model::{Contract, PolicyRules};
use std::sync::Arc;

impl Policy {
    /// The policies that the text of a `policies.toml` names: the default one, which its controller lets take turns
    /// with the others. `read` brings a file that lies beside it, or says why not.
    pub fn of_set(
        text: &str,
        read: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Policy, PolicyError> {
        let rules = PolicyRules::from_toml(text)?;
        let load = |entry: &PolicyEntry| {
            let in_set =
                |error: PolicyError| PolicyError::InSet { file: entry.file.clone(), error: Box::new(error) };
            let onnx = read(&entry.file).map_err(|problem| in_set(PolicyError::Unreadable { problem }))?;
            let policy = Policy::from_onnx(&onnx, &[], None).map_err(in_set)?;
            Ok(SetMember { policy, onnx })
        };
        let members = rules.policies.iter().map(load).collect::<Result<Vec<_>, PolicyError>>()?;
        let default = rules.default_index();
        // Rules that were read have one.
        let first = members.get(default).map(|member| member.policy.clone());
        let Some(mut first) = first else { return Err(PolicyError::EmptySet) };
        for (entry, member) in rules.policies.iter().zip(&members) {
            check_alike(first.contract(), &entry.file, member.policy.contract())?;
        }
        first.set = Some(Arc::new(PolicySet { rules, text: text.to_owned(), members }));
        Ok(first)
    }

    /// The policies it takes turns with; `None` for one that runs alone.
    pub fn set(&self) -> Option<&Arc<PolicySet>> {
        self.set.as_ref()
    }
}

/// What stays as it is while policies take turns: the robot, its gains, and the rate.
fn check_alike(first: &Contract, file: &str, other: &Contract) -> Result<(), PolicyError> {
    let differs = |what, expected: String, found: String| {
        if expected == found {
            return Ok(());
        }
        Err(PolicyError::SetDiffers { file: file.to_owned(), what, expected, found })
    };
    differs("robot", first.robot.profile.clone(), other.robot.profile.clone())?;
    let rate = |contract: &Contract| format!("{} Hz", contract.policy_rate_hz);
    differs("rate", rate(first), rate(other))?;
    let gains = |contract: &Contract| format!("{:?}", contract.gains);
    differs("gains", gains(first), gains(other))
}
