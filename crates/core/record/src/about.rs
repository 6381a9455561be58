//! What a recording is of: everything a replay needs beside the ticks, and what a person wants to know of it.

use crate::device::{DeviceLog, OpenDeviceLog};
use crate::error::RecordError;
use crate::message::Schema;
use crate::replay::Replay;
use crate::tick::Tick;
use gaitway_control::control_stack::ControlStackOptions;
use gaitway_control::{ControlStack, Controller, Options, Policy};
use gaitway_model::{Contract, PolicyRules, RobotProfile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the metadata record.
pub(crate) const METADATA: &str = "gaitway";

/// What a recording is of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct About {
    /// The robot's profile as it ran, JSON.
    pub profile: String,
    /// The policy's ONNX file.
    pub policy: Vec<u8>,
    /// The ONNX file of the policy that stood where nothing asked the robot to move; empty where there was none.
    pub standing: Vec<u8>,
    /// The rules by which policies took turns, `policies.toml`; empty where there was one policy.
    pub rules: String,
    /// The ONNX files that the rules name, but for that of `policy`.
    pub others: BTreeMap<String, Vec<u8>>,
    /// The contract the policy ran by, JSON.
    pub contract: String,
    /// How the controller differed from its contract, and what was settled before the first tick, JSON.
    pub settings: String,
    /// Time on the wall at the loop clock's zero, ns since 1970.
    pub epoch_ns: u64,
    /// Everything else by name: build, CPU path, machine, hashes.
    pub notes: BTreeMap<String, String>,
    /// The schema of its ticks, for a file that is to be written.
    pub schema: Option<Schema>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    options: Options,
    /// None where a controller was stepped by somebody else.
    brain: Option<ControlStackOptions>,
}

impl About {
    /// A recording of `profile` under `policy`, whose file is `onnx`; without a control stack one of its controller
    /// alone. `log` is that of its actuators.
    pub fn new(
        profile: &RobotProfile,
        (policy, onnx): (&Policy, &[u8]),
        options: &Options,
        brain: Option<(ControlStackOptions, &dyn DeviceLog)>,
    ) -> Result<About, RecordError> {
        let mut notes = BTreeMap::new();
        notes.insert("robot".to_owned(), profile.name.clone());
        notes.insert("contract".to_owned(), policy.contract().name.clone());
        notes.insert("contract_sha256".to_owned(), policy.contract_sha256().to_owned());
        notes.insert(
            "cpu_path".to_owned(),
            policy.plan().map_or("none".to_owned(), |plan| plan.cpu_path().to_string()),
        );
        let (mut rules, mut others) = (String::new(), BTreeMap::new());
        if let Some(set) = policy.set() {
            rules = set.text().to_owned();
            let named = set.rules().policies.iter().zip(set.members());
            let first = set.rules().default_index();
            let named = named.enumerate().filter(|(index, _)| *index != first).map(|(_, named)| named);
            others = named.map(|(entry, member)| (entry.file.clone(), member.onnx.clone())).collect();
            let names: Vec<&str> = set.rules().policies.iter().map(|entry| entry.name.as_str()).collect();
            notes.insert("policies".to_owned(), names.join(" "));
        }
        notes.insert("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        notes.insert("target".to_owned(), format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS));
        Ok(About {
            profile: serde_json::to_string(profile)?,
            policy: onnx.to_vec(),
            standing: policy.standing_onnx().unwrap_or_default().to_vec(),
            rules,
            others,
            contract: serde_json::to_string(policy.contract())?,
            settings: serde_json::to_string(&Settings {
                options: options.clone(),
                brain: brain.map(|(settled, _)| settled),
            })?,
            epoch_ns: 0,
            notes,
            schema: brain.map(|(_, log)| {
                let mut schema = Schema::of::<Tick>();
                log.describe(&mut schema);
                schema
            }),
        })
    }

    /// The recorded robot, ready to think again, and the instructions its network runs on here. `open` finds the log of
    /// its actuators.
    pub fn revive(&self, open: OpenDeviceLog) -> Result<(Replay, String), RecordError> {
        let profile = RobotProfile::from_json(&self.profile)?;
        let contract: Contract = serde_json::from_str(&self.contract)?;
        let settings: Settings = serde_json::from_str(&self.settings)?;
        let name = contract.name.clone();
        let mut policy = Policy::from_onnx(&self.policy, &[contract], Some(&name))?;
        if !self.standing.is_empty() {
            policy = policy.with_standing(&self.standing)?;
        }
        if !self.rules.is_empty() {
            let rules = PolicyRules::from_toml(&self.rules)?;
            let first = rules.policies.get(rules.default_index()).map(|entry| entry.file.as_str());
            let policy_file = |file: &str| (first == Some(file)).then_some(&self.policy);
            let found = |file: &str| self.others.get(file).or_else(|| policy_file(file)).cloned();
            let lacks = || "it is not in the recording".to_owned();
            policy = Policy::of_set(&self.rules, &mut |file| found(file).ok_or_else(lacks))?;
        }
        let controller = Controller::new(&policy, &profile, &settings.options)?;
        let cpu_path = policy.plan().map_or("none".to_owned(), |plan| plan.cpu_path().to_string());
        let Some(options) = settings.brain else {
            return Ok((Replay::of_controller(controller), cpu_path));
        };
        let log = open(&profile, controller.gains())?;
        let mut brain = ControlStack::new(&profile, controller);
        brain.set_options(options);
        Ok((Replay::new(brain, log), cpu_path))
    }
}
