//! The gains of a contract: one pair of two.

use super::checks::{Checked, check, per_element};
use crate::contract::Contract;

/// Largest stiffness or damping that means anything, N·m/rad and N·m·s/rad.
const MAX_SI: f64 = 1e5;

pub(super) fn gains(contract: &Contract) -> Checked {
    let gains = &contract.gains;
    let joints = contract.action_len();
    let pairs = [
        ("gains.kp", &gains.kp, "gains.kd", &gains.kd, 255.0),
        (
            "gains.stiffness_nm_per_rad",
            &gains.stiffness_nm_per_rad,
            "gains.damping_nms_per_rad",
            &gains.damping_nms_per_rad,
            MAX_SI,
        ),
    ];
    let mut given = 0;
    for (first, stiff, second, damped, most) in pairs {
        match (stiff, damped) {
            (Some(stiff), Some(damped)) => {
                per_element(first, stiff, joints, 0.0..=most)?;
                per_element(second, damped, joints, 0.0..=most)?;
                given += 1;
            }
            (None, None) => {}
            (Some(_), None) => check(second, false, format!("a number beside {first}"), "none")?,
            (None, Some(_)) => check(first, false, format!("a number beside {second}"), "none")?,
        }
    }
    check("gains", given > 0, "kp and kd, or stiffness_nm_per_rad and damping_nms_per_rad", "none")
}
