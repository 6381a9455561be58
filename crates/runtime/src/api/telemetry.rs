//! A tick's status as messages. What is not known is null.

use crate::robot::status::{JointStatus, Status};
use gaitway_protocol as protocol;
use gaitway_protocol::{FaultStatus, Hello, Implausible};

/// The topic `status`.
pub(super) fn status(hello: &Hello, status: &Status, stopped: bool, now_ns: u64) -> protocol::Status {
    let axes = hello.axes.iter().map(|axis| axis.name.clone());
    let fault = status.fault.map(|(kind, joint)| FaultStatus {
        kind: kind.name().to_owned(),
        joint: joint.and_then(|joint| hello.joints.get(joint)).cloned(),
        hint: kind.hint().to_owned(),
    });
    protocol::Status {
        tick: status.tick,
        clock_ns: now_ns,
        state: status.state.name().to_owned(),
        stopped,
        fault,
        owner: status.owner.map(|owner| owner.name().to_owned()),
        cause: status.cause.name().to_owned(),
        command: axes.zip(status.command.into_iter().map(known)).collect(),
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
        goal_rad: known(joint.goal_rad),
        position_rad: known(joint.position_rad),
        age_s: known(joint.age_s),
        voltage_v: known(joint.voltage_v),
        temperature_c: known(joint.temperature_c),
        current_a: known(joint.current_a),
    }
}

fn known(value: f32) -> Option<f32> {
    value.is_finite().then_some(value)
}
