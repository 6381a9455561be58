//! What the format cannot say of what is connected to a robot's computer.

use super::validate::{check, check_finite, check_positive};
use super::{Imu, MAX_CONTACTS, OutputKind, RobotProfile};
use crate::axis::MAX_AXES;
use crate::error::ProfileError;
use std::collections::HashSet;

/// More outputs than a board has pins.
const MAX_OUTPUTS: usize = 32;
const MAX_IMUS: usize = 8;

impl RobotProfile {
    pub(super) fn validate_devices(&self) -> Result<(), ProfileError> {
        self.validate_actuators()?;
        self.validate_imus()?;
        self.validate_contacts()?;
        self.validate_outputs()?;
        self.validate_pins()?;
        self.validate_command_axes()
    }

    fn validate_actuators(&self) -> Result<(), ProfileError> {
        let bus = &self.actuators;
        check_positive("actuators.stiffness_per_kp", bus.stiffness_per_kp)?;
        if let Some(damping) = bus.damping_per_kd {
            check_positive("actuators.damping_per_kd", damping)?;
        }
        check("actuators.baud", bus.baud > 0, "more than 0", bus.baud)?;
        for (path, us) in
            [("actuators.turnaround_us", bus.turnaround_us), ("actuators.latency_us", bus.latency_us)]
        {
            check(path, (0.0..=100_000.0).contains(&us), "0 to 100000", us)?;
        }
        Ok(())
    }

    fn validate_imus(&self) -> Result<(), ProfileError> {
        let count = self.imus.len();
        check("imus", count <= MAX_IMUS, format!("at most {MAX_IMUS}"), count)?;
        let mut names = HashSet::new();
        for (index, imu) in self.imus.iter().enumerate() {
            let Imu { name, i2c_address, chip_id, .. } = imu;
            let at = |field: &str| format!("imus[{index}].{field} ({name})");
            check(&at("name"), names.insert(name), "a name no other IMU has", name)?;
            check_axes(&at("trunk_axes"), &imu.trunk_axes)?;
            check_axes(&at("trunk_axes_upside_down"), &imu.trunk_axes_upside_down)?;
            check_finite(&at("position_m"), &imu.position_m)?;
            check(&at("i2c_address"), *i2c_address < 0x80, "0 to 0x7f", i2c_address)?;
            let fits = chip_id.is_none_or(|id| id <= 0xff);
            check(&at("chip_id"), fits, "0 to 0xff", chip_id.unwrap_or(0))?;
        }
        Ok(())
    }

    fn validate_contacts(&self) -> Result<(), ProfileError> {
        let count = self.contacts.len();
        check("contacts", count <= MAX_CONTACTS, format!("at most {MAX_CONTACTS}"), count)?;
        let mut names = HashSet::new();
        for (index, contact) in self.contacts.iter().enumerate() {
            let path = format!("contacts[{index}].name");
            check(&path, names.insert(&contact.name), "a name no other contact has", &contact.name)?;
        }
        let with_pin = self.contacts.iter().filter(|contact| contact.pin.is_some()).count();
        let all_or_none = with_pin == 0 || with_pin == count;
        check(
            "contacts",
            all_or_none,
            "a pin for each of them, or for none",
            format!("{with_pin} of {count}"),
        )
    }

    fn validate_outputs(&self) -> Result<(), ProfileError> {
        let count = self.outputs.len();
        check("outputs", count <= MAX_OUTPUTS, format!("at most {MAX_OUTPUTS}"), count)?;
        let mut names = HashSet::new();
        for (index, output) in self.outputs.iter().enumerate() {
            let at = |field: &str| format!("outputs[{index}].{field} ({})", output.name);
            check(&at("name"), names.insert(&output.name), "a name no other output has", &output.name)?;
            let kind = output.kind.name();
            let pin = output.pin.map_or("none".to_owned(), |pin| pin.to_string());
            let expected =
                if output.kind.has_pin() { "the BCM number of a pin" } else { "none: a sound has no pin" };
            check(&at("pin"), output.pin.is_some() == output.kind.has_pin(), expected, pin)?;
            check(&at("direction"), matches!(output.direction, 1 | -1), "1 or -1", output.direction)?;
            let is_pulse = output.kind == OutputKind::PulseServo;
            let plain = output.direction == 1 && output.pwm_channel.is_none();
            check(&at("direction, pwm_channel"), is_pulse || plain, "none but for a pulse_servo", kind)?;
        }
        Ok(())
    }

    fn validate_pins(&self) -> Result<(), ProfileError> {
        let contacts = self.contacts.iter().map(|contact| (&contact.name, contact.pin));
        let outputs = self.outputs.iter().map(|output| (&output.name, output.pin));
        let mut pins = HashSet::new();
        for (name, pin) in contacts.chain(outputs) {
            let Some(pin) = pin else { continue };
            check(&format!("pin ({name})"), pins.insert(pin), "a pin nothing else is on", pin)?;
        }
        Ok(())
    }

    fn validate_command_axes(&self) -> Result<(), ProfileError> {
        let count = self.command_axes.len();
        check("command_axes", count <= MAX_AXES, format!("at most {MAX_AXES}"), count)?;
        let mut names = HashSet::new();
        for (index, axis) in self.command_axes.iter().enumerate() {
            let at = |field: &str| format!("command_axes[{index}].{field} ({})", axis.name);
            check(&at("name"), !axis.name.is_empty(), "a name", "none")?;
            check(&at("name"), names.insert(&axis.name), "a name no other axis has", &axis.name)?;
            let known = ["m/s", "rad/s", "m", "rad", "N", "1"];
            check(&at("unit"), known.contains(&axis.unit.as_str()), known.join(", "), &axis.unit)?;
        }
        Ok(())
    }
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
