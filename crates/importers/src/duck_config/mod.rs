//! `duck_config.json`, the published runtime's configuration, read over a robot profile.
//!
//! It says what makes one robot differ from all others, so nothing that turns, renumbers or shifts a joint is passed
//! over: such a key is applied or refused. Every mistake in a file is named at once. Every key may be missing, and
//! what other branches of the published runtime keep in the file is no mistake.

mod error;
mod fields;
mod imu;
mod joints;
mod nearest;
mod syntax;
mod teach;
mod unused;

pub use error::{ConfigError, Mistake, Remedy};

use fields::Fields;
use gaitway_model::profile::{OutputKind, RobotProfile};
use serde_json::{Map, Value};

/// What the file calls the outputs of a kind.
const FEATURES: [(&str, OutputKind); 4] = [
    ("eyes", OutputKind::Blinker),
    ("projector", OutputKind::Lamp),
    ("antennas", OutputKind::PulseServo),
    ("speaker", OutputKind::Sound),
];

/// What is done with an offset that its servo cannot reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unreachable {
    /// The file is refused.
    #[default]
    Refuse,
    /// The offset counts as zero and is reported: for the tool that measures it anew.
    CountAsZero,
}

/// What in the file was applied and what was not, for people to read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// One sentence for each value that changes how joints, IMU or policy are understood, offsets aside.
    pub applied: Vec<String>,
    /// One sentence for each key that changed nothing and is worth a look.
    pub ignored: Vec<String>,
    /// Joints whose offset was counted as zero because their servo cannot reach it.
    pub counted_as_zero: Vec<String>,
}

/// The profile with the configuration applied, and what came of its keys.
///
/// # Errors
/// All mistakes in the file, each with its place.
pub fn apply(profile: &RobotProfile, bytes: &[u8]) -> Result<(RobotProfile, Report), ConfigError> {
    apply_with(profile, bytes, Unreachable::Refuse)
}

/// As [`apply`], with a word on offsets that their servo cannot reach.
///
/// # Errors
/// All mistakes in the file, each with its place.
pub fn apply_with(
    profile: &RobotProfile,
    bytes: &[u8],
    unreachable: Unreachable,
) -> Result<(RobotProfile, Report), ConfigError> {
    let root = syntax::parse(bytes)?;
    let mut reading = Reading {
        profile: profile.clone(),
        report: Report::default(),
        fields: Fields::default(),
        unreachable,
    };
    if let Some(root) = reading.fields.object("file", &root) {
        reading.read(root);
    }
    if reading.fields.mistakes.is_empty()
        && let Err(error) = reading.profile.validate()
    {
        reading.fields.mistake("file", error.to_string(), Remedy::Correct);
    }
    match reading.fields.mistakes.is_empty() {
        true => Ok((reading.profile, reading.report)),
        false => Err(ConfigError { mistakes: reading.fields.mistakes }),
    }
}

/// A file while it is read.
struct Reading {
    profile: RobotProfile,
    report: Report,
    fields: Fields,
    unreachable: Unreachable,
}

/// Keys that are read here; one that is nearly one of them is a mistake and no key of somebody else.
const KEYS: [&str; 13] = [
    "start_paused",
    "imu_upside_down",
    "phase_frequency_factor_offset",
    "expression_features",
    "joints_offsets",
    "joints_signs",
    "servo_ids",
    "action_scale",
    "imu_trim",
    "imu_address",
    "imu_chip_id",
    "legs_swapped",
    "swapped_pairs",
];

impl Reading {
    fn read(&mut self, root: &Map<String, Value>) {
        // Which offsets a servo can reach depends on the way it turns.
        for key in ["joints_signs", "servo_ids", "joints_offsets"] {
            let Some(value) = root.get(key) else { continue };
            if let Some(joints) = self.fields.object(key, value) {
                match key {
                    "joints_signs" => self.signs(joints),
                    "servo_ids" => self.servo_ids(joints),
                    _ => self.offsets(joints),
                }
            }
        }
        self.joints_at_the_top(root);
        for (key, value) in root.iter().filter(|(key, _)| !fields::is_comment(key)) {
            self.key(key, value);
        }
    }

    fn key(&mut self, key: &str, value: &Value) {
        match key {
            "joints_signs" | "servo_ids" | "joints_offsets" => {}
            joint if self.profile.joint_index(joint).is_some() => {}
            "start_paused" => self.profile.options.start_paused = self.fields.boolean(key, value),
            "imu_upside_down" => self.profile.options.imu_upside_down = self.fields.boolean(key, value),
            "phase_frequency_factor_offset" => {
                self.profile.options.phase_factor_offset = self.fields.number(key, value, [-0.999, 0.999]);
            }
            "action_scale" => self.action_scale(value),
            "expression_features" => self.expression_features(value),
            "imu_trim" => self.imu_trim(value),
            "imu_address" => self.imu_address(value),
            "imu_chip_id" => self.imu_chip_id(value),
            "legs_swapped" | "swapped_pairs" => self.swapped(key, value),
            _ => self.unknown(key, value),
        }
    }

    fn action_scale(&mut self, value: &Value) {
        // With none at all it would not move.
        let scale = self.fields.number("action_scale", value, [1e-3, 2.0]);
        self.profile.options.action_scale = Some(scale);
        self.report.applied.push(format!("action_scale: {scale} rad for an action of one"));
    }

    fn expression_features(&mut self, value: &Value) {
        let Some(features) = self.fields.object("expression_features", value) else { return };
        for output in &mut self.profile.outputs {
            // Whoever names one has had the choice of all.
            output.fitted.get_or_insert(false);
        }
        for (key, value) in features.iter().filter(|(key, _)| !fields::is_comment(key)) {
            let path = format!("expression_features.{key}");
            let is_fitted = self.fields.boolean(&path, value);
            let feature = FEATURES.into_iter().find(|(known, _)| known == key);
            match (feature, key.as_str()) {
                (Some((_, kind)), _) => self.fit(kind, is_fitted),
                // Of the published file; nothing here uses them.
                (None, "microphone" | "camera") => {}
                (None, _) => {
                    let near = nearest::nearest(key, FEATURES.map(|(known, _)| known))
                        .map(|near| format!("; did you mean {near}?"));
                    self.report.ignored.push(format!("{path}: unknown key{}", near.unwrap_or_default()));
                }
            }
        }
    }

    fn fit(&mut self, kind: OutputKind, is_fitted: bool) {
        for output in self.profile.outputs.iter_mut().filter(|output| output.kind == kind) {
            output.fitted = Some(is_fitted);
        }
    }

    /// A key that is not read here: somebody else's, or a mistake.
    fn unknown(&mut self, key: &str, value: &Value) {
        if let Some(near) = nearest::nearest(key, KEYS) {
            let problem = format!("unknown key; did you mean \"{near}\"?");
            return self.fields.mistake(key, problem, Remedy::Correct);
        }
        if let Some(named) = self.joints_in(value) {
            let problem =
                format!("unknown key that names joints ({named}): it is not known what it does to them");
            let remedy = "remove it, or put its values into joints_offsets, joints_signs or servo_ids";
            return self.fields.mistake(key, problem, Remedy::Do(remedy.to_owned()));
        }
        if let Some(line) = unused::remark(key, value, &self.profile) {
            self.report.ignored.push(line);
        }
    }
}
