//! From what was heard of a servo to what is known of its joint: on the robot and in a replay alike.

use gaitway_control::readings::{JointReading, ServoReading};
use gaitway_feetech::faults::ServoFaults;
use gaitway_feetech::servo::ServoState;

/// When the servos were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadTimes {
    /// The first byte of the request was sent after this, ns.
    pub begun_ns: u64,
    /// The answers were there, ns.
    pub ended_ns: u64,
}

/// What is known of a joint whose servo was given `gains` (P, D, I, register units).
pub fn joint_reading(state: &ServoState, gains: [u8; 3], read: ReadTimes) -> JointReading {
    JointReading {
        position_rad: state.position_rad,
        velocity_rps: state.velocity_rps,
        age_s: state.age_s(read.ended_ns),
        is_fresh: state.sampled_ns.is_some_and(|sampled_ns| sampled_ns >= read.begun_ns),
        silent_ticks: state.health.misses_in_a_row,
        is_refused: false,
        overload: state.faults.contains(ServoFaults::OVERLOAD | ServoFaults::CURRENT),
        servo: state.slow.map(|slow| ServoReading {
            at_ns: slow.sampled_ns,
            voltage_v: slow.voltage_v,
            temperature_c: slow.temperature_c,
            current_a: slow.current_a,
            torque_on: slow.torque_on,
            settings_kept: slow.locked && slow.gains == gains,
        }),
    }
}
