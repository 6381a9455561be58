//! What was measured, as JSON.

use gaitway_feetech::bus::ServoBus;
use gaitway_feetech::servo::{ServoConfig, ServoState};
use gaitway_platform::files;
use gaitway_platform::{Clock, Histogram, Port};
use gaitway_runtime::pacer::Pacer;
use gaitway_runtime::robot::Robot;
use serde_json::{Value, json};

/// The measurements of a run that began at `exec_ns`.
pub fn statistics<P: Port, C: Clock + Clone>(robot: &Robot<P, C>, pacer: &Pacer<C>, exec_ns: u64) -> Value {
    let statistics = robot.statistics();
    let since_exec_ms = |at_ns: u64| at_ns.saturating_sub(exec_ns) as f64 * 1e-6;
    let pace = pacer.counters();
    let servos = robot.driver().servos();
    let bus = servos.map(|servos| servos.bus().counters()).unwrap_or_default();
    let controller = robot.controller().record().counters;
    let servos = servos.map(|servos| servo_figures(servos.bus())).unwrap_or_default();
    json!({
        "ticks": pace.run, "late": pace.late, "skipped": pace.skipped, "held": pace.held, "caught_up": pace.caught_up,
        "policy_ticks": statistics.policy_ticks,
        "first_policy_ms": statistics.first_policy_ns.map(since_exec_ms),
        "lateness_ns": quantiles(pacer.lateness()), "read_ns": quantiles(&statistics.read),
        "compute_ns": quantiles(&statistics.compute), "write_ns": quantiles(&statistics.write),
        "tick_ns": quantiles(&statistics.tick),
        "bus": {
            "reads": bus.reads, "retries": bus.retries, "strays": bus.strays,
            "implausible": bus.implausible, "garbage_bytes": bus.garbage_bytes,
        },
        "implausible": robot.refusals().map(|refused| json!({ "imu": refused.imu, "servo": refused.servo })),
        "refusals": controller.refusals, "limited": controller.limited, "falls": controller.falls,
        "events_lost": statistics.events_lost,
        "servos": servos,
    })
}

fn servo_figures(bus: &ServoBus) -> Vec<Value> {
    let figures = |(config, state): (&ServoConfig, &ServoState)| {
        let slow = state.slow;
        json!({
            "id": config.id, "answers": state.health.answers, "misses": state.health.misses,
            "voltage_v": slow.map(|slow| slow.voltage_v), "temperature_c": slow.map(|slow| slow.temperature_c),
        })
    };
    bus.servos().iter().zip(bus.states()).map(figures).collect()
}

fn quantiles(histogram: &Histogram) -> Value {
    json!(histogram.quantiles())
}

/// Resident and locked memory of this process, kB.
pub fn memory_kb() -> Value {
    let status = files::read_text("/proc/self/status").unwrap_or_default();
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    json!({ "resident": field("VmRSS:"), "peak": field("VmHWM:"), "locked": field("VmLck:") })
}
