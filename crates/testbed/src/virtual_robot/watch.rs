//! What is looked at in every tick, whatever happens, and counted where it must not be.

use gaitway_control::imu;
use gaitway_control::readings::JointReading;
use gaitway_emulators::registers::GOAL_POSITION;
use gaitway_emulators::{ImuSample, Request, RequestParser, ServoBus, instruction};
use gaitway_model::RobotProfile;
use gaitway_model::profile::{Joint, WireLimit, WireValue};
use std::collections::VecDeque;
use std::f64::consts::TAU;

/// Half a step of the encoder, and what its rounding adds, rad.
const STEP_RAD: f64 = 0.0016;
/// The goal is cut to a step of the encoder, and the profile's limits are no whole steps, rad.
const RANGE_RAD: f64 = 0.002;
/// The coarser unit of the speed register, rad/s.
const SPEED_RPS: f32 = 0.08;
/// A sample whose values stand still is found out after so many more of the same, s.
const FROZEN_UNNOTICED_S: f32 = 0.12;
/// Samples of the IMU that are remembered: more than a frozen one can be old unnoticed.
const IMU_SAMPLES: usize = 256;

/// Sums and extremes since the start. What is called a count of something bad must stay 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Watched {
    /// Goals on the wire, servo by servo.
    pub goals: u64,
    /// Of these, those that were no angle of the joint's range.
    pub goals_out_of_range: u64,
    /// Goals of policy or supervisor that were no finite number.
    pub goals_not_finite: u64,
    /// The largest step of a goal from one tick to the next, of a servo that is driven, rad.
    pub largest_step_rad: f64,
    /// The farthest a goal was from its joint in the tick its torque came on, rad.
    pub largest_jerk_rad: f64,
    /// Writes that wore an EEPROM.
    pub worn: u64,
    /// Allocations of the robot's own ticks.
    pub allocations: u64,
    /// Positions and velocities called fresh that were not those of the servo with that id in this tick.
    pub stale_joints: u64,
    /// Ticks in which the IMU's values were older than they were said to be, by more than it takes to see that they
    /// stand still.
    pub stale_imu: u64,
    /// Numbers that counted in a tick although the profile's table of the wires has no room for them.
    pub impossible: u64,
    /// The longest a limp robot had torque while its bus was plugged in all the time, ns.
    pub longest_limp_ns: u64,
    /// The longest it had torque after its bus was plugged in again, ns.
    pub longest_replugged_ns: u64,
}

/// What it takes to count.
#[derive(Debug)]
pub(super) struct Watch {
    joints: Vec<Joint>,
    limits: Vec<WireLimit>,
    goals_before: Vec<Option<f64>>,
    requests: RequestParser,
    /// The newest true samples of the IMU.
    imu: VecDeque<ImuSample>,
    pub sums: Watched,
}

impl Watch {
    pub fn new(profile: &RobotProfile) -> Watch {
        Watch {
            joints: profile.joints.clone(),
            limits: profile.wire.clone(),
            goals_before: vec![None; profile.joints.len()],
            requests: RequestParser::default(),
            imu: VecDeque::new(),
            sums: Watched::default(),
        }
    }

    /// The IMU truly felt this.
    pub fn imu_felt(&mut self, sample: ImuSample) {
        if self.imu.len() == IMU_SAMPLES {
            self.imu.pop_front();
        }
        self.imu.push_back(sample);
    }

    /// What the host wrote in this tick, as the servos' own parser reads it.
    pub fn wrote(&mut self, bytes: impl Iterator<Item = u8>) {
        for byte in bytes {
            self.requests.push(byte);
            while let Some(request) = self.requests.next_request() {
                self.judge_goals(&request);
            }
        }
    }

    /// Goals of policy and supervisor, rad.
    pub fn judge_finite(&mut self, goal_rad: &[f32]) {
        self.sums.goals_not_finite += goal_rad.iter().filter(|goal| !goal.is_finite()).count() as u64;
    }

    /// Goals that the servos follow, beside those of the tick before.
    pub fn judge_steps(&mut self, twin: &ServoBus) {
        for (before, servo) in self.goals_before.iter_mut().zip(twin.servos()) {
            let goal = servo.goal_rad();
            match (goal, *before) {
                (Some(goal), Some(before)) => {
                    self.sums.largest_step_rad = self.sums.largest_step_rad.max((goal - before).abs());
                }
                (Some(goal), None) => {
                    let way_rad = (goal - servo.joint().position_rad).abs();
                    self.sums.largest_jerk_rad = self.sums.largest_jerk_rad.max(way_rad);
                }
                _ => {}
            }
            *before = goal;
        }
        self.sums.worn = twin.servos().iter().map(|servo| servo.registers().saves()).sum();
    }

    /// What is called fresh is what the servo of this id shows. Joints are set between ticks, so a tick has one truth.
    pub fn judge_vitals(&mut self, vitals: &[JointReading], twin: &ServoBus) {
        for (joint, vitals) in self.joints.iter().zip(vitals).filter(|(_, vitals)| vitals.is_fresh) {
            let servo = twin.servos().iter().find(|servo| servo.id() == joint.id);
            let is_true = servo.is_some_and(|servo| {
                let direction = f64::from(joint.direction);
                let state = servo.joint();
                let true_rad = (state.position_rad - joint.offset_rad) * direction;
                let off_rps = vitals.velocity_rps - (state.velocity_rps * direction) as f32;
                (f64::from(vitals.position_rad) - true_rad).abs() <= STEP_RAD && off_rps.abs() <= SPEED_RPS
            });
            self.sums.stale_joints += u64::from(!is_true);
        }
    }

    /// What is said of the age of the IMU's values holds. One of them may have a bit that flipped.
    pub fn judge_imu(&mut self, counts: Option<imu::ImuSample>, now_ns: u64, said_s: f32) {
        let Some(shown) = counts else { return };
        let shown = shown.gyro_rps.iter().chain(&shown.accel_mps2);
        let is_shown = |sample: &&ImuSample| {
            let felt = sample.gyro_rps.iter().chain(&sample.accel_mps2);
            felt.zip(shown.clone()).filter(|(felt, shown)| felt != shown).count() <= 1
        };
        let felt_ns = self.imu.iter().rev().find(is_shown).map_or(0, |sample| sample.sampled_ns);
        let true_s = now_ns.saturating_sub(felt_ns) as f32 * 1e-9;
        self.sums.stale_imu += u64::from(true_s > said_s + FROZEN_UNNOTICED_S);
    }

    /// Nothing counts that the profile says cannot be.
    pub fn judge_impossible(&mut self, counts: Option<imu::ImuSample>, joints: &[JointReading]) {
        for limit in &self.limits {
            let outside = |value: f32| !(limit.min..=limit.max).contains(&f64::from(value));
            let heard = || joints.iter().zip(&self.joints).filter(|(vitals, _)| vitals.age_s.is_finite());
            let count = match limit.value {
                WireValue::Gyroscope => {
                    counts.iter().flat_map(|sample| sample.gyro_rps).filter(|rps| outside(*rps)).count()
                }
                WireValue::Accelerometer => {
                    counts.iter().flat_map(|sample| sample.accel_mps2).filter(|mps2| outside(*mps2)).count()
                }
                WireValue::JointPosition => heard()
                    .filter(|(vitals, joint)| {
                        let range_rad =
                            joint.min_rad + limit.min - STEP_RAD..=joint.max_rad + limit.max + STEP_RAD;
                        !range_rad.contains(&f64::from(vitals.position_rad))
                    })
                    .count(),
                WireValue::JointVelocity => {
                    heard().filter(|(vitals, _)| outside(vitals.velocity_rps)).count()
                }
                // Those that are no number any more are known to be none; of a supply that all servos agree on none
                // is said to be impossible.
                WireValue::Contact
                | WireValue::SupplyVoltage
                | WireValue::ServoTemperature
                | WireValue::ServoCurrent => 0,
            };
            self.sums.impossible += count as u64;
        }
    }

    fn judge_goals(&mut self, request: &Request) {
        match (request.instruction, request.params.as_slice()) {
            (instruction::WRITE | instruction::REG_WRITE, [address, data @ ..]) => {
                self.judge_goal(request.id, *address, data);
            }
            (instruction::SYNC_WRITE, [address, len, rest @ ..]) => {
                for entry in rest.chunks_exact(usize::from(*len) + 1) {
                    self.judge_goal(entry[0], *address, &entry[1..]);
                }
            }
            _ => {}
        }
    }

    fn judge_goal(&mut self, id: u8, address: u8, data: &[u8]) {
        let at = usize::from(GOAL_POSITION.address).checked_sub(usize::from(address));
        let Some(&[low, high]) = at.and_then(|at| data.get(at..at + 2)) else { return };
        // Written out here: the drivers' own conversion is what is being looked at.
        let step = GOAL_POSITION.decode(u16::from_le_bytes([low, high]));
        let servo_rad = f64::from(step - 2048) * TAU / 4096.0;
        let in_range = self.joints.iter().find(|joint| joint.id == id).is_some_and(|joint| {
            let goal_rad = (servo_rad - joint.offset_rad) * f64::from(joint.direction);
            (joint.min_rad - RANGE_RAD..=joint.max_rad + RANGE_RAD).contains(&goal_rad)
        });
        self.sums.goals += 1;
        self.sums.goals_out_of_range += u64::from(!in_range);
    }
}
