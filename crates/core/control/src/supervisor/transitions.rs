//! From one state to the next, and what keeps a limp robot from getting up.

use super::joint::Drive;
use super::ramp::PoseRamp;
use super::{Hold, Obstacle, Reason, RequestedMode, Situation, State, Supervisor};
use crate::readings::JointReading;
use gaitway_model::profile::Reaction;

/// A joint that was heard this long ago may be started, s.
const HEARD_WITHIN_S: f32 = 0.1;

impl Supervisor {
    /// Why a limp robot that should get up does not; `None` where nothing keeps it.
    pub fn obstacle(&self, situation: &Situation) -> Option<Obstacle> {
        if situation.emergency_stop {
            return Some(Obstacle::EmergencyStop);
        }
        if let Some(obstacle) = situation.obstacle {
            return Some(obstacle);
        }
        if !situation.stance.upright {
            return Some(Obstacle::NotUpright);
        }
        let silent = |joint: &JointReading| joint.age_s > HEARD_WITHIN_S;
        if let Some(joint) = situation.joints.iter().position(silent) {
            return Some(Obstacle::SilentServo { joint });
        }
        let alarm = situation.alarm.filter(|alarm| alarm.reaction >= Reaction::Hold);
        match alarm {
            Some(alarm) => Some(Obstacle::Fault(alarm.kind)),
            None => self.must_ask.then_some(Obstacle::AskAgain),
        }
    }

    /// The state this tick leads to, where it is another one or is entered anew.
    pub(super) fn next_state(&mut self, now: &Situation, failed: Option<usize>) -> Option<(State, Reason)> {
        if self.state == State::Off {
            return Some((State::Limp, Reason::Begin));
        }
        if self.state == State::Limp {
            let may_rise = now.wish != RequestedMode::Limp && self.obstacle(now).is_none();
            return may_rise.then_some((State::Aligning, Reason::Asked));
        }
        if now.emergency_stop {
            return Some((State::Limp, Reason::EmergencyStop));
        }
        if now.at_once {
            return Some((State::Limp, Reason::AskedAtOnce));
        }
        if let Some(alarm) = now.alarm.filter(|alarm| alarm.reaction == Reaction::Limp) {
            return Some((State::Limp, Reason::Fault(alarm.kind)));
        }
        if let Some(joint) = failed {
            return Some((State::Limp, Reason::TorqueNotTaken { joint }));
        }
        if self.state == State::Holding { self.next_while_holding(now) } else { self.next_while_driven(now) }
    }

    fn next_while_driven(&mut self, now: &Situation) -> Option<(State, Reason)> {
        match now.alarm {
            Some(alarm) if alarm.reaction >= Reaction::Hold && !self.steps_to_a_stand(now) => {
                self.hold = if alarm.reaction == Reaction::Sit { Hold::Sitting } else { Hold::Pose };
                return Some((State::Holding, Reason::Fault(alarm.kind)));
            }
            Some(alarm) if alarm.reaction >= Reaction::Hold => {}
            _ => self.stepped = 0,
        }
        match (self.state, now.wish) {
            // What a policy does in the air is nothing it could land from.
            (State::Running, _) if now.stance.lifted => Some((State::Aligning, Reason::Lifted)),
            (State::Running, RequestedMode::Walk) => {
                self.left = 1.0;
                None
            }
            (State::Running, _) if !self.has_eased() => None,
            (State::Running, RequestedMode::Stand) => Some((State::Aligning, Reason::Asked)),
            (_, RequestedMode::Limp) => {
                self.hold = Hold::Softening;
                Some((State::Holding, Reason::Asked))
            }
            (State::Aligning, _) => self.next_while_aligning(),
            (State::Ready, RequestedMode::Walk)
                if self.ticks > self.plan.settle_ticks && now.stance.bears_weight =>
            {
                Some((State::Running, Reason::Asked))
            }
            _ => None,
        }
    }

    /// Counts the ticks in which the policy brings a robot that runs to a stand, where the fault leaves it any: one that
    /// stops in the middle of a stride may fall.
    fn steps_to_a_stand(&mut self, now: &Situation) -> bool {
        if self.state != State::Running || self.stepped as f32 >= now.step_s * self.plan.loop_hz {
            return false;
        }
        self.stepped += 1;
        true
    }

    /// Counts the ticks in which the velocity has eased to zero.
    fn has_eased(&mut self) -> bool {
        self.left -= 1.0 / self.plan.ease_ticks as f32;
        self.left <= 0.0
    }

    fn next_while_aligning(&mut self) -> Option<(State, Reason)> {
        let all_on = self.joints.iter().all(|joint| joint.drive == Drive::On && joint.torque >= 1.0);
        if self.is_ramping || !all_on {
            return None;
        }
        let (from, to) = (self.filter_state.goals.rad(), &self.plan.default_rad);
        if from == &to[..] {
            return Some((State::Ready, Reason::PoseReached));
        }
        let ticks = PoseRamp::ticks_for(from, to, self.plan.speed_step_rad);
        self.ramp.begin(from, ticks);
        self.is_ramping = true;
        None
    }

    fn next_while_holding(&mut self, now: &Situation) -> Option<(State, Reason)> {
        let alarm = now.alarm.filter(|alarm| alarm.reaction >= Reaction::Hold);
        let sit = alarm.filter(|alarm| alarm.reaction == Reaction::Sit);
        match self.hold {
            Hold::Pose if sit.is_some() => {
                self.hold = Hold::Sitting;
                self.reason = Reason::Fault(sit?.kind);
                self.begin_hold();
                None
            }
            Hold::Pose if now.wish == RequestedMode::Limp => self.soften(Reason::Asked),
            Hold::Pose if alarm.is_none() => match (self.reason, now.wish) {
                (Reason::Fault(kind), RequestedMode::Walk) if self.has_walked => {
                    Some((State::Running, Reason::FaultGone(kind)))
                }
                // One that was still getting up goes on getting up.
                (Reason::Fault(kind), _) => Some((State::Aligning, Reason::FaultGone(kind))),
                _ => None,
            },
            Hold::Pose if self.ticks > self.plan.hold_ticks => self.soften(Reason::HeldTooLong),
            Hold::Sitting if !self.is_ramping => self.soften(self.reason),
            Hold::Softening => {
                self.left -= 1.0 / self.plan.soften_ticks;
                (self.left <= 0.0).then_some((State::Limp, self.reason))
            }
            _ => None,
        }
    }

    fn soften(&mut self, reason: Reason) -> Option<(State, Reason)> {
        self.hold = Hold::Softening;
        self.reason = reason;
        self.begin_hold();
        None
    }
}
