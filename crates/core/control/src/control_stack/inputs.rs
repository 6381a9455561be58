//! What goes into a tick.

use crate::arbiter::{Offer, Source};
use crate::imu::ImuSample;
use crate::readings::JointReading;
use crate::supervisor::RequestedMode;

/// Everything a robot knows of a tick.
#[derive(Debug, Clone, Copy)]
pub struct TickInputs<'a> {
    /// When the joints had been read, ns of the loop's clock.
    pub now_ns: u64,
    /// The loop was late: the last goals are repeated, and the policy is not asked.
    pub hold: bool,
    /// Ticks that were left out since the tick before.
    pub left_out: u64,
    /// The joints, in the order of the robot.
    pub joints: &'a [JointReading],
    /// Time since any servo answered, s.
    pub bus_silent_s: f32,
    /// The newest sample of the IMU, sound or not.
    pub imu: Option<ImuSample>,
    /// What operators want.
    pub asked: Asked,
}

/// What operators, scripts and networks want of the robot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// What the operator wants.
    pub wish: RequestedMode,
    /// To be limp now, whatever the pose.
    pub at_once: bool,
    /// The wish was said since the last tick, another one or the same once more.
    pub again: bool,
    /// Somebody set the emergency stop.
    pub emergency_stop: bool,
    /// Somebody says that what needed a hand is put right.
    pub clear_faults: bool,
    /// The policy of the set that somebody asks for, by its place there.
    pub policy: Option<u8>,
    /// Commands on leases, in the order of [`Source::ALL`].
    pub offers: [Option<Offer>; Source::ALL.len()],
}

impl Asked {
    /// Becomes another one. Of sources that offer nothing, which are most, nothing is written.
    pub fn copy_from(&mut self, other: &Asked) {
        let Asked { wish, at_once, again, emergency_stop, clear_faults, policy, offers } = other;
        (self.wish, self.at_once, self.again) = (*wish, *at_once, *again);
        (self.emergency_stop, self.clear_faults, self.policy) = (*emergency_stop, *clear_faults, *policy);
        for (offer, other) in self.offers.iter_mut().zip(offers) {
            match other {
                Some(_) => *offer = *other,
                None => *offer = None,
            }
        }
    }
}

impl Default for Asked {
    fn default() -> Asked {
        Asked {
            wish: RequestedMode::Limp,
            at_once: false,
            again: false,
            emergency_stop: false,
            clear_faults: false,
            policy: None,
            offers: [None; Source::ALL.len()],
        }
    }
}
