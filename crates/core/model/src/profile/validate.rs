//! What the format cannot say of a profile: ranges, uniqueness, signs.

use super::{
    DEFAULT_POSE, FILE, FaultKind, FaultRule, Joint, Mode, Reaction, RobotProfile, SCHEMA, SIT_POSE,
    WireValue,
};
use crate::error::ProfileError;
use std::collections::HashSet;
use std::f64::consts::{FRAC_PI_4, PI};

impl RobotProfile {
    /// Checks what the format cannot: ranges, uniqueness, signs.
    pub fn validate(&self) -> Result<(), ProfileError> {
        check("schema", self.schema == SCHEMA, SCHEMA, &self.schema)?;
        check(
            "rates.control_hz",
            (1..=1000).contains(&self.rates.control_hz),
            "1 to 1000",
            self.rates.control_hz,
        )?;
        for mode in [Mode::Limp, Mode::Stand] {
            check("modes", self.has_mode(mode), "limp and stand at least", format!("{:?}", self.modes))?;
        }
        self.validate_devices()?;
        self.validate_fall()?;
        let offset = self.options.phase_factor_offset;
        check("options.phase_factor_offset", offset.abs() < 1.0, "a number between -1 and 1", offset)?;
        let scale = self.options.action_scale.unwrap_or(1.0);
        check("options.action_scale", scale > 0.0 && scale <= 2.0, "above 0, at most 2", scale)?;
        let trim = self.options.imu_trim.unwrap_or_default();
        for (path, rad) in
            [("options.imu_trim.pitch_rad", trim.pitch_rad), ("options.imu_trim.roll_rad", trim.roll_rad)]
        {
            check(path, rad.abs() <= FRAC_PI_4, "an angle within a quarter of pi", rad)?;
        }
        self.validate_safety()?;
        self.validate_wire()?;
        self.validate_joints()?;
        self.validate_poses()
    }

    fn validate_fall(&self) -> Result<(), ProfileError> {
        let Some(fall) = &self.fall else { return Ok(()) };
        check("fall", self.imu().is_some(), "an IMU in [[imus]]: without one no fall is known", "none")?;
        check_positive("fall.tilt_rad", fall.tilt_rad)?;
        check("fall.tilt_rad", fall.tilt_rad <= 3.2, "at most 3.2", fall.tilt_rad)?;
        check("fall.after_s", (0.0..=10.0).contains(&fall.after_s), "0 to 10", fall.after_s)
    }

    fn validate_wire(&self) -> Result<(), ProfileError> {
        let judges_joints = self
            .wire
            .iter()
            .any(|row| matches!(row.value, WireValue::JointPosition | WireValue::JointVelocity));
        let holds =
            |rule: &FaultRule| rule.when == FaultKind::ServoImplausible && rule.reaction >= Reaction::Hold;
        check(
            "faults",
            !judges_joints || self.faults.iter().any(holds),
            "a line for servo_implausible that holds or worse, where [[wire]] judges joints",
            "none",
        )?;
        let mut values = HashSet::new();
        for (index, row) in self.wire.iter().enumerate() {
            let at = |field: &str| format!("wire[{index}].{field} ({})", row.value.name());
            check(&at("value"), values.insert(row.value), "one line for each value", row.value.name())?;
            check_finite(&at("min"), &[row.min, row.max])?;
            let found = format!("{} to {}", row.min, row.max);
            check(&at("min"), row.min < row.max, "less than max", found)?;
            if let Some(rate) = row.max_rate {
                check_positive(&at("max_rate"), rate)?;
                check(&at("max_rate"), row.value.has_rate(), "none: this value may change at once", rate)?;
            }
        }
        Ok(())
    }

    fn validate_safety(&self) -> Result<(), ProfileError> {
        let (start, stop) = (&self.start, &self.stop);
        for (path, share) in [("start.torque", start.torque), ("stop.slow_share", stop.slow_share)] {
            check(path, (0.0..=1.0).contains(&share), "0 to 1", share)?;
        }
        check("start.speed_rps", (0.05..=10.0).contains(&start.speed_rps), "0.05 to 10", start.speed_rps)?;
        for (path, seconds) in [
            ("start.torque_ramp_s", start.torque_ramp_s),
            ("start.settle_s", start.settle_s),
            ("start.rejoin_s", start.rejoin_s),
            ("stop.ease_s", stop.ease_s),
            ("stop.soften_s", stop.soften_s),
            ("stop.hold_s", stop.hold_s),
            ("stop.sit_s", stop.sit_s),
        ] {
            check(path, (0.0..=60.0).contains(&seconds), "0 to 60", seconds)?;
        }
        if let Some(upright_rad) = start.upright_rad {
            let most_rad = self.fall.as_ref().map_or(PI, |fall| fall.tilt_rad);
            let is_below_fall = upright_rad > 0.0 && upright_rad <= most_rad;
            check("start.upright_rad", is_below_fall, "more than 0, at most fall.tilt_rad", upright_rad)?;
            check("start.upright_rad", self.imu().is_some(), "an IMU in [[imus]]", "none")?;
        }
        self.validate_support()?;
        for (index, rule) in self.faults.iter().enumerate() {
            let at = |field: &str| format!("faults[{index}].{field} ({})", rule.when.name());
            check(&at("for_s"), (0.0..=3600.0).contains(&rule.for_s), "0 to 3600", rule.for_s)?;
            let first_s = rule.first_s.unwrap_or(0.0);
            check(&at("first_s"), (0.0..=3600.0).contains(&first_s), "0 to 3600", first_s)?;
            let step_s = rule.step_s.unwrap_or(0.0);
            check(&at("step_s"), (0.0..=60.0).contains(&step_s), "0 to 60", step_s)?;
            let may_step = step_s == 0.0 || matches!(rule.reaction, Reaction::Hold | Reaction::Sit);
            check(&at("step_s"), may_step, "a reaction that holds or sits beside it", rule.reaction.name())?;
            let limit_fits = rule.limit.is_finite() && rule.limit >= 0.0;
            check(&at("limit"), limit_fits, "a finite number of at least 0", rule.limit)?;
            let can_sit = rule.reaction != Reaction::Sit || self.poses.contains_key(SIT_POSE);
            check(&at("reaction"), can_sit, "a pose \"sit\" in [poses.sit] to go to", "none")?;
        }
        for kind in FaultKind::ALL.into_iter().filter(|kind| self.must_judge(*kind)) {
            let is_there = self.faults.iter().any(|rule| rule.when == kind);
            check("faults", is_there, "a line for every kind of fault", format!("none for {}", kind.name()))?;
        }
        Ok(())
    }

    /// True for a fault that this robot can have and that no profile may leave out.
    fn must_judge(&self, kind: FaultKind) -> bool {
        match kind {
            FaultKind::ImuStale => self.imu().is_some(),
            FaultKind::Fallen => self.fall.is_some(),
            kind => !kind.is_optional(),
        }
    }

    fn validate_support(&self) -> Result<(), ProfileError> {
        let Some(support) = &self.support else { return Ok(()) };
        let forces = [support.constant_n, support.bears_n, support.lifted_n];
        check_finite("support.constant_n, bears_n, lifted_n", &forces)?;
        let (lifted_n, bears_n) = (support.lifted_n, support.bears_n);
        check("support.lifted_n", lifted_n < bears_n, format!("less than bears_n, {bears_n}"), lifted_n)?;
        for (path, seconds) in [
            ("support.smooth_s", support.smooth_s),
            ("support.bears_for_s", support.bears_for_s),
            ("support.lifted_for_s", support.lifted_for_s),
        ] {
            check(path, (0.0..=10.0).contains(&seconds), "0 to 10", seconds)?;
        }
        for (name, per_m) in &support.per_m {
            let path = format!("support.per_m.{name}");
            check(&path, self.joint_index(name).is_some(), "the name of a joint", name)?;
            check_finite(&path, &[*per_m])?;
        }
        Ok(())
    }

    fn validate_joints(&self) -> Result<(), ProfileError> {
        let count = self.joints.len();
        check("joints", (1..=64).contains(&count), "1 to 64 joints", count)?;
        let (mut names, mut ids) = (HashSet::new(), HashSet::new());
        for (index, joint) in self.joints.iter().enumerate() {
            let at = |field: &str| format!("joints[{index}].{field} ({})", joint.name);
            check(&at("name"), names.insert(&joint.name), "a name no other joint has", &joint.name)?;
            check(&at("id"), joint.id < 254, "0 to 253", joint.id)?;
            check(&at("id"), ids.insert(joint.id), "an id no other joint has", joint.id)?;
            check(&at("direction"), matches!(joint.direction, 1 | -1), "1 or -1", joint.direction)?;
            check_finite(&at("offset_rad"), &[joint.offset_rad])?;
            check_finite(&at("min_rad"), &[joint.min_rad, joint.max_rad])?;
            let found = format!("{} to {}", joint.min_rad, joint.max_rad);
            check(&at("min_rad"), joint.min_rad < joint.max_rad, "less than max_rad", found)?;
            check_positive(&at("velocity_limit_rps"), joint.velocity_limit_rps)?;
            self.validate_gains(joint, at)?;
        }
        Ok(())
    }

    fn validate_gains(&self, joint: &Joint, at: impl Fn(&str) -> String) -> Result<(), ProfileError> {
        let one = |own: Option<f64>, si: Option<f64>| own.is_some() != si.is_some();
        let found = |own: Option<f64>| if own.is_some() { "both" } else { "none" };
        let stiffness = joint.stiffness_nm_per_rad;
        check(&at("kp"), one(joint.kp, stiffness), "kp or stiffness_nm_per_rad", found(joint.kp))?;
        let damping = joint.damping_nms_per_rad;
        check(&at("kd"), one(joint.kd, damping), "kd or damping_nms_per_rad", found(joint.kd))?;
        let has_unit = damping.is_none() || self.actuators.damping_per_kd.is_some();
        check(&at("damping_nms_per_rad"), has_unit, "actuators.damping_per_kd to convert it by", "none")?;
        let (kp, kd) = (joint.proportional_gain(&self.actuators), joint.derivative_gain(&self.actuators));
        check(&at("kp"), (0.0..=255.0).contains(&kp), "0 to 255", kp)?;
        check(&at("kd"), (0.0..=255.0).contains(&kd), "0 to 255", kd)
    }

    fn validate_poses(&self) -> Result<(), ProfileError> {
        let default = self.poses.contains_key(DEFAULT_POSE);
        check("poses", default, "a pose \"default\"", "none of that name")?;
        for (name, pose) in &self.poses {
            if let Some(stranger) = pose.keys().find(|joint| self.joint_index(joint).is_none()) {
                check(&format!("poses.{name}.{stranger}"), false, "the name of a joint", stranger)?;
            }
            for joint in &self.joints {
                let path = format!("poses.{name}.{}", joint.name);
                let angle_rad = pose.get(&joint.name).copied().unwrap_or(f64::NAN);
                let inside = (joint.min_rad..=joint.max_rad).contains(&angle_rad);
                let expected = format!("an angle from {} to {}", joint.min_rad, joint.max_rad);
                let found = pose.get(&joint.name).map_or("none".to_owned(), f64::to_string);
                check(&path, inside, expected, found)?;
            }
        }
        Ok(())
    }
}

pub(super) fn check(
    path: &str,
    holds: bool,
    expected: impl ToString,
    found: impl std::fmt::Display,
) -> Result<(), ProfileError> {
    if holds {
        return Ok(());
    }
    let (path, expected, found) = (path.to_owned(), expected.to_string(), found.to_string());
    Err(ProfileError::Value { file: FILE, path, expected, found })
}

pub(super) fn check_finite(path: &str, values: &[f64]) -> Result<(), ProfileError> {
    check(
        path,
        values.iter().all(|&v| (v as f32).is_finite()),
        "finite 32-bit numbers",
        format!("{values:?}"),
    )
}

pub(super) fn check_positive(path: &str, value: f64) -> Result<(), ProfileError> {
    check(path, (value as f32).is_finite() && value > 0.0, "a finite number more than 0", value)
}
