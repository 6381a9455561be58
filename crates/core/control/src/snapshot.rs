//! Saving and restoring a controller: the bytes of its state, little-endian, in one fixed order.

use crate::attitude::Yaw;
use crate::controller::Controller;
use crate::error::ControlError;
use crate::safety_filter::SafetyFilter;
use crate::state::State;
use crate::state_bytes::{Reader, Writer, mismatch};
use gaitway_maths::gravity::GravityEstimator;
use gaitway_policy::Workspace;

/// First bytes of a saved state; the number changes with the order of what follows.
const MAGIC: &[u8; 8] = b"GWSTATE1";
/// First bytes where policies take turns, or goals go over from one to another; the state of the policy follows.
const TURNS_MAGIC: &[u8; 8] = b"GWTURNS1";

impl Controller {
    /// The state as bytes. A controller restored from them continues bit for bit.
    pub fn save(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.save_into(&mut bytes);
        bytes
    }

    /// Appends the same bytes to `bytes`.
    pub(crate) fn save_into(&self, bytes: &mut Vec<u8>) {
        self.save_turns(&mut Writer(bytes));
        let mut out = Writer(bytes);
        out.bytes(MAGIC);
        out.bytes(self.fixed.contract_sha256.as_bytes());
        out.u64(u64::from(self.fixed.divider));
        let state = &self.state;
        out.u64(state.tick);
        out.u64(u64::from(state.since_policy));
        out.u64(u64::from(state.observed));
        out.u64(u64::from(state.observation.fresh));
        out.f32s(&state.observation.memory);
        // Its part for the gait clock is in the clock already: a tick asks for its own.
        out.f32s(&state.command.values[..self.fixed.axes]);
        out.u64(state.gait.step.to_bits());
        out.u64(u64::from(state.gait.started));
        out.f32s(&state.gravity.up_or_unknown());
        out.f32s(&state.action.action);
        out.f32s(&state.action.target_rad);
        out.f32s(&state.action.filtered_rad);
        out.f32s(&state.action.waiting_rad);
        out.u64(u64::from(state.action.filtering));
        out.f32s(state.filter.goals.rad());
        out.u64(u64::from(state.filter.tilted_ticks));
        out.u64(u64::from(state.filter.fallen));
        out.f32s(&state.target_rad);
        for sum in state.counters.as_array() {
            out.u64(sum);
        }
        // What only some contracts have: those without it are saved as they always were.
        if self.fixed.observes_euler {
            out.f32(state.yaw.0);
        }
        if self.fixed.program.counts_samples() {
            out.u64(u64::from(state.observation.samples));
        }
        for (_, workspace) in self.network.iter().chain(&self.standing) {
            out.f32s(workspace.state());
        }
    }

    /// Most bytes that a state may have beyond those of this one: another policy's may be longer, and a blend under way.
    pub fn room_for_state(&self) -> usize {
        let longest = self.switch.as_ref().map_or(0, |switch| switch.longest_state());
        let blend = TURNS_MAGIC.len() + 8 * 8 + 3 * 4 * self.joints();
        blend + longest.saturating_sub(self.state.row_bytes())
    }

    /// What a policy alone, whose goals no other one's go over to, has not: its states have the bytes they always had.
    fn save_turns(&self, out: &mut Writer) {
        if self.switch.is_none() && self.entering.is_none() && !self.blend.is_under_way() {
            return;
        }
        out.bytes(TURNS_MAGIC);
        out.flag(self.switch.is_some());
        if let Some(switch) = &self.switch {
            switch.save(out);
        }
        out.u64(self.entering.map_or(0, |ticks| u64::from(ticks) + 1));
        self.blend.save(out);
    }

    fn load_turns(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        self.entering = None;
        self.blend.reset();
        let has_set = self.switch.is_some();
        if !input.rest.starts_with(TURNS_MAGIC) {
            return if has_set { Err(mismatch("policies", "a set", "one")) } else { Ok(()) };
        }
        input.take(TURNS_MAGIC.len())?;
        if input.flag()? != has_set {
            let [expected, found] = if has_set { ["a set", "one"] } else { ["one", "a set"] };
            return Err(mismatch("policies", expected, found));
        }
        if let Some(mut switch) = self.switch.take() {
            let loaded = switch.load(input, self.running());
            self.fit_rows();
            self.switch = Some(switch);
            loaded?;
        }
        self.entering = input.u64()?.checked_sub(1).map(|ticks| ticks.min(u64::from(u32::MAX)) as u32);
        self.blend.load(input)
    }

    /// Puts a saved state back. Where the bytes do not belong to this controller its policy's state is as it was.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), ControlError> {
        let mut input = Reader { rest: bytes };
        self.load_turns(&mut input)?;
        input.same("format", MAGIC)?;
        let contract = self.fixed.contract_sha256.clone();
        input.same("contract", contract.as_bytes())?;
        let divider = input.u64()?;
        if divider != u64::from(self.fixed.divider) {
            return Err(mismatch("loop rate divider", self.fixed.divider, divider));
        }
        let mut state = read_state(&mut input, &self.state, self.fixed.axes)?;
        if self.fixed.observes_euler {
            state.yaw = Yaw(finite("yaw", input.f32()?)?);
        }
        if self.fixed.program.counts_samples() {
            state.observation.samples = input.u32()?;
        }
        let networks = self.read_networks(&mut input)?;
        input.finish(bytes.len())?;
        if state.since_policy >= self.fixed.divider {
            return Err(mismatch(
                "ticks since the policy",
                format!("less than {}", self.fixed.divider),
                state.since_policy,
            ));
        }
        self.state = state;
        for ((_, workspace), remembered) in self.network.iter_mut().chain(&mut self.standing).zip(&networks) {
            // It is as long as the one that was read in its place.
            let _ = workspace.set_state(remembered);
        }
        if self.state.observed {
            // Saved between the halves of a tick: `act` will judge this observation.
            self.fixed.program.observe(&self.state.observation, &mut self.record.observation);
        }
        Ok(())
    }

    /// What the networks remember, of each.
    fn read_networks(&self, input: &mut Reader) -> Result<Vec<Vec<f32>>, ControlError> {
        let read = |workspace: &Workspace| {
            let mut state = vec![0.0; workspace.state().len()];
            input.f32s(&mut state)?;
            state.into_iter().map(|number| finite("state of the network", number)).collect()
        };
        self.network.iter().chain(&self.standing).map(|(_, workspace)| workspace).map(read).collect()
    }
}

fn finite(what: &'static str, number: f32) -> Result<f32, ControlError> {
    if number.is_finite() { Ok(number) } else { Err(mismatch(what, "a finite number", number)) }
}

fn read_state(input: &mut Reader, like: &State, axes: usize) -> Result<State, ControlError> {
    let mut state = like.clone();
    state.tick = input.sum()?;
    state.since_policy = input.u32()?;
    state.observed = input.flag()?;
    state.observation.fresh = input.flag()?;
    input.f32s(&mut state.observation.memory)?;
    input.f32s(&mut state.command.values[..axes])?;
    state.gait.step = f64::from_bits(input.u64()?);
    if !state.gait.step.is_finite() {
        return Err(mismatch("gait clock", "a finite number", state.gait.step));
    }
    state.gait.started = input.flag()?;
    let mut up = [0.0; 3];
    input.f32s(&mut up)?;
    state.gravity = GravityEstimator::restored(up);
    if state.gravity.up_or_unknown().map(f32::to_bits) != up.map(f32::to_bits) {
        return Err(mismatch("up direction", "a direction, or zeros", format!("{up:?}")));
    }
    input.f32s(&mut state.action.action)?;
    input.f32s(&mut state.action.target_rad)?;
    input.f32s(&mut state.action.filtered_rad)?;
    input.f32s(&mut state.action.waiting_rad)?;
    state.action.filtering = input.flag()?;
    let mut goals = vec![0.0; like.target_rad.len()];
    input.f32s(&mut goals)?;
    if !goals.iter().all(|goal| goal.is_finite()) {
        return Err(mismatch("goals", "finite numbers", format!("{goals:?}")));
    }
    SafetyFilter::restore_goals(&mut state.filter, &goals);
    state.filter.tilted_ticks = input.u32()?;
    state.filter.fallen = input.flag()?;
    input.f32s(&mut state.target_rad)?;
    for sum in state.counters.as_array_mut() {
        *sum = input.sum()?;
    }
    Ok(state)
}
