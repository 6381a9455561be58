//! What the table remembers, as bytes.

use super::PlausibilityCheck;
use crate::error::ControlError;
use crate::state_bytes::{Reader, Writer};

impl PlausibilityCheck {
    pub(crate) fn save(&self, out: &mut Writer) {
        for (known, hz) in self.known.iter().zip(&self.servo_hz) {
            out.f32s(&known.motion);
            out.f32(known.age_s);
            out.u64(known.at_ns);
            out.f32s(&known.judged);
            out.u64(u64::from(known.refused));
            out.flag(known.outside_rad.is_some());
            out.f32(known.outside_rad.unwrap_or_default());
            out.u64(known.slow_ns);
            out.f32(*hz);
        }
        out.u64(self.imu_refused_ns);
        out.f32(self.imu_hz);
    }

    pub(crate) fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        for (known, hz) in self.known.iter_mut().zip(&mut self.servo_hz) {
            input.f32s(&mut known.motion)?;
            known.age_s = input.f32()?;
            known.at_ns = input.u64()?;
            input.f32s(&mut known.judged)?;
            known.refused = input.u32()?;
            let (is_outside, outside_rad) = (input.flag()?, input.f32()?);
            known.outside_rad = is_outside.then_some(outside_rad);
            known.slow_ns = input.u64()?;
            *hz = input.f32()?;
        }
        self.imu_refused_ns = input.u64()?;
        self.imu_hz = input.f32()?;
        Ok(())
    }
}
