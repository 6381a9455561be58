//! How long a tick takes, measured where clocks may be read.

use gaitway_control::{ControlError, Controller, Policy};
use gaitway_model::{Command, Sensors};
use gaitway_platform::allocations;
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::histogram::Histogram;

/// Times of many ticks.
#[derive(Debug, Clone, Default)]
pub struct TickTimes {
    /// A whole tick: sensors to record.
    pub tick: Histogram,
    /// The network alone, on the observations of the same ticks.
    pub inference: Histogram,
    /// Allocations in all the ticks; counted where the program uses the counting allocator.
    pub allocations: u64,
}

/// Runs `ticks` ticks on sensor samples that wander, and times each; the first tenth only warms up.
pub fn tick_times(
    policy: &Policy,
    controller: &mut Controller,
    ticks: u64,
) -> Result<TickTimes, ControlError> {
    let clock = MonotonicClock::default();
    let plan = policy.plan().ok_or(ControlError::ExternalEngine)?;
    let mut workspace = plan.workspace();
    let mut action = vec![0.0; plan.output_len()];
    let mut sensors = Sensors::still(controller.joints(), controller.contacts());
    let command = Command::velocity(0.1, 0.0, 0.2);
    let mut times = TickTimes::default();
    for tick in 0..ticks + ticks / 10 {
        wander(&mut sensors, tick);
        let before = allocations::count();
        let start_ns = clock.now_ns();
        controller.step(&sensors, &command)?;
        let stepped_ns = clock.now_ns();
        // Same lengths as in the step: this cannot fail where that did not.
        let _ = plan.run(&mut workspace, &controller.record().observation, &mut action);
        let inferred_ns = clock.now_ns();
        if tick >= ticks / 10 {
            times.allocations += allocations::count() - before;
            times.tick.add(stepped_ns - start_ns);
            times.inference.add(inferred_ns - stepped_ns);
        }
    }
    Ok(times)
}

/// Small movements about standing, different in every tick and the same in every run.
fn wander(sensors: &mut Sensors, tick: u64) {
    let wave = |period: u64| (tick % period) as f32 / period as f32 - 0.5;
    sensors.gyro_rps = [wave(31), wave(37), wave(41)];
    sensors.accel_mps2 = [wave(43), wave(47), 9.81 + wave(53)];
    for (joint, position) in sensors.joint_position_rad.iter_mut().enumerate() {
        *position = 0.2 * wave(59 + joint as u64);
    }
    for (joint, velocity) in sensors.joint_velocity_rps.iter_mut().enumerate() {
        *velocity = 2.0 * wave(61 + joint as u64);
    }
    sensors.contact.copy_from_slice(&[(tick / 13 % 2) as f32, (tick / 14 % 2) as f32]);
}
