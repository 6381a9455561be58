//! A tick's status as messages. What is not known is null.

use crate::robot::status::{JointStatus, Status};
use gaitway_control::JointLimits;
use gaitway_protocol as protocol;
use gaitway_protocol::{FaultStatus, Hello, Implausible, JointLimit, Trim, WaitsFor};

/// What of the status the loop does not know.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    /// Whether the emergency stop is set.
    pub stopped: bool,
    /// Who holds the strongest lease.
    pub lease_holder: Option<String>,
    /// What is added to commands.
    pub trim: Trim,
}

/// The topic `status`.
pub(super) fn status(hello: &Hello, status: &Status, beside: Beside, now_ns: u64) -> protocol::Status {
    let axes = hello.axes.iter().map(|axis| axis.name.clone());
    let fault = status.fault.map(|(kind, joint)| FaultStatus {
        kind: kind.name().to_owned(),
        joint: joint.and_then(|joint| hello.joints.get(joint)).cloned(),
        hint: kind.hint().to_owned(),
    });
    // Before its first sample its age is endless.
    let has_imu = status.imu_age_s.is_finite();
    protocol::Status {
        tick: status.tick,
        clock_ns: now_ns,
        state: status.state.name().to_owned(),
        stopped: beside.stopped,
        fault,
        waits_for: status.obstacle.map(|obstacle| WaitsFor {
            why: obstacle.to_string(),
            joint: obstacle.joint().and_then(|joint| hello.joints.get(joint)).cloned(),
            hint: obstacle.hint().to_owned(),
        }),
        owner: status.owner.map(|owner| owner.name().to_owned()),
        lease_holder: beside.lease_holder,
        cause: status.cause.name().to_owned(),
        command: axes.zip(status.command.into_iter().map(known)).collect(),
        trim: beside.trim,
        projected_gravity: vector(status.up).map(|up| up.map(|component| -component)),
        angular_velocity_rps: has_imu.then(|| vector(status.gyro_rps)).flatten(),
        contacts: contacts(hello, status),
        imu_age_s: known(status.imu_age_s),
        lateness_ns: status.lateness_ns,
        tick_ns: status.tick_ns,
        compute_ns: status.compute_ns,
        skipped: status.skipped,
        implausible: Implausible { imu: status.imu_refused, servo: status.servo_refused },
    }
}

/// One joint of the topic `joints`.
pub(super) fn joint(joint: &JointStatus) -> protocol::JointStatus {
    protocol::JointStatus {
        target_rad: known(joint.target_rad),
        goal_rad: known(joint.goal_rad),
        limits: limits(joint.limits),
        position_rad: known(joint.position_rad),
        age_s: known(joint.age_s),
        voltage_v: known(joint.voltage_v),
        temperature_c: known(joint.temperature_c),
        current_a: known(joint.current_a),
    }
}

fn contacts(hello: &Hello, status: &Status) -> Vec<Option<bool>> {
    let is_known = status.imu_age_s.is_finite();
    status.contacts.iter().take(hello.contacts.len()).map(|contact| is_known.then_some(*contact)).collect()
}

fn limits(bits: u8) -> Vec<JointLimit> {
    let names = [
        (JointLimits::POSITION, JointLimit::Range),
        (JointLimits::VELOCITY, JointLimit::Velocity),
        (JointLimits::NON_FINITE, JointLimit::NonFinite),
        (JointLimits::FALLEN, JointLimit::Fallen),
    ];
    names.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| name).collect()
}

fn vector(values: [f32; 3]) -> Option<[f32; 3]> {
    values.iter().all(|value| value.is_finite()).then_some(values)
}

fn known(value: f32) -> Option<f32> {
    value.is_finite().then_some(value)
}
