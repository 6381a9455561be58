//! Eyes, projector and antennas: which of them this robot has, and where.

use crate::arguments::{OutputSettings, Settings};
use crate::log::Log;
use gaitway_model::RobotProfile;
use gaitway_platform::gpio;
use gaitway_runtime::expression::{Expression, ExpressionSlot, Fitted, FittedAntennas, PulseSource};
use serde_json::{Value, json};
use std::sync::Arc;

/// Of the thread, where the loop's allows it: above all that is ordinary, far below the loop.
const PRIORITY: u8 = 10;

/// Shows what the slot says. A duck that cannot show anything walks all the same.
pub(crate) fn start(
    settings: &Settings,
    profile: &RobotProfile,
    slot: Arc<ExpressionSlot>,
    log: &mut Log,
) -> Option<Expression> {
    let fitted = fitted(&settings.outputs, profile);
    let (eyes, projector) = (fitted.eyes.is_some(), fitted.projector.is_some());
    let antennas = fitted.antennas.is_some();
    if !(eyes || projector || antennas) {
        return None;
    }
    let priority = (settings.timing.priority > 1).then(|| PRIORITY.min(settings.timing.priority - 1));
    match Expression::start(&fitted, priority, slot) {
        Ok(started) => {
            log.say(
                "info",
                "expression",
                json!({ "eyes": eyes, "projector": projector, "antennas": antennas }),
            );
            Some(started)
        }
        Err(error) => {
            log.say("warn", "no expression", json!({ "why": error.to_string(), "hint": error.hint() }));
            None
        }
    }
}

/// What its configuration says is fitted; where it does not say, what the settings ask for.
fn fitted(settings: &OutputSettings, profile: &RobotProfile) -> Fitted {
    let (pins, options) = (&profile.pins, &profile.options);
    let is_asked = settings.lines.is_some();
    let has_antennas = options.antennas.unwrap_or(is_asked || settings.antenna_pwm.is_some());
    let pulses = match &settings.antenna_pwm {
        Some(chip) => PulseSource::Pwm { chip: chip.clone(), channels: pins.antenna_pwm_channel },
        None => PulseSource::Lines(pins.antenna),
    };
    Fitted {
        chip: settings.lines.clone().or_else(gpio::header_chip),
        eyes: options.eyes.unwrap_or(is_asked).then_some(pins.eye),
        projector: options.projector.unwrap_or(is_asked).then_some(pins.projector),
        antennas: has_antennas.then_some(FittedAntennas { directions: pins.antenna_direction, pulses }),
    }
}

/// How well it went.
pub(crate) fn figures(expression: Option<&Expression>) -> Value {
    let Some(expression) = expression else { return Value::Null };
    let figures = expression.figures();
    json!({
        "pulse_ends": figures.pulse_ends, "pulse_late_ns": figures.pulse_late_ns, "failures": figures.failures,
    })
}
