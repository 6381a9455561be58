//! The profile's table of the wires at work: what no sensor can measure and no body can do is dropped and counted.
//!
//! What was dropped leaves the value before it, which grows old: what is done about an old value is done about this
//! one. A change is judged against the time since the last value that counted, so that a value that truly is elsewhere
//! (after a fall, a hard landing, a silence) is believed a moment later.

mod joint;
mod known;
mod limit;
mod snapshot;

use crate::imu::ImuSample;
use crate::readings::{JointReading, ServoReading};
use gaitway_model::RobotProfile;
use gaitway_model::profile::WireValue;
use known::Known;
use limit::Limits;

/// Refusals a second are the mean over about so long, s.
const MEAN_S: f32 = 3.0;
/// Fewer a second are none.
const LEAST_HZ: f32 = 1e-3;
/// More a second are told no further apart: once they have ended the mean is to be small again soon.
const MOST_HZ: f32 = 10.0;
/// A joint whose readings are refused for so long keeps a limp robot from getting up, s.
const REFUSED_S: f32 = 0.1;
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
pub(crate) struct PlausibilityCheck {
    limits: Limits,
    ranges_rad: Vec<[f32; 2]>,
    /// What is left of a mean after a tick.
    keep: f32,
    /// What counts of each joint in this tick.
    joints: Vec<JointReading>,
    known: Vec<Known>,
    /// When the last sample of the IMU that was refused was taken, ns.
    imu_refused_ns: u64,
    imu_hz: f32,
    servo_hz: Vec<f32>,
    refusals: Refusals,
}

impl PlausibilityCheck {
    /// The table of `profile` for a loop of `loop_hz`; `None` where it has none, and everything is believed.
    pub fn new(profile: &RobotProfile, loop_hz: u32) -> Option<PlausibilityCheck> {
        if profile.wire.is_empty() {
            return None;
        }
        let count = profile.joints.len();
        Some(PlausibilityCheck {
            limits: Limits::of(&profile.wire),
            ranges_rad: profile.joints.iter().map(|j| [j.min_rad as f32, j.max_rad as f32]).collect(),
            keep: 1.0 - 1.0 / (MEAN_S * loop_hz as f32),
            joints: vec![JointReading::default(); count],
            known: vec![Known::NOTHING; count],
            imu_refused_ns: 0,
            imu_hz: 0.0,
            servo_hz: vec![0.0; count],
            refusals: Refusals::default(),
        })
    }

    /// Judges what a tick heard of the joints; what counts is in [`PlausibilityCheck::joints`] then.
    pub fn judge_joints(&mut self, now_ns: u64, heard: &[JointReading]) {
        self.imu_hz = faded(self.imu_hz, self.keep);
        let supply_is_known = self.most_supplies_are_plausible(heard);
        for (index, heard) in heard.iter().enumerate().take(self.joints.len()) {
            self.servo_hz[index] = faded(self.servo_hz[index], self.keep);
            let mut counts = self.judge_motion(now_ns, index, heard);
            counts.servo = heard.servo.map(|servo| self.judge_slow(index, servo, supply_is_known));
            self.joints[index] = counts;
        }
    }

    /// What counts of the slow measurements of one of the joints `heard`, for who judges no positions.
    pub fn judge_measured(&mut self, index: usize, heard: &[JointReading]) -> Option<ServoReading> {
        let supply_is_known = self.most_supplies_are_plausible(heard);
        let servo = heard.get(index)?.servo?;
        Some(self.judge_slow(index, servo, supply_is_known))
    }

    /// What counts of the joints in this tick.
    pub fn joints(&self) -> &[JointReading] {
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
            let limit = self.limits.get(WireValue::Contact);
            let found = sample.contact.into_iter().find(|contact| !limit.has(*contact));
            found.map(|contact| (WireValue::Contact, contact))
        };
        gyro.or_else(accel).or_else(feet)
    }

    fn implausible_of(
        &self,
        value: WireValue,
        vector: [f32; 3],
        before: Option<([f32; 3], f32)>,
    ) -> Option<(WireValue, f32)> {
        let limit = self.limits.get(value);
        let found = (0..3).find(|&axis| {
            let number = vector[axis];
            let is_jump = before.is_some_and(|(before, in_s)| !limit.lets_change(before[axis], number, in_s));
            !limit.has(number) || is_jump
        });
        found.map(|axis| (value, vector[axis]))
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use gaitway_model::profile::WireLimit;

    const MINI: &str = include_str!("../../../model/tests/common/mini.toml");

    #[test]
    fn a_sample_of_another_clock_or_from_before_is_for_others_to_judge() {
        let mut profile = RobotProfile::from_toml(MINI).unwrap();
        let value = WireValue::Accelerometer;
        profile.wire = vec![WireLimit { value, min: -45.0, max: 45.0, max_rate: Some(2000.0) }];
        let mut check = PlausibilityCheck::new(&profile, 50).unwrap();
        let at = |sampled_ns, accel_mps2| ImuSample {
            sampled_ns,
            gyro_rps: [0.0; 3],
            accel_mps2: [0.0, 0.0, accel_mps2],
            contact: [1.0; gaitway_model::profile::MAX_CONTACTS],
        };
        let (sound, impossible) = (at(1_000_000_000, 9.81), at(2_000_000_000, 325.0));
        assert_eq!(
            check.judge_imu(1_900_000_000, Some(impossible), Some(sound)),
            Some(impossible),
            "not yet"
        );
        assert_eq!(
            check.judge_imu(2_100_000_000, Some(impossible), Some(impossible)),
            Some(impossible),
            "old"
        );
        assert_eq!(check.refusals().imu, 0);
        for _ in 0..3 {
            assert_eq!(check.judge_imu(2_000_000_000, Some(impossible), Some(sound)), None);
        }
        assert_eq!(check.refusals().imu, 1, "counted once");
        assert_eq!(
            check.judge_imu(2_100_000_000, Some(at(2_000_000_001, 9.81)), Some(sound)).unwrap().accel_mps2[2],
            9.81
        );
    }
}
