//! One servo on its way into the loop: settings, torque, proof that it took them, and back again after a reset.

use crate::error::ControlError;
use crate::readings::JointReading;
use crate::state_bytes::{Reader, Writer};

/// Reads in a row without an answer after which a servo gets no more goals: it may have been reset, and a goal would
/// switch it on at full force.
pub(crate) const UNHEARD_AFTER: u32 = 2;
/// How long a servo may take to show that it took its settings, ns: each is asked once in a turn of all servos.
const CONFIRM_WITHIN_NS: u64 = 700_000_000;
/// How often it is told.
const ATTEMPTS: u8 = 3;

/// How far a servo is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Drive {
    /// Limp; gets nothing.
    Limp,
    /// Gets its lock and its gains in this tick.
    Settings,
    /// Gets a low torque limit, its present position as goal, and torque.
    Energise,
    /// Has been told, and must show that it took it.
    Confirm {
        /// When it was told, ns.
        since_ns: u64,
    },
    /// Driven.
    On,
    /// Does not answer; gets nothing.
    Unheard,
    /// Answers again, and must show that it was not reset meanwhile.
    Check {
        /// When it answered again, ns.
        since_ns: u64,
    },
}

/// One servo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct JointDrive {
    pub drive: Drive,
    /// How much of its torque it has: 0 where it was just switched on, 1 in full.
    pub torque: f32,
    /// How much of its way to the goal it has come since it was switched on or heard again, 0 to 1.
    pub way: f32,
    /// Where that way began, rad.
    pub from_rad: f32,
    attempts: u8,
    /// Only what was read after this says anything about the torque, ns.
    trusted_from_ns: u64,
}

/// What became of a servo in a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JointEvent {
    Nothing,
    /// It has lost torque or settings: it is led back.
    Lost,
    /// It has been told often enough.
    Failed,
}

impl JointDrive {
    pub const LIMP: JointDrive = JointDrive {
        drive: Drive::Limp,
        torque: 0.0,
        way: 0.0,
        from_rad: 0.0,
        attempts: 0,
        trusted_from_ns: 0,
    };

    /// One tick of a robot whose servos are to be driven. `goal_rad` is the last goal, `step` how much of torque and
    /// way comes back in a tick.
    pub fn advance(&mut self, now_ns: u64, joint: &JointReading, goal_rad: f32, step: f32) -> JointEvent {
        // Said before this tick's answer: a servo that was deaf for two ticks is not trusted for having come back.
        let unheard = !joint.is_fresh && joint.silent_ticks >= UNHEARD_AFTER;
        match self.drive {
            Drive::Limp => self.drive = Drive::Settings,
            Drive::Settings if joint.is_fresh => {
                self.drive = Drive::Energise;
                self.start_from(joint.position_rad);
                self.torque = 0.0;
            }
            Drive::Settings => {}
            Drive::Energise => self.drive = Drive::Confirm { since_ns: now_ns },
            Drive::Confirm { since_ns } => return self.confirm(now_ns, since_ns, joint),
            Drive::On if unheard => self.drive = Drive::Unheard,
            Drive::On if self.has_lost(joint) => {
                self.attempts = 0;
                self.drive = Drive::Settings;
                return JointEvent::Lost;
            }
            Drive::On => {
                self.torque = (self.torque + step).min(1.0);
                self.way = (self.way + step).min(1.0);
            }
            Drive::Unheard if joint.is_fresh => self.drive = Drive::Check { since_ns: now_ns },
            Drive::Unheard => {}
            Drive::Check { .. } if unheard => self.drive = Drive::Unheard,
            Drive::Check { since_ns } => return self.check(since_ns, joint, goal_rad),
        }
        JointEvent::Nothing
    }

    /// True where it gets a goal in every tick.
    pub fn takes_goals(&self) -> bool {
        matches!(self.drive, Drive::Confirm { .. } | Drive::On)
    }

    /// True where the answer to a question for its settings is awaited.
    pub fn must_show(&self) -> bool {
        matches!(self.drive, Drive::Confirm { .. } | Drive::Check { .. })
    }

    pub fn save(&self, out: &mut Writer) {
        let (drive, since_ns) = match self.drive {
            Drive::Limp => (0, 0),
            Drive::Settings => (1, 0),
            Drive::Energise => (2, 0),
            Drive::Confirm { since_ns } => (3, since_ns),
            Drive::On => (4, 0),
            Drive::Unheard => (5, 0),
            Drive::Check { since_ns } => (6, since_ns),
        };
        out.u64(drive);
        out.u64(since_ns);
        out.f32s(&[self.torque, self.way, self.from_rad]);
        out.u64(u64::from(self.attempts));
        out.u64(self.trusted_from_ns);
    }

    pub fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        let mut ahead = Reader { rest: input.rest };
        ahead.u64()?;
        let since_ns = ahead.u64()?;
        let drives = [
            Drive::Limp,
            Drive::Settings,
            Drive::Energise,
            Drive::Confirm { since_ns },
            Drive::On,
            Drive::Unheard,
            Drive::Check { since_ns },
        ];
        self.drive = input.choice("how far a servo is", &drives)?;
        input.u64()?;
        (self.torque, self.way, self.from_rad) = (input.f32()?, input.f32()?, input.f32()?);
        self.attempts =
            input.choice("attempts", &std::array::from_fn::<u8, 4, _>(|attempt| attempt as u8))?;
        self.trusted_from_ns = input.u64()?;
        Ok(())
    }

    fn has_lost(&self, joint: &JointReading) -> bool {
        let report = joint.servo.filter(|servo| servo.at_ns > self.trusted_from_ns);
        report.is_some_and(|servo| !servo.torque_on || !servo.settings_kept)
    }

    fn confirm(&mut self, now_ns: u64, since_ns: u64, joint: &JointReading) -> JointEvent {
        let report = joint.servo.filter(|servo| servo.at_ns > since_ns);
        if report.is_some_and(|servo| servo.torque_on && servo.settings_kept) {
            self.drive = Drive::On;
            self.trusted_from_ns = since_ns;
        } else if report.is_some() || now_ns > since_ns.saturating_add(CONFIRM_WITHIN_NS) {
            self.attempts = self.attempts.saturating_add(1);
            self.drive = Drive::Settings;
            if self.attempts >= ATTEMPTS {
                self.attempts = 0;
                return JointEvent::Failed;
            }
        }
        JointEvent::Nothing
    }

    fn start_from(&mut self, rad: f32) {
        self.from_rad = rad;
        self.way = 0.0;
    }

    fn check(&mut self, since_ns: u64, joint: &JointReading, goal_rad: f32) -> JointEvent {
        match joint.servo.filter(|servo| servo.at_ns > since_ns) {
            None => JointEvent::Nothing,
            Some(servo) if servo.torque_on && servo.settings_kept => {
                // It was only not heard, and held its last goal.
                self.drive = Drive::On;
                self.start_from(goal_rad);
                JointEvent::Nothing
            }
            Some(_) => {
                self.attempts = 0;
                self.drive = Drive::Settings;
                JointEvent::Lost
            }
        }
    }
}
