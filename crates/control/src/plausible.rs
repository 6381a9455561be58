//! The profile's table of the wires at work: what no sensor can measure and no body can do is dropped and counted.
//!
//! What was dropped leaves the value before it, which grows old: what is done about an old value is done about this
//! one. A change is judged against the time since the last value that counted, so that a value that truly is elsewhere
//! (after a fall, a hard landing, a silence) is believed a moment later.

use crate::error::ControlError;
use crate::imu::ImuSample;
use crate::state_bytes::{Reader, Writer};
use crate::vitals::{JointVitals, ServoVitals};
use gaitway_contract::RobotProfile;
use gaitway_contract::profile::WireValue;

/// Refusals a second are the mean over about so long, s.
const MEAN_S: f32 = 3.0;
/// Fewer a second are none.
const LEAST_HZ: f32 = 1e-3;
/// More a second are told no further apart: once they have ended the mean is to be small again soon.
const MOST_HZ: f32 = 10.0;
/// A rate of change is judged over at least so long, s: sensors have noise, however short the time.
const SHORTEST_S: f32 = 0.01;
/// A joint whose readings are refused for so long keeps a limp robot from getting up, s.
const REFUSED_S: f32 = 0.1;
/// A reading outside is told again once it has moved so far, rad.
const MOVED_RAD: f32 = 0.05;

/// A value that was refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refused {
    /// Which number.
    pub value: WireValue,
    /// Of which joint, where it is one of joints.
    pub joint: Option<usize>,
    /// What it said, in the unit of the number; an angle as the joint counts it.
    pub found: f32,
}

/// What was refused since the start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Refusals {
    /// Samples of the IMU.
    pub imu: u64,
    /// Answers of servos: with their position and velocity, or with their slow measurements.
    pub servo: u64,
    /// The last.
    pub last: Option<Refused>,
}

/// A joint that reads an angle it cannot have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outside {
    pub joint: usize,
    pub reads_rad: f32,
    pub range_rad: [f32; 2],
}

/// The table, and what it remembers.
#[derive(Debug, Clone)]
pub(crate) struct Plausible {
    limits: [Limit; WireValue::ALL.len()],
    ranges_rad: Vec<[f32; 2]>,
    /// What is left of a mean after a tick.
    keep: f32,
    /// What counts of each joint in this tick.
    joints: Vec<JointVitals>,
    known: Vec<Known>,
    /// When the last sample of the IMU that was refused was taken, ns.
    imu_refused_ns: u64,
    imu_hz: f32,
    servo_hz: Vec<f32>,
    refusals: Refusals,
}

#[derive(Debug, Clone, Copy)]
struct Limit {
    min: f32,
    max: f32,
    max_rate: f32,
}

/// What is remembered of a joint.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    /// Angle and velocity that counted last.
    motion: [f32; 2],
    /// Their age at `at_ns`, s.
    age_s: f32,
    at_ns: u64,
    /// Angle and velocity that were judged last.
    judged: [f32; 2],
    /// Of these, refused in a row.
    refused: u32,
    /// The angle outside the range that is told.
    outside_rad: Option<f32>,
    /// When the slow measurements that were counted last were read, ns.
    slow_ns: u64,
}

impl Known {
    const NOTHING: Known = Known {
        motion: [0.0; 2],
        age_s: f32::INFINITY,
        at_ns: 0,
        judged: [f32::NAN; 2],
        refused: 0,
        outside_rad: None,
        slow_ns: 0,
    };

    fn age_s(&self, now_ns: u64) -> f32 {
        self.age_s + now_ns.saturating_sub(self.at_ns) as f32 * 1e-9
    }
}

impl Limit {
    const NONE: Limit = Limit { min: f32::NEG_INFINITY, max: f32::INFINITY, max_rate: f32::INFINITY };

    /// What is not a number is in no range.
    fn has(&self, value: f32) -> bool {
        (self.min..=self.max).contains(&value)
    }

    fn lets_change(&self, from: f32, to: f32, in_s: f32) -> bool {
        (to - from).abs() <= self.max_rate * in_s.max(SHORTEST_S)
    }
}

impl Plausible {
    /// The table of `profile` for a loop of `loop_hz`; `None` where it has none, and everything is believed.
    pub fn new(profile: &RobotProfile, loop_hz: u32) -> Option<Plausible> {
        if profile.wire.is_empty() {
            return None;
        }
        let mut limits = [Limit::NONE; WireValue::ALL.len()];
        for row in &profile.wire {
            let max_rate = row.max_rate.map_or(f32::INFINITY, |rate| rate as f32);
            limits[row.value as usize] = Limit { min: row.min as f32, max: row.max as f32, max_rate };
        }
        let count = profile.joints.len();
        Some(Plausible {
            limits,
            ranges_rad: profile.joints.iter().map(|j| [j.min_rad as f32, j.max_rad as f32]).collect(),
            keep: 1.0 - 1.0 / (MEAN_S * loop_hz as f32),
            joints: vec![JointVitals::default(); count],
            known: vec![Known::NOTHING; count],
            imu_refused_ns: 0,
            imu_hz: 0.0,
            servo_hz: vec![0.0; count],
            refusals: Refusals::default(),
        })
    }

    /// Judges what a tick heard of the joints; what counts is in [`Plausible::joints`] then.
    pub fn judge_joints(&mut self, now_ns: u64, heard: &[JointVitals]) {
        self.imu_hz = faded(self.imu_hz, self.keep);
        let supply_is_known = self.most_supplies_are_plausible(heard);
        for (index, heard) in heard.iter().enumerate().take(self.joints.len()) {
            self.servo_hz[index] = faded(self.servo_hz[index], self.keep);
            let mut counts = self.judge_motion(now_ns, index, heard);
            counts.servo = heard.servo.map(|servo| self.judge_slow(index, servo, supply_is_known));
            self.joints[index] = counts;
        }
    }

    /// What counts of the joints in this tick.
    pub fn joints(&self) -> &[JointVitals] {
        &self.joints
    }

    /// `newest` where it can be, after `last`, the sample that counted before. A sample is counted once, however often
    /// it is shown; one of another clock, or from before `last`, is not judged here.
    pub fn judge_imu(
        &mut self,
        now_ns: u64,
        newest: Option<ImuSample>,
        last: Option<ImuSample>,
    ) -> Option<ImuSample> {
        let sample = newest?;
        let is_older = last.is_some_and(|last| sample.sampled_ns <= last.sampled_ns);
        if sample.sampled_ns > now_ns || is_older {
            return newest;
        }
        if sample.sampled_ns == self.imu_refused_ns {
            return None;
        }
        let Some((value, found)) = self.implausible_in(&sample, last) else { return newest };
        self.imu_refused_ns = sample.sampled_ns;
        self.imu_hz = with_one_more(self.imu_hz);
        self.refusals.imu += 1;
        self.refusals.last = Some(Refused { value, joint: None, found });
        None
    }

    /// Samples of the IMU refused, a second.
    pub fn imu_hz(&self) -> f32 {
        self.imu_hz
    }

    /// Values of each servo refused, a second.
    pub fn servo_hz(&self) -> &[f32] {
        &self.servo_hz
    }

    /// What was refused since the start.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// The first joint that reads an angle it cannot have, and has for a while.
    pub fn outside(&self) -> Option<Outside> {
        let joints = self.known.iter().zip(&self.joints).zip(&self.ranges_rad).enumerate();
        joints.filter(|(_, ((_, counts), _))| counts.age_s > REFUSED_S).find_map(
            |(joint, ((known, _), range_rad))| {
                Some(Outside { joint, reads_rad: known.outside_rad?, range_rad: *range_rad })
            },
        )
    }

    pub fn save(&self, out: &mut Writer) {
        for (known, hz) in self.known.iter().zip(&self.servo_hz) {
            out.f32s(&known.motion);
            out.f32(known.age_s);
            out.u64(known.at_ns);
            out.f32s(&known.judged);
            out.u64(u64::from(known.refused));
            out.flag(known.outside_rad.is_some());
            out.f32(known.outside_rad.unwrap_or_default());
            out.u64(known.slow_ns);
            out.f32(*hz);
        }
        out.u64(self.imu_refused_ns);
        out.f32(self.imu_hz);
    }

    pub fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        for (known, hz) in self.known.iter_mut().zip(&mut self.servo_hz) {
            input.f32s(&mut known.motion)?;
            known.age_s = input.f32()?;
            known.at_ns = input.u64()?;
            input.f32s(&mut known.judged)?;
            known.refused = input.u32()?;
            let (is_outside, outside_rad) = (input.flag()?, input.f32()?);
            known.outside_rad = is_outside.then_some(outside_rad);
            known.slow_ns = input.u64()?;
            *hz = input.f32()?;
        }
        self.imu_refused_ns = input.u64()?;
        self.imu_hz = input.f32()?;
        Ok(())
    }

    fn limit(&self, value: WireValue) -> Limit {
        self.limits[value as usize]
    }

    /// The first number of a sample that cannot be, and what it is.
    fn implausible_in(&self, sample: &ImuSample, last: Option<ImuSample>) -> Option<(WireValue, f32)> {
        let gyro = self.implausible_of(
            WireValue::Gyroscope,
            sample.gyro_rps,
            last.map(|last| (last.gyro_rps, since_s(sample, &last))),
        );
        let accel = || {
            let before = last.map(|last| (last.accel_mps2, since_s(sample, &last)));
            self.implausible_of(WireValue::Accelerometer, sample.accel_mps2, before)
        };
        let feet = || {
            let limit = self.limit(WireValue::FootContact);
            let found = sample.foot_contact.into_iter().find(|contact| !limit.has(*contact));
            found.map(|contact| (WireValue::FootContact, contact))
        };
        gyro.or_else(accel).or_else(feet)
    }

    fn implausible_of(
        &self,
        value: WireValue,
        vector: [f32; 3],
        before: Option<([f32; 3], f32)>,
    ) -> Option<(WireValue, f32)> {
        let limit = self.limit(value);
        let found = (0..3).find(|&axis| {
            let number = vector[axis];
            let is_jump = before.is_some_and(|(before, in_s)| !limit.lets_change(before[axis], number, in_s));
            !limit.has(number) || is_jump
        });
        found.map(|axis| (value, vector[axis]))
    }

    fn judge_motion(&mut self, now_ns: u64, index: usize, heard: &JointVitals) -> JointVitals {
        let motion = [heard.position_rad, heard.velocity_rps];
        if heard.is_fresh || motion != self.known[index].judged {
            self.take_motion(now_ns, index, heard, motion);
        }
        let known = &self.known[index];
        if known.refused == 0 {
            return *heard;
        }
        let [position_rad, velocity_rps] = known.motion;
        JointVitals {
            position_rad,
            velocity_rps,
            age_s: known.age_s(now_ns),
            is_fresh: false,
            silent_ticks: heard.silent_ticks.max(known.refused),
            ..*heard
        }
    }

    fn take_motion(&mut self, now_ns: u64, index: usize, heard: &JointVitals, motion: [f32; 2]) {
        let refused =
            if heard.age_s.is_finite() { self.implausible_motion(now_ns, index, heard) } else { None };
        let known = &mut self.known[index];
        known.judged = motion;
        let Some(refused) = refused else {
            (known.motion, known.age_s, known.at_ns) = (motion, heard.age_s, now_ns);
            (known.refused, known.outside_rad) = (0, None);
            return;
        };
        known.refused = known.refused.saturating_add(1);
        let has_moved = |told: f32| (refused.found - told).abs() > MOVED_RAD;
        if refused.value == WireValue::JointPosition && known.outside_rad.is_none_or(has_moved) {
            known.outside_rad = Some(refused.found);
        }
        self.count(refused, index);
    }

    fn implausible_motion(&self, now_ns: u64, index: usize, heard: &JointVitals) -> Option<Refused> {
        let (known, [min_rad, max_rad]) = (&self.known[index], self.ranges_rad[index]);
        let refuse = |value: WireValue, found: f32| Some(Refused { value, joint: Some(index), found });
        let limit = self.limit(WireValue::JointPosition);
        let outside_rad = heard.position_rad - heard.position_rad.clamp(min_rad, max_rad);
        let in_s = known.age_s(now_ns) - heard.age_s;
        if !limit.has(outside_rad) || !limit.lets_change(known.motion[0], heard.position_rad, in_s) {
            return refuse(WireValue::JointPosition, heard.position_rad);
        }
        if !self.limit(WireValue::JointVelocity).has(heard.velocity_rps) {
            return refuse(WireValue::JointVelocity, heard.velocity_rps);
        }
        None
    }

    /// A measurement that cannot be is no number from here on.
    fn judge_slow(&mut self, index: usize, heard: ServoVitals, supply_is_known: bool) -> ServoVitals {
        let mut refused = None;
        let mut judge = |value: WireValue, found: f32| {
            if self.limit(value).has(found) {
                return found;
            }
            refused = Some(Refused { value, joint: Some(index), found });
            f32::NAN
        };
        let temperature_c = judge(WireValue::ServoTemperature, heard.temperature_c);
        let current_a = judge(WireValue::ServoCurrent, heard.current_a);
        let voltage_v =
            if supply_is_known { judge(WireValue::SupplyVoltage, heard.voltage_v) } else { heard.voltage_v };
        let is_new = heard.at_ns > self.known[index].slow_ns;
        self.known[index].slow_ns = heard.at_ns;
        if let Some(refused) = refused.filter(|_| is_new) {
            self.count(refused, index);
        }
        ServoVitals { voltage_v, temperature_c, current_a, ..heard }
    }

    /// All servos are on one supply: where most measure the impossible, it is the supply and not one servo.
    fn most_supplies_are_plausible(&self, heard: &[JointVitals]) -> bool {
        let limit = self.limit(WireValue::SupplyVoltage);
        let (mut known, mut plausible) = (0, 0);
        for servo in heard.iter().filter_map(|joint| joint.servo) {
            known += 1;
            plausible += usize::from(limit.has(servo.voltage_v));
        }
        2 * plausible > known
    }

    fn count(&mut self, refused: Refused, index: usize) {
        self.servo_hz[index] = with_one_more(self.servo_hz[index]);
        self.refusals.servo += 1;
        self.refusals.last = Some(refused);
    }
}

fn since_s(sample: &ImuSample, last: &ImuSample) -> f32 {
    sample.sampled_ns.saturating_sub(last.sampled_ns) as f32 * 1e-9
}

fn with_one_more(hz: f32) -> f32 {
    (hz + 1.0 / MEAN_S).min(MOST_HZ)
}

fn faded(hz: f32, keep: f32) -> f32 {
    if hz < LEAST_HZ { 0.0 } else { hz * keep }
}
