//! What the robot shows: lights and pulse servos, on a thread of their own that the loop never waits for.
//!
//! Whoever wants something shown puts it into the [`ExpressionSlot`]. When the [`Expression`] is dropped, the servos are
//! neutral for a moment, and everything is off and given back.

mod figures;
mod fitted;
mod slot;
mod stage;

pub use figures::ExpressionFigures;
pub use fitted::{ExpressionError, Fitted, FittedPulseServos, PulseSource};
pub use slot::{ExpressionSlot, MAX_PULSE_SERVOS};

use figures::Measured;
use gaitway_platform::real_time::{self, RealTimeRequest};
use gaitway_platform::worker::{End, Worker};
use stage::Stage;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};

const STACK_BYTES: usize = 64 * 1024;

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
