//! The profile's start and stop, in ticks of the loop.

use gaitway_model::RobotProfile;

/// Fastest head of a robot that stands and looks around, rad/s: quick, and nothing is thrown off its feet.
const LOOK_RPS: f64 = 3.0;

/// What does not change, in ticks of the loop.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub default_rad: Vec<f32>,
    pub sit_rad: Vec<f32>,
    pub start_torque: f32,
    pub torque_step: f32,
    pub rejoin_step: f32,
    pub speed_step_rad: f32,
    pub look_step_rad: f32,
    pub settle_ticks: u64,
    pub loop_hz: f32,
    /// There is a fault for which the policy steps to a stand.
    pub steps: bool,
    pub ease_ticks: u64,
    pub soften_ticks: f32,
    pub hold_ticks: u64,
    pub sit_ticks: u32,
}

impl Plan {
    pub fn new(profile: &RobotProfile, loop_hz: u32) -> Plan {
        let hz = f64::from(loop_hz);
        let (start, stop) = (&profile.start, &profile.stop);
        let ticks = |seconds: f64| (seconds * hz).round().max(1.0);
        Plan {
            default_rad: profile.default_pose_rad(),
            sit_rad: profile.sit_pose_rad(),
            start_torque: start.torque as f32,
            torque_step: (1.0 / ticks(start.torque_ramp_s)) as f32,
            rejoin_step: (1.0 / ticks(start.rejoin_s)) as f32,
            speed_step_rad: (start.speed_rps / hz) as f32,
            look_step_rad: (LOOK_RPS / hz) as f32,
            loop_hz: hz as f32,
            steps: profile.faults.iter().any(|rule| rule.step_s.is_some()),
            settle_ticks: ticks(start.settle_s) as u64,
            ease_ticks: ticks(stop.ease_s) as u64,
            soften_ticks: ticks(stop.soften_s) as f32,
            hold_ticks: ticks(stop.hold_s) as u64,
            sit_ticks: ticks(stop.sit_s) as u32,
        }
    }
}
