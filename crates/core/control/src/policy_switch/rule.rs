//! One transition of a set, compiled for a robot.

use crate::fixed::Fixed;
use gaitway_maths::gravity::GravityEstimator;
use gaitway_model::policies::{PolicyRules, PoseName, Transition, When};
use gaitway_model::{Command, RobotProfile};

/// A transition.
#[derive(Debug)]
pub(super) struct Rule {
    /// Places of the policies it leaves; empty: any.
    from: Vec<usize>,
    /// Place of the policy it enters.
    pub to: usize,
    when: When,
    after_ticks: u64,
    tilt_rad: Option<[f32; 2]>,
    /// Every joint's angle, and how near it must be, rad.
    pose: Option<(Vec<f32>, f32)>,
}

/// What transitions are judged by.
pub(super) struct Situation<'a> {
    /// The command as the policy that runs would see it, and as it was requested.
    pub command: Command,
    pub requested: &'a Command,
    /// Of the policy that runs.
    pub fixed: &'a Fixed,
    pub asked: Option<usize>,
    pub ticks: u64,
    pub gravity: &'a GravityEstimator,
    pub joint_rad: &'a [f32],
}

impl Situation<'_> {
    /// The policy that runs is asked to move over the ground.
    pub fn is_moving(&self) -> bool {
        self.fixed.envelope.is_moving(&self.command)
    }
}

impl Rule {
    /// The transition of rules that were checked.
    pub fn new(transition: &Transition, rules: &PolicyRules, profile: &RobotProfile) -> Rule {
        let pose = transition.pose.zip(transition.within_rad).map(|(pose, within_rad)| {
            let pose_rad = match pose {
                PoseName::Default => profile.default_pose_rad(),
                PoseName::Sit => profile.sit_pose_rad(),
            };
            (pose_rad, within_rad as f32)
        });
        Rule {
            from: transition.from.iter().filter_map(|name| rules.index(name)).collect(),
            to: rules.index(&transition.to).unwrap_or_default(),
            when: transition.when,
            after_ticks: transition.after_ticks,
            tilt_rad: transition.tilt_rad.map(|range| range.map(|end| end as f32)),
            pose,
        }
    }

    /// True where it leads away from the policy at `active`.
    pub fn leaves(&self, active: usize) -> bool {
        self.to != active && (self.from.is_empty() || self.from.contains(&active))
    }

    /// True where it applies now; `entered` is of the policy it enters.
    pub fn holds(&self, now: &Situation, entered: &Fixed) -> bool {
        now.ticks > self.after_ticks
            && self.is_brought_about(now, entered)
            && self.tilt_rad.is_none_or(|[low, high]| (low..=high).contains(&now.gravity.tilt_rad()))
            && self.pose.as_ref().is_none_or(|(pose_rad, within_rad)| {
                let mut joints = now.joint_rad.iter().zip(pose_rad);
                joints.all(|(angle_rad, wanted_rad)| (angle_rad - wanted_rad).abs() <= *within_rad)
            })
    }

    fn is_brought_about(&self, now: &Situation, entered: &Fixed) -> bool {
        match self.when {
            When::NoVelocity => !now.is_moving(),
            // As the policy to come would see it: one that rests may know no velocity at all.
            When::Velocity => {
                let (command, _) = entered.envelope.apply(now.requested, &entered.envelope.idle());
                entered.envelope.is_moving(&command)
            }
            When::Asked => now.asked == Some(self.to),
            When::NotAsked => now.asked.is_none(),
            When::Always => true,
        }
    }
}
