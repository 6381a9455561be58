//! Lights and pulse servos: which of them this robot has, and where.

use crate::arguments::{OutputSettings, Settings};
use crate::log::Log;
use gaitway_model::RobotProfile;
use gaitway_model::profile::{Output, OutputKind};
use gaitway_platform::gpio;
use gaitway_runtime::expression::{Expression, ExpressionSlot, Fitted, FittedPulseServos, PulseSource};
use serde_json::{Value, json};
use std::sync::Arc;

/// Of the thread, where the loop's allows it: above all that is ordinary, far below the loop.
const PRIORITY: u8 = 10;

/// Shows what the slot says. A robot that cannot show anything walks all the same.
pub(crate) fn start(
    settings: &Settings,
    profile: &RobotProfile,
    slot: Arc<ExpressionSlot>,
    log: &mut Log,
) -> Option<Expression> {
    let outputs: Vec<&Output> = (profile.outputs.iter())
        .filter(|output| output.kind != OutputKind::Sound && is_fitted(output, &settings.outputs))
        .collect();
    if outputs.is_empty() {
        return None;
    }
    let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
    let fitted = fitted(&settings.outputs, &outputs);
    let priority = (settings.timing.priority > 1).then(|| PRIORITY.min(settings.timing.priority - 1));
    match Expression::start(&fitted, priority, slot) {
        Ok(started) => {
            log.say("info", "expression", json!({ "outputs": names }));
            Some(started)
        }
        Err(error) => {
            log.say("warn", "no expression", json!({ "why": error.to_string(), "hint": error.hint() }));
            None
        }
    }
}

/// As its configuration says; where it does not say, as the settings ask.
fn is_fitted(output: &Output, settings: &OutputSettings) -> bool {
    let has_pwm = output.kind == OutputKind::PulseServo && settings.antenna_pwm.is_some();
    output.fitted.unwrap_or(settings.lines.is_some() || has_pwm)
}

fn fitted(settings: &OutputSettings, outputs: &[&Output]) -> Fitted {
    let of = |kind: OutputKind| outputs.iter().filter(move |output| output.kind == kind);
    let pins = |kind: OutputKind| of(kind).filter_map(|output| output.pin).collect::<Vec<u32>>();
    let directions: Vec<i8> = of(OutputKind::PulseServo).map(|output| output.direction).collect();
    let pulses = match &settings.antenna_pwm {
        Some(chip) => PulseSource::Pwm {
            chip: chip.clone(),
            channels: of(OutputKind::PulseServo).filter_map(|output| output.pwm_channel).collect(),
        },
        None => PulseSource::Lines(pins(OutputKind::PulseServo)),
    };
    Fitted {
        chip: settings.lines.clone().or_else(gpio::header_chip),
        blinkers: pins(OutputKind::Blinker),
        lamps: pins(OutputKind::Lamp),
        pulse_servos: (!directions.is_empty()).then_some(FittedPulseServos { directions, pulses }),
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
