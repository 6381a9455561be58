//! `duck_config.json`, the published runtime's configuration, read over a robot profile.
//!
//! Every key may be missing, an offset for some joints only is fine, and a key this runtime has no use for is
//! reported by name: nothing is ever asked, nothing ignored in silence.

use crate::error::ProfileError;
use crate::profile::RobotProfile;
use serde_json::{Map, Value};

const FILE: &str = "duck_config.json";

/// Furthest a soft offset can be from zero, rad: a servo put on one spline tooth wrong is off by 0.25.
const MAX_OFFSET_RAD: f64 = 1.0;

/// Keys of other branches of the published runtime, which have no meaning here yet.
const KNOWN_UNUSED: [&str; 10] = [
    "imu_type",
    "icm45686_config",
    "fall_detection",
    "fall_threshold_deg",
    "log_level",
    "controller_type",
    "generic_usb_controller",
    "eye_colors",
    "led_order",
    "neopixels",
];

/// What in the file was passed over, for people to read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// One sentence for each key that changed nothing.
    pub ignored: Vec<String>,
}

/// The profile with the configuration applied, and what of it was passed over.
pub fn apply(profile: &RobotProfile, json: &str) -> Result<(RobotProfile, Report), ProfileError> {
    let root: Value = serde_json::from_str(json).map_err(|error| ProfileError::Syntax {
        file: FILE,
        path: format!("line {}", error.line()),
        problem: error.to_string(),
    })?;
    let mut profile = profile.clone();
    let mut report = Report::default();
    for (key, value) in object("file", &root)? {
        match key.as_str() {
            "start_paused" => profile.options.start_paused = boolean(key, value)?,
            "imu_upside_down" => profile.options.imu_upside_down = boolean(key, value)?,
            "phase_frequency_factor_offset" => {
                profile.options.phase_factor_offset = number_within(key, value, 0.999)?;
            }
            "expression_features" => expression_features(&mut profile, object(key, value)?, &mut report)?,
            "joints_offsets" => joints_offsets(&mut profile, object(key, value)?, &mut report)?,
            known if KNOWN_UNUSED.contains(&known) => {
                report.ignored.push(format!("{known}: a key of another branch, not used here"));
            }
            unknown => report.ignored.push(format!("{unknown}: unknown key, ignored")),
        }
    }
    profile.validate()?;
    Ok((profile, report))
}

fn expression_features(
    profile: &mut RobotProfile,
    features: &Map<String, Value>,
    report: &mut Report,
) -> Result<(), ProfileError> {
    let options = &mut profile.options;
    for feature in [&mut options.eyes, &mut options.projector, &mut options.antennas, &mut options.speaker] {
        // Whoever names one has had the choice of all.
        feature.get_or_insert(false);
    }
    for (key, value) in features {
        let path = format!("expression_features.{key}");
        let fitted = Some(boolean(&path, value)?);
        match key.as_str() {
            "eyes" => options.eyes = fitted,
            "projector" => options.projector = fitted,
            "antennas" => options.antennas = fitted,
            "speaker" => options.speaker = fitted,
            "microphone" | "camera" => report.ignored.push(format!("{path}: not used here")),
            _ => report.ignored.push(format!("{path}: unknown key, ignored")),
        }
    }
    Ok(())
}

fn joints_offsets(
    profile: &mut RobotProfile,
    offsets: &Map<String, Value>,
    report: &mut Report,
) -> Result<(), ProfileError> {
    for (name, value) in offsets {
        let path = format!("joints_offsets.{name}");
        let offset_rad = number_within(&path, value, MAX_OFFSET_RAD)?;
        match profile.joint_index(name) {
            Some(index) => profile.joints[index].offset_rad = offset_rad,
            None => report.ignored.push(format!("{path}: no such joint on {}, ignored", profile.name)),
        }
    }
    Ok(())
}

fn object<'a>(path: &str, value: &'a Value) -> Result<&'a Map<String, Value>, ProfileError> {
    value.as_object().ok_or_else(|| wrong(path, "an object", value))
}

fn boolean(path: &str, value: &Value) -> Result<bool, ProfileError> {
    value.as_bool().ok_or_else(|| wrong(path, "true or false", value))
}

fn number_within(path: &str, value: &Value, bound: f64) -> Result<f64, ProfileError> {
    let number = value.as_f64().filter(|number| number.abs() <= bound);
    number.ok_or_else(|| wrong(path, &format!("a number from -{bound} to {bound}"), value))
}

fn wrong(path: &str, expected: &str, found: &Value) -> ProfileError {
    let mut found = found.to_string();
    if let Some((cut, _)) = found.char_indices().nth(60) {
        found.truncate(cut);
        found.push('…');
    }
    ProfileError::Value { file: FILE, path: path.to_owned(), expected: expected.to_owned(), found }
}
