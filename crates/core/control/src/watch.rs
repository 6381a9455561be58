//! The fault table at work: what is wrong, for how long, and what is to be done about it.

use crate::error::ControlError;
use crate::readings::{JointReading, Vitals};
use crate::state_bytes::{Reader, Writer};
use gaitway_model::RobotProfile;
use gaitway_model::profile::{Clears, FaultKind, FaultRule, Reaction};

/// A slow measurement older than this says nothing any more, s.
const OLD_S: f32 = 2.0;
/// A fault that clears by itself has gone when it was away for this long, s.
const GONE_AFTER_S: f32 = 0.2;
/// Current times error that a walking joint may have all the time, A·rad. The knees of a small biped that stands need 0.1, strides
/// up to 0.25 at the peak; a blocked joint of 2 A and 0.5 rad has 1.
const STALL_ALLOWANCE: f32 = 0.35;

/// A fault that is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alarm {
    /// Line of the table.
    pub rule: usize,
    /// What is wrong.
    pub kind: FaultKind,
    /// What is done about it.
    pub reaction: Reaction,
    /// The worst joint, where the fault is one of joints.
    pub joint: Option<usize>,
    /// What was measured, in the unit of the kind.
    pub value: f32,
}

/// A line of the table that came or went in this tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The fault.
    pub alarm: Alarm,
    /// True where it came, false where it went.
    pub came: bool,
}

/// The table and what it remembers.
#[derive(Debug, Clone)]
pub struct FaultWatch {
    lines: Vec<Line>,
    /// For each joint the current times error beyond the allowance, summed, A·rad·s.
    stall: Vec<f32>,
    tick_s: f32,
    changes: Vec<Change>,
}

#[derive(Debug, Clone)]
struct Line {
    rule: FaultRule,
    /// How long the condition has held, s.
    lasts_s: f32,
    /// How long it has been away, s.
    away_s: f32,
    alarm: Option<Alarm>,
}

impl FaultWatch {
    /// The table of `profile` for a loop of `loop_hz`.
    pub fn new(profile: &RobotProfile, loop_hz: u32) -> FaultWatch {
        let line = |rule: &FaultRule| Line { rule: *rule, lasts_s: 0.0, away_s: 0.0, alarm: None };
        FaultWatch {
            lines: profile.faults.iter().map(line).collect(),
            stall: vec![0.0; profile.joints.len()],
            tick_s: 1.0 / loop_hz as f32,
            changes: Vec::with_capacity(profile.faults.len()),
        }
    }

    /// Judges one tick. What came and went is in [`FaultWatch::changes`].
    pub fn update(&mut self, vitals: &Vitals) {
        self.changes.clear();
        self.sum_stall(vitals);
        for (rule, line) in self.lines.iter_mut().enumerate() {
            let (value, joint, is_bad) = measure(&line.rule, vitals, &self.stall);
            let alarm = Alarm { rule, kind: line.rule.when, reaction: line.rule.reaction, joint, value };
            if let Some(change) = line.judge(is_bad, alarm, self.tick_s) {
                self.changes.push(change);
            }
        }
    }

    /// What came and went in the last tick.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The gravest fault there is.
    pub fn worst(&self) -> Option<Alarm> {
        // The first of the gravest: `max_by_key` would take the last.
        let alarms = self.lines.iter().rev().filter_map(|line| line.alarm);
        alarms.max_by_key(|alarm| alarm.reaction)
    }

    /// For how long the policy may bring the robot to a stand before it holds, s: by the least patient of the faults
    /// that make it hold or worse.
    pub(crate) fn step_s(&self) -> f32 {
        let holding =
            self.lines.iter().filter(|line| line.alarm.is_some() && line.rule.reaction >= Reaction::Hold);
        let least = holding.map(|line| line.rule.step_s.unwrap_or(0.0)).reduce(f64::min);
        least.unwrap_or(0.0) as f32
    }

    /// A fault that would make the robot hold or worse, and whose cause is there, if not yet for long enough. A source
    /// that has its time to start is none: that it is silent is an obstacle of its own.
    pub(crate) fn impending(&self) -> Option<FaultKind> {
        let is_impending = |line: &&Line| {
            let is_new = line.lasts_s > 0.0 && line.alarm.is_none();
            is_new && line.rule.reaction >= Reaction::Hold && line.rule.first_s.is_none()
        };
        self.lines.iter().find(is_impending).map(|line| line.rule.when)
    }

    /// A person at the robot says that what needed a hand is put right. What is still wrong comes back.
    pub fn clear_by_hand(&mut self) {
        for line in &mut self.lines {
            line.alarm = None;
            line.lasts_s = 0.0;
        }
        self.stall.fill(0.0);
    }

    pub(crate) fn save(&self, out: &mut Writer) {
        for line in &self.lines {
            out.f32s(&[line.lasts_s, line.away_s]);
            out.u64(line.alarm.map_or(0, |alarm| alarm.joint.map_or(1, |joint| joint as u64 + 2)));
            out.f32(line.alarm.map_or(0.0, |alarm| alarm.value));
        }
        out.f32s(&self.stall);
    }

    pub(crate) fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        for (rule, line) in self.lines.iter_mut().enumerate() {
            (line.lasts_s, line.away_s) = (input.f32()?, input.f32()?);
            let (place, value) = (input.u32()? as usize, input.f32()?);
            let (kind, reaction, joint) = (line.rule.when, line.rule.reaction, place.checked_sub(2));
            line.alarm = (place > 0).then_some(Alarm { rule, kind, reaction, joint, value });
        }
        input.f32s(&mut self.stall)
    }

    fn sum_stall(&mut self, vitals: &Vitals) {
        let joints = self.stall.iter_mut().zip(vitals.joints).zip(vitals.goal_rad);
        // Of a joint that was not heard nothing is known: neither that it stalls nor that it does not.
        for ((sum, joint), goal) in joints.filter(|((_, joint), _)| joint.is_fresh || !vitals.powered) {
            let current_a = joint.servo.map_or(0.0, |servo| servo.current_a.abs());
            let effort = current_a * (goal - joint.position_rad).abs();
            let net = if vitals.powered && effort.is_finite() { effort } else { 0.0 } - STALL_ALLOWANCE;
            *sum = (*sum + net * self.tick_s).max(0.0);
        }
    }
}

impl Line {
    /// How long it may be so before it is a fault, s. The age of what was never heard is infinite.
    fn patience_s(&self, value: f32) -> f32 {
        let first_s = self.rule.first_s.filter(|_| value.is_infinite());
        first_s.unwrap_or(self.rule.for_s) as f32
    }

    fn judge(&mut self, is_bad: bool, alarm: Alarm, tick_s: f32) -> Option<Change> {
        if is_bad {
            self.lasts_s += tick_s;
            self.away_s = 0.0;
        } else {
            self.lasts_s = 0.0;
            self.away_s += tick_s;
        }
        match self.alarm {
            None if is_bad && self.lasts_s >= self.patience_s(alarm.value) => {
                self.alarm = Some(alarm);
                Some(Change { alarm, came: true })
            }
            Some(gone) if self.rule.clears == Clears::ByItself && self.away_s >= GONE_AFTER_S => {
                self.alarm = None;
                Some(Change { alarm: gone, came: false })
            }
            _ => None,
        }
    }
}

/// The quantity a rule is about, the joint where it is worst, and whether that is beyond the limit.
fn measure(rule: &FaultRule, vitals: &Vitals, stall: &[f32]) -> (f32, Option<usize>, bool) {
    let limit = rule.limit as f32;
    let above = |(joint, value): (Option<usize>, f32)| (value, joint, value > limit);
    let flagged = |joint: Option<usize>| (f32::from(u8::from(joint.is_some())), joint, joint.is_some());
    let joints = vitals.joints;
    match rule.when {
        FaultKind::LowVoltage => {
            let (joint, value) = worst(joints, |joint| recent(joint).map(|servo| -servo.voltage_v));
            (-value, joint, -value < limit)
        }
        FaultKind::OverTemperature => {
            above(worst(joints, |joint| recent(joint).map(|servo| servo.temperature_c)))
        }
        FaultKind::Overload => flagged(joints.iter().position(|joint| joint.overload)),
        FaultKind::Stall => above(largest(stall)),
        // One that answers the impossible has a fault of its own.
        FaultKind::SilentServo => {
            above(worst(joints, |joint| Some(joint.age_s).filter(|_| !joint.is_refused)))
        }
        FaultKind::NonFiniteOutput => above((None, vitals.refusals_in_a_row as f32)),
        FaultKind::BusGone => above((None, vitals.bus_silent_s)),
        FaultKind::OverrunStorm => above((None, vitals.skipped_last_second as f32)),
        FaultKind::ImuStale => above((None, vitals.imu_age_s)),
        FaultKind::Fallen => (f32::from(u8::from(vitals.fallen)), None, vitals.fallen),
        FaultKind::HighVoltage => {
            let (joint, value) = worst(joints, |joint| recent(joint).map(|servo| servo.voltage_v));
            (value, joint, most_supplies_are_above(joints, limit))
        }
        FaultKind::ImuImplausible => above((None, vitals.imu_implausible_hz)),
        FaultKind::ServoImplausible => above(largest(vitals.servo_implausible_hz)),
    }
}

/// All servos are on one supply: a single one that measures more measures wrongly.
fn most_supplies_are_above(joints: &[JointReading], limit: f32) -> bool {
    let (mut known, mut above) = (0, 0);
    for servo in joints.iter().filter_map(recent).filter(|servo| servo.voltage_v.is_finite()) {
        known += 1;
        above += usize::from(servo.voltage_v > limit);
    }
    2 * above > known
}

/// The joint with the largest sum above 0, and the sum.
fn largest(sums: &[f32]) -> (Option<usize>, f32) {
    let sums = sums.iter().copied().enumerate();
    sums.fold((None, 0.0), |worst, (joint, sum)| if sum > worst.1 { (Some(joint), sum) } else { worst })
}

/// What a servo told not long ago. The age of its position bounds that of what was read in the same way.
fn recent(joint: &JointReading) -> Option<crate::readings::ServoReading> {
    joint.servo.filter(|_| joint.age_s < OLD_S)
}

/// The joint with the largest value, and the value; minus infinity where no joint has one.
fn worst(joints: &[JointReading], value: impl Fn(&JointReading) -> Option<f32>) -> (Option<usize>, f32) {
    let values = joints.iter().enumerate().filter_map(|(index, joint)| Some((index, value(joint)?)));
    values.fold(
        (None, f32::NEG_INFINITY),
        |worst, (index, value)| {
            if value > worst.1 { (Some(index), value) } else { worst }
        },
    )
}
