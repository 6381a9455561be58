//! The servo driver's own tick behind a pseudo-terminal: the common read, then all goals.
//!
//! Only what the program sees is measured here; how long the wire itself was taken, the twin knows.

use crate::bench::bare_bus::BareBus;
use crate::bench::pace::{MAX_LENGTH_NS, MAX_TICKS};
use gaitway_control::supervisor::Orders;
use gaitway_feetech::bus::{BusCounters, ServoBus};
use gaitway_feetech::error::BusError;
use gaitway_hal::actuators::ActuatorError;
use gaitway_model::RobotProfile;
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::port::{OpenError, Port, PortError};
use gaitway_platform::real_time::{Granted, Item, RealTimeRequest, spawn_real_time};
use gaitway_platform::serial::SerialPort;
use gaitway_runtime::devices::{self, DeviceError};
use gaitway_runtime::pacer::{Overrun, Pacer, PacerError};
use gaitway_runtime::robot::ServoDriver;
use rustix::time::{ClockId, clock_gettime};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// The loop's stack as `gaitwayd` has it, and how much of it is touched before the loop begins, KiB.
const STACK_KIB: usize = 256;
const PREFAULT_KIB: usize = 64;
/// The read must be over so long before the next deadline, ns: the goals are handed over then. They need not be
/// through: the port keeps what the wire has no time for yet.
const MARGIN_NS: u64 = 200_000;
/// Longer than goals and limits take on the wire, ns.
const SETTLED_NS: u64 = 2_000_000;
/// Later than an answer that a machine which stood still held back, ns.
const SILENCE_NS: u64 = 20_000_000;
/// Reads at the end before a machine that lets none through is given up.
const MAX_SETTLING_READS: usize = 100;
/// The part of a period that slow reads leave free, as in the robot's loop.
const SLOW_PARTS: u64 = 10;

/// A measurement that cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BusBenchError {
    /// No tick, or more than fit into memory.
    #[error("ticks: expected 1 to {MAX_TICKS}, found {found}")]
    Ticks {
        /// The number given.
        found: u64,
    },
    /// More than anybody waits for.
    #[error("ticks times period_ns: expected an hour at most, found {ticks} of {period_ns} ns")]
    Length {
        /// Ticks asked for.
        ticks: u64,
        /// Time between two, ns.
        period_ns: u64,
    },
    /// No twin. Goals that no safety filter has passed are for emulated servos only.
    #[error("{}: expected a twin's pseudo-terminal, found another port", path.display())]
    NotATwin {
        /// The path given.
        path: PathBuf,
    },
    /// The port cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The port went away.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The servos.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// What the driver refuses.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// See `Bus`.
    #[error(transparent)]
    Actuators(#[from] ActuatorError),
    /// The pacer does not want the period.
    #[error(transparent)]
    Pacer(#[from] PacerError),
    /// The system gives no thread.
    #[error("the measuring thread: expected to start it, found {0}")]
    Thread(#[source] std::io::Error),
    /// The measuring thread ended in a panic.
    #[error("the measuring thread: expected its ticks, found a panic")]
    Panic,
}

impl BusBenchError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            BusBenchError::Ticks { .. } | BusBenchError::Length { .. } => {
                "measure for a shorter time".to_owned()
            }
            BusBenchError::NotATwin { .. } => "give the path that `gaitway twin` names".to_owned(),
            BusBenchError::Open(error) => error.hint(),
            BusBenchError::Device(error) => error.hint(),
            BusBenchError::Port(error) => error.hint().to_owned(),
            BusBenchError::Bus(error) => error.hint().to_owned(),
            BusBenchError::Actuators(error) => error.hint.clone(),
            BusBenchError::Pacer(error) => error.hint().to_owned(),
            BusBenchError::Thread(_) => "raise the limit on threads (ulimit -u), or free memory".to_owned(),
            BusBenchError::Panic => "report this with the message on stderr".to_owned(),
        }
    }
}

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusBenchOptions {
    /// Time between ticks, ns; `None`: each as soon as the one before is told.
    pub period_ns: Option<u64>,
    /// Ticks to run.
    pub ticks: u64,
    /// Whether the slow registers are read too, a servo a tick.
    pub slow_reads: bool,
    /// The same bytes without the driver, whose part in a cycle shows beside them.
    pub bare: bool,
    /// SCHED_FIFO priority, 1 to 99; `None` is an ordinary thread.
    pub priority: Option<u8>,
}

/// What the program saw of one tick. Times are of the monotonic clock, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusTick {
    /// Before the read.
    pub start_ns: u64,
    /// After it: the positions and velocities are known.
    pub read_ns: u64,
    /// The goals are with the port, not yet on the wire.
    pub told_ns: u64,
    /// After the slow read, where there is one.
    pub end_ns: u64,
    /// Servos that were read in this tick.
    pub fresh: u64,
    /// Bytes this tick gave to the port.
    pub bytes: u64,
    /// Ticks left out before it.
    pub skipped: u64,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct BusTicks {
    /// Every tick.
    pub ticks: Vec<BusTick>,
    /// Bytes that were given to the port before the first tick.
    pub bytes_before: u64,
    /// CPU time of the thread over all ticks, ns.
    pub cpu_ns: u64,
    /// The driver's own sums.
    pub counters: BusCounters,
    /// Whether priority and locked memory were granted.
    pub real_time: bool,
    /// What became of every wish for real time.
    pub report: Vec<Item>,
}

/// Drives the servos of `profile` behind the pseudo-terminal at `path` on a real-time thread, as `gaitwayd` does.
pub fn bus_ticks(
    profile: &RobotProfile,
    path: &Path,
    options: BusBenchOptions,
) -> Result<BusTicks, BusBenchError> {
    if !(1..=MAX_TICKS).contains(&options.ticks) {
        return Err(BusBenchError::Ticks { found: options.ticks });
    }
    let period_ns = options.period_ns.unwrap_or(0);
    if options.ticks.saturating_mul(period_ns) > MAX_LENGTH_NS {
        return Err(BusBenchError::Length { ticks: options.ticks, period_ns });
    }
    check_twin(path)?;
    let bus = devices::servos(profile)?;
    let goal_rad: Vec<f32> = profile.default_pose_rad();
    let port = CountingPort { port: SerialPort::open(path, profile.actuators.baud)?, bytes: 0 };
    let request = RealTimeRequest {
        priority: options.priority,
        lock_memory: options.priority.is_some(),
        prefault_stack_kib: PREFAULT_KIB,
        ..RealTimeRequest::default()
    };
    let work = move || measure(bus, port, &goal_rad, options);
    let (thread, report) = spawn_real_time("bus", STACK_KIB, request, work).map_err(BusBenchError::Thread)?;
    let measured = thread.join().map_err(|_| BusBenchError::Panic)??;
    let real_time = report.iter().all(|item| matches!(item.granted, Granted::Yes | Granted::NotAsked));
    Ok(BusTicks { real_time: real_time && options.priority.is_some(), report, ..measured })
}

/// A port that is no pseudo-terminal may have motors behind it.
fn check_twin(path: &Path) -> Result<(), BusBenchError> {
    /// Where the system keeps its pseudo-terminals.
    const PSEUDO_TERMINALS: &str = "/dev/pts";
    let device = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if path.exists() && !device.starts_with(PSEUDO_TERMINALS) {
        return Err(BusBenchError::NotATwin { path: path.to_owned() });
    }
    Ok(())
}

/// A port that counts what it takes.
struct CountingPort {
    port: SerialPort,
    bytes: u64,
}

impl CountingPort {
    /// Throws away what has been answered so far.
    fn discard(&mut self) -> Result<(), PortError> {
        let mut chunk = [0; 512];
        while self.read(&mut chunk)? > 0 {}
        Ok(())
    }
}

impl Port for CountingPort {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        let count = self.port.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        self.port.read(buffer)
    }
}

/// The measured loop, on its thread.
fn measure(
    bus: ServoBus,
    port: CountingPort,
    goal_rad: &[f32],
    options: BusBenchOptions,
) -> Result<BusTicks, BusBenchError> {
    let clock = Arc::new(MonotonicClock::measured());
    let mut program = Program::new(bus, port, Arc::clone(&clock), goal_rad, options)?;
    let mut ticks = Vec::with_capacity(options.ticks as usize);
    program.tell()?;
    let bytes_before = program.bytes();
    clock.wait_until(clock.now_ns() + SETTLED_NS);
    let mut pacer = match options.period_ns {
        Some(period_ns) => Some(Pacer::new(Arc::clone(&clock), period_ns, Overrun::Skip)?),
        None => None,
    };
    let cpu_before_ns = thread_cpu_ns();
    while (ticks.len() as u64) < options.ticks {
        let wake = pacer.as_mut().map(Pacer::wait);
        let next_ns = wake.zip(options.period_ns).map(|(wake, period_ns)| wake.deadline_ns + period_ns);
        let tick = program.tick(next_ns)?;
        ticks.push(BusTick { skipped: wake.map_or(0, |wake| wake.skipped), ..tick });
    }
    let cpu_ns = thread_cpu_ns() - cpu_before_ns;
    let counters = program.driver.counters();
    program.settle()?;
    Ok(BusTicks { ticks, bytes_before, cpu_ns, counters, real_time: false, report: Vec::new() })
}

/// What the loop runs: the driver, or the same bytes without it.
struct Program<'a> {
    driver: ServoDriver<CountingPort, Arc<MonotonicClock>>,
    bare: Option<BareBus>,
    clock: Arc<MonotonicClock>,
    orders: Orders,
    goal_rad: &'a [f32],
    options: BusBenchOptions,
}

impl Program<'_> {
    fn new(
        mut bus: ServoBus,
        port: CountingPort,
        clock: Arc<MonotonicClock>,
        goal_rad: &[f32],
        options: BusBenchOptions,
    ) -> Result<Program<'_>, BusBenchError> {
        let count = goal_rad.len();
        let orders = Orders {
            cut: false,
            settings: vec![false; count],
            energise: vec![false; count],
            goal: vec![true; count],
            torque_limit: vec![1.0; count],
            ask: None,
        };
        let bare = if options.bare { Some(BareBus::new(&mut bus, goal_rad)?) } else { None };
        let driver = ServoDriver::new(bus, port, Arc::clone(&clock), &vec![[0; 3]; count]);
        Ok(Program { driver, bare, clock, orders, goal_rad, options })
    }

    /// Bytes given to the port.
    fn bytes(&self) -> u64 {
        self.driver.port().bytes
    }

    /// A tick that should be over at `next_ns`, where there is a next one by the clock.
    fn tick(&mut self, next_ns: Option<u64>) -> Result<BusTick, BusBenchError> {
        let before_ns = |left_ns| next_ns.map_or(u64::MAX, |next_ns: u64| next_ns.saturating_sub(left_ns));
        let (start_ns, bytes) = (self.clock.now_ns(), self.bytes());
        let fresh = self.read(before_ns(MARGIN_NS))?;
        let read_ns = self.clock.now_ns();
        self.tell()?;
        let told_ns = self.clock.now_ns();
        if self.options.slow_reads {
            self.driver.read_slow(None, before_ns(self.options.period_ns.unwrap_or(0) / SLOW_PARTS));
        }
        let end_ns = self.clock.now_ns();
        if let Some(error) = self.driver.error() {
            return Err(error.into());
        }
        let bytes = self.bytes() - bytes;
        Ok(BusTick { start_ns, read_ns, told_ns, end_ns, fresh, bytes, skipped: 0 })
    }

    /// Servos that were read.
    fn read(&mut self, deadline_ns: u64) -> Result<u64, BusBenchError> {
        if let Some(bare) = &self.bare {
            return Ok(bare.read(self.driver.port_mut(), &self.clock)?);
        }
        self.driver.read(deadline_ns);
        Ok(self.driver.readings().iter().filter(|vitals| vitals.is_fresh).count() as u64)
    }

    /// Returns when the wire has carried everything, which a port that is closed would drop: who answers has heard all
    /// that was said before.
    fn settle(&mut self) -> Result<(), BusBenchError> {
        for _ in 0..MAX_SETTLING_READS {
            // Apart from the goals, with which it would else be one piece to the twin; and the answer to an earlier
            // request, which says nothing about this one, is out of the way.
            self.clock.wait_until(self.clock.now_ns() + SILENCE_NS);
            self.driver.port_mut().discard()?;
            if self.read(u64::MAX)? == self.goal_rad.len() as u64 {
                break;
            }
        }
        Ok(())
    }

    fn tell(&mut self) -> Result<(), BusBenchError> {
        match &self.bare {
            Some(bare) => bare.tell(self.driver.port_mut())?,
            None => self.driver.tell(&self.orders, self.goal_rad)?,
        }
        Ok(())
    }
}

/// CPU time this thread has used, ns.
fn thread_cpu_ns() -> u64 {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    used.tv_sec as u64 * 1_000_000_000 + used.tv_nsec as u64
}
