//! How a controller may differ from its contract, and what of the contract is left then.

use crate::error::ControlError;
use crate::phase::FACTORS;
use crate::policy::{Basis, Policy};
use gaitway_model::contract::{Action, Filter, PhaseClock};
use gaitway_model::per_element::PerElement;
use gaitway_model::profile::Between;
use gaitway_model::{Contract, ObservationProgram, RobotProfile};
use serde::{Deserialize, Serialize};

/// How a controller may differ from its contract. `None`: as the contract says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Ticks of the loop in a second; a whole multiple of the policy's rate. `None`: the policy's rate.
    pub loop_hz: Option<u32>,
    /// Proportional gain for all joints of the policy, in servo register units, 0 to 255.
    pub kp: Option<f64>,
    /// Proportional gain for the joints of the policy that follow no head command, in servo register units, 0 to
    /// 255; the head keeps the contract's. Not beside `kp`.
    pub leg_kp: Option<f64>,
    /// Integral gain for all joints of the policy, in servo register units, 0 to 255. `None`: zero.
    pub ki: Option<f64>,
    /// Derivative gain for all joints of the policy, in servo register units, 0 to 255.
    pub kd: Option<f64>,
    /// Radians for an action of one, for all joints of the policy; above 0, at most 2.
    pub action_scale: Option<f64>,
    /// Cut-off frequency of a first-order low-pass on the targets, Hz, 0.001 to 1000000; it starts at the first
    /// target.
    pub cutoff_hz: Option<f64>,
    /// Policy ticks of one gait, 2 to 1000.
    pub gait_period_ticks: Option<u32>,
    /// Speed of the gait clock, one being the contract's.
    pub phase_factor: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            loop_hz: None,
            kp: None,
            leg_kp: None,
            ki: None,
            kd: None,
            action_scale: None,
            cutoff_hz: None,
            gait_period_ticks: None,
            phase_factor: 1.0,
        }
    }
}

/// Gains of one servo's position loop, in the units of its registers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gains {
    /// Proportional gain.
    pub kp: f64,
    /// Integral gain.
    pub ki: f64,
    /// Derivative gain.
    pub kd: f64,
}

impl Options {
    /// Refuses numbers that make no sense, alone or together.
    pub(crate) fn check(&self, contract: &Contract, profile: &RobotProfile) -> Result<(), ControlError> {
        for (what, gain) in [("kp", self.kp), ("leg_kp", self.leg_kp), ("ki", self.ki), ("kd", self.kd)] {
            check(what, gain, "0 to 255", |gain| (0.0..=255.0).contains(&gain))?;
        }
        check("leg_kp", self.leg_kp, "no leg_kp beside kp", |_| self.kp.is_none())?;
        check("action_scale", self.scale(profile), "above 0, at most 2", |scale| {
            scale > 0.0 && scale <= 2.0
        })?;
        check("cutoff_hz", self.cutoff_hz, "0.001 to 1000000", |hz| (0.001..=1e6).contains(&hz))?;
        let period = self.gait_period_ticks.map(f64::from);
        check("gait_period_ticks", period, "none: the policy has no gait clock", |_| {
            contract.phase.is_some()
        })?;
        check("gait_period_ticks", period, "2 to 1000", |ticks| (2.0..=1000.0).contains(&ticks))?;
        let factor = Some(self.factor(profile));
        check("phase factor, with the robot's offset", factor, "0.1 to 3", |x| FACTORS.contains(&x))
    }

    /// Speed of the gait clock. The sum is what counts, since the robot's own offset may turn a sensible factor into
    /// a clock that runs backwards.
    pub(crate) fn factor(&self, profile: &RobotProfile) -> f64 {
        self.phase_factor + profile.options.phase_factor_offset
    }

    /// Radians for an action of one, where they are not the contract's: as asked, else as this robot has it.
    fn scale(&self, profile: &RobotProfile) -> Option<f64> {
        self.action_scale.or(profile.options.action_scale)
    }

    /// The contract's action section as it is run.
    pub(crate) fn action(&self, contract: &Contract, profile: &RobotProfile) -> Action {
        let mut action = contract.action.clone();
        if let Some(scale) = self.scale(profile) {
            action.scale = PerElement::All(scale);
        }
        if let Some(cutoff_hz) = self.cutoff_hz {
            action.filter = Some(Filter::LowPass { cutoff_hz });
        }
        action
    }

    /// The contract's gait clock as it is run, but for its speed.
    pub(crate) fn phase(&self, contract: &Contract) -> Option<PhaseClock> {
        let phase = contract.phase.clone()?;
        let own_ticks = phase.period_ticks;
        Some(PhaseClock { period_ticks: self.gait_period_ticks.map_or(own_ticks, f64::from), ..phase })
    }

    /// Gains of every joint of the robot: the policy's joints from the contract or from here, the rest as profiled.
    pub(crate) fn gains(
        &self,
        contract: &Contract,
        profile: &RobotProfile,
        program: &ObservationProgram,
    ) -> Vec<Gains> {
        let profiled = profile.joints.iter().map(|joint| Gains {
            kp: joint.proportional_gain(&profile.actuators),
            ki: 0.0,
            kd: joint.derivative_gain(&profile.actuators),
        });
        let mut gains: Vec<Gains> = profiled.collect();
        let own = |gain: &Option<PerElement>, index| gain.as_ref().and_then(|gain| gain.get(index));
        for (index, &joint) in program.joints().iter().enumerate() {
            let name = &contract.action.joints[index].name;
            let is_head = contract.head_command.joints.iter().any(|head| head.joint == *name);
            let leg_kp = self.leg_kp.filter(|_| !is_head);
            let Gains { kp, ki, kd } = gains[joint];
            gains[joint] = Gains {
                kp: self.kp.or(leg_kp).or(own(&contract.gains.kp, index)).unwrap_or(kp),
                ki: self.ki.unwrap_or(ki),
                kd: self.kd.or(own(&contract.gains.kd, index)).unwrap_or(kd),
            };
        }
        gains
    }

    /// Every way in which this pair is not exactly what the contract describes, for people to read.
    pub(crate) fn overrides(&self, policy: &Policy, profile: &RobotProfile) -> Vec<String> {
        let contract = policy.contract();
        let mut found = Vec::new();
        if policy.basis() == Basis::Assumed {
            found.extend(policy.notes().iter().cloned());
        }
        let (expected, robot) = (&contract.robot.profile_sha256, profile.policy_sha256());
        if *expected != robot {
            found.push(format!(
                "robot profile differs from the one trained for: expected {}, found {}",
                &expected[..12],
                &robot[..12]
            ));
        }
        if contract.gains.kp.is_none() && self.kp.is_none() {
            found.push(
                "gains of the robot profile: the contract has them in SI, not in its registers".to_owned(),
            );
        }
        found.extend(self.gain_overrides());
        found.extend(self.motion_overrides(contract, profile));
        let is_faster = self.loop_hz.is_some_and(|hz| hz > contract.policy_rate_hz);
        if is_faster && profile.rates.between_policy_ticks == Between::Interpolate {
            found.push("targets on a straight line from one to the next instead of held".to_owned());
        }
        let factor = self.factor(profile);
        if factor != 1.0 {
            found.push(format!("gait clock at {factor} of the contract's speed"));
        }
        found
    }

    fn gain_overrides(&self) -> impl Iterator<Item = String> {
        let kp = self.kp.map(|kp| format!("kp {kp} for all joints instead of the contract's gains"));
        let leg_kp = self
            .leg_kp
            .map(|kp| format!("kp {kp} for all joints but the head's instead of the contract's gains"));
        let ki = self.ki.map(|ki| format!("ki {ki} for all joints instead of 0"));
        let kd = self.kd.map(|kd| format!("kd {kd} for all joints instead of the contract's gains"));
        [kp, leg_kp, ki, kd].into_iter().flatten()
    }

    /// What is asked for and not what the contract has anyway.
    fn motion_overrides(&self, contract: &Contract, profile: &RobotProfile) -> impl Iterator<Item = String> {
        let action = &contract.action;
        let scale = self.scale(profile);
        let scale = scale.filter(|&scale| action.scale.values().iter().any(|&own| own != scale));
        let cutoff_hz = self
            .cutoff_hz
            .filter(|&cutoff_hz| action.filter.as_ref() != Some(&Filter::LowPass { cutoff_hz }));
        let own_ticks = contract.phase.as_ref().map_or(0.0, |phase| phase.period_ticks);
        let ticks = self.gait_period_ticks.filter(|&ticks| f64::from(ticks) != own_ticks);
        [
            scale.map(|scale| format!("action scale {scale} for all joints instead of the contract's")),
            cutoff_hz.map(|hz| match action.filter {
                Some(_) => format!("low-pass of {hz} Hz on the targets instead of the contract's filter"),
                None => format!("low-pass of {hz} Hz on the targets, which the contract does not have"),
            }),
            ticks.map(|ticks| format!("gait of {ticks} ticks instead of the contract's {own_ticks}")),
        ]
        .into_iter()
        .flatten()
    }
}

fn check(
    what: &'static str,
    value: Option<f64>,
    expected: &'static str,
    holds: impl Fn(f64) -> bool,
) -> Result<(), ControlError> {
    match value {
        Some(found) if !holds(found) => Err(ControlError::Option { what, expected, found }),
        _ => Ok(()),
    }
}
