//! Whether the robot stands: upright, and on its own legs.
//!
//! The force the legs carry is not measured but follows from how far the joints that bear it stay behind their goals.
//! A foot switch has a say once it has been seen both open and closed: one that never moved may be missing or stuck.

use crate::controller::Controller;
use crate::error::ControlError;
use crate::readings::JointReading;
use crate::state_bytes::{Reader, Writer};
use gaitway_maths::gravity::GravityEstimator;
use gaitway_model::{RobotProfile, Sensors};

/// What is known of it in a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stance {
    /// The trunk is upright enough to get up.
    pub upright: bool,
    /// The trunk has tilted too far, for too long.
    pub fallen: bool,
    /// The legs have borne the weight for long enough for a policy to start.
    pub bears_weight: bool,
    /// They have borne none for so long that somebody must have lifted the robot.
    pub lifted: bool,
}

impl Default for Stance {
    /// Of a robot whose profile says nothing about it: whatever the pose, it may get up and run.
    fn default() -> Stance {
        Stance { upright: true, fallen: false, bears_weight: true, lifted: false }
    }
}

/// Estimates it tick by tick.
#[derive(Debug, Clone)]
pub(crate) struct StanceEstimator {
    tick_s: f32,
    upright_rad: f32,
    fall_tilt_rad: f32,
    fall_after_ticks: u32,
    support: Option<Support>,
    gravity: GravityEstimator,
    tilted_ticks: u32,
}

/// The force on the ground, and what follows from it.
#[derive(Debug, Clone)]
struct Support {
    /// Joint, and N of its weighted torque for a radian behind its goal.
    per_rad: Vec<(usize, f32)>,
    constant_n: f32,
    smooth_step: f32,
    bears_n: f32,
    bears_for_ticks: u32,
    lifted_n: f32,
    lifted_for_ticks: u32,
    force_n: f32,
    bears_ticks: u32,
    lifted_ticks: u32,
    /// Of each contact's switch: it was seen open, and closed.
    switches: Vec<[bool; 2]>,
}

impl StanceEstimator {
    /// The estimator of a robot whose profile wants one.
    pub fn new(profile: &RobotProfile, controller: &Controller) -> Option<StanceEstimator> {
        if profile.support.is_none() && profile.start.upright_rad.is_none() {
            return None;
        }
        let hz = f64::from(controller.loop_hz());
        Some(StanceEstimator {
            tick_s: (1.0 / hz) as f32,
            upright_rad: profile.start.upright_rad.unwrap_or(std::f64::consts::PI) as f32,
            // One that is not there is never reached.
            fall_tilt_rad: profile.fall.as_ref().map_or(f32::INFINITY, |fall| fall.tilt_rad as f32),
            fall_after_ticks: profile.fall.as_ref().map_or(0, |fall| (fall.after_s * hz).round() as u32),
            support: profile.support.as_ref().map(|support| Support::new(support, profile, controller)),
            gravity: GravityEstimator::new(),
            tilted_ticks: 0,
        })
    }

    /// One tick. `goal_rad` are the goals the servos were last told; `is_powered` where they are driven.
    pub fn update(
        &mut self,
        sensors: &Sensors,
        joints: &[JointReading],
        goal_rad: &[f32],
        is_powered: bool,
    ) -> Stance {
        // Before the first sample there is nothing to learn from: the first one says at once how the robot lies.
        if sensors.imu_age_s.is_finite() {
            self.gravity.update(sensors.gyro_rps, sensors.accel_mps2, self.tick_s);
        }
        let tilt_rad = self.gravity.tilt_rad();
        let is_tilted = is_powered && tilt_rad > self.fall_tilt_rad;
        self.tilted_ticks = if is_tilted { self.tilted_ticks.saturating_add(1) } else { 0 };
        let (bears_weight, lifted) = match &mut self.support {
            Some(support) => support.update(joints, goal_rad, &sensors.contact, is_powered),
            None => (true, false),
        };
        Stance {
            upright: tilt_rad <= self.upright_rad,
            fallen: self.tilted_ticks > self.fall_after_ticks,
            bears_weight,
            lifted,
        }
    }

    /// The up direction, for a controller that starts.
    pub fn gravity(&self) -> GravityEstimator {
        self.gravity
    }

    pub fn save(&self, out: &mut Writer) {
        out.f32s(&self.gravity.up_or_unknown());
        out.u64(u64::from(self.tilted_ticks));
        let Some(support) = &self.support else { return };
        out.f32(support.force_n);
        out.u64(u64::from(support.bears_ticks));
        out.u64(u64::from(support.lifted_ticks));
        support.switches.as_flattened().iter().for_each(|seen| out.flag(*seen));
    }

    pub fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        let mut up = [0.0; 3];
        input.f32s(&mut up)?;
        self.gravity = GravityEstimator::restored(up);
        self.tilted_ticks = input.u32()?;
        let Some(support) = &mut self.support else { return Ok(()) };
        support.force_n = input.f32()?;
        (support.bears_ticks, support.lifted_ticks) = (input.u32()?, input.u32()?);
        for seen in support.switches.as_flattened_mut() {
            *seen = input.flag()?;
        }
        Ok(())
    }
}

impl Support {
    fn new(
        support: &gaitway_model::profile::Support,
        profile: &RobotProfile,
        controller: &Controller,
    ) -> Support {
        let hz = f64::from(controller.loop_hz());
        let ticks = |seconds: f64| (seconds * hz).round() as u32;
        let stiffness = |joint: usize| profile.actuators.stiffness_per_kp * controller.gains()[joint].kp;
        let per_rad = support.per_m.iter().filter_map(|(name, per_m)| {
            let joint = profile.joint_index(name)?;
            Some((joint, (per_m * stiffness(joint)) as f32))
        });
        Support {
            per_rad: per_rad.collect(),
            constant_n: support.constant_n as f32,
            smooth_step: (1.0 / (support.smooth_s * hz).max(1.0)) as f32,
            bears_n: support.bears_n as f32,
            bears_for_ticks: ticks(support.bears_for_s),
            lifted_n: support.lifted_n as f32,
            lifted_for_ticks: ticks(support.lifted_for_s),
            force_n: 0.0,
            bears_ticks: 0,
            lifted_ticks: 0,
            switches: vec![[false; 2]; profile.contacts.len()],
        }
    }

    /// Whether the legs bear the weight, and whether the robot was lifted.
    fn update(
        &mut self,
        joints: &[JointReading],
        goal_rad: &[f32],
        contact: &[f32],
        is_powered: bool,
    ) -> (bool, bool) {
        if !is_powered {
            (self.force_n, self.bears_ticks, self.lifted_ticks) = (0.0, 0, 0);
            return (false, false);
        }
        self.estimate(joints, goal_rad);
        let touching = self.contacts_on_the_ground(contact);
        let bears = self.force_n > self.bears_n && touching != Some(0);
        // Where the switches say so, too, less of a doubt is enough.
        let limit_n = if touching == Some(0) { self.bears_n } else { self.lifted_n };
        let lifted = self.force_n < limit_n && touching.is_none_or(|count| count == 0);
        self.bears_ticks = if bears { self.bears_ticks.saturating_add(1) } else { 0 };
        self.lifted_ticks = if lifted { self.lifted_ticks.saturating_add(1) } else { 0 };
        (
            bears && self.bears_ticks >= self.bears_for_ticks,
            lifted && self.lifted_ticks >= self.lifted_for_ticks,
        )
    }

    fn estimate(&mut self, joints: &[JointReading], goal_rad: &[f32]) {
        let force_n = self.per_rad.iter().fold(self.constant_n, |sum_n, &(joint, per_rad)| {
            let (Some(vitals), Some(goal)) = (joints.get(joint), goal_rad.get(joint)) else { return sum_n };
            sum_n + per_rad * (goal - vitals.position_rad)
        });
        if force_n.is_finite() {
            self.force_n += self.smooth_step * (force_n - self.force_n);
        }
    }

    /// How many contacts the switches say are on the ground; `None` where not all of them are known to work, or there
    /// are none.
    fn contacts_on_the_ground(&mut self, contact: &[f32]) -> Option<usize> {
        let is_closed = |contact: &f32| *contact > 0.5;
        for (seen, contact) in self.switches.iter_mut().zip(contact) {
            seen[usize::from(is_closed(contact))] = true;
        }
        let all_work = !self.switches.is_empty() && self.switches.as_flattened().iter().all(|seen| *seen);
        all_work.then(|| contact.iter().filter(|contact| is_closed(contact)).count())
    }
}
