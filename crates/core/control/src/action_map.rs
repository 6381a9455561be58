//! From the network's action to a target: bounds, scale, filter, velocity limit, delay.

use gaitway_maths::filter::LowPass;
use gaitway_maths::scalar::limit;
use gaitway_model::contract::{Action, Filter};
use gaitway_model::term::Reference;

/// The contract's action section, compiled. Rows are in the order of the contract's joints.
#[derive(Debug, Clone)]
pub(crate) struct ActionMap {
    base_rad: Vec<f32>,
    scale: Vec<f32>,
    bounds: [f32; 2],
    filter: Option<LowPass>,
    step_rad: Vec<f32>,
    delay_ticks: usize,
    start_rad: Vec<f32>,
}

/// What the map remembers between ticks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ActionState {
    /// The last action that was finite, after the bounds.
    pub action: Vec<f32>,
    /// The last target after filter and velocity limit, rad.
    pub target_rad: Vec<f32>,
    /// Output of the filter, rad.
    pub filtered_rad: Vec<f32>,
    /// Targets that wait for their delay, oldest first, flat.
    pub waiting_rad: Vec<f32>,
    /// True once the filter has seen a target.
    pub filtering: bool,
}

impl ActionMap {
    /// The map of a policy of `policy_rate_hz`; `None` where its filter makes no sense at that rate.
    pub fn new(action: &Action, policy_rate_hz: u32) -> Option<ActionMap> {
        let filter = match &action.filter {
            None => None,
            Some(Filter::LowPass { cutoff_hz }) => Some(LowPass::new(*cutoff_hz, f64::from(policy_rate_hz))?),
        };
        let default_rad: Vec<f32> = action.joints.iter().map(|joint| joint.default_rad as f32).collect();
        Some(ActionMap {
            base_rad: match action.relative_to {
                Reference::Zero => vec![0.0; default_rad.len()],
                Reference::DefaultPose => default_rad.clone(),
            },
            scale: per_joint(action, |joint| action.scale.get(joint)),
            bounds: action.bounds.map_or([f32::NEG_INFINITY, f32::INFINITY], |b| b.map(|x| x as f32)),
            filter,
            step_rad: per_joint(action, |joint| match &action.velocity_limit_rps {
                None => Some(f64::INFINITY),
                Some(limit) => limit.get(joint).map(|rps| rps / f64::from(policy_rate_hz)),
            }),
            delay_ticks: action.delay_ticks as usize,
            start_rad: default_rad,
        })
    }

    /// The memory before the first tick: actions at `reset_action`, targets at the default pose.
    pub fn initial_state(&self, reset_action: f32) -> ActionState {
        ActionState {
            action: vec![reset_action; self.start_rad.len()],
            target_rad: self.start_rad.clone(),
            filtered_rad: self.start_rad.clone(),
            waiting_rad: self.start_rad.repeat(self.delay_ticks),
            filtering: false,
        }
    }

    /// Brings `state` back to before the first tick.
    pub fn reset(&self, state: &mut ActionState, reset_action: f32) {
        state.action.fill(reset_action);
        state.target_rad.copy_from_slice(&self.start_rad);
        state.filtered_rad.copy_from_slice(&self.start_rad);
        for waiting in state.waiting_rad.chunks_exact_mut(self.start_rad.len().max(1)) {
            waiting.copy_from_slice(&self.start_rad);
        }
        state.filtering = false;
    }

    /// True where every target the action asks for is a finite number. What stands behind the numbers of its joints, here
    /// as in [`ActionMap::apply`], are other outputs of the network.
    pub fn accepts(&self, action: &[f32]) -> bool {
        let [low, high] = self.bounds;
        let mut joints = action.iter().zip(&self.base_rad).zip(&self.scale);
        joints.all(|((&raw, base), scale)| {
            raw.is_finite() && (base + scale * limit(raw, low, high)).is_finite()
        })
    }

    /// Takes an action that [`ActionMap::accepts`]; returns true where the bounds changed it. The new target is in
    /// `state.target_rad`, the one that is due in `due_rad`.
    pub fn apply(&self, state: &mut ActionState, action: &[f32], due_rad: &mut [f32]) -> bool {
        let mut clipped = false;
        let [low, high] = self.bounds;
        for (joint, &raw) in action.iter().take(self.base_rad.len()).enumerate() {
            let value = limit(raw, low, high);
            clipped |= value != raw;
            state.action[joint] = value;
            let mapped = self.base_rad[joint] + self.scale[joint] * value;
            let filtered = match self.filter {
                Some(filter) if state.filtering => filter.next(state.filtered_rad[joint], mapped),
                _ => mapped,
            };
            state.filtered_rad[joint] = filtered;
            let previous = state.target_rad[joint];
            let step = self.step_rad[joint];
            state.target_rad[joint] = limit(filtered, previous - step, previous + step);
        }
        state.filtering = true;
        self.delay(state, due_rad);
        clipped
    }

    /// The memory of a policy that has always asked for the finite action `action`: its first target is where it
    /// wants to be, and no limit or delay holds that back. Whoever enters it leads the goals there.
    pub fn settle(&self, state: &mut ActionState, action: &[f32]) {
        let [low, high] = self.bounds;
        for (joint, &raw) in action.iter().enumerate() {
            let mapped = self.base_rad[joint] + self.scale[joint] * limit(raw, low, high);
            state.filtered_rad[joint] = mapped;
            state.target_rad[joint] = mapped;
        }
        for waiting in state.waiting_rad.chunks_exact_mut(action.len().max(1)) {
            waiting.copy_from_slice(&state.target_rad);
        }
        state.filtering = true;
    }

    /// The action that asks for `target_rad`, within the bounds; zero for a joint that no action moves.
    pub fn action_of(&self, joint: usize, target_rad: f32) -> f32 {
        let scale = self.scale[joint];
        let action = if scale == 0.0 { 0.0 } else { (target_rad - self.base_rad[joint]) / scale };
        limit(action, self.bounds[0], self.bounds[1])
    }

    /// Puts the new target into the queue and takes out the one that is due.
    fn delay(&self, state: &mut ActionState, due_rad: &mut [f32]) {
        let joints = due_rad.len();
        if self.delay_ticks == 0 {
            due_rad.copy_from_slice(&state.target_rad);
            return;
        }
        due_rad.copy_from_slice(&state.waiting_rad[..joints]);
        state.waiting_rad.copy_within(joints.., 0);
        let newest = state.waiting_rad.len() - joints;
        state.waiting_rad[newest..].copy_from_slice(&state.target_rad);
    }
}

fn per_joint(action: &Action, value: impl Fn(usize) -> Option<f64>) -> Vec<f32> {
    // A valid contract has a number for every joint.
    (0..action.joints.len()).map(|joint| value(joint).unwrap_or(0.0) as f32).collect()
}
