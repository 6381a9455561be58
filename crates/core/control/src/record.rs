//! The record of one tick: everything that explains it.

use crate::safety_filter::JointLimits;
use gaitway_model::Command;
use gaitway_model::envelope::CommandLimits;

/// Why the network's output of a tick was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refusal {
    /// It was used.
    #[default]
    None,
    /// A number of the observation was not finite, so the network was not asked.
    NonFiniteObservation,
    /// A number of the action was not finite.
    NonFiniteAction,
}

/// One tick. Allocated once, overwritten in every tick.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TickRecord {
    /// Number of the tick, from 0.
    pub tick: u64,
    /// True where the policy ran, false in the ticks between.
    pub policy_ran: bool,
    /// True where the standing network ran.
    pub stood: bool,
    /// Which policy of the set ran, by its place there; 0 where there is one.
    pub policy: usize,
    /// The command as requested.
    pub command_requested: Command,
    /// The command the policy saw.
    pub command: Command,
    /// What the envelope changed.
    pub command_limits: CommandLimits,
    /// Step of the gait clock the observation saw.
    pub phase_step: f64,
    /// The observation.
    pub observation: Vec<f32>,
    /// The network's output, as it came.
    pub action: Vec<f32>,
    /// True where the contract's bounds changed the action.
    pub action_clipped: bool,
    /// Why the action was not used.
    pub refusal: Refusal,
    /// Targets before the filter, rad, in the order of the robot.
    pub target_rad: Vec<f32>,
    /// Goals after the filter, rad, in the order of the robot.
    pub goal_rad: Vec<f32>,
    /// What the filter changed, joint by joint: bits of [`crate::JointLimits`].
    pub joint_limits: Vec<u8>,
    /// What the contract feeds back to the next tick, rad, in the order of the contract's joints.
    pub fed_back_rad: Vec<f32>,
    /// Up direction in the trunk frame, as estimated.
    pub up: [f32; 3],
    /// Tilt of the trunk, rad.
    pub tilt_rad: f32,
    /// The fall verdict.
    pub fallen: bool,
    /// Age of the IMU's sample, s.
    pub imu_age_s: f32,
    /// Age of the oldest joint sample, s.
    pub oldest_joint_age_s: f32,
    /// Sums since the controller was made.
    pub counters: Counters,
}

/// Sums since the controller was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Ticks whose network output was refused, or whose target was not finite.
    pub refusals: u64,
    /// Ticks in which a position limit, a velocity limit or the action's bounds changed anything.
    pub limited: u64,
    /// Of these, by the position limit of a joint.
    pub limited_position: u64,
    /// By the velocity limit of a joint.
    pub limited_velocity: u64,
    /// By the bounds of the action.
    pub limited_action: u64,
    /// Ticks in which the command was changed by the envelope.
    pub limited_command: u64,
    /// Falls.
    pub falls: u64,
}

impl TickRecord {
    /// Becomes the record of another tick of the same controller. Allocates nothing, which a derived clone would.
    pub fn copy_from(&mut self, other: &TickRecord) {
        // Field by field: to build a record and move it here takes twice as long.
        self.tick = other.tick;
        self.policy_ran = other.policy_ran;
        self.stood = other.stood;
        self.policy = other.policy;
        self.command_requested = other.command_requested;
        self.command = other.command;
        self.command_limits = other.command_limits;
        self.phase_step = other.phase_step;
        copy_all(&mut self.observation, &other.observation);
        copy_all(&mut self.action, &other.action);
        self.action_clipped = other.action_clipped;
        self.refusal = other.refusal;
        copy_row(&mut self.target_rad, &other.target_rad);
        copy_row(&mut self.goal_rad, &other.goal_rad);
        copy_row(&mut self.joint_limits, &other.joint_limits);
        copy_all(&mut self.fed_back_rad, &other.fed_back_rad);
        self.up = other.up;
        self.tilt_rad = other.tilt_rad;
        self.fallen = other.fallen;
        self.imu_age_s = other.imu_age_s;
        self.oldest_joint_age_s = other.oldest_joint_age_s;
        self.counters = other.counters;
    }

    /// Makes room for the longest observation and action of a set, so that no tick has to.
    pub(crate) fn make_room(&mut self, observation: usize, action: usize) {
        let most = |row: &mut Vec<f32>, len: usize| row.reserve(len.saturating_sub(row.len()));
        most(&mut self.observation, observation);
        most(&mut self.action, action);
        most(&mut self.fed_back_rad, action);
    }

    /// The same record with the same room, which a clone need not have.
    pub fn clone_with_room(&self) -> TickRecord {
        let mut record = self.clone();
        record.make_room(self.observation.capacity(), self.action.capacity());
        record
    }

    /// Adds this tick to `counters`.
    pub(crate) fn count(&self, counters: &mut Counters) {
        let limited_by = |bit: u8| self.joint_limits.iter().any(|limit| limit & bit != 0);
        let (position, velocity) = (limited_by(JointLimits::POSITION), limited_by(JointLimits::VELOCITY));
        counters.refusals += u64::from(self.refusal != Refusal::None || limited_by(JointLimits::NON_FINITE));
        counters.limited += u64::from(position || velocity || self.action_clipped);
        counters.limited_position += u64::from(position);
        counters.limited_velocity += u64::from(velocity);
        counters.limited_action += u64::from(self.action_clipped);
    }
}

/// Copies a row into another, which has room for it.
fn copy_all(to: &mut Vec<f32>, from: &[f32]) {
    to.clear();
    to.extend_from_slice(from);
}

/// Copies a row into another, which is as long.
#[inline]
pub(crate) fn copy_row<T: Copy>(to: &mut [T], from: &[T]) {
    let len = to.len().min(from.len());
    to[..len].copy_from_slice(&from[..len]);
}

impl Counters {
    /// Every sum, in the order of the fields.
    pub fn as_array(&self) -> [u64; 7] {
        let mut copy = *self;
        copy.as_array_mut().map(|sum| *sum)
    }

    pub(crate) fn as_array_mut(&mut self) -> [&mut u64; 7] {
        [
            &mut self.refusals,
            &mut self.limited,
            &mut self.limited_position,
            &mut self.limited_velocity,
            &mut self.limited_action,
            &mut self.limited_command,
            &mut self.falls,
        ]
    }
}
