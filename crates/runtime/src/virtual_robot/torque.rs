//! `TorqueWatch`: since when every motor has been without torque, and how long a limp robot had some.

use gaitway_twin::Servo;
use gaitway_twin::registers::TORQUE_ENABLE;

/// Looks at the torque of all servos, whoever switched it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TorqueWatch {
    is_unplugged: bool,
    /// Since when the robot has been limp and could say so to its servos, ns.
    limp_since_ns: Option<u64>,
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
        match self.limp_since_ns {
            None if is_limp && !self.is_unplugged => self.limp_since_ns = Some(now_ns),
            Some(_) if !is_limp => {
                self.limp_since_ns = None;
                self.was_replugged = false;
            }
            _ => {}
        }
    }

    /// The host's end is in, or not.
    pub fn plug(&mut self, now_ns: u64, is_plugged: bool) {
        if self.is_unplugged && is_plugged {
            self.was_replugged = true;
            self.limp_since_ns = self.limp_since_ns.map(|_| now_ns);
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
        let with_torque_ns = self.limp_since_ns.map_or(0, |since_ns| now_ns - since_ns);
        let longest_ns =
            if self.was_replugged { &mut self.longest_replugged_ns } else { &mut self.longest_limp_ns };
        *longest_ns = (*longest_ns).max(with_torque_ns);
    }
}
