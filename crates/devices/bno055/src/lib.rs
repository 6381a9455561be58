//! The BNO055, an IMU that fuses by itself: brought up, calibrated and read over I²C, which somebody else speaks.
//!
//! Whoever owns the wire asks [`Bno055::poll`] what to do next, does it, and says what came of it with
//! [`Bno055::done`]. A chip that stops answering, or that has lost its settings to a dip of the supply, is brought up
//! again.

mod axes;
mod bring_up;
mod calibration;
mod config;
mod registers;
mod sample;

pub use axes::{AxesError, AxisMap};
pub use calibration::{Calibration, CalibrationStatus};
pub use config::{Config, Mode};
pub use sample::Fusion;

use bring_up::{Step, bring_up};
use gaitway_hal::imu::{Imu, Next, Sample};
use registers::*;
use std::any::Any;
use std::fmt;

/// Where the chip answers: its pin COM3 low, and high.
pub const ADDRESSES: [u8; 2] = [0x28, 0x29];
/// What its id register says.
pub const CHIP_ID_BNO055: u8 = IS_BNO055;
/// The chip has a new measurement so often, ns.
pub const PERIOD_NS: u64 = 10_000_000;

/// What is wrong with it, where something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It does not answer.
    Silent,
    /// What answers is another chip.
    NotABno055 {
        /// Its id.
        found: u8,
        /// Where it answers.
        address: u8,
    },
    /// It had lost its settings, as after a dip of the supply, and is brought up again.
    Restarted,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Silent => f.write_str("silent"),
            Problem::NotABno055 { found, address } => {
                write!(f, "no BNO055: chip id 0x{found:02x} at address 0x{address:02x}")
            }
            Problem::Restarted => f.write_str("it restarted"),
        }
    }
}

impl Problem {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Problem::Silent => {
                "check its wires, SDA, SCL, 3.3 V and ground; it was looked for at 0x28 and 0x29: i2cdetect -y 1"
                    .to_owned()
            }
            Problem::NotABno055 { found, .. } => format!(
                "if it is a clone of the BNO055, accept its id: \"imu_chip_id\": \"0x{found:02x}\" in duck_config.json, \
                 or chip_id = 0x{found:02x} under [imu] in the profile; else another chip sits there"
            ),
            Problem::Restarted => "switch it off and on; if it comes again, its supply dips: give it 3.3 V of its own".to_owned(),
        }
    }
}

/// What it has been through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Transfers that failed.
    pub failures: u64,
    /// Of these, without one that went well in between.
    pub failures_in_a_row: u32,
    /// How often it was brought up.
    pub bring_ups: u32,
    /// What is wrong, or was last.
    pub problem: Option<Problem>,
}

/// After so many failures in a row it is brought up anew.
const FAILURES_UNTIL_RESTART: u32 = 10;
/// So often a step of bringing it up is tried.
const STEP_TRIES: u32 = 3;
/// Between two tries, ns.
const RETRY_NS: u64 = 100_000_000;
/// Every so many samples temperature, gravity and calibration are read too.
const FUSION_EVERY: u32 = 20;

/// One chip.
#[derive(Debug)]
pub struct Bno055 {
    config: Config,
    /// Where it is looked for now, or was found.
    address: u8,
    steps: Vec<Step>,
    state: State,
    /// Nothing is done before, ns.
    due_ns: u64,
    next_sample_ns: u64,
    sample: Option<Sample>,
    fusion: Option<Fusion>,
    found: Option<Calibration>,
    wants_calibration: bool,
    until_fusion: u32,
    health: Health,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The step of that number is next.
    BringUp(usize),
    Motion,
    Fusion,
    /// Offsets can only be read where nothing is measured.
    Pausing,
    ReadingOffsets,
    Resuming,
}

impl Bno055 {
    /// A chip that is yet to be found.
    pub fn new(config: Config) -> Bno055 {
        Bno055 {
            steps: bring_up(&config),
            address: config.address,
            config,
            state: State::BringUp(0),
            due_ns: 0,
            next_sample_ns: 0,
            sample: None,
            fusion: None,
            found: None,
            wants_calibration: false,
            until_fusion: 0,
            health: Health::default(),
        }
    }

    /// What it has fused, as last read.
    pub fn fusion(&self) -> Option<Fusion> {
        self.fusion
    }

    /// From now on what it has learned is to be had: it measures nothing for 40 ms.
    pub fn ask_for_calibration(&mut self) {
        self.wants_calibration = true;
    }

    /// What it has learned, once, where that was asked for.
    pub fn take_calibration(&mut self) -> Option<Calibration> {
        self.found.take()
    }

    /// What it has been through.
    pub fn health(&self) -> &Health {
        &self.health
    }

    fn step_done(&mut self, step: usize, now_ns: u64, read: &[u8]) {
        if let Some(found) = self.steps[step].stranger(read, self.config.chip_id) {
            self.health.problem = Some(Problem::NotABno055 { found, address: self.address });
            self.look_elsewhere();
            self.go_to(State::BringUp(0), now_ns + RETRY_NS);
            return;
        }
        let next_ns = now_ns + self.steps[step].wait_ns;
        if step + 1 < self.steps.len() {
            self.go_to(State::BringUp(step + 1), next_ns);
        } else {
            self.health.bring_ups += 1;
            self.health.problem = self.health.problem.filter(|problem| *problem == Problem::Restarted);
            self.until_fusion = 0;
            self.go_to(State::Motion, next_ns);
        }
    }

    fn take_motion(&mut self, begun_ns: u64, read: &[u8]) {
        let Some(sample) = sample::motion(begun_ns, read) else { return };
        if sample::is_nothing(&sample) {
            // No sensor at rest says nothing at all: this is the chip's configuration mode, in which it wakes.
            self.health.problem = Some(Problem::Restarted);
            self.go_to(State::BringUp(0), begun_ns);
            return;
        }
        self.sample = Some(sample);
        self.next_sample_ns = begun_ns + self.config.period_ns;
        self.due_ns = self.next_sample_ns;
        match self.until_fusion.checked_sub(1) {
            Some(left) => self.until_fusion = left,
            None => {
                self.until_fusion = FUSION_EVERY - 1;
                self.go_to(State::Fusion, begun_ns);
            }
        }
    }

    fn fail(&mut self, now_ns: u64) {
        if let State::BringUp(step) = self.state
            && self.steps[step].is_reset()
        {
            self.health.failures_in_a_row = 0;
            self.step_done(step, now_ns, &[]);
            return;
        }
        self.health.failures += 1;
        self.health.failures_in_a_row += 1;
        match self.state {
            State::BringUp(step) => {
                self.health.problem = self.stranger_elsewhere().or(Some(Problem::Silent));
                // One lost transfer is no reason to reset it once more.
                let again = if self.health.failures_in_a_row < STEP_TRIES {
                    step
                } else {
                    self.look_elsewhere();
                    0
                };
                self.go_to(State::BringUp(again), now_ns + RETRY_NS);
            }
            _ if self.health.failures_in_a_row >= FAILURES_UNTIL_RESTART => {
                self.health.problem = Some(Problem::Silent);
                self.go_to(State::BringUp(0), now_ns);
            }
            // What is no measurement is tried again; a measurement is the next one.
            State::Motion => self.due_ns = now_ns + self.config.period_ns,
            State::Fusion => self.go_to(State::Motion, self.next_sample_ns),
            State::Pausing | State::ReadingOffsets | State::Resuming => {
                self.due_ns = now_ns + bring_up::MODE_NS;
            }
        }
    }

    /// The chip may be set to the other address.
    fn look_elsewhere(&mut self) {
        let other = ADDRESSES.into_iter().find(|address| *address != self.config.address);
        self.address = if self.address == self.config.address {
            other.unwrap_or(self.address)
        } else {
            self.config.address
        };
    }

    /// Another chip says more than the silence at the other address.
    fn stranger_elsewhere(&self) -> Option<Problem> {
        let is_elsewhere = |problem: &Problem| matches!(problem, Problem::NotABno055 { address, .. } if *address != self.address);
        self.health.problem.filter(is_elsewhere)
    }

    fn go_to(&mut self, state: State, due_ns: u64) {
        (self.state, self.due_ns) = (state, due_ns);
    }
}

impl Imu for Bno055 {
    fn address(&self) -> u8 {
        self.address
    }

    fn poll(&mut self, now_ns: u64) -> Next<'_> {
        if now_ns < self.due_ns {
            return Next::Wait { until_ns: self.due_ns };
        }
        if self.state == State::Motion && self.wants_calibration {
            self.state = State::Pausing;
        }
        match self.state {
            State::BringUp(step) => self.steps[step].transfer(),
            State::Motion => Next::Transfer { write: &[MOTION], read: MOTION_BYTES },
            State::Fusion => Next::Transfer { write: &[FUSION], read: FUSION_BYTES },
            State::Pausing => Next::Transfer { write: &[MODE, MODE_CONFIG], read: 0 },
            State::ReadingOffsets => Next::Transfer { write: &[OFFSETS], read: CALIBRATION_BYTES },
            State::Resuming => self.steps[self.steps.len() - 1].transfer(),
        }
    }

    fn done(&mut self, begun_ns: u64, now_ns: u64, read: Option<&[u8]>) {
        let Some(read) = read else {
            self.fail(now_ns);
            return;
        };
        self.health.failures_in_a_row = 0;
        match self.state {
            State::BringUp(step) => self.step_done(step, now_ns, read),
            State::Motion => self.take_motion(begun_ns, read),
            State::Fusion => {
                self.fusion = Fusion::of(read).or(self.fusion);
                self.go_to(State::Motion, self.next_sample_ns);
            }
            State::Pausing => self.go_to(State::ReadingOffsets, now_ns + bring_up::MODE_NS),
            State::ReadingOffsets => {
                self.found = Calibration::from_bytes(read);
                self.wants_calibration = false;
                self.go_to(State::Resuming, now_ns);
            }
            State::Resuming => self.go_to(State::Motion, now_ns + bring_up::MODE_NS),
        }
    }

    fn take_sample(&mut self) -> Option<Sample> {
        self.sample.take()
    }

    fn is_up(&self) -> bool {
        !matches!(self.state, State::BringUp(_))
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
