//! A policy: a network and the contract that says what its numbers mean.

use crate::error::PolicyError;
use crate::units;
use gaitway_model::contract::Provenance;
use gaitway_model::network::PortWidth;
use gaitway_model::{Contract, PolicyRules};
use gaitway_policy::{Interface, OnnxError, Plan, PortSpan, StatePorts, metadata};
use std::sync::Arc;

/// Prefix of our own metadata in an ONNX file.
const METADATA_PREFIX: &str = "gaitway.";
const CONTRACT_KEY: &str = "gaitway.contract";
const CONTRACT_HASH_KEY: &str = "gaitway.contract_sha256";

/// How a policy came to its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// It is in the file.
    Embedded,
    /// The hash of the weights is known, and the contract ships as data.
    Recognised,
    /// A person said so.
    Assumed,
}

/// A network with its contract.
#[derive(Debug, Clone)]
pub struct Policy {
    contract: Contract,
    contract_sha256: String,
    basis: Basis,
    plan: Option<Arc<Plan>>,
    standing: Option<Arc<Standing>>,
    /// The policies it takes turns with.
    pub(crate) set: Option<Arc<PolicySet>>,
    notes: Vec<String>,
}

/// A second network that runs while nothing asks the robot to move.
#[derive(Debug)]
struct Standing {
    plan: Arc<Plan>,
    /// Of its contract, which is the walking policy's but for its weights.
    name: String,
    onnx: Vec<u8>,
}

/// The policies of one robot.
#[derive(Debug)]
pub struct PolicySet {
    pub(crate) rules: PolicyRules,
    /// The text the rules were read from.
    pub(crate) text: String,
    pub(crate) members: Vec<SetMember>,
}

/// One policy of a set.
#[derive(Debug)]
pub struct SetMember {
    /// Network and contract.
    pub policy: Policy,
    /// Its file.
    pub onnx: Vec<u8>,
}

impl PolicySet {
    /// When one takes over from another.
    pub fn rules(&self) -> &PolicyRules {
        &self.rules
    }

    /// `policies.toml` as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every policy, in the order of the rules.
    pub fn members(&self) -> &[SetMember] {
        &self.members
    }
}

impl Policy {
    /// Loads an ONNX file for the native engine. `known` are the contracts that ship as data; `assume` names one of
    /// them for a file that carries none.
    pub fn from_onnx(bytes: &[u8], known: &[Contract], assume: Option<&str>) -> Result<Policy, PolicyError> {
        let mut policy = Policy::of_file(bytes, known, assume)?;
        let plan = policy.network(bytes)?;
        policy.check_network(&plan)?;
        policy.plan = Some(Arc::new(plan));
        Ok(policy)
    }

    /// Loads the contract for a network that another engine runs. Where the native engine can read the network, it
    /// is checked all the same.
    pub fn without_plan(
        bytes: &[u8],
        known: &[Contract],
        assume: Option<&str>,
    ) -> Result<Policy, PolicyError> {
        let mut policy = Policy::of_file(bytes, known, assume)?;
        match policy.network(bytes) {
            Ok(plan) => policy.check_network(&plan)?,
            Err(_) if policy.basis == Basis::Assumed => {
                policy.notes.push(
                    "units of the assumed contract not checked: the network is unknown here".to_owned(),
                );
            }
            Err(_) => {}
        }
        Ok(policy)
    }

    /// A contract whose network is still being trained: no engine, and the halves of a tick are the caller's.
    pub fn of_contract(contract: Contract) -> Result<Policy, PolicyError> {
        let contract_sha256 = contract.hash()?;
        Ok(Policy {
            contract,
            contract_sha256,
            basis: Basis::Embedded,
            plan: None,
            standing: None,
            set: None,
            notes: Vec::new(),
        })
    }

    /// The same policy, with the network of the file `onnx` in its place while the command asks for no velocity. Both
    /// see one observation and share one memory, so the file must carry a contract that says the same of every number.
    pub fn with_standing(mut self, onnx: &[u8]) -> Result<Policy, PolicyError> {
        let standing = Policy::from_onnx(onnx, &[], None)?;
        let Some(plan) = standing.plan.filter(|_| self.plan.is_some()) else {
            return Err(PolicyError::StandingEngine);
        };
        if numbers_of(&standing.contract) != numbers_of(&self.contract) {
            let (name, standing) = (self.contract.name, standing.contract.name);
            return Err(PolicyError::StandingContract { name, standing });
        }
        self.standing = Some(Arc::new(Standing { plan, name: standing.contract.name, onnx: onnx.to_vec() }));
        Ok(self)
    }

    fn of_file(bytes: &[u8], known: &[Contract], assume: Option<&str>) -> Result<Policy, PolicyError> {
        metadata::refuse_other_files(bytes)?;
        metadata::refuse_data_elsewhere(bytes)?;
        let weights = metadata::weights_sha256(bytes, METADATA_PREFIX)?;
        let (contract, basis) = match embedded(bytes, &weights)? {
            Some(contract) => (contract, Basis::Embedded),
            None => find(known, assume, &weights)?,
        };
        if let Some(name) = assume.filter(|name| *name != contract.name) {
            return Err(PolicyError::OtherContract { name: name.to_owned(), found: contract.name });
        }
        let notes = match basis {
            Basis::Assumed => vec![format!("contract {} assumed by hand", contract.name)],
            _ => Vec::new(),
        };
        let contract_sha256 = contract.hash()?;
        Ok(Policy { contract, contract_sha256, basis, plan: None, standing: None, set: None, notes })
    }

    fn check_network(&mut self, plan: &Plan) -> Result<(), PolicyError> {
        self.check_shape(plan)?;
        if self.basis != Basis::Assumed {
            return Ok(());
        }
        self.notes.push(match plan.input_normaliser() {
            Some(normaliser) => {
                units::check(&self.contract, &normaliser)?;
                "its normaliser agrees with the contract's units".to_owned()
            }
            None => "the network has no normaliser to check the contract's units by".to_owned(),
        });
        Ok(())
    }

    /// The network, by the names that the contract has for its inputs, outputs and states.
    fn network(&self, bytes: &[u8]) -> Result<Plan, PolicyError> {
        Plan::from_onnx_with(bytes, &self.interface()).map_err(|error| match error {
            OnnxError::NoPort { what, name: Some(expected), found } => {
                let what = if what == "input" { "input name" } else { "output name" };
                PolicyError::Shape { what, expected, found: found.join(", ") }
            }
            other => other.into(),
        })
    }

    /// What of the file is fed, read and remembered.
    fn interface(&self) -> Interface {
        let network = &self.contract.network;
        let further = |ports: &[PortWidth]| ports.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
        let states = network
            .states
            .iter()
            .map(|state| StatePorts { input: state.input.clone(), output: state.output.clone() });
        Interface {
            inputs: [vec![network.input.clone()], further(&network.further_inputs)].concat(),
            outputs: [vec![network.output.clone()], further(&network.further_outputs)].concat(),
            states: states.collect(),
        }
    }

    fn check_shape(&self, plan: &Plan) -> Result<(), PolicyError> {
        let contract = &self.contract;
        let further: usize = contract.network.further_inputs.iter().map(|port| port.width as usize).sum();
        let first = contract.observation_len().saturating_sub(further);
        lengths("input", first, &contract.network.further_inputs, plan.inputs())?;
        lengths("output", contract.action_len(), &contract.network.further_outputs, plan.outputs())
    }

    /// What the network must be fed and what its numbers mean.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Hash of contract and weights together.
    pub fn contract_sha256(&self) -> &str {
        &self.contract_sha256
    }

    /// How the policy came to its contract.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The network, where the native engine runs it.
    pub fn plan(&self) -> Option<&Arc<Plan>> {
        self.plan.as_ref()
    }

    /// The network that runs while the command asks for no velocity.
    pub fn standing_plan(&self) -> Option<&Arc<Plan>> {
        self.standing.as_ref().map(|standing| &standing.plan)
    }

    /// The file of that network.
    pub fn standing_onnx(&self) -> Option<&[u8]> {
        self.standing.as_ref().map(|standing| standing.onnx.as_slice())
    }

    /// Name of its contract.
    pub fn standing_name(&self) -> Option<&str> {
        self.standing.as_ref().map(|standing| standing.name.as_str())
    }

    /// What a person should know before trusting the pair.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// A contract without what names it and its weights: two that are alike then say the same of every number.
pub(crate) fn numbers_of(contract: &Contract) -> Contract {
    Contract {
        name: String::new(),
        description: String::new(),
        weights_sha256: String::new(),
        golden: None,
        provenance: Provenance { source: String::new(), licence: String::new() },
        ..contract.clone()
    }
}

/// The ONNX file with `contract` embedded, made to name these weights. The weights' bytes are not touched.
pub fn embed(bytes: &[u8], contract: &Contract) -> Result<Vec<u8>, PolicyError> {
    metadata::refuse_other_files(bytes)?;
    metadata::refuse_data_elsewhere(bytes)?;
    let mut contract = contract.clone();
    contract.weights_sha256 = metadata::weights_sha256(bytes, METADATA_PREFIX)?;
    let json = contract.canonical_json()?;
    let embedded = metadata::write(bytes, &[(CONTRACT_KEY, &json), (CONTRACT_HASH_KEY, &contract.hash()?)])?;
    Ok(embedded)
}

fn embedded(bytes: &[u8], weights: &str) -> Result<Option<Contract>, PolicyError> {
    let Some(json) = metadata::read(bytes, CONTRACT_KEY)? else {
        return Ok(None);
    };
    let contract = Contract::from_json(&json)?;
    if contract.weights_sha256 != weights {
        let (expected, found) = (contract.weights_sha256, weights.to_owned());
        return Err(PolicyError::WeightsChanged { expected, found });
    }
    let expected = metadata::read(bytes, CONTRACT_HASH_KEY)?.unwrap_or_default();
    let found = contract.hash()?;
    if expected != found {
        return Err(PolicyError::ContractChanged { expected, found });
    }
    Ok(Some(contract))
}

fn find(known: &[Contract], assume: Option<&str>, weights: &str) -> Result<(Contract, Basis), PolicyError> {
    if let Some(contract) = known.iter().find(|contract| contract.weights_sha256 == weights) {
        return Ok((contract.clone(), Basis::Recognised));
    }
    let names = || known.iter().map(|contract| contract.name.as_str()).collect::<Vec<_>>().join(", ");
    let Some(name) = assume else {
        return Err(PolicyError::NoContract { sha256: weights.to_owned(), known: names() });
    };
    let Some(contract) = known.iter().find(|contract| contract.name == name) else {
        return Err(PolicyError::NoSuchContract { name: name.to_owned(), known: names() });
    };
    let mut contract = contract.clone();
    contract.weights_sha256 = weights.to_owned();
    // The golden actions belong to the other weights.
    contract.golden = None;
    Ok((contract, Basis::Assumed))
}

/// Compares the lengths of all inputs, or of all outputs, with the contract's; the first has its numbers elsewhere.
fn lengths<'a>(
    what: &'static str,
    first: usize,
    further: &[PortWidth],
    found: impl Iterator<Item = &'a PortSpan>,
) -> Result<(), PolicyError> {
    let expected = std::iter::once(first).chain(further.iter().map(|port| port.width as usize));
    match expected.zip(found).find(|(expected, port)| *expected != port.len) {
        None => Ok(()),
        Some((expected, port)) => {
            let what = if what == "input" { "input length" } else { "output length" };
            let found = if further.is_empty() {
                port.len.to_string()
            } else {
                format!("{} of {}", port.len, port.name)
            };
            Err(PolicyError::Shape { what, expected: expected.to_string(), found })
        }
    }
}
