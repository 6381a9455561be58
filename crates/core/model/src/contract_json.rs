//! A contract as JSON: read, checked, and written in its one canonical form.

use crate::contract::Contract;
use crate::controls::first_control;
use crate::error::{ContractError, place};
use crate::{canonical, validate};

impl Contract {
    /// Reads and validates a contract. Unknown keys are refused.
    pub fn from_json(json: &str) -> Result<Contract, ContractError> {
        let syntax = |path: String, problem: String| ContractError::Syntax { path, problem };
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let contract: Contract = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| syntax(place(error.path()), error.inner().to_string()))?;
        deserializer.end().map_err(|error| syntax("end of file".to_owned(), error.to_string()))?;
        if let Some(found) = first_control(&contract) {
            let (path, expected) = ("text".to_owned(), "no control characters".to_owned());
            return Err(ContractError::Value { path, expected, found });
        }
        validate::contract(&contract)?;
        Ok(contract)
    }

    /// The one canonical text of the contract (RFC 8785).
    pub fn canonical_json(&self) -> Result<String, ContractError> {
        canonical::to_json(self)
            .map_err(|problem| ContractError::Syntax { path: "contract".to_owned(), problem })
    }

    /// sha256 of the canonical text, which names the weights: contract and weights in one hash.
    pub fn hash(&self) -> Result<String, ContractError> {
        Ok(canonical::sha256_hex(self.canonical_json()?.as_bytes()))
    }

    /// The published JSON schema of contracts, as text.
    pub fn json_schema() -> String {
        let schema = schemars::schema_for!(Contract);
        let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        text.push('\n');
        text
    }
}
