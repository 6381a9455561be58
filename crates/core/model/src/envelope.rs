//! The command envelope: what a policy may be asked, enforced axis by axis.

use crate::axis::{Axis, Command, is_velocity};
use crate::contract::CommandAxis;
use std::fmt;

/// The gait is made faster or slower by this at most, one being the contract's speed.
const MAX_PHASE_FACTOR_OFFSET: f32 = 0.5;

/// Which axes were changed, and why: one bit for each axis of the robot, then one for the gait's speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommandLimits {
    /// Not a finite number: the idle value was taken.
    pub non_finite: u32,
    /// The policy has no such axis: the value was dropped.
    pub no_such_axis: u32,
    /// Outside the trained range: clamped.
    pub out_of_range: u32,
    /// Changed faster than the contract allows: slowed.
    pub rate: u32,
}

impl CommandLimits {
    /// True where any axis was changed.
    pub fn any(&self) -> bool {
        (self.non_finite | self.no_such_axis | self.out_of_range | self.rate) != 0
    }
}

/// A value that a policy is not asked as somebody asked it.
#[derive(Debug, Clone, PartialEq)]
pub struct Clipped {
    /// Along which axis.
    pub axis: String,
    /// What was asked.
    pub asked: f32,
    /// What the policy takes.
    pub allowed: f32,
}

impl fmt::Display for Clipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Clipped { axis, asked, allowed } = self;
        let near = format!("{asked:.2}") == format!("{allowed:.2}");
        let digits = if near { 5 } else { 2 };
        write!(f, "{}: asked {asked:.digits$}, allowed {allowed:.digits$}", axis)
    }
}

/// The axes of a contract, compiled for one robot and one policy rate.
#[derive(Debug, Clone)]
pub struct CommandEnvelope {
    /// Those of the robot, and what the contract says of each.
    axes: Vec<(String, Option<AxisLimits>)>,
}

#[derive(Debug, Clone)]
struct AxisLimits {
    axis: Axis,
    is_velocity: bool,
    min: f32,
    max: f32,
    dead_zone: f32,
    idle: f32,
    step: f32,
}

impl CommandEnvelope {
    /// The envelope of a contract's `axes` for a policy that ticks `policy_rate_hz` times a second, on a robot with these
    /// axes `of_robot`, in the order of its commands. Axes the robot lacks are left out.
    pub fn new<'a>(
        axes: &[CommandAxis],
        policy_rate_hz: u32,
        of_robot: impl Iterator<Item = &'a str>,
    ) -> CommandEnvelope {
        let limits = |(index, name): (usize, &str)| {
            let entry = axes.iter().find(|entry| entry.axis == name);
            let limits = entry.zip(Axis::at(index)).map(|(entry, axis)| AxisLimits {
                axis,
                is_velocity: is_velocity(&entry.unit),
                min: entry.min as f32,
                max: entry.max as f32,
                dead_zone: entry.dead_zone as f32,
                idle: entry.idle as f32,
                step: entry
                    .rate_limit_per_s
                    .map_or(f32::INFINITY, |rate| (rate / f64::from(policy_rate_hz)) as f32),
            });
            (name.to_owned(), limits)
        };
        CommandEnvelope { axes: of_robot.enumerate().map(limits).collect() }
    }

    /// The command that asks for nothing.
    pub fn idle(&self) -> Command {
        let mut command = Command::default();
        for limits in self.axes.iter().filter_map(|(_, limits)| limits.as_ref()) {
            command.values[limits.axis.index()] = limits.idle;
        }
        command
    }

    /// What `requested` becomes one tick after `previous`, and what was changed. A dead zone is not a limitation:
    /// it is the policy's own rest.
    pub fn apply(&self, requested: &Command, previous: &Command) -> (Command, CommandLimits) {
        let mut used = Command::default();
        let mut limits = CommandLimits::default();
        for (index, (_, entry)) in self.axes.iter().enumerate() {
            let value = requested.values[index];
            match entry {
                Some(entry) => used.values[index] = entry.apply(value, previous.values[index], &mut limits),
                None if value != 0.0 => limits.no_such_axis |= bit(index),
                None => {}
            }
        }
        let phase_bit = bit(self.axes.len());
        used.phase_factor_offset = phase_factor_offset(requested.phase_factor_offset, phase_bit, &mut limits);
        (used, limits)
    }

    /// The values of `requested` that the policy is never asked, however slowly they come: for the person who asks.
    pub fn clipped(&self, requested: &Command) -> Vec<Clipped> {
        let allowed = |limits: &Option<AxisLimits>, asked: f32| match limits {
            Some(entry) if asked.is_finite() => asked.clamp(entry.min, entry.max),
            Some(entry) => entry.idle,
            None => 0.0,
        };
        let all = self.axes.iter().zip(requested.values);
        let all = all.map(|((name, limits), asked)| Clipped {
            axis: name.clone(),
            asked,
            allowed: allowed(limits, asked),
        });
        all.filter(|clipped| clipped.asked != clipped.allowed).collect()
    }

    /// True where `command` asks the robot to move over the ground.
    pub fn is_moving(&self, command: &Command) -> bool {
        let moves = |entry: &AxisLimits| entry.is_velocity && command.get(entry.axis) != entry.idle;
        self.axes.iter().filter_map(|(_, limits)| limits.as_ref()).any(moves)
    }
}

impl AxisLimits {
    fn apply(&self, requested: f32, previous: f32, limits: &mut CommandLimits) -> f32 {
        let mut value = requested;
        if !value.is_finite() {
            limits.non_finite |= bit(self.axis.index());
            value = self.idle;
        }
        if value < self.min || value > self.max {
            limits.out_of_range |= bit(self.axis.index());
            value = value.clamp(self.min, self.max);
        }
        if (value - self.idle).abs() < self.dead_zone {
            value = self.idle;
        }
        if (value - previous).abs() > self.step {
            limits.rate |= bit(self.axis.index());
            value = previous + self.step.copysign(value - previous);
        }
        value
    }
}

fn phase_factor_offset(requested: f32, phase_bit: u32, limits: &mut CommandLimits) -> f32 {
    if !requested.is_finite() {
        limits.non_finite |= phase_bit;
        return 0.0;
    }
    if requested.abs() > MAX_PHASE_FACTOR_OFFSET {
        limits.out_of_range |= phase_bit;
    }
    requested.clamp(-MAX_PHASE_FACTOR_OFFSET, MAX_PHASE_FACTOR_OFFSET)
}

fn bit(index: usize) -> u32 {
    1 << index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::STANDARD_AXES;

    fn envelope() -> CommandEnvelope {
        let axis = |axis: &str, unit: &str, min, max, dead_zone, rate_limit_per_s| CommandAxis {
            axis: axis.to_owned(),
            unit: unit.to_owned(),
            min,
            max,
            dead_zone,
            rate_limit_per_s,
            idle: 0.0,
        };
        CommandEnvelope::new(
            &[axis("vx", "m/s", -0.15, 0.15, 0.02, Some(1.0)), axis("head_yaw", "rad", -0.5, 0.5, 0.0, None)],
            50,
            STANDARD_AXES.into_iter().map(|(name, _)| name),
        )
    }

    #[test]
    fn clamps_slows_and_says_so() {
        let (used, limits) = envelope().apply(&Command::velocity(9.0, 0.0, 0.0), &Command::default());
        assert_eq!(used.get(Axis::VX), 0.02);
        assert_eq!((limits.out_of_range, limits.rate, limits.no_such_axis), (1, 1, 0));
    }

    #[test]
    fn who_asks_for_too_much_is_told_what_is_allowed() {
        let said = |vx, vy| -> Vec<String> {
            let clipped = envelope().clipped(&Command::velocity(vx, vy, 0.0));
            clipped.iter().map(Clipped::to_string).collect()
        };
        assert_eq!(said(1.0, 0.0), ["vx: asked 1.00, allowed 0.15"]);
        assert_eq!(
            said(-0.1501, 0.1),
            ["vx: asked -0.15010, allowed -0.15000", "vy: asked 0.10, allowed 0.00"]
        );
        assert_eq!(said(f32::NAN, 0.0), ["vx: asked NaN, allowed 0.00"]);
        // Rest, and what is only slowed, are what was asked.
        assert!(said(0.01, 0.0).is_empty() && said(0.15, 0.0).is_empty());
    }

    #[test]
    fn dead_zone_is_rest_and_no_limitation() {
        let (used, limits) = envelope().apply(&Command::velocity(0.015, 0.0, 0.0), &Command::default());
        assert_eq!((used, limits.any()), (Command::default(), false));
        assert!(!envelope().is_moving(&used));
    }

    #[test]
    fn what_is_no_number_becomes_idle() {
        let (used, limits) = envelope().apply(&Command::velocity(f32::NAN, 0.0, 0.0), &Command::default());
        assert_eq!((used.get(Axis::VX), limits.non_finite), (0.0, 1));
    }

    #[test]
    fn axes_the_policy_lacks_are_dropped_and_named() {
        let (used, limits) = envelope().apply(&Command::velocity(0.0, 0.1, f32::NAN), &Command::default());
        assert_eq!((used, limits.no_such_axis), (Command::default(), 0b110));
    }

    #[test]
    fn the_gait_is_half_as_fast_again_at_most() {
        let asked = [(0.3, 0.3, 0, 0), (-9.0, -0.5, 128, 0), (0.6, 0.5, 128, 0), (f32::NAN, 0.0, 0, 128)];
        for (phase_factor_offset, expected, out_of_range, non_finite) in asked {
            let wild = Command { phase_factor_offset, ..Command::default() };
            let (used, limits) = envelope().apply(&wild, &Command::default());
            assert_eq!(used.phase_factor_offset, expected);
            assert_eq!((limits.out_of_range, limits.non_finite), (out_of_range, non_finite));
        }
    }
}
