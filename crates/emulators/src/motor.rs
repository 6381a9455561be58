//! The motor inside a servo: what its joint does, and the current, load and heat that follow from it.

/// No bridge of this size carries more, A: keeps the heat of a joint that went astray finite.
const MAX_CURRENT_A: f64 = 10.0;

/// What the host of the physics says about one joint.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct JointState {
    /// Angle of the output shaft, rad; 0 is the encoder's step 2048.
    pub position_rad: f64,
    /// Speed of the output shaft, rad/s.
    pub velocity_rps: f64,
    /// The actuator's force in the model, N·m: what the bridge's voltage would give at standstill. The back-EMF is
    /// taken off here, as the model's damping contains it (facts 1.3).
    pub drive_nm: f64,
}

/// One motor with its gears and its case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MotorModel {
    /// Torque of the output shaft per ampere, N·m/A. Default 1.2116 (BAM, facts 1.3).
    pub torque_constant_nm_per_a: f64,
    /// Resistance of the winding, Ω. Default 2.6762 (BAM, facts 1.3).
    pub resistance_ohm: f64,
    /// Room temperature, °C. Default 25.
    pub ambient_c: f64,
    /// Warming per watt of heat, K/W. Default 8, assumed: a stall at 7.4 V (20 W) reaches 70 °C in about 100 s.
    pub heating_k_per_w: f64,
    /// Time constant of warming and cooling, s. Default 300, assumed.
    pub thermal_time_s: f64,
}

impl Default for MotorModel {
    fn default() -> MotorModel {
        MotorModel {
            torque_constant_nm_per_a: 1.2116,
            resistance_ohm: 2.6762,
            ambient_c: 25.0,
            heating_k_per_w: 8.0,
            thermal_time_s: 300.0,
        }
    }
}

impl MotorModel {
    /// Share of the supply that the bridge gives the motor, −1 to 1.
    pub(crate) fn duty(&self, joint: &JointState, supply_v: f64) -> f64 {
        let volts = joint.drive_nm * self.resistance_ohm / self.torque_constant_nm_per_a;
        if supply_v > 0.0 { finite(volts / supply_v).clamp(-1.0, 1.0) } else { 0.0 }
    }

    /// Current in the winding, A; never negative. A motor without drive carries none: the bridge is open.
    pub(crate) fn current_a(&self, joint: &JointState) -> f64 {
        if joint.drive_nm == 0.0 {
            return 0.0;
        }
        let back_emf_v = self.torque_constant_nm_per_a * joint.velocity_rps;
        let current_a = joint.drive_nm / self.torque_constant_nm_per_a - back_emf_v / self.resistance_ohm;
        finite(current_a).abs().min(MAX_CURRENT_A)
    }

    /// The temperature `dt_s` later. The step is implicit, hence stable however long it is.
    pub(crate) fn warm_c(&self, temperature_c: f64, current_a: f64, dt_s: f64) -> f64 {
        let heat_w = current_a * current_a * self.resistance_ohm;
        let ratio = dt_s / self.thermal_time_s;
        (temperature_c + ratio * (self.ambient_c + self.heating_k_per_w * heat_w)) / (1.0 + ratio)
    }
}

/// Physics that went astray must not reach the registers as NaN.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}
