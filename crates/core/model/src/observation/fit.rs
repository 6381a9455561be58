//! Does a contract fit a robot? Where its joints, contacts and axes are there.

use crate::axis::Axis;
use crate::contract::{ActionJoint, ActionKind, CommandAxis, Contract};
use crate::error::ContractError;
use crate::profile::RobotProfile;
use crate::term::{Frame, Source, Term};

/// Largest difference between a default pose of contract and robot that is only a rounding, rad.
const POSE_TOLERANCE_RAD: f64 = 1e-6;

/// Refuses a contract of another robot.
pub fn same_robot(contract: &Contract, profile: &RobotProfile) -> Result<(), ContractError> {
    if contract.robot.profile != profile.name {
        return Err(misfit(profile, "robot.profile", &contract.robot.profile, &profile.name));
    }
    Ok(())
}

/// For each joint its index on the robot; every joint must exist and have the same default pose. `what` are the joints.
pub fn joints(
    what: &str,
    of_contract: &[ActionJoint],
    profile: &RobotProfile,
) -> Result<Vec<usize>, ContractError> {
    let mut joints = Vec::with_capacity(of_contract.len());
    for joint in of_contract {
        let term = format!("{what} joint {}", joint.name);
        let Some(index) = profile.joint_index(&joint.name) else {
            return Err(misfit(profile, &term, "a joint of the robot", "none of that name"));
        };
        let robot_default_rad = profile.default_rad(index);
        if (robot_default_rad - joint.default_rad).abs() > POSE_TOLERANCE_RAD {
            let expected = format!("default pose {} rad", joint.default_rad);
            return Err(misfit(profile, &term, &expected, &format!("{robot_default_rad} rad")));
        }
        joints.push(index);
    }
    Ok(joints)
}

/// For each contact of the observation its index on the robot.
pub fn contacts(contract: &Contract, profile: &RobotProfile) -> Result<Vec<usize>, ContractError> {
    let is_observed = contract.observation.iter().any(|term| term.source == Source::FootContact);
    let robot = profile.contacts.len();
    match &contract.contacts {
        Some(names) => {
            let index = |name: &String| {
                let missing = || {
                    misfit(profile, &format!("contact {name}"), "a contact of the robot", "none of that name")
                };
                profile.contact_index(name).ok_or_else(missing)
            };
            names.iter().map(index).collect()
        }
        None if !is_observed => Ok(Vec::new()),
        None if robot == contract.contacts_len() => Ok((0..robot).collect()),
        None => Err(misfit(profile, "contacts", "two, left and right, or their names", &robot.to_string())),
    }
}

/// For each axis of the contract its place on the robot; every axis must exist there, in the same unit.
pub fn axes(contract: &Contract, profile: &RobotProfile) -> Result<Vec<Axis>, ContractError> {
    let place = |entry: &CommandAxis| {
        let term = format!("command axis {}", entry.axis);
        let Some(axis) = profile.axis(&entry.axis) else {
            return Err(misfit(profile, &term, "an axis of the robot", "none of that name"));
        };
        let unit = &profile.command_axes[axis.index()].unit;
        if *unit != entry.unit {
            return Err(misfit(profile, &term, &format!("unit {}", entry.unit), unit));
        }
        Ok(axis)
    };
    contract.command.iter().map(place).collect()
}

/// Refuses actions that no actuator here takes.
pub fn actions(contract: &Contract, profile: &RobotProfile) -> Result<(), ContractError> {
    let kind = |joint: &ActionJoint| joint.kind.unwrap_or(contract.action.kind);
    let other = contract.action.joints.iter().find(|joint| kind(joint) != ActionKind::JointPosition);
    other.map_or(Ok(()), |joint| {
        let found = match kind(joint) {
            ActionKind::JointTorque => "a torque",
            _ => "a velocity",
        };
        let expected = "a position: the robot's actuators take nothing else";
        Err(misfit(profile, &format!("action joint {}", joint.name), expected, found))
    })
}

/// Refuses terms of which the robot can know nothing.
pub fn term(term: &Term, profile: &RobotProfile) -> Result<(), ContractError> {
    let name = format!("observation term {}", term.name);
    if let Some(reason) = term.source.unknowable() {
        return Err(misfit(profile, &name, "a source that the robot has", reason));
    }
    if term.frame == Some(Frame::World) {
        let (expected, found) = ("frame world", "an IMU fixed to the trunk: frame trunk");
        return Err(misfit(profile, &name, expected, found));
    }
    if (term.source.has_frame() || term.source == Source::Euler) && profile.imu().is_none() {
        return Err(misfit(profile, &name, "an IMU", "none"));
    }
    Ok(())
}

fn misfit(profile: &RobotProfile, term: &str, expected: &str, found: &str) -> ContractError {
    ContractError::Misfit {
        robot: profile.name.clone(),
        term: term.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}
