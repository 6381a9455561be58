//! One policy takes over from another in the middle of what the robot does.
//!
//! What is the robot's goes on as it is: ticks, up direction, fall verdict, goals, command. What is the policy's goes
//! on where both contracts say the same of every number; otherwise its histories begin with the first sample, and its
//! last actions are those that would have asked for the present goals.

use crate::controller::Controller;
use crate::fixed::Fixed;
use crate::phase::GaitClock;
use crate::policy_switch::Running;
use crate::safety_filter::SafetyFilter;
use crate::state::State;
use gaitway_model::{Command, Sensors};
use gaitway_policy::FloatMode;

impl Controller {
    /// Somebody asks for a policy of the set by its name, or for none; where there is one policy this says nothing.
    pub fn ask(&mut self, place: Option<usize>) {
        if let Some(switch) = &mut self.switch {
            switch.ask(place);
        }
    }

    /// The policy that is asked for by its name.
    pub fn asked(&self) -> Option<usize> {
        self.switch.as_ref().and_then(|switch| switch.asked())
    }

    /// Place of the policy that runs in its set; 0 where it runs alone.
    pub fn active(&self) -> usize {
        self.switch.as_ref().map_or(0, |switch| switch.active())
    }

    /// True where another policy may take over now: at a phase of the gait at which the one that runs may be left.
    pub fn may_leave(&self) -> bool {
        let moving = self.fixed.envelope.is_moving(&self.state.command);
        self.state.since_policy == 0
            && self
                .switch
                .as_ref()
                .is_none_or(|switch| switch.may_leave(self.fixed.clock.as_ref(), &self.state.gait, moving))
    }

    /// Takes over from the controller of another policy on the same robot. Goals go over to this one's within
    /// `blend_ticks` ticks of the loop.
    pub fn take_over(&mut self, before: &Controller, blend_ticks: u32) {
        let _mode = FloatMode::set();
        inherit(&self.fixed, &mut self.state, (&before.fixed, &before.state));
        self.record.fallen = before.record.fallen;
        self.blend.go_on_from(&before.blend);
        self.enter(blend_ticks);
    }

    /// The policy of this controller begins in the tick that follows.
    pub(crate) fn enter(&mut self, blend_ticks: u32) {
        self.entering = Some(blend_ticks);
        // What a network remembers is of when it ran last.
        if let Some((_, workspace)) = &mut self.network {
            workspace.reset();
        }
        self.fit_rows();
    }

    /// Rows get the length that the policy's have. There is room for all of a set.
    pub(crate) fn fit_rows(&mut self) {
        self.record.observation.resize(self.fixed.program.len(), 0.0);
        self.record.action.resize(self.fixed.outputs, 0.0);
        self.phase.resize(self.fixed.clock.as_ref().map_or(0, GaitClock::len), 0.0);
        self.record.fed_back_rad.resize(self.fixed.program.joints().len(), 0.0);
        self.due_rad.resize(self.fixed.program.joints().len(), 0.0);
    }

    /// The policy that a start begins with runs, and nothing is blended.
    pub(crate) fn begin_anew(&mut self) {
        self.entering = None;
        self.blend.reset();
        let Some(mut switch) = self.switch.take() else { return };
        let counters = self.state.counters;
        let tick = self.state.tick;
        switch.begin_anew(self.running());
        (self.state.counters, self.state.tick) = (counters, tick);
        self.fit_rows();
        self.switch = Some(switch);
    }

    /// What of it is the policy's that runs.
    pub(crate) fn running(&mut self) -> Running<'_> {
        Running { network: &mut self.network, fixed: &mut self.fixed, state: &mut self.state }
    }

    /// Lets another policy of the set run, where one is due.
    pub(crate) fn take_turns(&mut self, sensors: &Sensors, command: &Command) {
        let Some(mut switch) = self.switch.take() else { return };
        if let Some(to) = switch.due((&self.fixed, &self.state), sensors, command) {
            let blend_ticks = switch.exchange(self.running(), to);
            let before = switch.left_behind(to);
            inherit(&self.fixed, &mut self.state, (&before.fixed, &before.state));
            self.enter(blend_ticks);
        }
        self.switch = Some(switch);
    }
}

fn inherit(fixed: &Fixed, state: &mut State, (before_fixed, before): (&Fixed, &State)) {
    (state.tick, state.since_policy, state.observed) = (before.tick, before.since_policy, false);
    (state.command, state.gravity, state.counters) = (before.command, before.gravity, before.counters);
    state.yaw = before.yaw;
    SafetyFilter::restore_goals(&mut state.filter, before.filter.goals.rad());
    (state.filter.tilted_ticks, state.filter.fallen) = (before.filter.tilted_ticks, before.filter.fallen);
    // Should the first action be refused, the robot stays where it is.
    state.target_rad.copy_from_slice(before.filter.goals.rad());
    if fixed.numbers_sha256 == before_fixed.numbers_sha256 {
        state.observation.memory.copy_from_slice(&before.observation.memory);
        state.observation.fresh = before.observation.fresh;
        state.observation.samples = before.observation.samples;
        state.gait = before.gait;
        state.action.action.copy_from_slice(&before.action.action);
        state.action.target_rad.copy_from_slice(&before.action.target_rad);
        return;
    }
    fixed.program.reset(&mut state.observation);
    state.gait = Default::default();
    for (at, &joint) in fixed.program.joints().iter().enumerate() {
        let goal_rad = before.filter.goals.rad()[joint];
        state.action.action[at] = fixed.map.action_of(at, goal_rad);
        state.action.target_rad[at] = goal_rad;
    }
    for _ in 0..fixed.program.depth() {
        fixed.program.remember(&mut state.observation, &state.action.action, &state.action.target_rad);
    }
}
