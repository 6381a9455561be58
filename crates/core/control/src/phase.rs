//! The gait clock.

use gaitway_maths::trig;
use gaitway_model::contract::{PhaseAdvance, PhaseClock, PhaseRuns};
use std::ops::RangeInclusive;

/// Slowest and fastest a clock may run, one being the contract's speed: never backwards.
pub(crate) const FACTORS: RangeInclusive<f64> = 0.1..=3.0;

/// φ = 2π·i / period; i advances by the contract's factor, times its own and what the operator adds to that, and wraps
/// at the period: φ goes on from where it is, however fast. It is never reset by a pause, a lost packet or a zero
/// command, only with the controller.
#[derive(Debug, Clone)]
pub(crate) struct GaitClock {
    period_ticks: f64,
    /// At the contract's speed.
    steps_per_tick: f64,
    /// Own speed, one being the contract's.
    factor: f64,
    advance: PhaseAdvance,
    runs: PhaseRuns,
    first_value: [f32; 2],
}

/// Where the gait clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct GaitState {
    /// i, from 0 to the period.
    pub step: f64,
    /// False until the clock has first advanced.
    pub started: bool,
}

impl GaitClock {
    /// A clock that runs `factor` times as fast as the contract's where the operator adds nothing.
    pub fn new(clock: &PhaseClock, factor: f64) -> GaitClock {
        GaitClock {
            period_ticks: f64::from(clock.period_ticks),
            steps_per_tick: clock.factor,
            factor,
            advance: clock.advance,
            runs: clock.runs,
            first_value: clock.first_value.map(|value| value as f32),
        }
    }

    /// Before the observation is built. `offset` is added to the factor in this tick.
    pub fn before_observation(&self, state: &mut GaitState, moving: bool, offset: f32) {
        if self.advance == PhaseAdvance::BeforeObservation {
            self.advance(state, moving, offset);
        }
    }

    /// After the observation is built. `offset` is added to the factor in this tick.
    pub fn after_observation(&self, state: &mut GaitState, moving: bool, offset: f32) {
        if self.advance == PhaseAdvance::AfterObservation {
            self.advance(state, moving, offset);
        }
    }

    fn advance(&self, state: &mut GaitState, moving: bool, offset: f32) {
        if self.runs == PhaseRuns::WhileCommanded && !moving {
            return;
        }
        let factor = (self.factor + f64::from(offset)).clamp(*FACTORS.start(), *FACTORS.end());
        state.step = (state.step + self.steps_per_tick * factor) % self.period_ticks;
        state.started = true;
    }

    /// Where in the gait it stands, 0 to 1; `None` where it does not run.
    pub fn share(&self, state: &GaitState, moving: bool) -> Option<f64> {
        let runs = moving || self.runs != PhaseRuns::WhileCommanded;
        runs.then_some(state.step / self.period_ticks)
    }

    /// Policy ticks of one gait where the operator adds nothing.
    pub fn gait_ticks(&self) -> f64 {
        self.period_ticks / (self.steps_per_tick * self.factor)
    }

    /// Cosine and sine of the phase.
    pub fn value(&self, state: &GaitState) -> [f32; 2] {
        if !state.started {
            return self.first_value;
        }
        let (cos, sin) = trig::cos_sin(core::f64::consts::TAU * state.step / self.period_ticks);
        [cos as f32, sin as f32]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(advance: PhaseAdvance, runs: PhaseRuns) -> GaitClock {
        GaitClock::new(
            &PhaseClock { period_ticks: 27, factor: 1.0, advance, runs, first_value: [0.0, 0.0] },
            1.0,
        )
    }

    #[test]
    fn first_observation_sees_the_first_value_and_the_nth_step_n() {
        let clock = clock(PhaseAdvance::AfterObservation, PhaseRuns::Always);
        let mut state = GaitState::default();
        let mut seen = Vec::new();
        for _ in 0..29 {
            clock.before_observation(&mut state, false, 0.0);
            seen.push(clock.value(&state));
            clock.after_observation(&mut state, false, 0.0);
        }
        assert_eq!(seen[0], [0.0, 0.0]);
        assert!((seen[1][1] - (core::f32::consts::TAU / 27.0).sin()).abs() < 1e-6);
        assert_eq!(seen[27], [1.0, 0.0], "a whole gait later the phase is zero, no longer the first value");
        assert_eq!(seen[28], seen[1]);
    }

    #[test]
    fn stands_while_nothing_is_commanded_where_the_contract_says_so() {
        let clock = clock(PhaseAdvance::BeforeObservation, PhaseRuns::WhileCommanded);
        let mut state = GaitState::default();
        clock.before_observation(&mut state, false, 0.0);
        assert_eq!(clock.value(&state), [0.0, 0.0]);
        clock.before_observation(&mut state, true, 0.0);
        assert_eq!(state.step, 1.0);
    }

    #[test]
    fn goes_on_from_where_it_is_however_fast_and_never_stands_or_runs_backwards() {
        let slow = PhaseClock {
            period_ticks: 27,
            factor: 1.0,
            advance: PhaseAdvance::AfterObservation,
            runs: PhaseRuns::Always,
            first_value: [0.0, 0.0],
        };
        let mut state = GaitState::default();
        for (factor, offset, expected) in
            [(1.0, 0.0, 1.0), (1.0, 0.25, 1.25), (0.2, -0.5, 0.1), (2.9, 0.5, 3.0)]
        {
            let before = state.step;
            GaitClock::new(&slow, factor).after_observation(&mut state, false, offset);
            assert!(
                (state.step - before - expected).abs() < 1e-12,
                "{factor} {offset}: {}",
                state.step - before
            );
        }
    }
}
