//! The gait clock.

use gaitway_maths::{scalar::limit, trig};
use gaitway_model::contract::{PhaseAdvance, PhaseClock, PhaseRuns};
use gaitway_model::network::Network;
use std::ops::RangeInclusive;

/// Slowest and fastest a clock may run, one being the contract's speed: never backwards.
pub(crate) const FACTORS: RangeInclusive<f64> = 0.1..=3.0;

/// Most numbers that a clock shows: cosine and sine of as many phases as a contract may have.
pub(crate) const MOST_PHASE_NUMBERS: usize = 16;

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
    first_value: Vec<f32>,
    offsets_rad: Vec<f64>,
    rate: Option<Rate>,
}

/// The policy's own say in how fast the clock runs.
#[derive(Debug, Clone, Copy)]
struct Rate {
    /// Where among the network's outputs it stands.
    output: usize,
    low: f32,
    high: f32,
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
    pub fn new(clock: &PhaseClock, factor: f64, network: &Network, action_len: usize) -> GaitClock {
        let rate = clock.rate.as_ref().and_then(|rate| {
            let output = network.further_start(&rate.output, action_len)?;
            Some(Rate { output, low: rate.min as f32, high: rate.max as f32 })
        });
        GaitClock {
            period_ticks: clock.period_ticks,
            steps_per_tick: clock.factor,
            factor,
            advance: clock.advance,
            runs: clock.runs,
            first_value: clock.first_value.iter().map(|&value| value as f32).collect(),
            offsets_rad: clock.offsets_rad.clone().unwrap_or_else(|| vec![0.0]),
            rate,
        }
    }

    /// Before the observation is built. `offset` is added to the factor in this tick.
    pub fn before_observation(&self, state: &mut GaitState, moving: bool, offset: f32) {
        if self.advance == PhaseAdvance::BeforeObservation {
            self.advance_by(state, moving, offset);
        }
    }

    /// After the observation is built. `offset` is added to the factor in this tick.
    pub fn after_observation(&self, state: &mut GaitState, moving: bool, offset: f32) {
        if self.advance == PhaseAdvance::AfterObservation {
            self.advance_by(state, moving, offset);
        }
    }

    /// After the network has run, whose outputs these are: where the policy itself says how fast the clock runs.
    pub fn after_network(&self, state: &mut GaitState, outputs: &[f32], offset: f32) {
        let Some(rate) = self.rate else { return };
        let asked = outputs.get(rate.output).copied().filter(|asked| asked.is_finite()).unwrap_or(0.0);
        self.advance(state, f64::from(limit(asked, rate.low, rate.high)), offset);
    }

    /// Advances where it runs by itself.
    fn advance_by(&self, state: &mut GaitState, moving: bool, offset: f32) {
        let runs = match self.runs {
            PhaseRuns::Always => true,
            PhaseRuns::WhileCommanded => moving,
            PhaseRuns::ByPolicy => false,
        };
        if runs {
            self.advance(state, 1.0, offset);
        }
    }

    fn advance(&self, state: &mut GaitState, rate: f64, offset: f32) {
        let factor = (self.factor + f64::from(offset)).clamp(*FACTORS.start(), *FACTORS.end());
        state.step = (state.step + self.steps_per_tick * factor * rate) % self.period_ticks;
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

    /// How many numbers [`GaitClock::value`] writes.
    pub fn len(&self) -> usize {
        self.first_value.len()
    }

    /// The cosines of all phases, then their sines.
    pub fn value(&self, state: &GaitState, value: &mut [f32]) {
        if !state.started {
            value.copy_from_slice(&self.first_value);
            return;
        }
        let angle_rad = core::f64::consts::TAU * state.step / self.period_ticks;
        let (cosines, sines) = value.split_at_mut(self.offsets_rad.len());
        for ((offset_rad, cosine), sine) in self.offsets_rad.iter().zip(cosines).zip(sines) {
            let (cos, sin) = trig::cos_sin(angle_rad + offset_rad);
            (*cosine, *sine) = (cos as f32, sin as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gaitway_model::contract::ClockRate;
    use gaitway_model::network::PortWidth;

    fn contract(advance: PhaseAdvance, runs: PhaseRuns) -> PhaseClock {
        let first_value = vec![0.0, 0.0];
        PhaseClock {
            period_ticks: 27.0,
            factor: 1.0,
            advance,
            runs,
            first_value,
            offsets_rad: None,
            rate: None,
        }
    }

    fn of(clock: &PhaseClock, factor: f64) -> GaitClock {
        let outputs = vec![
            PortWidth { name: "spread".to_owned(), width: 3 },
            PortWidth { name: "rate".to_owned(), width: 1 },
        ];
        let network = Network {
            input: "obs".to_owned(),
            output: "actions".to_owned(),
            further_inputs: Vec::new(),
            further_outputs: outputs,
            states: Vec::new(),
        };
        GaitClock::new(clock, factor, &network, 2)
    }

    fn clock(advance: PhaseAdvance, runs: PhaseRuns) -> GaitClock {
        of(&contract(advance, runs), 1.0)
    }

    fn seen(clock: &GaitClock, state: &GaitState) -> Vec<f32> {
        let mut value = vec![f32::NAN; clock.len()];
        clock.value(state, &mut value);
        value
    }

    #[test]
    fn several_phases_are_all_cosines_then_all_sines_and_periods_need_not_be_whole() {
        let half = core::f64::consts::PI;
        let two = PhaseClock {
            period_ticks: 4.5,
            first_value: vec![1.0, -1.0, 0.0, 0.0],
            offsets_rad: Some(vec![0.0, half]),
            ..contract(PhaseAdvance::AfterObservation, PhaseRuns::Always)
        };
        let clock = of(&two, 1.0);
        let mut state = GaitState::default();
        assert_eq!(seen(&clock, &state), [1.0, -1.0, 0.0, 0.0]);
        for tick in 1..20 {
            clock.after_observation(&mut state, false, 0.0);
            let angle = 2.0 * half * f64::from(tick) / 4.5;
            let expected = [angle.cos(), (angle + half).cos(), angle.sin(), (angle + half).sin()];
            for (found, expected) in seen(&clock, &state).into_iter().zip(expected) {
                assert!((f64::from(found) - expected).abs() < 1e-6, "tick {tick}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_policy_runs_its_own_clock_within_limits_and_never_by_what_is_no_number() {
        let by_policy = PhaseClock {
            rate: Some(ClockRate { output: "rate".to_owned(), min: 0.5, max: 2.5 }),
            ..contract(PhaseAdvance::AfterObservation, PhaseRuns::ByPolicy)
        };
        let clock = of(&by_policy, 1.0);
        let mut state = GaitState::default();
        clock.before_observation(&mut state, true, 0.0);
        clock.after_observation(&mut state, true, 0.0);
        assert_eq!(state, GaitState::default(), "it waits for the network");
        // Two numbers of the action, three of the other output, then its own.
        for (asked, step) in [(1.5, 1.5), (9.0, 4.0), (-1.0, 4.5), (f32::NAN, 5.0), (f32::INFINITY, 5.5)] {
            clock.after_network(&mut state, &[8.0, 8.0, 8.0, 8.0, 8.0, asked], 0.0);
            assert_eq!(state.step, step, "{asked}");
        }
    }

    #[test]
    fn first_observation_sees_the_first_value_and_the_nth_step_n() {
        let clock = clock(PhaseAdvance::AfterObservation, PhaseRuns::Always);
        let mut state = GaitState::default();
        let mut all = Vec::new();
        for _ in 0..29 {
            clock.before_observation(&mut state, false, 0.0);
            all.push(seen(&clock, &state));
            clock.after_observation(&mut state, false, 0.0);
        }
        assert_eq!(all[0], [0.0, 0.0]);
        assert!((all[1][1] - (core::f32::consts::TAU / 27.0).sin()).abs() < 1e-6);
        assert_eq!(all[27], [1.0, 0.0], "a whole gait later the phase is zero, no longer the first value");
        assert_eq!(all[28], all[1]);
    }

    #[test]
    fn stands_while_nothing_is_commanded_where_the_contract_says_so() {
        let clock = clock(PhaseAdvance::BeforeObservation, PhaseRuns::WhileCommanded);
        let mut state = GaitState::default();
        clock.before_observation(&mut state, false, 0.0);
        assert_eq!(seen(&clock, &state), [0.0, 0.0]);
        clock.before_observation(&mut state, true, 0.0);
        assert_eq!(state.step, 1.0);
    }

    #[test]
    fn goes_on_from_where_it_is_however_fast_and_never_stands_or_runs_backwards() {
        let slow = contract(PhaseAdvance::AfterObservation, PhaseRuns::Always);
        let mut state = GaitState::default();
        for (factor, offset, expected) in
            [(1.0, 0.0, 1.0), (1.0, 0.25, 1.25), (0.2, -0.5, 0.1), (2.9, 0.5, 3.0)]
        {
            let before = state.step;
            of(&slow, factor).after_observation(&mut state, false, offset);
            assert!(
                (state.step - before - expected).abs() < 1e-12,
                "{factor} {offset}: {}",
                state.step - before
            );
        }
    }
}
