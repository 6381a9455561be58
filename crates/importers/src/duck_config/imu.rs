//! What the file says of the IMU: how askew it sits, and which chip it is.

use super::Reading;
use super::fields::is_comment;
use gaitway_model::profile::ImuTrim;
use serde_json::Value;
use std::f64::consts::FRAC_PI_4;

impl Reading {
    /// Pitch, then roll, that turn what the chip measures level, rad: `Rx(roll) · Ry(pitch)`, as the branch that
    /// writes this key applies it.
    pub(super) fn imu_trim(&mut self, value: &Value) {
        let Some(angles) = self.fields.object("imu_trim", value) else { return };
        let mut trim = ImuTrim::default();
        for (key, value) in angles.iter().filter(|(key, _)| !is_comment(key)) {
            let path = format!("imu_trim.{key}");
            match key.as_str() {
                "pitch" => trim.pitch_rad = self.fields.number(&path, value, [-FRAC_PI_4, FRAC_PI_4]),
                "roll" => trim.roll_rad = self.fields.number(&path, value, [-FRAC_PI_4, FRAC_PI_4]),
                _ => self.fields.wrong(&path, "pitch or roll in rad", value),
            }
        }
        if trim != ImuTrim::default() {
            self.profile.options.imu_trim = Some(trim);
            let ImuTrim { pitch_rad, roll_rad } = trim;
            self.report.applied.push(format!("imu_trim: pitch {pitch_rad} rad, roll {roll_rad} rad"));
        }
    }

    pub(super) fn imu_address(&mut self, value: &Value) {
        let expected = "an I2C address, \"0x28\" or \"0x29\"";
        if let Some(address) = self.fields.byte("imu_address", value, expected, |byte| byte < 0x80) {
            if let Some(imu) = self.profile.imus.first_mut() {
                imu.i2c_address = u32::from(address);
            }
            self.report.applied.push(format!("imu_address: 0x{address:02x}"));
        }
    }

    pub(super) fn imu_chip_id(&mut self, value: &Value) {
        let expected = "what the chip's id register says, \"0xa0\" for a BNO055";
        if let Some(id) = self.fields.byte("imu_chip_id", value, expected, |_| true) {
            if let Some(imu) = self.profile.imus.first_mut() {
                imu.chip_id = Some(u32::from(id));
            }
            self.report.applied.push(format!("imu_chip_id: 0x{id:02x}"));
        }
    }
}
