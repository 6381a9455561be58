//! From profile and policy to a bus, gains and a controller that fit each other.

use gaitway_control::{ControlError, Controller, Options, Policy};
use gaitway_feetech::audit::{Finding, judge, mixed_firmware};
use gaitway_feetech::bus::ServoBus;
use gaitway_feetech::error::BusError;
use gaitway_feetech::wire::Link;
use gaitway_model::RobotProfile;
use gaitway_record::about::gains;
pub use gaitway_record::about::servos;
use thiserror::Error;

/// A profile and a policy that make no robot.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The policy does not fit the robot.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The servos do not fit a bus.
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl SetupError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            SetupError::Control(error) => error.hint(),
            SetupError::Bus(error) => error.hint().to_owned(),
        }
    }
}

/// Everything a loop is built from.
#[derive(Debug)]
pub struct Setup {
    /// The robot.
    pub profile: RobotProfile,
    /// Its servos, on no port yet.
    pub bus: ServoBus,
    /// The policy on this robot.
    pub controller: Controller,
    /// P, I and D of each servo, register units.
    pub gains: Vec<[u8; 3]>,
}

impl Setup {
    /// Puts a policy on a robot.
    pub fn new(policy: &Policy, profile: &RobotProfile, options: &Options) -> Result<Setup, SetupError> {
        let controller = Controller::new(policy, profile, options)?;
        let bus = ServoBus::new(&servos(profile), link(profile))?;
        let gains = gains(&controller);
        Ok(Setup { profile: profile.clone(), bus, controller, gains })
    }
}

/// The link of a profile.
pub fn link(profile: &RobotProfile) -> Link {
    let ns = |us: f64| (us * 1000.0) as u64;
    let bus = &profile.servo_bus;
    Link { baud: bus.baud, turnaround_ns: ns(bus.turnaround_us), latency_ns: ns(bus.latency_us) }
}

/// What an audit found on each servo, in the order of the joints; `None` where a servo did not answer.
pub fn findings(profile: &RobotProfile, bus: &ServoBus) -> Vec<Option<Vec<Finding>>> {
    let blocks: Vec<Option<&[u8]>> = (0..profile.joints.len()).map(|index| bus.audited(index)).collect();
    let firmware = mixed_firmware(&blocks);
    let joints = profile.joints.iter().zip(bus.servos()).zip(blocks.into_iter().zip(firmware));
    joints
        .map(|((joint, config), (block, firmware))| {
            let settings = judge(config, [joint.min_rad, joint.max_rad], block?);
            Some(firmware.into_iter().chain(settings).collect())
        })
        .collect()
}
