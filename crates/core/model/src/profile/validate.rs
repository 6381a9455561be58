//! What the format cannot say of a profile: ranges, uniqueness, signs.

use super::{FILE, FaultKind, FaultRule, Reaction, RobotProfile, SCHEMA, WireValue};
use crate::error::ProfileError;
use std::collections::HashSet;
use std::f64::consts::FRAC_PI_4;

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
        check_axes("imu.trunk_axes", &self.imu.trunk_axes)?;
        check_axes("imu.trunk_axes_upside_down", &self.imu.trunk_axes_upside_down)?;
        check_finite("imu.position_m", &self.imu.position_m)?;
        check("imu.i2c_address", self.imu.i2c_address < 0x80, "0 to 0x7f", self.imu.i2c_address)?;
        check(
            "imu.chip_id",
            self.imu.chip_id.is_none_or(|id| id <= 0xff),
            "0 to 0xff",
            self.imu.chip_id.unwrap_or(0),
        )?;
        check_positive("servo_bus.stiffness_per_kp", self.servo_bus.stiffness_per_kp)?;
        check("servo_bus.baud", self.servo_bus.baud > 0, "more than 0", self.servo_bus.baud)?;
        for (path, us) in [
            ("servo_bus.turnaround_us", self.servo_bus.turnaround_us),
            ("servo_bus.latency_us", self.servo_bus.latency_us),
        ] {
            check(path, (0.0..=100_000.0).contains(&us), "0 to 100000", us)?;
        }
        let directions = self.pins.antenna_direction;
        let are_signs = directions.iter().all(|direction| matches!(direction, 1 | -1));
        check("pins.antenna_direction", are_signs, "1 or -1 each", format!("{directions:?}"))?;
        check_positive("fall.tilt_rad", self.fall.tilt_rad)?;
        check("fall.tilt_rad", self.fall.tilt_rad <= 3.2, "at most 3.2", self.fall.tilt_rad)?;
        check("fall.after_s", (0.0..=10.0).contains(&self.fall.after_s), "0 to 10", self.fall.after_s)?;
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
        self.validate_joints()
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
        let upright_rad = start.upright_rad.unwrap_or(self.fall.tilt_rad);
        let is_below_fall = upright_rad > 0.0 && upright_rad <= self.fall.tilt_rad;
        check("start.upright_rad", is_below_fall, "more than 0, at most fall.tilt_rad", upright_rad)?;
        self.validate_support()?;
        for (index, rule) in self.faults.iter().enumerate() {
            let at = |field: &str| format!("faults[{index}].{field} ({})", rule.when.name());
            check(&at("for_s"), (0.0..=3600.0).contains(&rule.for_s), "0 to 3600", rule.for_s)?;
            let first_s = rule.first_s.unwrap_or(0.0);
            check(&at("first_s"), (0.0..=3600.0).contains(&first_s), "0 to 3600", first_s)?;
            let limit_fits = rule.limit.is_finite() && rule.limit >= 0.0;
            check(&at("limit"), limit_fits, "a finite number of at least 0", rule.limit)?;
        }
        for kind in FaultKind::ALL.into_iter().filter(|kind| !kind.is_optional()) {
            let is_there = self.faults.iter().any(|rule| rule.when == kind);
            check("faults", is_there, "a line for every kind of fault", format!("none for {}", kind.name()))?;
        }
        Ok(())
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
            check(&at("servo_id"), joint.servo_id < 254, "0 to 253", joint.servo_id)?;
            check(&at("servo_id"), ids.insert(joint.servo_id), "an id no other joint has", joint.servo_id)?;
            check(&at("direction"), matches!(joint.direction, 1 | -1), "1 or -1", joint.direction)?;
            check_finite(&at("offset_rad"), &[joint.offset_rad])?;
            check_finite(&at("min_rad"), &[joint.min_rad, joint.max_rad])?;
            let found = format!("{} to {}", joint.min_rad, joint.max_rad);
            check(&at("min_rad"), joint.min_rad < joint.max_rad, "less than max_rad", found)?;
            let inside = (joint.min_rad..=joint.max_rad).contains(&joint.default_rad);
            check(&at("default_rad"), inside, "an angle within min_rad and max_rad", joint.default_rad)?;
            let sits_inside = (joint.min_rad..=joint.max_rad).contains(&joint.sit_rad);
            check(&at("sit_rad"), sits_inside, "an angle within min_rad and max_rad", joint.sit_rad)?;
            check_positive(&at("velocity_limit_rps"), joint.velocity_limit_rps)?;
            check(&at("kp"), (0.0..=255.0).contains(&joint.kp), "0 to 255", joint.kp)?;
            check(&at("kd"), (0.0..=255.0).contains(&joint.kd), "0 to 255", joint.kd)?;
        }
        Ok(())
    }
}

fn check(
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

fn check_finite(path: &str, values: &[f64]) -> Result<(), ProfileError> {
    check(
        path,
        values.iter().all(|&v| (v as f32).is_finite()),
        "finite 32-bit numbers",
        format!("{values:?}"),
    )
}

fn check_positive(path: &str, value: f64) -> Result<(), ProfileError> {
    check(path, (value as f32).is_finite() && value > 0.0, "a finite number more than 0", value)
}

/// Three signed axes that use x, y and z once each and can be reached by turning the sensor.
fn check_axes(path: &str, axes: &[String; 3]) -> Result<(), ProfileError> {
    let order = axes.each_ref().map(|axis| axis.strip_prefix(['+', '-']).unwrap_or_default());
    let even = matches!(order, ["x", "y", "z"] | ["y", "z", "x"] | ["z", "x", "y"]);
    let odd = matches!(order, ["x", "z", "y"] | ["z", "y", "x"] | ["y", "x", "z"]);
    check(
        path,
        even || odd,
        "each of x, y and z once, with a sign: [\"-y\", \"+x\", \"+z\"] for example",
        format!("{axes:?}"),
    )?;
    let negative = axes.iter().filter(|axis| axis.starts_with('-')).count();
    check(
        path,
        (negative % 2 == 0) == even,
        "a right-handed frame: no sensor is mounted as its mirror image",
        format!("{axes:?}"),
    )
}
