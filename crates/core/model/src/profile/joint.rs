//! Joints: where they are on the bus, how far they go, and how stiff they are.

use super::Actuators;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::f64::consts::PI;

/// One joint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joint {
    /// Name, unique.
    pub name: String,
    /// Id of its actuator on the bus, unique.
    pub id: u8,
    /// +1 or -1: sign between actuator and joint.
    pub direction: i8,
    /// Actuator angle at joint angle zero, rad: actuator = direction * joint + offset.
    #[serde(default)]
    pub offset_rad: f64,
    /// Lowest angle, rad.
    pub min_rad: f64,
    /// Highest angle, rad.
    pub max_rad: f64,
    /// Fastest goal the safety filter lets through, rad/s.
    pub velocity_limit_rps: f64,
    /// Proportional gain of its position loop, units of the family's registers; or else `stiffness_nm_per_rad`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kp: Option<f64>,
    /// Derivative gain, units of the family's registers; or else `damping_nms_per_rad`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kd: Option<f64>,
    /// Stiffness, N·m/rad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stiffness_nm_per_rad: Option<f64>,
    /// Damping, N·m·s/rad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damping_nms_per_rad: Option<f64>,
    /// As [`Actuators::settings`], for this joint's actuator alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, [i32; 3]>,
}

/// What is kept free at both ends of an actuator's turn, rad: a joint that is pushed past its end a little must not wrap
/// over from one end of the turn to the other.
const TURN_MARGIN_RAD: f64 = 0.05;

impl Joint {
    /// Lowest and highest offset with which the actuator reaches all of the joint's range within its one turn, rad. No
    /// offset at all is always among them.
    pub fn offset_range_rad(&self) -> [f64; 2] {
        let ends = [self.min_rad, self.max_rad].map(|rad| f64::from(self.direction) * rad);
        let reach_rad = PI - TURN_MARGIN_RAD;
        [(-reach_rad - ends[0].min(ends[1])).min(0.0), (reach_rad - ends[0].max(ends[1])).max(0.0)]
    }

    /// Proportional gain, units of the family's registers.
    pub fn proportional_gain(&self, actuators: &Actuators) -> f64 {
        let stiffness = self.stiffness_nm_per_rad.unwrap_or(0.0);
        self.kp.unwrap_or(stiffness / actuators.stiffness_per_kp)
    }

    /// Derivative gain, units of the family's registers.
    pub fn derivative_gain(&self, actuators: &Actuators) -> f64 {
        let converted = || Some(self.damping_nms_per_rad? / actuators.damping_per_kd?);
        self.kd.or_else(converted).unwrap_or(0.0)
    }
}
