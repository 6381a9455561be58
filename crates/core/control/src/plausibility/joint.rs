//! What counts of one joint.

use super::{PlausibilityCheck, Refused};
use crate::readings::{JointReading, ServoReading};
use gaitway_model::profile::WireValue;

/// A reading outside is told again once it has moved so far, rad.
const MOVED_RAD: f32 = 0.05;

impl PlausibilityCheck {
    pub(super) fn judge_motion(&mut self, now_ns: u64, index: usize, heard: &JointReading) -> JointReading {
        let motion = [heard.position_rad, heard.velocity_rps];
        if heard.is_fresh || motion != self.known[index].judged {
            self.take_motion(now_ns, index, heard, motion);
        }
        let known = &self.known[index];
        if known.refused == 0 {
            return *heard;
        }
        let [position_rad, velocity_rps] = known.motion;
        JointReading {
            position_rad,
            velocity_rps,
            age_s: known.age_s(now_ns),
            is_fresh: false,
            silent_ticks: heard.silent_ticks.max(known.refused),
            is_refused: true,
            ..*heard
        }
    }

    fn take_motion(&mut self, now_ns: u64, index: usize, heard: &JointReading, motion: [f32; 2]) {
        let refused =
            if heard.age_s.is_finite() { self.implausible_motion(now_ns, index, heard) } else { None };
        let known = &mut self.known[index];
        known.judged = motion;
        let Some(refused) = refused else {
            (known.motion, known.age_s, known.at_ns) = (motion, heard.age_s, now_ns);
            (known.refused, known.outside_rad) = (0, None);
            return;
        };
        known.refused = known.refused.saturating_add(1);
        let has_moved = |told: f32| (refused.found - told).abs() > MOVED_RAD;
        if refused.value == WireValue::JointPosition && known.outside_rad.is_none_or(has_moved) {
            known.outside_rad = Some(refused.found);
        }
        self.count(refused, index);
    }

    fn implausible_motion(&self, now_ns: u64, index: usize, heard: &JointReading) -> Option<Refused> {
        let (known, [min_rad, max_rad]) = (&self.known[index], self.ranges_rad[index]);
        let refuse = |value: WireValue, found: f32| Some(Refused { value, joint: Some(index), found });
        let limit = self.limits.get(WireValue::JointPosition);
        let outside_rad = heard.position_rad - heard.position_rad.clamp(min_rad, max_rad);
        let in_s = known.age_s(now_ns) - heard.age_s;
        if !limit.has(outside_rad) || !limit.lets_change(known.motion[0], heard.position_rad, in_s) {
            return refuse(WireValue::JointPosition, heard.position_rad);
        }
        if !self.limits.get(WireValue::JointVelocity).has(heard.velocity_rps) {
            return refuse(WireValue::JointVelocity, heard.velocity_rps);
        }
        None
    }

    /// A measurement that cannot be is no number from here on.
    pub(super) fn judge_slow(
        &mut self,
        index: usize,
        heard: ServoReading,
        supply_is_known: bool,
    ) -> ServoReading {
        let mut refused = None;
        let mut judge = |value: WireValue, found: f32| {
            if self.limits.get(value).has(found) {
                return found;
            }
            refused = Some(Refused { value, joint: Some(index), found });
            f32::NAN
        };
        let temperature_c = judge(WireValue::ServoTemperature, heard.temperature_c);
        let current_a = judge(WireValue::ServoCurrent, heard.current_a);
        let voltage_v =
            if supply_is_known { judge(WireValue::SupplyVoltage, heard.voltage_v) } else { heard.voltage_v };
        let is_new = heard.at_ns > self.known[index].slow_ns;
        self.known[index].slow_ns = heard.at_ns;
        if let Some(refused) = refused.filter(|_| is_new) {
            self.count(refused, index);
        }
        ServoReading { voltage_v, temperature_c, current_a, ..heard }
    }

    /// All servos are on one supply: where most measure the impossible, it is the supply and not one servo.
    pub(super) fn most_supplies_are_plausible(&self, heard: &[JointReading]) -> bool {
        let limit = self.limits.get(WireValue::SupplyVoltage);
        let (mut known, mut plausible) = (0, 0);
        for servo in heard.iter().filter_map(|joint| joint.servo) {
            known += 1;
            plausible += usize::from(limit.has(servo.voltage_v));
        }
        2 * plausible > known
    }
}
