//! The switch: which policy of a set runs, and when another takes over. One runs, the others rest.

mod rule;

use crate::error::ControlError;
use crate::fixed::Fixed;
use crate::options::Options;
use crate::phase::{GaitClock, GaitState};
use crate::policy::PolicySet;
use crate::state::State;
use crate::state_bytes::{Reader, Writer, mismatch};
use gaitway_model::{Command, RobotProfile, Sensors};
use gaitway_policy::{Plan, Workspace};
use rule::{Rule, Situation};
use std::mem::swap;
use std::sync::Arc;

/// What of a controller is its policy's.
#[derive(Debug)]
pub(crate) struct Resting {
    pub network: Option<(Arc<Plan>, Workspace)>,
    pub fixed: Fixed,
    pub state: State,
}

/// The same of the policy that runs.
pub(crate) struct Running<'a> {
    pub network: &'a mut Option<(Arc<Plan>, Workspace)>,
    pub fixed: &'a mut Fixed,
    pub state: &'a mut State,
}

/// Which policy runs, and when another does.
#[derive(Debug)]
pub(crate) struct PolicySwitch {
    active: usize,
    default: usize,
    /// Asked for by its name.
    asked: Option<usize>,
    /// Policy ticks since it was entered.
    ticks: u64,
    /// Of these, those in which another one waited for a phase at which this one may be left.
    waited: u32,
    entries: Vec<Entry>,
    rules: Vec<Rule>,
    resting: Vec<Resting>,
}

#[derive(Debug)]
struct Entry {
    /// Where it rests; of no meaning for the one that runs.
    place: usize,
    blend_ticks: u32,
    leave_phases: Vec<[f64; 2]>,
}

impl PolicySwitch {
    /// The switch of a set, whose default policy runs: it is the caller's.
    pub fn new(
        set: &PolicySet,
        profile: &RobotProfile,
        options: &Options,
        divider: u32,
    ) -> Result<PolicySwitch, ControlError> {
        let rules = set.rules();
        let default = rules.default_index();
        let (mut entries, mut resting) = (Vec::new(), Vec::new());
        for (index, (entry, member)) in rules.policies.iter().zip(set.members()).enumerate() {
            entries.push(Entry {
                place: resting.len(),
                blend_ticks: entry.blend_ticks.saturating_mul(divider),
                leave_phases: entry.leave_phases.clone(),
            });
            if index != default {
                let fixed = Fixed::new(&member.policy, profile, options)?;
                let state = State::new(&fixed);
                let network = member.policy.plan().map(|plan| (plan.clone(), plan.workspace()));
                resting.push(Resting { network, fixed, state });
            }
        }
        let rules =
            rules.transitions.iter().map(|transition| Rule::new(transition, rules, profile)).collect();
        Ok(PolicySwitch {
            active: default,
            default,
            asked: None,
            ticks: 0,
            waited: 0,
            entries,
            rules,
            resting,
        })
    }

    /// Place of the policy that runs, in the order of the set.
    pub fn active(&self) -> usize {
        self.active
    }

    /// Somebody asks for this policy from now on, or nobody for any.
    pub fn ask(&mut self, asked: Option<usize>) {
        self.asked = asked.filter(|&index| index < self.entries.len());
    }

    /// Who is asked for.
    pub fn asked(&self) -> Option<usize> {
        self.asked
    }

    /// The policy that takes over now from the one that runs; to be asked once in each of its ticks.
    pub fn due(
        &mut self,
        (fixed, state): (&Fixed, &State),
        sensors: &Sensors,
        command: &Command,
    ) -> Option<usize> {
        self.ticks = self.ticks.saturating_add(1);
        let now = Situation {
            command: fixed.envelope.apply(command, &state.command).0,
            requested: command,
            fixed,
            asked: self.asked,
            ticks: self.ticks,
            gravity: &state.gravity,
            joint_rad: &sensors.joint_position_rad,
        };
        let applies = |rule: &&Rule| {
            let entered = self.resting.get(self.entries[rule.to].place);
            rule.leaves(self.active) && entered.is_some_and(|entered| rule.holds(&now, &entered.fixed))
        };
        let Some(to) = self.rules.iter().find(applies).map(|rule| rule.to) else {
            self.waited = 0;
            return None;
        };
        self.waited = self.waited.saturating_add(1);
        self.may_leave(fixed.clock.as_ref(), &state.gait, now.is_moving()).then_some(to)
    }

    /// True where the gait is at a phase at which the policy that runs may be left, or was not for a whole gait.
    pub fn may_leave(&self, clock: Option<&GaitClock>, gait: &GaitState, moving: bool) -> bool {
        let phases = &self.entries[self.active].leave_phases;
        let Some(clock) = clock.filter(|_| !phases.is_empty()) else { return true };
        let Some(share) = clock.share(gait, moving) else { return true };
        let is_within = |&[from, to]: &[f64; 2]| match from <= to {
            true => from <= share && share <= to,
            false => from <= share || share <= to,
        };
        phases.iter().any(is_within) || f64::from(self.waited) > clock.gait_ticks()
    }

    /// Lets another policy run in place of the one that does; returns the ticks of its blend.
    pub fn exchange(&mut self, running: Running, to: usize) -> u32 {
        let place = self.entries[to].place;
        if let Some(resting) = self.resting.get_mut(place).filter(|_| to != self.active) {
            swap(&mut resting.network, running.network);
            swap(&mut resting.fixed, running.fixed);
            swap(&mut resting.state, running.state);
            self.entries[self.active].place = place;
            self.active = to;
            (self.ticks, self.waited) = (0, 0);
        }
        self.entries[to].blend_ticks
    }

    /// The policy that ran before `to`, which has just taken its place.
    pub fn left_behind(&self, to: usize) -> &Resting {
        &self.resting[self.entries[to].place]
    }

    /// The policy that a start begins with runs again.
    pub fn begin_anew(&mut self, running: Running) {
        self.exchange(running, self.default);
        (self.ticks, self.waited) = (0, 0);
    }

    /// Most numbers of an observation, and of an action.
    pub fn longest(&self) -> [usize; 2] {
        let of = |len: fn(&Fixed) -> usize| self.resting.iter().map(|resting| len(&resting.fixed)).max();
        [of(|fixed| fixed.program.len()), of(|fixed| fixed.outputs)].map(|most| most.unwrap_or(0))
    }

    /// Bytes of the longest state that rests.
    pub fn longest_state(&self) -> usize {
        // Of what only some policies have: yaw, samples, and what the network remembers.
        let more = |resting: &Resting| {
            12 + resting.network.as_ref().map_or(0, |(_, workspace)| 4 * workspace.state().len())
        };
        self.resting.iter().map(|resting| resting.state.row_bytes() + more(resting)).max().unwrap_or(0)
    }

    pub fn save(&self, out: &mut Writer) {
        out.u64(self.active as u64);
        out.u64(self.asked.map_or(0, |asked| asked as u64 + 1));
        out.u64(self.ticks);
        out.u64(u64::from(self.waited));
    }

    pub fn load(&mut self, input: &mut Reader, running: Running) -> Result<(), ControlError> {
        let count = self.entries.len();
        let place = |input: &mut Reader, most: usize| {
            let found = input.u64()?;
            let index = usize::try_from(found).ok().filter(|&index| index < most);
            index.ok_or_else(|| mismatch("policy of the set", format!("less than {most}"), found))
        };
        let active = place(input, count)?;
        let asked = place(input, count + 1)?.checked_sub(1);
        let (ticks, waited) = (input.sum()?, input.u32()?);
        self.exchange(running, active);
        (self.asked, self.ticks, self.waited) = (asked, ticks, waited);
        Ok(())
    }
}
