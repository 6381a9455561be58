//! Keys of other branches of the published runtime: most go without a word, and some deserve one.

use super::fields::shown;
use gaitway_model::profile::RobotProfile;
use serde_json::Value;

/// What nothing here needs and nobody misses: faces, pads, lamps, logs and the web.
const USUAL: [&str; 22] = [
    "debug",
    "log_level",
    "log_file",
    "web_ui",
    "web_port",
    "web_stats",
    "remote_control",
    "battery",
    "microphone",
    "camera",
    "controller_type",
    "generic_usb_controller",
    "eye_colors",
    "led_order",
    "led_brightness",
    "neopixels",
    "speaker_volume",
    "volume",
    "icm45686_config",
    "fall_detection",
    "name",
    "version",
];

/// A sentence about a key that changes nothing here; `None` where none is needed.
pub(super) fn remark(key: &str, value: &Value, profile: &RobotProfile) -> Option<String> {
    let chip = profile.imu().map_or("", |imu| &imu.chip);
    match key {
        "imu_type" if value.as_str().is_some_and(|named| named.eq_ignore_ascii_case(chip)) => None,
        "imu_type" => {
            let named = shown(&value.to_string());
            Some(format!("imu_type: {named}: the IMU is read as a {chip}, the only chip with a driver here"))
        }
        "fall_detection" if *value == Value::Bool(false) => {
            Some("fall_detection: false: falls are always detected".to_owned())
        }
        "fall_threshold_deg" => Some("fall_threshold_deg: fall.tilt_rad of the profile counts".to_owned()),
        "velocity_clip" | "max_motor_velocity_rad_s" => {
            Some(format!("{key}: velocity_limit_rps of the profile's joints counts"))
        }
        "stability_governor" => Some("stability_governor: there is none here".to_owned()),
        usual if USUAL.contains(&usual) => None,
        unknown => Some(format!("{}: unknown key, ignored", shown(unknown))),
    }
}
