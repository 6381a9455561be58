//! What a robot shows of itself in every tick, to whoever looks, without waiting.

use crate::robot::obstacle_words::{OBSTACLE_WORDS, obstacle_of, words_of};
use crate::robot::record::RunRecord;
use gaitway_control::ControlStack;
use gaitway_control::arbiter::{Cause, Source};
use gaitway_control::readings::JointReading;
use gaitway_control::supervisor::{Obstacle, State};
use gaitway_model::MAX_AXES;
use gaitway_model::profile::{FaultKind, MAX_CONTACTS};
use gaitway_platform::slot::{Slot, join, split};
use gaitway_record::row::Durations;

/// Most joints that are shown: as many as a profile can have.
const JOINTS: usize = 64;
/// Before the command: tick 2, state, IMU, late, tick's and its computation's duration, skipped, owner, cause, fault and
/// its joint, joints, refused values of the IMU and of servos, up direction 3, angular velocity 3, contacts, obstacle.
const HEAD: usize = OBSTACLE + OBSTACLE_WORDS;
const OBSTACLE: usize = 22;
/// Goal, position, age, voltage, temperature, current, target, limits.
const JOINT: usize = 8;
const WORDS: usize = HEAD + MAX_AXES + JOINT * JOINTS;

/// The newest status.
#[derive(Debug, Default)]
pub struct StatusSlot {
    slot: Slot<WORDS>,
}

/// What was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Number of the tick.
    pub tick: u64,
    /// What the robot is doing.
    pub state: State,
    /// Age of the IMU's sample, s.
    pub imu_age_s: f32,
    /// How late the tick began, how long it took and how long its computation, ns.
    pub lateness_ns: u32,
    /// See `lateness_ns`.
    pub tick_ns: u32,
    /// See `lateness_ns`.
    pub compute_ns: u32,
    /// Ticks left out since the start.
    pub skipped: u32,
    /// Who has control, or had it last.
    pub owner: Option<Source>,
    /// Why the command is what it is.
    pub cause: Cause,
    /// The command, in the order of the profile's axes.
    pub command: [f32; MAX_AXES],
    /// The gravest fault, and its joint.
    pub fault: Option<(FaultKind, Option<usize>)>,
    /// The up direction in the trunk's frame; NaN where it is not known.
    pub up: [f32; 3],
    /// Angular velocity in the trunk's frame, rad/s.
    pub gyro_rps: [f32; 3],
    /// Contacts in the order of the profile: whether each is on the ground.
    pub contacts: Vec<bool>,
    /// Why it does not get up, or does not run its policy, although it is asked to.
    pub obstacle: Option<Obstacle>,
    /// Samples of the IMU that the table of the wires refused since the start.
    pub imu_refused: u32,
    /// Values of servos that it refused.
    pub servo_refused: u32,
    /// The joints, in the order of the robot.
    pub joints: Vec<JointStatus>,
}

/// One joint of it; what was never heard is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointStatus {
    /// Goal, rad; in a dry run that it would have.
    pub goal_rad: f32,
    /// Angle, rad.
    pub position_rad: f32,
    /// Its age, s.
    pub age_s: f32,
    /// Supply, V.
    pub voltage_v: f32,
    /// Temperature, °C.
    pub temperature_c: f32,
    /// Current, A.
    pub current_a: f32,
    /// What the policy wants, before the filters, rad.
    pub target_rad: f32,
    /// What they changed: bits of [`gaitway_control::JointLimits`].
    pub limits: u8,
}

impl StatusSlot {
    /// Shows a tick.
    pub(crate) fn put(
        &self,
        record: &RunRecord,
        durations: &Durations,
        stack: &ControlStack,
        goal_rad: &[f32],
        vitals: &[JointReading],
    ) {
        let (alarm, refusals, sensors) = (stack.alarm(), stack.refusals(), stack.sensors());
        let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let place = |index: Option<usize>| index.map_or(0, |index| index as u32 + 1);
        let up = stack.up().unwrap_or([f32::NAN; 3]);
        let mut words = [0; WORDS];
        words[..2].copy_from_slice(&split(record.tick));
        words[2..OBSTACLE].copy_from_slice(&[
            record.state as u32,
            record.imu_age_s.to_bits(),
            short(record.lateness_ns),
            short(durations.tick_ns),
            short(durations.compute_ns),
            short(record.skipped_since_start),
            place(record.decision.owner.map(|owner| owner as usize)),
            record.decision.cause as u32,
            place(alarm.map(|alarm| alarm.kind as usize)),
            place(alarm.and_then(|alarm| alarm.joint)),
            goal_rad.len().min(JOINTS) as u32,
            refusals.map_or(0, |refusals| short(refusals.imu)),
            refusals.map_or(0, |refusals| short(refusals.servo)),
            up[0].to_bits(),
            up[1].to_bits(),
            up[2].to_bits(),
            sensors.gyro_rps[0].to_bits(),
            sensors.gyro_rps[1].to_bits(),
            sensors.gyro_rps[2].to_bits(),
            contact_bits(&sensors.contact),
        ]);
        words[OBSTACLE..HEAD].copy_from_slice(&words_of(stack.obstacle()));
        let command = record.decision.command.values.iter();
        words[HEAD..].iter_mut().zip(command).for_each(|(word, value)| *word = value.to_bits());
        let policy = stack.has_stepped().then(|| stack.controller().record());
        let joints = words[HEAD + MAX_AXES..].chunks_exact_mut(JOINT);
        for (index, ((words, goal), joint)) in joints.zip(goal_rad).zip(vitals).enumerate() {
            let measured = |value: fn(&gaitway_control::readings::ServoReading) -> f32| {
                joint.servo.as_ref().map_or(f32::NAN, value)
            };
            let numbers = [
                *goal,
                joint.position_rad,
                joint.age_s,
                measured(|servo| servo.voltage_v),
                measured(|servo| servo.temperature_c),
                measured(|servo| servo.current_a),
            ];
            words.iter_mut().zip(numbers).for_each(|(word, number)| *word = number.to_bits());
            let limits = stack.supervisor().joint_limits().get(index).copied().unwrap_or_default();
            let policys =
                policy.and_then(|record| record.joint_limits.get(index)).copied().unwrap_or_default();
            let target_rad = policy.and_then(|record| record.target_rad.get(index)).copied();
            words[JOINT - 2] = target_rad.unwrap_or(f32::NAN).to_bits();
            words[JOINT - 1] = u32::from(limits | policys);
        }
        self.slot.put(words);
    }

    /// What was shown last; `None` before the first tick.
    pub fn take(&self) -> Option<Status> {
        let words = self.slot.take()?;
        let place = |word: u32| (word as usize).checked_sub(1);
        let kind = place(words[10]).and_then(|kind| FaultKind::ALL.get(kind).copied());
        let joints = words[HEAD + MAX_AXES..].chunks_exact(JOINT).take(words[12] as usize);
        Some(Status {
            tick: join(words[0], words[1]),
            state: State::ALL.get(words[2] as usize).copied().unwrap_or_default(),
            imu_age_s: f32::from_bits(words[3]),
            lateness_ns: words[4],
            tick_ns: words[5],
            compute_ns: words[6],
            skipped: words[7],
            owner: place(words[8]).and_then(|owner| Source::ALL.get(owner).copied()),
            cause: Cause::ALL.get(words[9] as usize).copied().unwrap_or_default(),
            command: std::array::from_fn(|axis| f32::from_bits(words[HEAD + axis])),
            fault: kind.map(|kind| (kind, place(words[11]))),
            up: std::array::from_fn(|axis| f32::from_bits(words[15 + axis])),
            gyro_rps: std::array::from_fn(|axis| f32::from_bits(words[18 + axis])),
            contacts: (0..MAX_CONTACTS).map(|contact| words[21] >> contact & 1 == 1).collect(),
            obstacle: obstacle_of(std::array::from_fn(|word| words[OBSTACLE + word])),
            imu_refused: words[13],
            servo_refused: words[14],
            joints: joints.map(joint_status).collect(),
        })
    }
}

fn contact_bits(contacts: &[f32]) -> u32 {
    let bit = |(index, contact): (usize, &f32)| u32::from(*contact > 0.5) << index;
    contacts.iter().take(MAX_CONTACTS).enumerate().map(bit).sum()
}

fn joint_status(words: &[u32]) -> JointStatus {
    let number = |index: usize| words.get(index).map_or(f32::NAN, |word| f32::from_bits(*word));
    JointStatus {
        goal_rad: number(0),
        position_rad: number(1),
        age_s: number(2),
        voltage_v: number(3),
        temperature_c: number(4),
        current_a: number(5),
        target_rad: number(6),
        limits: words.get(7).map_or(0, |word| *word as u8),
    }
}
