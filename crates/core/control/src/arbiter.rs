//! Who commands the robot: several sources, one owner at a time, every command on a lease.

use crate::error::ControlError;
use crate::state_bytes::{Reader, Writer};
use gaitway_model::profile::RobotProfile;
use gaitway_model::{Axis, Command};

/// Where commands come from, the weakest first. A stronger one takes over; a weaker one waits until its lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The program's own arguments, or its script.
    Program,
    /// An agent.
    Agent,
    /// The network.
    Network,
    /// The terminal the program was started from.
    Terminal,
    /// A pad in somebody's hands.
    Pad,
}

impl Source {
    /// Every source, in the order of strength.
    pub const ALL: [Source; 5] =
        [Source::Program, Source::Agent, Source::Network, Source::Terminal, Source::Pad];

    /// Name for records and logs.
    pub fn name(self) -> &'static str {
        match self {
            Source::Program => "program",
            Source::Agent => "agent",
            Source::Network => "network",
            Source::Terminal => "terminal",
            Source::Pad => "pad",
        }
    }

    /// True for somebody who sees the robot: only they may undo an emergency stop.
    pub fn is_at_the_robot(self) -> bool {
        matches!(self, Source::Terminal | Source::Pad)
    }
}

/// A command, good until its lease ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// What is asked.
    pub command: Command,
    /// Until when it holds, ns.
    pub expires_ns: u64,
}

/// Why the command is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// Nobody has ever commanded.
    #[default]
    Nobody,
    /// The owner's command.
    Owner,
    /// The owner's lease ended: the velocity eases to zero.
    Expired,
    /// The robot is about to stop: the velocity eases to zero.
    Stopping,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 4] = [Cause::Nobody, Cause::Owner, Cause::Expired, Cause::Stopping];

    /// Name for records and logs.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Nobody => "nobody",
            Cause::Owner => "owner",
            Cause::Expired => "expired",
            Cause::Stopping => "stopping",
        }
    }
}

/// What to do in this tick, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Decision {
    /// The command, before the policy's envelope.
    pub command: Command,
    /// Who has control; after the end of a lease, who had it.
    pub owner: Option<Source>,
    /// Why.
    pub cause: Cause,
    /// The velocity was reduced because of a fault.
    pub slowed: bool,
}

/// Decides tick by tick.
#[derive(Debug, Clone)]
pub struct Arbiter {
    /// Share of the velocity that goes in a tick where it eases to zero.
    ease_step: f32,
    slow_share: f32,
    axes: usize,
    /// The axes that are velocities.
    velocities: Vec<Axis>,
    last: Decision,
    /// The velocity at the beginning of the easing, and how much of it is left.
    easing: Option<(Command, f32)>,
}

impl Arbiter {
    /// The arbiter of a robot: velocities go to zero in its `stop.ease_s`, and `stop.slow_share` of them is left where
    /// it must be slow.
    pub fn new(profile: &RobotProfile, loop_hz: u32) -> Arbiter {
        let ticks = (profile.stop.ease_s * f64::from(loop_hz)).max(1.0);
        let axes = profile.command_axes.iter().enumerate();
        Arbiter {
            ease_step: (1.0 / ticks) as f32,
            slow_share: profile.stop.slow_share as f32,
            axes: profile.command_axes.len(),
            velocities: axes
                .filter(|(_, axis)| axis.is_velocity())
                .filter_map(|(at, _)| Axis::at(at))
                .collect(),
            last: Decision::default(),
            easing: None,
        }
    }

    /// One tick. `offers` are in the order of [`Source::ALL`]; with `stopping` nobody is heard any more.
    pub fn decide(
        &mut self,
        now_ns: u64,
        offers: &[Option<Offer>; Source::ALL.len()],
        stopping: bool,
        slow: bool,
    ) -> Decision {
        let valid = |offer: &Offer| now_ns < offer.expires_ns;
        let strongest = Source::ALL.into_iter().zip(offers).rev();
        let owner = strongest.filter_map(|(source, offer)| Some((source, offer.filter(valid)?))).next();
        let mut decision = match owner {
            Some((source, offer)) if !stopping => {
                self.easing = None;
                let cause = Cause::Owner;
                Decision { command: offer.command, owner: Some(source), cause, slowed: false }
            }
            _ if self.last.cause == Cause::Nobody => Decision::default(),
            _ => self.ease(if stopping { Cause::Stopping } else { Cause::Expired }),
        };
        self.last = decision;
        if slow {
            decision.slowed = self.scale_velocity(&mut decision.command, self.slow_share);
        }
        decision
    }

    pub(crate) fn save(&self, out: &mut Writer) {
        let last = &self.last;
        out.f32s(&last.command.values[..self.axes]);
        out.u64(last.owner.map_or(0, |owner| owner as u64 + 1));
        out.u64(last.cause as u64);
        let (from, left) = self.easing.unwrap_or_default();
        out.flag(self.easing.is_some());
        out.f32s(&from.values[..self.axes]);
        out.f32(left);
    }

    pub(crate) fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        let last = &mut self.last;
        input.f32s(&mut last.command.values[..self.axes])?;
        let mut owners = [None; Source::ALL.len() + 1];
        owners.iter_mut().skip(1).zip(Source::ALL).for_each(|(owner, source)| *owner = Some(source));
        last.owner = input.choice("owner", &owners)?;
        last.cause = input.choice("cause", &Cause::ALL)?;
        let is_easing = input.flag()?;
        let mut from = Command::default();
        input.f32s(&mut from.values[..self.axes])?;
        self.easing = Some((from, input.f32()?)).filter(|_| is_easing);
        Ok(())
    }

    /// One tick nearer to zero, from the last command that held. The gait is as fast as without anybody.
    fn ease(&mut self, cause: Cause) -> Decision {
        let (from, left) = self.easing.unwrap_or((self.last.command, 1.0));
        let left = (left - self.ease_step).max(0.0);
        self.easing = Some((from, left));
        let mut command = Command { phase_factor_offset: 0.0, ..from };
        self.scale_velocity(&mut command, left);
        Decision { command, owner: self.last.owner, cause, slowed: false }
    }

    /// Scales the axes that are velocities; true where that changed anything.
    fn scale_velocity(&self, command: &mut Command, share: f32) -> bool {
        let before = command.values;
        for axis in &self.velocities {
            command.values[axis.index()] *= share;
        }
        command.values != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK_NS: u64 = 20_000_000;
    const HEAD_YAW: usize = 5;

    fn arbiter(ease_s: f64) -> Arbiter {
        let text = include_str!("../../model/tests/common/mini.toml");
        let mut profile = RobotProfile::from_toml(text).unwrap();
        (profile.stop.ease_s, profile.stop.slow_share) = (ease_s, 0.4);
        Arbiter::new(&profile, 50)
    }

    fn offer(vx: f32, expires_ns: u64) -> Option<Offer> {
        let mut command = Command::velocity(vx, 0.0, 0.0);
        command.values[HEAD_YAW] = 0.3;
        command.phase_factor_offset = 0.25;
        Some(Offer { command, expires_ns })
    }

    #[test]
    fn the_strongest_source_with_a_lease_has_control() {
        let mut arbiter = arbiter(0.5);
        let offers = [offer(0.1, u64::MAX), None, offer(0.05, 100), None, None];
        let decision = arbiter.decide(99, &offers, false, false);
        assert_eq!((decision.owner, decision.command.get(Axis::VX)), (Some(Source::Network), 0.05));
        let decision = arbiter.decide(100, &offers, false, false);
        assert_eq!((decision.owner, decision.command.get(Axis::VX)), (Some(Source::Program), 0.1));
    }

    #[test]
    fn at_the_end_of_a_lease_the_velocity_eases_to_zero_and_the_head_stays() {
        let mut arbiter = arbiter(0.5);
        let offers = [None, None, None, None, offer(0.15, TICK_NS)];
        arbiter.decide(0, &offers, false, false);
        let speeds: Vec<f32> = (1..=30)
            .map(|tick| {
                let decision = arbiter.decide(tick * TICK_NS, &offers, false, false);
                assert_eq!((decision.cause, decision.owner), (Cause::Expired, Some(Source::Pad)));
                assert_eq!(decision.command.values[HEAD_YAW], 0.3);
                assert_eq!(decision.command.phase_factor_offset, 0.0, "nobody sprints");
                decision.command.get(Axis::VX)
            })
            .collect();
        assert!(speeds.windows(2).all(|pair| pair[1] <= pair[0] && pair[0] - pair[1] < 0.0061), "{speeds:?}");
        assert!(speeds[23] > 0.0 && speeds[24] < 1e-6 && speeds[29] == 0.0, "{speeds:?}");
    }

    #[test]
    fn a_stop_is_heard_above_every_source_and_slow_is_said() {
        let mut arbiter = arbiter(0.1);
        let offers = [offer(0.1, u64::MAX), None, None, None, None];
        let slowed = arbiter.decide(0, &offers, false, true);
        assert_eq!((slowed.command.get(Axis::VX), slowed.slowed), (0.1 * 0.4, true));
        assert_eq!(slowed.command.phase_factor_offset, 0.25);
        let stopping = arbiter.decide(1, &offers, true, false);
        assert_eq!(stopping.cause, Cause::Stopping);
        assert!(stopping.command.get(Axis::VX) > 0.07, "from the command, not from the slowed one");
    }

    #[test]
    fn where_nobody_ever_commanded_nothing_is_asked() {
        let decision = arbiter(0.5).decide(0, &[None; 5], true, true);
        assert_eq!(decision, Decision::default());
    }
}
