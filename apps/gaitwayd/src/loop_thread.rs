//! The loop on its thread, and the ends of its channels.

use crate::arguments::TimingSettings;
use crate::log::Log;
use gaitway_platform::real_time::{self, RealTimeRequest};
use gaitway_platform::{Clock, MonotonicClock, SerialPort, allocations};
use gaitway_runtime::expression::ExpressionSlot;
use gaitway_runtime::pacer::{Pacer, PacerError};
use gaitway_runtime::robot::event::Stamped;
use gaitway_runtime::robot::{Robot, RunControl, StatusSlot, run};
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The loop's stack, KiB, and how much of it is touched before it begins.
const STACK_KIB: usize = 256;
const PREFAULT_KIB: usize = 64;
const EVENTS: usize = 1024;

/// By which the loop keeps time.
pub(crate) type Clocked = Arc<MonotonicClock>;
/// The robot on its serial port.
pub(crate) type SerialRobot = Robot<SerialPort, Clocked>;

/// What the loop leaves behind.
pub(crate) struct Ended {
    pub robot: SerialRobot,
    pub pacer: Pacer<Clocked>,
    pub is_sound: bool,
    /// Allocations of the loop's thread while it ticked.
    pub allocated: u64,
    /// Observations that found no room on their way to the file.
    pub unobserved: u64,
}

/// The loop on its thread, and the ends of its channels.
pub(crate) struct Running {
    pub thread: std::thread::JoinHandle<Result<Ended, PacerError>>,
    pub events: Receiver<Stamped>,
    pub ports: SyncSender<SerialPort>,
    pub status: Arc<StatusSlot>,
}

/// Starts the loop; the report of its real-time set-up goes into the log.
pub(crate) fn start(
    robot: SerialRobot,
    timing: &TimingSettings,
    loop_hz: u32,
    expression: Arc<ExpressionSlot>,
    control: Arc<RunControl>,
    log: &mut Log,
) -> io::Result<Running> {
    let (events, fetched) = sync_channel(EVENTS);
    let (ports, arriving) = sync_channel::<SerialPort>(1);
    let status = robot.status();
    let overrun = timing.overrun;
    let request = RealTimeRequest {
        priority: (timing.priority > 0).then_some(timing.priority),
        lock_memory: timing.lock_memory,
        cpu: timing.cpu.map(usize::from),
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
    })?;
    for item in report {
        log.say("info", "real time", json!(item));
    }
    Ok(Running { thread, events: fetched, ports, status })
}
