//! `TorqueWatch`: since when every motor has been without torque, and how long a limp robot had some.

use gaitway_emulators::Servo;
use gaitway_emulators::registers::TORQUE_ENABLE;

/// Looks at the torque of all servos, whoever switched it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TorqueWatch {
    is_unplugged: bool,
    is_limp: bool,
    /// Since when the robot has been limp and could say so to its servos, ns.
    limp_since_ns: Option<u64>,
    /// When a servo was last seen driven, ns.
    driven_ns: u64,
    /// Since when no servo has been driven, ns.
    pub off_since_ns: Option<u64>,
    /// The longest a robot that was limp and plugged in had torque, ns.
    pub longest_limp_ns: u64,
    /// The same for one that was plugged in again while it was limp, ns.
    pub longest_replugged_ns: u64,
    was_replugged: bool,
}

impl TorqueWatch {
    /// The robot says that it is limp, or not.
    pub fn tell(&mut self, now_ns: u64, is_limp: bool) {
        self.is_limp = is_limp;
        match self.limp_since_ns {
            None if is_limp && !self.is_unplugged => {
                // It says so at the end of a tick that has begun then: what was seen in it counts.
                self.limp_since_ns = Some(now_ns);
                self.note(self.driven_ns);
            }
            _ if !is_limp => {
                self.limp_since_ns = None;
                self.was_replugged = false;
            }
            _ => {}
        }
    }

    /// The host's end is in, or not.
    pub fn plug(&mut self, now_ns: u64, is_plugged: bool) {
        if self.is_unplugged && is_plugged && self.is_limp {
            self.was_replugged = true;
            self.limp_since_ns = Some(now_ns);
        }
        if !is_plugged {
            self.limp_since_ns = None;
        }
        self.is_unplugged = !is_plugged;
    }

    /// Looks at the motors.
    pub fn look(&mut self, now_ns: u64, servos: &[Servo]) {
        if servos.iter().all(|servo| servo.registers().raw(TORQUE_ENABLE) == 0) {
            self.off_since_ns.get_or_insert(now_ns);
            return;
        }
        self.off_since_ns = None;
        self.driven_ns = now_ns;
        self.note(now_ns);
    }

    /// A servo was driven at `at_ns`.
    fn note(&mut self, at_ns: u64) {
        let with_torque_ns = self.limp_since_ns.map_or(0, |since_ns| at_ns.saturating_sub(since_ns));
        let longest_ns =
            if self.was_replugged { &mut self.longest_replugged_ns } else { &mut self.longest_limp_ns };
        *longest_ns = (*longest_ns).max(with_torque_ns);
    }
}
