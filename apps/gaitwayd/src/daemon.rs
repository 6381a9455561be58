//! The wiring: settings to a running robot, and back to limp on every way out.

use crate::again::{Outcome, start_again};
use crate::arguments::Settings;
use crate::configuration::{Configured, configured};
use crate::error::DaemonError;
use crate::imu::Imu;
use crate::live_policy::{self, LivePolicies};
use crate::load;
use crate::log::Log;
use crate::loop_monitor::{ANOTHER_POLICY, LoopMonitor, Reporters};
use crate::loop_thread::{self, SerialRobot};
use crate::pad::{PadSetup, Pads};
use crate::policies::Policies;
use crate::recording::Recording;
use crate::{audit, expression, local_api, statistics};
use gaitway_control::Policy;
use gaitway_control::arbiter::Source;
use gaitway_control::control_stack::ControlStackOptions;
use gaitway_control::supervisor::RequestedMode;
use gaitway_model::envelope::CommandEnvelope;
use gaitway_model::{Command, RobotProfile};
use gaitway_platform::files;
use gaitway_platform::real_time;
use gaitway_platform::termination::Termination;
use gaitway_platform::{Clock, MonotonicClock, SerialPort};
use gaitway_record::{About, RecordError};
use gaitway_runtime::api::{ApiRobot, LeaseTable};
use gaitway_runtime::devices::actuator_log;
use gaitway_runtime::expression::ExpressionSlot;
use gaitway_runtime::observation_file::{ObservationKeeper, read_observations};
use gaitway_runtime::recorder::RING_TICKS;
use gaitway_runtime::robot::{ImuSlot, Mailbox, Robot, RunControl, Setup, swap_door};
use gaitway_runtime::stop::Stop;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// For so long the program commands a robot that nobody has commanded yet, ns: then its joints stay where they are.
const STANDING_NS: u64 = 1_000_000_000;
/// Ticks whose observations may be on their way to the file: two seconds of them.
const OBSERVED_S: usize = 2;

/// Runs a robot until it is told to stop. `exec_ns` is when the program began.
pub fn daemon(settings: &Settings, exec_ns: u64) -> Result<Outcome, DaemonError> {
    let mut log = Log::new(exec_ns, settings.json).map_err(failed_to_start)?;
    let termination = Termination::install()?;
    let Configured { profile, is_missing } = configured(&settings.robot, &mut log)?;
    let (policy, onnx) = load::policy(&settings.policy)?;
    let options = load::options(&settings.policy)?;
    let pad_setup = PadSetup::load(&settings.operator)?;
    let mut setup = load::setup(&settings.policy, &policy, &profile, &options)?;
    for line in setup.controller.overrides() {
        log.say("info", "override", json!({ "what": line }));
    }
    let command = settings.operator.command.as_deref().map(|axes| command_of(&profile, axes)).transpose()?;
    tell_what_is_clipped(command.as_ref(), &policy, &profile, &mut log);
    warn_of_a_slow_bus(&setup, &mut log);
    let (mailbox, imu_slot) = (Arc::new(Mailbox::new()), Arc::new(ImuSlot::new()));
    let leases = Arc::new(Mutex::new(LeaseTable::new(Arc::clone(&mailbox))));
    let slot = Arc::new(ExpressionSlot::default());
    if settings.robot.stand {
        // Before the pads: sticks of a robot that only stands move its head.
        mailbox.forbid_walking();
    }
    // What only one program may have is taken here, before a byte goes to any of it: servo bus, pad port, foot
    // switches, IMU. A second start beside a robot that walks ends here, and the robot walks on.
    let port = SerialPort::open(&settings.robot.port, profile.actuators.baud)?;
    let door = (&mailbox, &leases);
    let mut pads =
        Pads::start(&settings.operator, pad_setup, (policy.contract(), &profile), door, &slot, &mut log)?;
    let network = local_api::door(&settings.operator)?;
    let mut imu = Imu::start(&settings.imu, &profile, Arc::clone(&imu_slot), &mut log)?;
    log.hint_at_imu(imu.hint(&settings.imu, &profile));
    log.say("info", "real time", json!(real_time::usb_latency(&port)));
    let mut minder = LoopMonitor::new(settings, &profile, &mut *setup.actuators, &mut log)?;
    if settings.operator.keyboard && minder.keys().is_none() {
        return Err(DaemonError::NoTerminal);
    }
    // Before anything can switch a motor on.
    minder.guard(&port)?;
    let loop_hz = setup.controller.loop_hz();
    let clock = Arc::new(MonotonicClock::default());
    let first_ns = clock.now_ns();
    let mut robot = Robot::new(setup, port, clock, Arc::clone(&mailbox), imu_slot);
    if !settings.robot.dry_run {
        robot.beat_with(minder.heartbeat());
    }
    let first_ms = first_ns.saturating_sub(exec_ns) as f64 * 1e-6;
    let path = settings.robot.port.display().to_string();
    log.say("info", "bus open", json!({ "port": path, "first_transaction_ms": first_ms }));
    let keeper = prepare(&mut robot, settings, &profile, is_missing, &mut log)?;
    if settings.robot.audit {
        minder.dismiss(&mut log);
        return Ok(Outcome::Ended);
    }
    let shown = expression::start(settings, &profile, Arc::clone(&slot), &mut log);
    if let Some(command) = command {
        mailbox.offer(Source::Program, &command, u64::MAX);
    } else if let Some(standing) = standing(&profile) {
        // Until somebody commands it, it stays where it stands.
        mailbox.offer(Source::Program, &standing, first_ns + STANDING_NS);
    }
    // Who wants to be asked first stands until then, or lies.
    match (settings.robot.limp, profile.options.start_paused) {
        (true, _) => {}
        (false, true) => mailbox.request_mode(RequestedMode::Stand, false),
        (false, false) => mailbox.request_mode(RequestedMode::Walk, false),
    }
    let recording = match settings.results.no_record {
        true => None,
        false => {
            let device_log = actuator_log(&profile, robot.controller().gains()).map_err(RecordError::from)?;
            let settled = Some((robot.options(), &*device_log));
            let about = About::new(&profile, (&policy, &onnx), &options, settled)?;
            let source = (robot.record_to_ring(RING_TICKS), device_log);
            Some(
                Recording::start(source, about, settings.results.record.clone(), &mut log)
                    .map_err(failed_to_start)?,
            )
        }
    };
    let (giver, taker) = swap_door();
    robot.take_policies_from(taker);
    let live = live_policy::Running {
        profile: profile.clone(),
        gains: robot.controller().gains().to_vec(),
        loop_hz,
        settled: robot.options(),
        row_len: robot.driver().actuators().row_len(),
        recording: recording.as_ref().map(Recording::next),
        keeps_observations: settings.results.save_obs.is_some() || settings.results.replay_obs.is_some(),
    };
    let live = LivePolicies::new(live, giver);
    let control = Arc::new(RunControl::default());
    let terminal = minder.keys().map(|keys| Arc::clone(keys.terminal()));
    let priority = settings.timing.priority.checked_sub(1).filter(|priority| *priority > 0);
    let stop = Stop::start(terminal, termination, Arc::clone(&mailbox), Arc::clone(&control), priority);
    let stop = stop.map_err(failed_to_start)?;
    let running = loop_thread::start(robot, &settings.timing, loop_hz, slot, control, &mut log)
        .map_err(failed_to_start)?;
    let api_robot = ApiRobot::new(
        &profile,
        policy.contract(),
        loop_hz,
        Arc::clone(&mailbox),
        Arc::clone(&running.status),
    );
    let policies = Policies::of(&settings.policy, &profile);
    let shelf = policies.shelf(&profile, live.clone());
    let status = Arc::clone(&running.status);
    let marks = recording.as_ref().map(Recording::marks);
    let api_robot = api_robot.with_policies(shelf.clone()).with_marks(marks);
    let api =
        local_api::serve(settings.results.socket.clone(), network, api_robot, Arc::clone(&leases), &mut log);
    let reporters = Reporters {
        recording: recording.as_ref(),
        policies: &shelf,
        live: &live,
        imu: &mut imu,
        leases: &leases,
    };
    let why = minder.mind(&running, reporters, &mut pads, &stop, &mailbox, &mut log);
    let ended = running.thread.join().map_err(|_| DaemonError::Broken)??;
    running.events.try_iter().for_each(|event| log.event(&event, &profile));
    if let Some(recording) = recording {
        recording.finish(&mut log);
    }
    minder.dismiss(&mut log);
    let mut figures = statistics::statistics(&ended.robot, &ended.pacer, exec_ns);
    figures["first_transaction_ms"] = json!(first_ms);
    figures["loop_allocations"] = json!(ended.allocated);
    figures["memory_kb"] = statistics::memory_kb();
    figures["imu"] = imu.figures();
    figures["expression"] = expression::figures(shown.as_ref());
    log.tell_left_out(u64::MAX);
    log.say("info", "ended", json!({ "ticks": figures["ticks"], "skipped": figures["skipped"] }));
    write_results(settings.results.stats_json.as_deref(), keeper, ended.unobserved, &figures, &mut log)?;
    if !ended.is_sound {
        return Err(DaemonError::Broken);
    }
    // Nobody is heard any more: what comes now could only be forgotten.
    drop((api, pads));
    let is_told_to_end = stop.why().is_some() || why != ANOTHER_POLICY;
    drop(stop);
    match shelf.wanted() {
        Some(name) if !is_told_to_end => Ok(start_again(name, &policies, &mailbox, &status, &mut log)),
        _ => Ok(Outcome::Ended),
    }
}

/// A robot that is commanded by its joints' angles alone is asked to stay where it stands; `None` for another one,
/// which nobody asks for anything.
fn standing(profile: &RobotProfile) -> Option<Command> {
    let mut command = Command::default();
    let pose_rad = profile.default_pose_rad();
    for (name, value) in profile.axis_names().zip(&mut command.values) {
        let joint = profile.joint_index(name);
        *value = joint.and_then(|joint| pose_rad.get(joint)).copied().unwrap_or(0.0);
    }
    let is_arm = profile.axis_names().all(|name| profile.joint_index(name).is_some());
    (is_arm && !profile.command_axes.is_empty()).then_some(command)
}

/// Values by axis as a command of this robot.
fn command_of(profile: &RobotProfile, values: &[(String, f32)]) -> Result<Command, DaemonError> {
    let mut command = Command::default();
    for (name, value) in values {
        let Some(axis) = profile.axis(name) else {
            let axes: Vec<&str> = profile.axis_names().collect();
            return Err(DaemonError::NoSuchAxis { axes: axes.join(", "), found: name.clone() });
        };
        command.values[axis.index()] = *value;
    }
    Ok(command)
}

/// Whoever asks for more than the policy takes is told so where they asked.
fn tell_what_is_clipped(command: Option<&Command>, policy: &Policy, profile: &RobotProfile, log: &mut Log) {
    let Some(command) = command else { return };
    let contract = policy.contract();
    let envelope = CommandEnvelope::new(&contract.command, contract.policy_rate_hz, profile.axis_names());
    for clipped in envelope.clipped(command) {
        let hint = "the policy was not trained for more";
        log.say("warn", "command limited", json!({ "what": clipped.to_string(), "hint": hint }));
    }
}

/// Where a slow read finds no time, a servo cannot show that it took its torque, and the robot does not get up.
fn warn_of_a_slow_bus(setup: &Setup, log: &mut Log) {
    let period_ns = 1_000_000_000 / u64::from(setup.controller.loop_hz());
    let (tick_ns, slow_read_ns) = setup.actuators.longest_ns();
    let longest_ns = tick_ns + slow_read_ns;
    if period_ns < longest_ns {
        let ms = |ns: u64| ns as f64 * 1e-6;
        let hint = "a lower --loop-hz, if the robot does not get up with `torque not taken`";
        let found = json!({ "period_ms": ms(period_ns), "bus_at_worst_ms": ms(longest_ns), "hint": hint });
        log.say("warn", "the bus may be too slow for this loop", found);
    }
}

fn write_results(
    stats_json: Option<&Path>,
    keeper: Option<ObservationKeeper>,
    unobserved: u64,
    figures: &Value,
    log: &mut Log,
) -> Result<(), DaemonError> {
    // Written whatever becomes of the observations.
    let written = stats_json.map(|path| {
        let failed = |source| DaemonError::Write { path: path.to_owned(), source };
        files::write(path, format!("{figures:#}\n").as_bytes()).map_err(failed)
    });
    if let Some(keeper) = keeper {
        let rows = keeper.finish()?;
        log.say("info", "observations", json!({ "rows": rows, "left_out": unobserved }));
    }
    written.unwrap_or(Ok(()))
}

fn prepare(
    robot: &mut SerialRobot,
    settings: &Settings,
    profile: &RobotProfile,
    unconfigured: bool,
    log: &mut Log,
) -> Result<Option<ObservationKeeper>, DaemonError> {
    // Other actuators have no settings that a start looks at.
    let is_set_up = match robot.driver_mut().servo_tools() {
        Some(mut tools) => audit::audit(&mut tools, profile, settings.robot.fix, log)?,
        None => true,
    };
    robot.set_options(ControlStackOptions {
        dry_run: settings.robot.dry_run,
        audit_failed: !is_set_up,
        unconfigured,
        pitch_bias_rad: settings.robot.pitch_bias_deg.to_radians(),
        on_stand: settings.robot.on_stand,
    });
    let width = robot.controller().record().observation.len();
    if let Some(path) = &settings.results.replay_obs {
        let observations = read_observations(path, width)?;
        let rows = (0..observations.len()).filter_map(|index| observations.row(index));
        robot.replay_observations(rows.flatten().copied().collect());
    }
    let Some(path) = settings.results.save_obs.as_deref().filter(|_| !settings.robot.audit) else {
        return Ok(None);
    };
    let rows = OBSERVED_S * robot.controller().loop_hz() as usize;
    let (keeper, sink) = ObservationKeeper::start(path, width, rows)?;
    robot.keep_observations(sink);
    log.say("info", "saving observations", json!({ "file": keeper.part().display().to_string() }));
    Ok(Some(keeper))
}

fn failed_to_start(source: std::io::Error) -> DaemonError {
    DaemonError::System { doing: "starting a thread", source }
}
