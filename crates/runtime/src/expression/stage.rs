//! The thread's work: what stands on which line, and when to look again.

use super::figures::Measured;
use super::fitted::{ExpressionError, Fitted, PulseSource};
use super::slot::ExpressionSlot;
use gaitway_lines::{Blinker, PERIOD_NS, PulseServos, PulseTrain};
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::gpio::OutputLines;
use gaitway_platform::sysfs_pwm::{PwmChannel, PwmError};
use gaitway_platform::worker::End;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// It looks at least so often, ns.
const LOOK_NS: u64 = PERIOD_NS;

/// What moves the pulse servos. Lines are bits of what the chip is told.
enum Pulses {
    Lines { train: PulseTrain, bits: Vec<u64> },
    Pwm(Vec<PwmChannel>),
}

/// Everything that is fitted.
pub(super) struct Stage {
    clock: MonotonicClock,
    slot: Arc<ExpressionSlot>,
    measured: Arc<Mutex<Measured>>,
    lines: Option<OutputLines>,
    /// The lights that blink, and the lamps: their bits.
    blinkers: Option<(Blinker, u64)>,
    lamps: u64,
    servos: Option<(PulseServos, Pulses)>,
    is_ending: bool,
}

impl Stage {
    pub fn new(
        fitted: &Fitted,
        slot: Arc<ExpressionSlot>,
        measured: Arc<Mutex<Measured>>,
    ) -> Result<Stage, ExpressionError> {
        let clock = MonotonicClock::default();
        let now_ns = clock.now_ns();
        let mut lines = Vec::new();
        let mut take = |line: &u32| {
            lines.push(*line);
            1 << (lines.len() - 1)
        };
        let blinkers: u64 = fitted.blinkers.iter().map(&mut take).sum();
        let lamps: u64 = fitted.lamps.iter().map(&mut take).sum();
        let servos = match &fitted.pulse_servos {
            None => None,
            Some(fitted) => {
                let servos = PulseServos::new(fitted.directions.clone());
                let pulses = match &fitted.pulses {
                    PulseSource::Lines(lines) => Pulses::Lines {
                        train: PulseTrain::new(lines.len()),
                        bits: lines.iter().map(&mut take).collect(),
                    },
                    PulseSource::Pwm { chip, channels } => Pulses::Pwm(open(chip, channels, &servos)?),
                };
                Some((servos, pulses))
            }
        };
        let lines = match (&fitted.chip, lines.is_empty()) {
            (_, true) => None,
            (None, false) => return Err(ExpressionError::NoChip),
            (Some(chip), false) => Some(OutputLines::open(chip, &lines)?),
        };
        // Another way every time.
        let blinkers = (blinkers != 0).then(|| (Blinker::new(now_ns, now_ns), blinkers));
        Ok(Stage { clock, slot, measured, lines, blinkers, lamps, servos, is_ending: false })
    }

    /// Shows what there is to show, until the end has come and everything has been let go.
    pub fn play(&mut self, end: &End) {
        loop {
            let now_ns = self.clock.now_ns();
            if end.has_come() && !self.is_ending {
                self.let_go(now_ns);
            }
            self.show(now_ns);
            if self.is_ending && self.is_over(now_ns) {
                return;
            }
            let next_ns = self.next_ns(now_ns);
            let late_ns = self.clock.sleep_until(next_ns);
            if self.is_in_pulse() && self.train_ns() == Some(next_ns) {
                self.measure(|measured| measured.pulse_late.add(late_ns));
            }
        }
    }

    fn let_go(&mut self, now_ns: u64) {
        self.is_ending = true;
        (self.blinkers, self.lamps) = (None, 0);
        if let Some((servos, _)) = &mut self.servos {
            servos.let_go(now_ns);
        }
    }

    fn is_over(&self, now_ns: u64) -> bool {
        let are_driven = self.servos.as_ref().is_some_and(|(servos, _)| servos.are_driven(now_ns));
        !are_driven && !self.is_in_pulse()
    }

    fn show(&mut self, now_ns: u64) {
        let mut levels = 0;
        if let Some((blinker, bits)) = &mut self.blinkers {
            levels |= on(blinker.are_on(now_ns), *bits);
        }
        levels |= on(self.slot.are_lamps_on(), self.lamps);
        let mut done = Ok(());
        if let Some((servos, pulses)) = &mut self.servos {
            servos.set_targets(self.slot.pulse_servos());
            let widths_ns = servos.are_driven(now_ns).then(|| servos.widths_ns());
            match (pulses, widths_ns) {
                (Pulses::Lines { train, bits }, widths_ns) => {
                    train.rise_at(self.slot.rise_ns.load(Ordering::Relaxed));
                    train.advance(now_ns, widths_ns);
                    levels |= train.levels().zip(bits).map(|(is_high, bit)| on(is_high, *bit)).sum::<u64>();
                }
                (Pulses::Pwm(channels), Some(widths_ns)) => done = set_widths(channels, widths_ns),
                (Pulses::Pwm(_), None) => {}
            }
        }
        let set = self.lines.as_mut().map_or(Ok(()), |lines| lines.set(levels));
        if done.and(set).is_err() {
            self.measure(|measured| measured.failures += 1);
        }
    }

    fn is_in_pulse(&self) -> bool {
        matches!(&self.servos, Some((_, Pulses::Lines { train, .. })) if train.is_in_pulse())
    }

    fn next_ns(&self, now_ns: u64) -> u64 {
        let blinks_ns = self.blinkers.as_ref().map(|(blinker, _)| blinker.next_ns());
        [blinks_ns, self.train_ns()].into_iter().flatten().fold(now_ns + LOOK_NS, u64::min)
    }

    /// Next rise or fall.
    fn train_ns(&self) -> Option<u64> {
        match &self.servos {
            Some((_, Pulses::Lines { train, .. })) => Some(train.next_ns()),
            _ => None,
        }
    }

    fn measure(&self, add: impl FnOnce(&mut Measured)) {
        add(&mut self.measured.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Bits that are set where something is on.
fn on(is_on: bool, bits: u64) -> u64 {
    if is_on { bits } else { 0 }
}

/// The channels of a PWM, each with the pulses of its servo from the first on.
fn open(chip: &Path, channels: &[u32], servos: &PulseServos) -> Result<Vec<PwmChannel>, PwmError> {
    let pairs = channels.iter().zip(servos.widths_ns());
    pairs.map(|(channel, width_ns)| PwmChannel::open(chip, *channel, PERIOD_NS, width_ns)).collect()
}

fn set_widths(channels: &mut [PwmChannel], widths_ns: impl Iterator<Item = u64>) -> io::Result<()> {
    let pairs = channels.iter_mut().zip(widths_ns);
    // One that fails does not keep the others.
    pairs.map(|(channel, width_ns)| channel.set_width(width_ns)).fold(Ok(()), io::Result::and)
}
