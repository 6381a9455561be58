//! The wiring: arguments to a running robot, and back to limp on every way out.

use crate::arguments::Arguments;
use crate::configuration::{Configured, configured};
use crate::error::DaemonError;
use crate::imu::Imu;
use crate::load::{self, LoadError};
use crate::log::Log;
use crate::minder::{Minder, Reporters};
use crate::pad::{PadSetup, Pads};
use crate::recording::Recording;
use crate::{audit, expression, statistics, status};
use gaitway_contract::RobotProfile;
use gaitway_contract::envelope::CommandEnvelope;
use gaitway_control::Policy;
use gaitway_control::arbiter::Source;
use gaitway_control::brain::BrainOptions;
use gaitway_control::supervisor::Wish;
use gaitway_record::About;
use gaitway_runtime::allocations;
use gaitway_runtime::expression::ExpressionSlot;
use gaitway_runtime::files;
use gaitway_runtime::observation_file::{ObservationKeeper, read_observations};
use gaitway_runtime::pacer::{Pacer, PacerError};
use gaitway_runtime::real_time::{self, RealTimeRequest};
use gaitway_runtime::recorder::RING_TICKS;
use gaitway_runtime::robot::event::Stamped;
use gaitway_runtime::robot::{ImuSlot, Mailbox, Robot, RunControl, Setup, StatusSlot, run};
use gaitway_runtime::stop::Stop;
use gaitway_runtime::termination::Termination;
use gaitway_runtime::{Clock, MonotonicClock, SerialPort};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The loop's stack, KiB, and how much of it is touched before it begins.
const STACK_KIB: usize = 256;
const PREFAULT_KIB: usize = 64;
/// Ticks whose observations may be on their way to the file: two seconds of them.
const OBSERVED_S: usize = 2;
const EVENTS: usize = 1024;

type Clocked = Arc<MonotonicClock>;
type Duck = Robot<SerialPort, Clocked>;

/// Runs a robot until it is told to stop. `exec_ns` is when the program began.
pub fn daemon(arguments: &Arguments, exec_ns: u64) -> Result<(), DaemonError> {
    let mut log = Log::new(exec_ns, arguments.json).map_err(failed_to_start)?;
    let termination = Termination::install()?;
    let Configured { profile, is_missing } = configured(arguments, &mut log)?;
    let (policy, onnx) = load::policy(arguments)?;
    let options = load::options(arguments)?;
    let pad_setup = PadSetup::load(arguments)?;
    let setup = Setup::new(&policy, &profile, &options).map_err(LoadError::from)?;
    for line in setup.controller.overrides() {
        log.say("info", "override", json!({ "what": line }));
    }
    tell_what_is_clipped(arguments, &policy, &mut log);
    warn_of_a_slow_bus(&setup, &mut log);
    let (mailbox, imu_slot) = (Arc::new(Mailbox::new()), Arc::new(ImuSlot::new()));
    let slot = Arc::new(ExpressionSlot::default());
    if arguments.stand {
        // Before the pads: sticks of a robot that only stands move its head.
        mailbox.forbid_walking();
    }
    // What only one program may have is taken here, before a byte goes to any of it: servo bus, pad port, foot
    // switches, IMU. A second start beside a robot that walks ends here, and the robot walks on.
    let port = SerialPort::open(&arguments.serial_port, profile.servo_bus.baud)?;
    let mut pads = Pads::start(arguments, pad_setup, policy.contract(), &mailbox, &slot, &mut log)?;
    let mut imu = Imu::start(arguments, &profile, Arc::clone(&imu_slot), &mut log)?;
    log.hint_at_imu(imu.hint(arguments, &profile));
    log.say("info", "real time", json!(real_time::usb_latency(&port)));
    let mut minder = Minder::new(arguments, &profile, &mut log)?;
    if arguments.keyboard && minder.keys().is_none() {
        return Err(DaemonError::NoTerminal);
    }
    // Before anything can switch a motor on.
    minder.guard(&port)?;
    let loop_hz = setup.controller.loop_hz();
    let clock = Arc::new(MonotonicClock::default());
    let first_ns = clock.now_ns();
    let mut robot = Robot::new(setup, port, clock, Arc::clone(&mailbox), imu_slot);
    if !arguments.dry_run {
        robot.beat_with(minder.heartbeat());
    }
    let first_ms = first_ns.saturating_sub(exec_ns) as f64 * 1e-6;
    let path = arguments.serial_port.display().to_string();
    log.say("info", "bus open", json!({ "port": path, "first_transaction_ms": first_ms }));
    let keeper = prepare(&mut robot, arguments, &profile, is_missing, &mut log)?;
    if arguments.audit {
        minder.dismiss(&mut log);
        return Ok(());
    }
    let shown = expression::start(arguments, &profile, Arc::clone(&slot), &mut log);
    if pads.is_empty() {
        // Who has lost a pad eases to a stand: nobody else may ask for anything then.
        mailbox.offer(Source::Program, &arguments.command.unwrap_or_default(), u64::MAX);
    }
    // Who wants to be asked first stands until then.
    mailbox.set_wish(if profile.options.start_paused { Wish::Stand } else { Wish::Walk }, false);
    let recording = match arguments.no_record {
        true => None,
        false => {
            let about = About::new(&profile, (&policy, &onnx), &options, Some(robot.options()))?;
            let source = robot.record_to_ring(RING_TICKS);
            Some(Recording::start(source, about, arguments, &mut log).map_err(failed_to_start)?)
        }
    };
    let control = Arc::new(RunControl::default());
    let terminal = minder.keys().map(|keys| Arc::clone(keys.terminal()));
    let priority = arguments.priority.checked_sub(1).filter(|priority| *priority > 0);
    let stop = Stop::start(terminal, termination, Arc::clone(&mailbox), Arc::clone(&control), priority);
    let stop = stop.map_err(failed_to_start)?;
    let running = start(robot, arguments, loop_hz, slot, control, &mut log)?;
    let _shown = status::show(arguments, &profile, Arc::clone(&running.status), &mut log);
    let reporters = Reporters { recording: recording.as_ref(), imu: &mut imu };
    minder.mind(&running, reporters, &mut pads, &stop, &mailbox, &mut log);
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
    write_results(arguments, keeper, ended.unobserved, &figures, &mut log)?;
    if ended.is_sound { Ok(()) } else { Err(DaemonError::Broken) }
}

/// Whoever asks for more than the policy takes is told so where they asked.
fn tell_what_is_clipped(arguments: &Arguments, policy: &Policy, log: &mut Log) {
    let Some(command) = &arguments.command else { return };
    let contract = policy.contract();
    let envelope = CommandEnvelope::new(&contract.command, contract.policy_rate_hz);
    for clipped in envelope.clipped(command) {
        let hint = "the policy was not trained for more";
        log.say("warn", "command limited", json!({ "what": clipped.to_string(), "hint": hint }));
    }
}

/// Where a slow read finds no time, a servo cannot show that it took its torque, and the robot does not get up.
fn warn_of_a_slow_bus(setup: &Setup, log: &mut Log) {
    let period_ns = 1_000_000_000 / u64::from(setup.controller.loop_hz());
    let longest_ns = setup.bus.tick_ns() + setup.bus.slow_read_ns();
    if period_ns < longest_ns {
        let ms = |ns: u64| ns as f64 * 1e-6;
        let hint = "a lower --loop-hz, if the robot does not get up with `torque not taken`";
        let found = json!({ "period_ms": ms(period_ns), "bus_at_worst_ms": ms(longest_ns), "hint": hint });
        log.say("warn", "the bus may be too slow for this loop", found);
    }
}

fn write_results(
    arguments: &Arguments,
    keeper: Option<ObservationKeeper>,
    unobserved: u64,
    figures: &Value,
    log: &mut Log,
) -> Result<(), DaemonError> {
    // Written whatever becomes of the observations.
    let written = arguments.stats_json.as_deref().map(|path| {
        let failed = |source| DaemonError::Write { path: path.to_owned(), source };
        files::write(path, format!("{figures:#}\n").as_bytes()).map_err(failed)
    });
    if let Some(keeper) = keeper {
        let rows = keeper.finish()?;
        log.say("info", "observations", json!({ "rows": rows, "left_out": unobserved }));
    }
    written.unwrap_or(Ok(()))
}

/// What the loop leaves behind.
pub(crate) struct Ended {
    robot: Duck,
    pacer: Pacer<Clocked>,
    is_sound: bool,
    /// Allocations of the loop's thread while it ticked.
    allocated: u64,
    /// Observations that found no room on their way to the file.
    unobserved: u64,
}

/// The loop on its thread, and the ends of its channels.
pub(crate) struct Running {
    pub thread: std::thread::JoinHandle<Result<Ended, PacerError>>,
    pub events: Receiver<Stamped>,
    pub ports: SyncSender<SerialPort>,
    pub status: Arc<StatusSlot>,
}

fn prepare(
    robot: &mut Duck,
    arguments: &Arguments,
    profile: &RobotProfile,
    unconfigured: bool,
    log: &mut Log,
) -> Result<Option<ObservationKeeper>, DaemonError> {
    let is_set_up = audit::audit(robot.body_mut(), profile, arguments.fix, log)?;
    robot.set_options(BrainOptions {
        dry_run: arguments.dry_run,
        audit_failed: !is_set_up,
        unconfigured,
        pitch_bias_rad: arguments.pitch_bias_deg.to_radians(),
        on_stand: arguments.on_stand,
    });
    let width = robot.controller().record().observation.len();
    if let Some(path) = &arguments.replay_obs {
        let observations = read_observations(path, width)?;
        let rows = (0..observations.len()).filter_map(|index| observations.row(index));
        robot.replay_observations(rows.flatten().copied().collect());
    }
    let Some(path) = arguments.save_obs.as_deref().filter(|_| !arguments.audit) else { return Ok(None) };
    let rows = OBSERVED_S * robot.controller().loop_hz() as usize;
    let (keeper, sink) = ObservationKeeper::start(path, width, rows)?;
    robot.keep_observations(sink);
    log.say("info", "saving observations", json!({ "file": keeper.part().display().to_string() }));
    Ok(Some(keeper))
}

fn start(
    robot: Duck,
    arguments: &Arguments,
    loop_hz: u32,
    expression: Arc<ExpressionSlot>,
    control: Arc<RunControl>,
    log: &mut Log,
) -> Result<Running, DaemonError> {
    let (events, fetched) = sync_channel(EVENTS);
    let (ports, arriving) = sync_channel::<SerialPort>(1);
    let status = robot.status();
    let overrun = arguments.overrun;
    let request = RealTimeRequest {
        priority: (arguments.priority > 0).then_some(arguments.priority),
        lock_memory: arguments.lock_memory,
        cpu: arguments.cpu.map(usize::from),
        prefault_stack_kib: PREFAULT_KIB,
    };
    let period_ns = 1_000_000_000 / u64::from(loop_hz);
    let (thread, report) = real_time::spawn_real_time("loop", STACK_KIB, request, move || {
        let mut robot = robot;
        let clock = Arc::new(MonotonicClock::measured());
        let mut pacer = Pacer::new(Arc::clone(&clock), period_ns, overrun)?;
        // Half a period away from every wake-up of the loop: two threads that wake at once are late by each other.
        expression.rise_at(clock.now_ns() + period_ns / 2);
        let before = allocations::count();
        let is_sound = run(&mut robot, &mut pacer, &control, &events, &arriving);
        let allocated = allocations::count() - before;
        robot.end_recording();
        let unobserved = robot.end_observations();
        Ok(Ended { robot, pacer, is_sound, allocated, unobserved })
    })
    .map_err(failed_to_start)?;
    for item in report {
        log.say("info", "real time", json!(item));
    }
    Ok(Running { thread, events: fetched, ports, status })
}

fn failed_to_start(source: std::io::Error) -> DaemonError {
    DaemonError::System { doing: "starting a thread", source }
}
