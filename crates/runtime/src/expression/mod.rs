//! What the robot shows: eyes, projector and antennas, on a thread of their own that the loop never waits for.
//!
//! Whoever wants something shown puts it into the [`ExpressionSlot`]. When the [`Expression`] is dropped, the antennas
//! are neutral for a moment, and everything is off and given back.

mod stage;

use crate::clock::MonotonicClock;
use crate::gpio::{GpioError, OutputLines};
use crate::histogram::{Histogram, Quantiles};
use crate::real_time::{self, RealTimeRequest};
use crate::sysfs_pwm::PwmError;
use crate::worker::{End, Worker};
use stage::Stage;
use std::io;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

const STACK_BYTES: usize = 64 * 1024;

/// What is fitted, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fitted {
    /// The GPIO chip; only what is on its lines needs one.
    pub chip: Option<PathBuf>,
    /// Lines of the eyes.
    pub eyes: Option<[u32; 2]>,
    /// Line of the projector.
    pub projector: Option<u32>,
    /// The antennas, left and right.
    pub antennas: Option<FittedAntennas>,
}

/// A pair of antennas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FittedAntennas {
    /// 1, or -1 where a longer pulse moves one the other way.
    pub directions: [i8; 2],
    /// Where their pulses come from.
    pub pulses: PulseSource,
}

/// Where pulses come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PulseSource {
    /// Lines of the chip, timed by the thread.
    Lines([u32; 2]),
    /// Channels of a PWM of the board, a folder below /sys/class/pwm.
    Pwm {
        /// The folder.
        chip: PathBuf,
        /// Its channels.
        channels: [u32; 2],
    },
}

/// What cannot be shown.
#[derive(Debug, Error)]
pub enum ExpressionError {
    /// Something is on a chip, and there is none.
    #[error("expected a GPIO chip with the board's header, found none")]
    NoChip,
    /// The lines.
    #[error(transparent)]
    Gpio(#[from] GpioError),
    /// The PWM.
    #[error(transparent)]
    Pwm(#[from] PwmError),
    /// The thread.
    #[error("starting a thread: {0}")]
    Thread(io::Error),
}

impl ExpressionError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            ExpressionError::NoChip => "name it: ls /dev/gpiochip*",
            ExpressionError::Gpio(error) => error.hint(),
            ExpressionError::Pwm(error) => error.hint(),
            ExpressionError::Thread(_) => "the system is short of something; `dmesg` may say of what",
        }
    }
}

/// What shall be shown. Anybody says so without waiting.
#[derive(Debug, Default)]
pub struct ExpressionSlot {
    projector: AtomicBool,
    antennas: [AtomicU32; 2],
    /// When the antennas' pulses rise, and whole periods before and after, ns.
    rise_ns: AtomicU64,
}

impl ExpressionSlot {
    /// The projector on where it is off, off where it is on.
    pub fn toggle_projector(&self) {
        self.projector.fetch_xor(true, Ordering::Relaxed);
    }

    /// The antennas, left and right, -1 to 1.
    pub fn set_antennas(&self, antennas: [f32; 2]) {
        self.antennas
            .iter()
            .zip(antennas)
            .for_each(|(to, value)| to.store(value.to_bits(), Ordering::Relaxed));
    }

    /// Pulses rise at that time, ns, and whole periods before and after: where whoever keeps time has nothing to do.
    pub fn rise_at(&self, at_ns: u64) {
        self.rise_ns.store(at_ns, Ordering::Relaxed);
    }

    fn is_projector_on(&self) -> bool {
        self.projector.load(Ordering::Relaxed)
    }

    fn antennas(&self) -> [f32; 2] {
        [0, 1].map(|side: usize| f32::from_bits(self.antennas[side].load(Ordering::Relaxed)))
    }
}

/// How well it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpressionFigures {
    /// Ends of pulses that the thread has timed.
    pub pulse_ends: u64,
    /// How late it was woken to them, ns: so much longer the pulses were than told.
    pub pulse_late_ns: Quantiles,
    /// Times that a line or a channel could not be set.
    pub failures: u64,
}

#[derive(Debug, Default)]
struct Measured {
    pulse_late: Histogram,
    failures: u64,
}

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Expression {
    measured: Arc<Mutex<Measured>>,
    _worker: Worker,
}

impl Expression {
    /// Shows what `slot` says on what is fitted, at this real-time priority where it can be had.
    pub fn start(
        fitted: &Fitted,
        priority: Option<u8>,
        slot: Arc<ExpressionSlot>,
    ) -> Result<Expression, ExpressionError> {
        let measured = Arc::<Mutex<Measured>>::default();
        let mut stage = Stage::new(fitted, slot, Arc::clone(&measured))?;
        let work = move |end: &End| {
            keep_time(priority);
            stage.play(end);
        };
        let worker = Worker::start("expression", STACK_BYTES, work).map_err(ExpressionError::Thread)?;
        Ok(Expression { measured, _worker: worker })
    }

    /// How well it went so far.
    pub fn figures(&self) -> ExpressionFigures {
        let measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        ExpressionFigures {
            pulse_ends: measured.pulse_late.total(),
            pulse_late_ns: measured.pulse_late.quantiles(),
            failures: measured.failures,
        }
    }
}

/// As good a sleep as can be had. What is refused is no news: the loop asks for more, and says what became of it.
fn keep_time(priority: Option<u8>) {
    let _ =
        real_time::make_this_thread_real_time(&RealTimeRequest { priority, ..RealTimeRequest::default() });
    // An ordinary thread is woken up to 50 µs late, to save power, unless it says that it minds.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
}
