//! `Robot`: a robot profile.

use crate::errors;
use gaitway_importers::duck_config::{self, Report, Unreachable};
use gaitway_model::RobotProfile;
use gaitway_model::profile::{DEFAULT_POSE, Output, SIT_POSE};
use pyo3::prelude::*;
use std::sync::Arc;

#[pyclass(frozen, module = "gaitway._native")]
#[derive(Clone)]
pub struct Robot {
    pub(crate) profile: Arc<RobotProfile>,
}

impl Robot {
    fn per_joint<T>(&self, value: impl Fn(&gaitway_model::profile::Joint) -> T) -> Vec<T> {
        self.profile.joints.iter().map(value).collect()
    }
}

#[pymethods]
impl Robot {
    #[staticmethod]
    fn from_toml(text: &str) -> PyResult<Robot> {
        let profile = RobotProfile::from_toml(text).map_err(|error| errors::profile(&error))?;
        Ok(Robot { profile: Arc::new(profile) })
    }

    /// Applied, ignored, and joints whose offset was counted as zero: a list each.
    #[pyo3(signature = (data, name="duck_config.json", *, unreachable_are_zero=false))]
    fn with_duck_config(
        &self,
        data: &[u8],
        name: &str,
        unreachable_are_zero: bool,
    ) -> PyResult<(Robot, [Vec<String>; 3])> {
        let unreachable = if unreachable_are_zero { Unreachable::CountAsZero } else { Unreachable::Refuse };
        let applied = duck_config::apply_with(&self.profile, data, unreachable);
        let (profile, report) = applied.map_err(|error| errors::config(&error, name))?;
        let Report { applied, ignored, counted_as_zero } = report;
        Ok((Robot { profile: Arc::new(profile) }, [applied, ignored, counted_as_zero]))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.profile.name
    }

    #[getter]
    fn title(&self) -> &str {
        &self.profile.title
    }

    #[getter]
    fn control_hz(&self) -> u32 {
        self.profile.rates.control_hz
    }

    #[getter]
    fn joint_names(&self) -> Vec<String> {
        self.per_joint(|joint| joint.name.clone())
    }

    #[getter]
    fn servo_ids(&self) -> Vec<u32> {
        // A Vec<u8> would become bytes.
        self.per_joint(|joint| u32::from(joint.id))
    }

    #[getter]
    fn offsets_rad(&self) -> Vec<f64> {
        self.per_joint(|joint| joint.offset_rad)
    }

    #[getter]
    fn offset_ranges_rad(&self) -> Vec<[f64; 2]> {
        self.per_joint(gaitway_model::profile::Joint::offset_range_rad)
    }

    #[getter]
    fn directions(&self) -> Vec<i64> {
        self.per_joint(|joint| i64::from(joint.direction))
    }

    #[getter]
    fn sit_pose_rad(&self) -> Vec<f64> {
        self.profile.pose_rad(SIT_POSE).or_else(|| self.profile.pose_rad(DEFAULT_POSE)).unwrap_or_default()
    }

    #[getter]
    fn baud(&self) -> u32 {
        self.profile.actuators.baud
    }

    #[getter]
    fn default_pose_rad(&self) -> Vec<f64> {
        self.profile.pose_rad(DEFAULT_POSE).unwrap_or_default()
    }

    #[getter]
    fn limits_rad(&self) -> Vec<(f64, f64)> {
        self.per_joint(|joint| (joint.min_rad, joint.max_rad))
    }

    #[getter]
    fn velocity_limits_rps(&self) -> Vec<f64> {
        self.per_joint(|joint| joint.velocity_limit_rps)
    }

    #[getter]
    fn stiffness_per_kp(&self) -> f64 {
        self.profile.actuators.stiffness_per_kp
    }

    #[getter]
    fn damping_per_kd(&self) -> Option<f64> {
        self.profile.actuators.damping_per_kd
    }

    #[getter]
    fn imu_axes(&self) -> Option<[String; 3]> {
        self.profile.imu_axes().cloned()
    }

    #[getter]
    fn imu_bus(&self) -> Option<String> {
        self.profile.imu_bus()
    }

    #[getter]
    fn contact_names(&self) -> Vec<String> {
        self.profile.contacts.iter().map(|contact| contact.name.clone()).collect()
    }

    /// Name and unit of each.
    #[getter]
    fn command_axes(&self) -> Vec<(String, String)> {
        self.profile.command_axes.iter().map(|axis| (axis.name.clone(), axis.unit.clone())).collect()
    }

    /// Name, kind and pin of each.
    #[getter]
    fn outputs(&self) -> Vec<(String, &'static str, Option<u32>)> {
        let output = |output: &Output| (output.name.clone(), output.kind.name(), output.pin);
        self.profile.outputs.iter().map(output).collect()
    }

    /// Driver of the actuators, and of the IMU where there is one.
    #[getter]
    fn drivers(&self) -> (String, Option<String>) {
        (self.profile.actuators.family.clone(), self.profile.imu().map(|imu| imu.chip.clone()))
    }

    fn pose_rad(&self, name: &str) -> Option<Vec<f64>> {
        self.profile.pose_rad(name)
    }

    #[getter]
    fn pose_names(&self) -> Vec<String> {
        self.profile.poses.keys().cloned().collect()
    }

    /// What `policy_sha256` is the hash of.
    #[getter]
    fn hashed(&self) -> String {
        self.profile.hashed()
    }

    #[getter]
    fn policy_sha256(&self) -> String {
        self.profile.policy_sha256()
    }

    /// The limits of the fault table's lines of this kind.
    fn fault_limits(&self, kind: &str) -> Vec<f64> {
        let rules = self.profile.faults.iter().filter(|rule| rule.when.name() == kind);
        rules.map(|rule| rule.limit).collect()
    }

    /// What a number on a wire can be, where the profile says so.
    fn wire_limits(&self, value: &str) -> Option<(f64, f64)> {
        let row = self.profile.wire.iter().find(|row| row.value.name() == value);
        row.map(|row| (row.min, row.max))
    }

    fn __repr__(&self) -> String {
        format!("Robot({:?}, {} joints)", self.profile.name, self.profile.joints.len())
    }
}
