//! A tick as it stands in the file: `gaitway.Tick`, version 1 of the record.
//!
//! A field may be added with a new number; none may be taken away, and no number may come to mean something else:
//! recordings are for ever. What replay compares comes in the order in which it is computed.

use crate::message;
use crate::message::{DecodeError, decode, fields_of};
use std::ops::RangeInclusive;

/// Version of the record. It changes when old recordings need an upgrade before they can be replayed.
pub const VERSION: u32 = 1;

/// Name of the field in which the actuators' own message is.
pub(crate) const ACTUATORS: &str = "actuators";

/// Fields of a tick in which the first driver had what its servos said, before it had a message of its own; the fields
/// of that message have the same numbers.
const OF_THE_FIRST_DRIVER: RangeInclusive<u32> = 9..=14;

/// The tick in the bytes of a message, of this build or an older one.
pub fn read(bytes: &[u8]) -> Result<Tick, DecodeError> {
    let mut tick: Tick = decode(bytes)?;
    if tick.actuators.is_empty() {
        tick.actuators = fields_of(bytes, OF_THE_FIRST_DRIVER);
    }
    Ok(tick)
}

message! {
    /// One tick of a robot. Rows of joints are in the order of the profile.
    Tick as "Tick" {
        1 u64 tick: u64, "Number of the tick.";
        2 u64 deadline_ns: u64, "When it was due, ns of the loop's clock.";
        3 u64 woken_ns: u64, "When the loop was woken, ns.";
        4 u64 lateness_ns: u64, "How long after its deadline, ns.";
        5 u64 skipped: u64, "Ticks left out since the tick before.";
        6 u64 held: u64, "Ticks in which the last goals were repeated instead; 0 where this one ran.";
        7 u64 read_begun_ns: u64, "When the servos were asked, ns.";
        8 u64 read_ended_ns: u64, "When their answers were there, ns.";
        15 f32 bus_silent_s: f32, "Time since any servo answered, s.";
        16 message imu: Option<Imu>, "The newest sample of the IMU, sound or not.";
        17 message asked: Option<Asked>, "What operators wanted.";
        18 flag is_replaced: bool, "An observation took the place of the robot's own.";
        20 f32s joint_position_rad: Vec<f32>, "Angle of each joint, rad.";
        21 f32s joint_velocity_rps: Vec<f32>, "Its velocity, rad/s.";
        22 f32s joint_age_s: Vec<f32>, "Age of both, s; infinite where there are none.";
        23 f32 imu_age_s: f32, "Age of the sample that counts, s; infinite where there is none.";
        24 text fault: String, "The gravest fault there was.";
        25 text fault_reaction: String, "What was done about it.";
        26 u32 fault_joint: u32, "Which joint, from 1; 0 where it is none of joints.";
        27 f32 fault_value: f32, "What was measured, in the unit of the fault.";
        28 text state: String, "What the robot was doing.";
        29 text reason: String, "Why.";
        30 text obstacle: String, "Why a limp robot that should have got up did not.";
        31 f32s command: Vec<f32>, "The command, in the order and units of the profile's axes.";
        36 f32 phase_factor_offset: f32, "What it adds to the speed of the gait clock, one being the contract's.";
        32 text owner: String, "Who had control.";
        33 text cause: String, "Why the command is what it is.";
        34 flag slowed: bool, "The velocity was reduced because of a fault.";
        35 message policy: Option<Policy>, "The policy's part, where it took part.";
        40 flag cut: bool, "Every servo was told to be limp.";
        41 u32s told_settings: Vec<u32>, "1 for each servo that was told its settings.";
        42 u32s told_torque: Vec<u32>, "1 for each that was switched on.";
        43 u32s told_goal: Vec<u32>, "1 for each that was told its goal.";
        44 f32s torque_limit: Vec<f32>, "Share of its torque each was allowed.";
        45 u32 asked_servo: u32, "Whose settings were to be read, from 1; 0 for the next in turn.";
        46 f32s goal_rad: Vec<f32>, "Goal of each joint after the last filter, rad.";
        47 u32s goal_limits: Vec<u32>, "What that filter changed: 1 position, 2 velocity, 4 no number, 8 fallen.";
        50 u64 read_ns: u64, "How long the common read took, ns.";
        51 u64 compute_ns: u64, "From its end to the goals, ns.";
        52 u64 write_ns: u64, "Handing the goals to the port, ns.";
        53 u64 tick_ns: u64, "The whole tick, ns.";
        54 u64 dropped: u64, "Ticks that found no room in the ring since the start.";
        61 bytes actuators: Vec<u8>, "What the actuators said, as their driver wrote it down.";
        60 message truth: Option<Truth>, "How the trunk truly was, where a simulator knows.";
    }
}

message! {
    /// The trunk as no robot can sense it.
    Truth as "Truth" {
        1 f32s position_m: Vec<f32>, "Of its origin in the world, m.";
        2 f32s velocity_mps: Vec<f32>, "Of its origin, in the trunk frame, m/s.";
        3 f32 yaw_rate_rps: f32, "Turning rate about its own z axis, rad/s.";
        4 f32 yaw_rad: f32, "Heading, rad.";
        5 f32 tilt_rad: f32, "Tilt, rad.";
    }
}

message! {
    /// A sample of the IMU in its own frame: x forward, y left, z up.
    Imu as "Imu" {
        1 u64 sampled_ns: u64, "When it was taken, ns.";
        2 f32s gyro_rps: Vec<f32>, "Angular velocity, rad/s.";
        3 f32s accel_mps2: Vec<f32>, "Specific force, m/s².";
        4 f32s foot_contact: Vec<f32>, "Contacts in the order of the profile: 1 on the ground.";
    }
}

message! {
    /// What operators wanted.
    Asked as "Asked" {
        1 text wish: String, "limp, stand or walk.";
        2 flag at_once: bool, "Limp now, whatever the pose.";
        3 flag again: bool, "It was said since the last tick.";
        4 flag emergency_stop: bool, "The emergency stop was set.";
        5 flag clear_faults: bool, "What needed a hand was said to be put right.";
        6 messages offers: Vec<Offer>, "Commands on leases.";
        7 u32 policy: u32, "The policy of the set that was asked for, from 1; 0 for none.";
    }
}

message! {
    /// A command, good until its lease ends.
    Offer as "Offer" {
        1 text source: String, "Who.";
        2 u64 expires_ns: u64, "Until when, ns.";
        3 f32s command: Vec<f32>, "What, in the order and units of the profile's axes.";
        4 f32 phase_factor_offset: f32, "Added to the speed of the gait clock, one being the contract's.";
    }
}

message! {
    /// The controller's part of a tick.
    Policy as "Policy" {
        1 u64 tick: u64, "Number of the controller's tick.";
        2 f32s up: Vec<f32>, "Up direction in the trunk frame.";
        3 f32 tilt_rad: f32, "Tilt of the trunk, rad.";
        4 flag fallen: bool, "The fall verdict.";
        5 flag ran: bool, "The network was asked in this tick.";
        20 flag stood: bool, "It was the standing policy's.";
        21 u32 policy: u32, "Which policy of the set ran, from 0.";
        6 f32s command: Vec<f32>, "The command the policy saw.";
        7 u32s command_limits: Vec<u32>, "What the envelope changed, a bit an axis: no number, no such axis, range, rate.";
        8 f64 phase_step: f64, "Step of the gait clock.";
        9 f32s observation: Vec<f32>, "The observation.";
        10 f32s action: Vec<f32>, "The network's output.";
        11 text refusal: String, "Why it was not used.";
        12 flag action_clipped: bool, "The contract's bounds changed it.";
        13 f32s target_rad: Vec<f32>, "Target of each joint before the filter, rad.";
        14 f32s goal_rad: Vec<f32>, "Its goal after the filter, rad.";
        15 u32s joint_limits: Vec<u32>, "What the filter changed: 1 position, 2 velocity, 4 no number, 8 fallen.";
        16 f32s fed_back_rad: Vec<f32>, "What the contract feeds back, rad, in the order of its joints.";
        17 u64s counters: Vec<u64>, "Sums: refusals, ticks limited, by position, velocity, action, command; falls.";
        18 f32 imu_age_s: f32, "Age of the IMU's sample, s.";
        19 f32 oldest_joint_age_s: f32, "Age of the oldest joint sample, s.";
    }
}

message! {
    /// The control stack before a tick: where a replay can begin.
    Keyframe as "Keyframe" {
        1 u64 tick: u64, "Number of that tick.";
        2 bytes brain: Vec<u8>, "Its state.";
    }
}
