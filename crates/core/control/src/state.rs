//! What changes of a controller from tick to tick.

use crate::action_map::ActionState;
use crate::attitude::Yaw;
use crate::fixed::Fixed;
use crate::phase::GaitState;
use crate::record::Counters;
use crate::safety_filter::SafetyFilterState;
use gaitway_maths::gravity::GravityEstimator;
use gaitway_model::Command;
use gaitway_model::observation::ObservationState;

/// What changes from tick to tick; saved and restored whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub tick: u64,
    /// Ticks since the policy last ran.
    pub since_policy: u32,
    pub observed: bool,
    pub observation: ObservationState,
    pub command: Command,
    pub gait: GaitState,
    pub gravity: GravityEstimator,
    /// Only where the observation has it.
    pub yaw: Yaw,
    pub action: ActionState,
    pub filter: SafetyFilterState,
    /// Targets before the filter, rad, in the order of the robot.
    pub target_rad: Vec<f32>,
    /// Sums since the controller was made.
    pub counters: Counters,
}

impl State {
    /// Numbers that vary from policy to policy, as bytes.
    pub fn row_bytes(&self) -> usize {
        let action = &self.action;
        let rows = [
            &self.observation.memory,
            &action.action,
            &action.target_rad,
            &action.filtered_rad,
            &action.waiting_rad,
        ];
        rows.iter().map(|row| 4 * row.len()).sum()
    }

    /// Before the first tick.
    pub fn new(fixed: &Fixed) -> State {
        State {
            tick: 0,
            since_policy: 0,
            observed: false,
            observation: fixed.program.initial_state(),
            command: fixed.envelope.idle(),
            gait: GaitState::default(),
            gravity: GravityEstimator::new(),
            yaw: Yaw::default(),
            action: fixed.map.initial_state(fixed.reset_action),
            filter: fixed.filter.initial_state(&fixed.default_pose_rad),
            target_rad: fixed.default_pose_rad.clone(),
            counters: Default::default(),
        }
    }
}
