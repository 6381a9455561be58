//! Eyes, projector and antennas: which of them this robot has, and where.

use crate::arguments::Arguments;
use crate::log::Log;
use gaitway_contract::RobotProfile;
use gaitway_runtime::expression::{Expression, ExpressionSlot, Fitted, FittedAntennas, PulseSource};
use gaitway_runtime::gpio;
use serde_json::{Value, json};
use std::sync::Arc;

/// Of the thread, where the loop's allows it: above all that is ordinary, far below the loop.
const PRIORITY: u8 = 10;

/// Shows what the slot says. A duck that cannot show anything walks all the same.
pub(crate) fn start(
    arguments: &Arguments,
    profile: &RobotProfile,
    slot: Arc<ExpressionSlot>,
    log: &mut Log,
) -> Option<Expression> {
    let fitted = fitted(arguments, profile);
    let (eyes, projector) = (fitted.eyes.is_some(), fitted.projector.is_some());
    let antennas = fitted.antennas.is_some();
    if !(eyes || projector || antennas) {
        return None;
    }
    let priority = (arguments.priority > 1).then(|| PRIORITY.min(arguments.priority - 1));
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

/// What its configuration says is fitted; where it does not say, what the arguments ask for.
fn fitted(arguments: &Arguments, profile: &RobotProfile) -> Fitted {
    let (pins, options) = (&profile.pins, &profile.options);
    let is_asked = arguments.expression.is_some();
    let has_antennas = options.antennas.unwrap_or(is_asked || arguments.antenna_pwm.is_some());
    let pulses = match &arguments.antenna_pwm {
        Some(chip) => PulseSource::Pwm { chip: chip.clone(), channels: pins.antenna_pwm_channel },
        None => PulseSource::Lines(pins.antenna),
    };
    Fitted {
        chip: arguments.expression.clone().or_else(gpio::header_chip),
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
