//! The thread's work: what stands on which line, and when to look again.

use super::figures::Measured;
use super::fitted::{ExpressionError, Fitted, PulseSource};
use super::slot::ExpressionSlot;
use gaitway_lines::{Antennas, Blinker, PERIOD_NS, PulseTrain};
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::gpio::OutputLines;
use gaitway_platform::sysfs_pwm::PwmChannel;
use gaitway_platform::worker::End;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// It looks at least so often, ns.
const LOOK_NS: u64 = PERIOD_NS;

/// What moves the antennas. Lines are bits of what the chip is told.
enum Pulses {
    Lines { train: PulseTrain, bits: [u64; 2] },
    Pwm([PwmChannel; 2]),
}

/// Everything that is fitted.
pub(super) struct Stage {
    clock: MonotonicClock,
    slot: Arc<ExpressionSlot>,
    measured: Arc<Mutex<Measured>>,
    lines: Option<OutputLines>,
    eyes: Option<(Blinker, u64)>,
    projector: Option<u64>,
    antennas: Option<(Antennas, Pulses)>,
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
        let mut take = |line: u32| {
            lines.push(line);
            1 << (lines.len() - 1)
        };
        let eyes = fitted.eyes.map(|eyes| eyes.map(&mut take)).map(|[left, right]| left | right);
        let projector = fitted.projector.map(&mut take);
        let antennas = match &fitted.antennas {
            None => None,
            Some(fitted) => {
                let antennas = Antennas::new(fitted.directions);
                let pulses = match &fitted.pulses {
                    PulseSource::Lines(lines) => {
                        Pulses::Lines { train: PulseTrain::default(), bits: lines.map(&mut take) }
                    }
                    PulseSource::Pwm { chip, channels: [left, right] } => {
                        let [left_ns, right_ns] = antennas.widths_ns(now_ns).unwrap_or_default();
                        let left = PwmChannel::open(chip, *left, PERIOD_NS, left_ns)?;
                        Pulses::Pwm([left, PwmChannel::open(chip, *right, PERIOD_NS, right_ns)?])
                    }
                };
                Some((antennas, pulses))
            }
        };
        let lines = match (&fitted.chip, lines.is_empty()) {
            (_, true) => None,
            (None, false) => return Err(ExpressionError::NoChip),
            (Some(chip), false) => Some(OutputLines::open(chip, &lines)?),
        };
        // Another way every time.
        let eyes = eyes.map(|bits| (Blinker::new(now_ns, now_ns), bits));
        Ok(Stage { clock, slot, measured, lines, eyes, projector, antennas, is_ending: false })
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
        (self.eyes, self.projector) = (None, None);
        if let Some((antennas, _)) = &mut self.antennas {
            antennas.let_go(now_ns);
        }
    }

    fn is_over(&self, now_ns: u64) -> bool {
        let widths = self.antennas.as_ref().and_then(|(antennas, _)| antennas.widths_ns(now_ns));
        widths.is_none() && !self.is_in_pulse()
    }

    fn show(&mut self, now_ns: u64) {
        let mut levels = 0;
        if let Some((eyes, bits)) = &mut self.eyes {
            levels |= on(eyes.are_open(now_ns), *bits);
        }
        if let Some(bit) = self.projector {
            levels |= on(self.slot.is_projector_on(), bit);
        }
        let mut done = Ok(());
        if let Some((antennas, pulses)) = &mut self.antennas {
            antennas.wish(self.slot.antennas());
            match (pulses, antennas.widths_ns(now_ns)) {
                (Pulses::Lines { train, bits }, widths_ns) => {
                    train.rise_at(self.slot.rise_ns.load(Ordering::Relaxed));
                    let are_high = train.levels(now_ns, widths_ns);
                    levels |= on(are_high[0], bits[0]) | on(are_high[1], bits[1]);
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
        matches!(&self.antennas, Some((_, Pulses::Lines { train, .. })) if train.is_in_pulse())
    }

    fn next_ns(&self, now_ns: u64) -> u64 {
        let eyes_ns = self.eyes.as_ref().map(|(eyes, _)| eyes.next_ns());
        [eyes_ns, self.train_ns()].into_iter().flatten().fold(now_ns + LOOK_NS, u64::min)
    }

    /// Next rise or fall.
    fn train_ns(&self) -> Option<u64> {
        match &self.antennas {
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

fn set_widths(channels: &mut [PwmChannel; 2], widths_ns: [u64; 2]) -> io::Result<()> {
    let pairs = channels.iter_mut().zip(widths_ns);
    // One that fails does not keep the other.
    pairs.map(|(channel, width_ns)| channel.set_width(width_ns)).fold(Ok(()), io::Result::and)
}
