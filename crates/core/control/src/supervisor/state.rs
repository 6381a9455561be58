//! The states of a robot, why it is in one, and what keeps it from leaving.

use crate::plausibility::Outside;
use gaitway_model::profile::FaultKind;
use std::fmt;

/// How the emergency stop is cleared, for people.
pub const CLEAR_STOP: &str = "look at the robot, then clear the stop there: c at the terminal of gaitwayd or gaitway run, \
                              or hold stop (view, select) and press motors (menu) on its own gamepad";

/// What a robot is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// The bus is not in use.
    #[default]
    Off,
    /// Every servo is limp; everything is read, nothing is driven.
    Limp,
    /// From limp to the default pose: goals begin where the joints are, torque comes in a ramp.
    Aligning,
    /// The default pose is held.
    Ready,
    /// The policy walks.
    Running,
    /// A pose is held, or given up softly; the policy rests.
    Holding,
}

impl State {
    /// Every state.
    pub const ALL: [State; 6] =
        [State::Off, State::Limp, State::Aligning, State::Ready, State::Running, State::Holding];

    /// Name for records and logs.
    pub fn name(self) -> &'static str {
        match self {
            State::Off => "off",
            State::Limp => "limp",
            State::Aligning => "aligning",
            State::Ready => "ready",
            State::Running => "running",
            State::Holding => "holding",
        }
    }

    /// True where servos are driven.
    pub fn is_powered(self) -> bool {
        !matches!(self, State::Off | State::Limp)
    }
}

/// What the operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedMode {
    /// No torque. From any pose this is reached softly.
    Limp,
    /// The default pose.
    Stand,
    /// The policy.
    Walk,
}

/// Why a state was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reason {
    /// The program began.
    #[default]
    Begin,
    /// The operator wants it.
    Asked,
    /// The operator wants it at once.
    AskedAtOnce,
    /// Somebody pressed the emergency stop.
    EmergencyStop,
    /// A line of the fault table.
    Fault(FaultKind),
    /// The fault has gone.
    FaultGone(FaultKind),
    /// The pose was reached.
    PoseReached,
    /// A servo was told three times and has no torque, or not its settings.
    TorqueNotTaken {
        /// Which joint.
        joint: usize,
    },
    /// The fault did not go away.
    HeldTooLong,
    /// Somebody lifted the robot while the policy ran.
    Lifted,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Begin => f.write_str("begin"),
            Reason::Asked => f.write_str("asked"),
            Reason::AskedAtOnce => f.write_str("asked at once"),
            Reason::EmergencyStop => f.write_str("emergency stop"),
            Reason::Fault(kind) => write!(f, "fault {}", kind.name()),
            Reason::FaultGone(kind) => write!(f, "fault {} gone", kind.name()),
            Reason::PoseReached => f.write_str("pose reached"),
            Reason::TorqueNotTaken { joint } => write!(f, "torque not taken by joint {joint}"),
            Reason::HeldTooLong => f.write_str("held too long"),
            Reason::Lifted => f.write_str("lifted"),
        }
    }
}

/// Why a robot that should get up stays limp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The emergency stop is set.
    EmergencyStop,
    /// A fault is there that would make it hold or worse.
    Fault(FaultKind),
    /// A servo does not answer.
    SilentServo {
        /// Which joint.
        joint: usize,
    },
    /// A joint reads an angle that it cannot have.
    OutOfRange {
        /// Which joint.
        joint: usize,
        /// What it reads, mrad.
        reads_mrad: i32,
        /// What it can have at least, mrad.
        min_mrad: i32,
        /// And at most, mrad.
        max_mrad: i32,
    },
    /// There is no sample of the IMU, or only an old one.
    NoImu,
    /// The audit found something that must be put right first.
    Audit,
    /// It went limp on its own: somebody must ask again.
    AskAgain,
    /// A dry run writes nothing.
    DryRun,
    /// It lies, or leans too far to get up.
    NotUpright,
    /// It holds its pose, and its legs bear no weight: the policy waits for the ground.
    NoWeight,
    /// No configuration was found, and nobody said that none is needed.
    Unconfigured,
}

impl Obstacle {
    pub(crate) fn outside(found: Outside) -> Obstacle {
        let mrad = |rad: f32| (rad * 1000.0).round() as i32;
        let [min_mrad, max_mrad] = found.range_rad.map(mrad);
        Obstacle::OutOfRange { joint: found.joint, reads_mrad: mrad(found.reads_rad), min_mrad, max_mrad }
    }

    /// The joint it is about, where it is about one.
    pub fn joint(&self) -> Option<usize> {
        match self {
            Obstacle::SilentServo { joint } | Obstacle::OutOfRange { joint, .. } => Some(*joint),
            _ => None,
        }
    }

    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Obstacle::EmergencyStop => CLEAR_STOP,
            Obstacle::Fault(kind) => kind.hint(),
            Obstacle::SilentServo { .. } => {
                "check its plug, its power and its id: `gaitwayd --audit` lists who answers"
            }
            Obstacle::OutOfRange { .. } => {
                "a turn (6.28 rad) or more off: its position offset (register 31) or multi-turn mode is wrong, see \
                 `gaitway doctor`; less: its offset in the robot's configuration, or the horn: `gaitway motors calibrate`"
            }
            Obstacle::NoImu => "check the IMU's wiring and power: `gaitway imu watch` shows its samples",
            Obstacle::Audit => {
                "the log says above what is wrong; `gaitwayd --audit --fix` puts settings right"
            }
            Obstacle::AskAgain => "ask to stand or walk once more",
            Obstacle::DryRun => "leave out --dry-run",
            Obstacle::NotUpright => "lift it upright, then ask again",
            Obstacle::NoWeight => "set it down on its feet",
            Obstacle::Unconfigured => {
                "name the robot's file with --config; --no-config where the profile alone is right, as for a twin"
            }
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::EmergencyStop => f.write_str("the emergency stop is set"),
            Obstacle::Fault(kind) => write!(f, "fault {}", kind.name()),
            Obstacle::SilentServo { joint } => write!(f, "the servo of joint {joint} does not answer"),
            Obstacle::OutOfRange { joint, reads_mrad, min_mrad, max_mrad } => {
                let [reads, min, max] =
                    [reads_mrad, min_mrad, max_mrad].map(|mrad| f64::from(*mrad) / 1000.0);
                write!(f, "joint {joint} reads {reads:.2} rad, its range is {min:.2} to {max:.2} rad")
            }
            Obstacle::NoImu => f.write_str("no fresh sample of the IMU"),
            Obstacle::Audit => f.write_str("the servos or the line to them are not as they must be"),
            Obstacle::AskAgain => f.write_str("it went limp because of a fault"),
            Obstacle::DryRun => f.write_str("a dry run writes nothing"),
            Obstacle::NotUpright => f.write_str("it is not upright"),
            Obstacle::NoWeight => f.write_str("its legs bear no weight"),
            Obstacle::Unconfigured => f.write_str("no duck_config.json was found: offsets are unknown"),
        }
    }
}
