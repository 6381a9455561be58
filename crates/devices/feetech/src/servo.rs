//! What is known about one servo, and how well it answers.

pub use crate::config::ServoConfig;
use crate::faults::ServoFaults;
use crate::frame::Status;
use crate::heard::{Heard, MotionRegisters, SlowRegisters};
use crate::registers;

/// Misses in a row after which a servo is left out of the common read: those after it may be waiting for it.
pub(crate) const MISSES_UNTIL_DROPPED: u32 = 5;

/// Faster than this no servo of the family turns, rad/s: twice the fastest without load.
pub(crate) const MAX_SPEED_RPS: f64 = 15.0;

/// How far a position may be off all the same, rad: the encoder's noise and a knock.
const MAX_JUMP_RAD: f32 = 0.1;

/// Units of the torque limit for all of the torque.
pub const TORQUE_UNITS: f32 = 1000.0;

/// Current of one unit of its register, A.
const CURRENT_UNIT_A: f32 = 0.0065;

/// What a servo last said, and when.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ServoState {
    /// Joint angle, rad.
    pub position_rad: f32,
    /// Joint velocity, rad/s.
    pub velocity_rps: f32,
    /// When position and velocity were asked for, ns: they are no older; `None` until they first have. Never a stale value in silence.
    pub sampled_ns: Option<u64>,
    /// What it reports about itself.
    pub faults: ServoFaults,
    /// The slow registers, as last read.
    pub slow: Option<SlowState>,
    /// How well it answers.
    pub health: Health,
    /// What it was decoded from; its misses are those of `health`.
    pub(crate) heard: Heard,
}

/// What one servo measures slowly, and the settings it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlowState {
    /// Load, share of the largest torque, signed.
    pub load: f32,
    /// Supply, V.
    pub voltage_v: f32,
    /// Temperature, °C.
    pub temperature_c: f32,
    /// Current, A, signed.
    pub current_a: f32,
    /// Proportional, derivative and integral gain, register units.
    pub gains: [u8; 3],
    /// True where its motor is driven.
    pub torque_on: bool,
    /// Share of the largest torque it may use.
    pub torque_limit: f32,
    /// True where writes to its EEPROM are not saved.
    pub locked: bool,
    /// When they were asked for, ns.
    pub sampled_ns: u64,
}

/// How well a servo answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Answers taken.
    pub answers: u64,
    /// Reads it did not answer in time.
    pub misses: u64,
    /// Of these, in a row and up to now.
    pub misses_in_a_row: u32,
}

impl ServoState {
    /// How old position and velocity are at `now_ns`, s; infinite until they first arrived.
    pub fn age_s(&self, now_ns: u64) -> f32 {
        self.sampled_ns.map_or(f32::INFINITY, |sampled_ns| now_ns.saturating_sub(sampled_ns) as f32 * 1e-9)
    }

    /// Takes position and velocity, or returns `false` where no servo can be there. The checksum is a sum of eight
    /// bits: of frames damaged twice one in 256 passes it.
    pub(crate) fn take_fast(&mut self, config: &ServoConfig, status: &Status, sampled_ns: u64) -> bool {
        self.count_answer();
        self.take_motion(config, MotionRegisters::of(status, registers::PRESENT_POSITION), sampled_ns)
    }

    /// Takes what is read from one servo a tick: settings and measurements, position and velocity among them.
    pub(crate) fn take_slow(&mut self, config: &ServoConfig, status: &Status, sampled_ns: u64) -> bool {
        self.count_answer();
        let is_taken = self.take_motion(config, MotionRegisters::of(status, registers::P_GAIN), sampled_ns);
        if is_taken {
            let slow = SlowRegisters::of(status);
            self.slow = Some(slow.state(sampled_ns));
            self.heard.slow = Some((slow, sampled_ns));
        }
        is_taken
    }

    /// Everything that was last heard, as it came.
    pub fn heard(&self) -> Heard {
        Heard { misses_in_a_row: self.health.misses_in_a_row, ..self.heard }
    }

    fn count_answer(&mut self) {
        self.health.answers += 1;
        self.health.misses_in_a_row = 0;
    }

    fn take_motion(&mut self, config: &ServoConfig, motion: MotionRegisters, sampled_ns: u64) -> bool {
        let position_rad = motion.position_rad(config);
        if motion.servo_rps().abs() > MAX_SPEED_RPS || !self.can_be_at(position_rad, sampled_ns) {
            return false;
        }
        self.position_rad = position_rad;
        self.velocity_rps = motion.velocity_rps(config);
        self.sampled_ns = Some(sampled_ns);
        self.faults = ServoFaults::from_error_byte(motion.faults);
        self.heard.motion = motion;
        self.heard.sampled_ns = Some(sampled_ns);
        true
    }

    /// True where the joint can have come to `position_rad` since it was last sampled. The bound grows with the age of
    /// that sample, so a joint that truly is elsewhere is believed a moment later.
    pub(crate) fn can_be_at(&self, position_rad: f32, now_ns: u64) -> bool {
        let moved_rad = (position_rad - self.position_rad).abs();
        self.sampled_ns.is_none() || moved_rad <= MAX_JUMP_RAD + MAX_SPEED_RPS as f32 * self.age_s(now_ns)
    }

    /// True where it has been left out of the common read and is only probed.
    pub fn is_dropped(&self) -> bool {
        self.health.misses_in_a_row >= MISSES_UNTIL_DROPPED
    }
}

impl SlowRegisters {
    /// What they say, asked for at `sampled_ns`.
    pub fn state(&self, sampled_ns: u64) -> SlowState {
        SlowState {
            load: registers::PRESENT_LOAD.decode(self.load) as f32 / 1000.0,
            voltage_v: f32::from(self.voltage) / 10.0,
            temperature_c: f32::from(self.temperature),
            current_a: registers::PRESENT_CURRENT.decode(self.current) as f32 * CURRENT_UNIT_A,
            gains: self.gains,
            torque_on: self.torque_enable == 1,
            torque_limit: f32::from(self.torque_limit) / TORQUE_UNITS,
            locked: self.lock != 0,
            sampled_ns,
        }
    }
}

impl Heard {
    /// What is known of the servo then.
    pub fn state(&self, config: &ServoConfig) -> ServoState {
        let (position_rad, velocity_rps) = match self.sampled_ns {
            Some(_) => (self.motion.position_rad(config), self.motion.velocity_rps(config)),
            None => (0.0, 0.0),
        };
        ServoState {
            position_rad,
            velocity_rps,
            sampled_ns: self.sampled_ns,
            faults: ServoFaults::from_error_byte(self.motion.faults),
            slow: self.slow.map(|(registers, sampled_ns)| registers.state(sampled_ns)),
            health: Health { misses_in_a_row: self.misses_in_a_row, ..Health::default() },
            heard: *self,
        }
    }
}
