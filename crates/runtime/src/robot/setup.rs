//! From profile and policy to actuators and a controller that fit each other.

use crate::devices::{self, DeviceError};
use gaitway_control::{ControlError, Controller, Options, Policy};
use gaitway_feetech::audit::{Finding, judge, mixed_firmware};
use gaitway_feetech::bus::ServoBus;
use gaitway_feetech::settings::settings_of;
use gaitway_hal::actuators::Actuators;
use gaitway_model::RobotProfile;
use thiserror::Error;

/// A profile and a policy that make no robot.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The policy does not fit the robot.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Its devices.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl SetupError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            SetupError::Control(error) => error.hint(),
            SetupError::Device(error) => error.hint(),
        }
    }
}

/// Everything a loop is built from.
#[derive(Debug)]
pub struct Setup {
    /// The robot.
    pub profile: RobotProfile,
    /// Its actuators, on no port yet.
    pub actuators: Box<dyn Actuators>,
    /// The policy on this robot.
    pub controller: Controller,
}

impl Setup {
    /// Puts a policy on a robot.
    pub fn new(policy: &Policy, profile: &RobotProfile, options: &Options) -> Result<Setup, SetupError> {
        let controller = Controller::new(policy, profile, options)?;
        let actuators = devices::actuators(profile, controller.gains())?;
        Ok(Setup { profile: profile.clone(), actuators, controller })
    }
}

/// What an audit found on each servo, in the order of the joints; `None` where a servo did not answer.
pub fn findings(profile: &RobotProfile, bus: &ServoBus) -> Vec<Option<Vec<Finding>>> {
    let blocks: Vec<Option<&[u8]>> = (0..profile.joints.len()).map(|index| bus.audited(index)).collect();
    let firmware = mixed_firmware(&blocks);
    let joints = profile.joints.iter().enumerate().zip(bus.servos()).zip(blocks.into_iter().zip(firmware));
    joints
        .map(|(((index, joint), config), (block, firmware))| {
            // The driver was opened by this profile: its settings are sound.
            let settings = settings_of(profile, index).unwrap_or_default();
            let settings = judge(&settings, config, [joint.min_rad, joint.max_rad], block?);
            Some(firmware.into_iter().chain(settings).collect())
        })
        .collect()
}
