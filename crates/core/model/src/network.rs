//! Which inputs and outputs of the network file the contract speaks of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names of the network's inputs and outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Name of the input that takes the observation, or its first numbers.
    pub input: String,
    /// Name of the output that is the action.
    pub output: String,
    /// Inputs that take the observation's last numbers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_inputs: Vec<PortWidth>,
    /// Outputs beside the action: they are recorded, and a gait clock may run by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_outputs: Vec<PortWidth>,
    /// What the network remembers from one tick to the next; all zeros at a reset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<NetworkState>,
}

/// An input or output, and how many numbers it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortWidth {
    /// Name in the file.
    pub name: String,
    /// How many numbers.
    pub width: u32,
}

/// An output that is an input of the next tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkState {
    /// The input that takes it.
    pub input: String,
    /// The output that gives the next.
    pub output: String,
}

impl Network {
    /// Numbers of the outputs beside the action.
    pub fn further_len(&self) -> usize {
        self.further_outputs.iter().map(|port| port.width as usize).sum()
    }

    /// Where among all outputs, the action first, the numbers of one begin.
    pub fn further_start(&self, name: &str, action_len: usize) -> Option<usize> {
        let place = self.further_outputs.iter().position(|port| port.name == name)?;
        Some(action_len + self.further_outputs[..place].iter().map(|port| port.width as usize).sum::<usize>())
    }

    /// True where it has nothing that schema 1 does not know.
    pub(crate) fn is_plain(&self) -> bool {
        self.further_inputs.is_empty() && self.further_outputs.is_empty() && self.states.is_empty()
    }
}
