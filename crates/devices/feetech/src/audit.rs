//! Is a servo set up as the driver needs it? What an audit read, judged.

use crate::registers::{self, Register};
use crate::servo::ServoConfig;
use crate::settings::{Setting, Want};
pub use crate::severity::Severity;
use crate::units;

/// Model number of the STS3215.
const MODEL_STS3215: i32 = 777;

/// One register that is not as expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Which register.
    pub register: Register,
    /// What it should hold.
    pub expected: i32,
    /// What it holds.
    pub found: i32,
    /// How bad that is.
    pub severity: Severity,
    /// Whether writing `expected` puts it right.
    pub fixable: bool,
    /// What follows from it.
    pub consequence: &'static str,
}

/// What is wrong with a servo that should hold `settings`, whose joint has the range `range_rad`, and whose registers
/// from 0 on are `block`; a register beyond its end is not judged.
pub fn judge(settings: &[Setting], config: &ServoConfig, range_rad: [f64; 2], block: &[u8]) -> Vec<Finding> {
    // What another model keeps where is not known: nothing of it is written.
    let model = value(block, registers::MODEL);
    let is_known = model == Some(MODEL_STS3215);
    let other_model = model.filter(|_| !is_known).map(|found| Finding {
        register: registers::MODEL,
        expected: MODEL_STS3215,
        found,
        severity: Severity::Warning,
        fixable: false,
        consequence: "another servo: its registers may lie elsewhere",
    });
    let judged = settings.iter().filter_map(|setting| {
        let found = value(block, setting.register)?;
        let (severity, consequence) = setting.judge(found)?;
        let (register, expected) = (setting.register, setting.want.value(found));
        let fixable = setting.is_fixed && is_known;
        Some(Finding { register, expected, found, severity, fixable, consequence })
    });
    // A profile that says what the servo's own limits may be has them judged by that.
    let is_given = |register: Register| {
        let given =
            |setting: &&Setting| setting.register == register && matches!(setting.want, Want::Given(_));
        settings.iter().any(|setting| given(&setting))
    };
    let limits = range_limits(config, range_rad, block, is_known).filter(|limit| is_given(limit.register));
    let mut findings: Vec<Finding> = other_model.into_iter().chain(judged).chain(limits).collect();
    findings.sort_by_key(|finding| finding.register.address);
    findings
}

/// Angle limits of the servo that lie inside the joint's range.
fn range_limits(
    config: &ServoConfig,
    range_rad: [f64; 2],
    block: &[u8],
    fixable: bool,
) -> impl Iterator<Item = Finding> {
    let limits = (value(block, registers::MIN_ANGLE), value(block, registers::MAX_ANGLE));
    let [low, high] = range_counts(config, range_rad);
    let finding = move |register, expected, found| Finding {
        register,
        expected,
        found,
        severity: Severity::Grave,
        fixable,
        consequence: "the servo stops its joint inside the range the policy uses",
    };
    let (min, max) = match limits {
        // Both zero: no limits at all.
        (Some(min), Some(max)) if (min, max) != (0, 0) => (
            (min > low).then(|| finding(registers::MIN_ANGLE, 0, min)),
            (max < high).then(|| finding(registers::MAX_ANGLE, 4095, max)),
        ),
        _ => (None, None),
    };
    min.into_iter().chain(max)
}

/// Servos whose firmware is not that of most: what is to be noted of each, `None` where nothing is or it was not
/// read. `blocks` are the registers from 0 on of every servo.
pub fn mixed_firmware(blocks: &[Option<&[u8]>]) -> Vec<Option<Finding>> {
    let version = |block: &Option<&[u8]>| {
        let (major, minor) = (registers::FIRMWARE_MAJOR, registers::FIRMWARE_MINOR);
        block.and_then(|block| Some((value(block, major)?, value(block, minor)?)))
    };
    let versions: Vec<_> = blocks.iter().map(version).collect();
    let count = |version| versions.iter().flatten().filter(|other| **other == version).count();
    // Of versions that are as frequent the newest.
    let usual = versions.iter().flatten().copied().max_by_key(|&version| (count(version), version));
    let note = |found: (i32, i32), usual: (i32, i32)| {
        let (register, expected, found) = if found.0 == usual.0 {
            (registers::FIRMWARE_MINOR, usual.1, found.1)
        } else {
            (registers::FIRMWARE_MAJOR, usual.0, found.0)
        };
        let consequence = "another firmware than most servos here: it may answer or move differently";
        Finding { register, expected, found, severity: Severity::Note, fixable: false, consequence }
    };
    let judged = versions.iter().map(|&found| found.zip(usual).filter(|(found, usual)| found != usual));
    judged.map(|pair| pair.map(|(found, usual)| note(found, usual))).collect()
}

/// The value of `register` in a block that begins at 0.
fn value(block: &[u8], register: Register) -> Option<i32> {
    let bytes = block.get(usize::from(register.address)..usize::from(register.end()))?;
    let low = u16::from(*bytes.first()?);
    let high = bytes.get(1).copied().map_or(0, u16::from);
    Some(register.decode(low | high << 8))
}

/// The counts between which a joint's range lies, low to high.
fn range_counts(config: &ServoConfig, range_rad: [f64; 2]) -> [i32; 2] {
    let [one, other] = range_rad.map(|rad| i32::from(units::goal_count(config.servo_rad(rad))));
    [one.min(other), one.max(other)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SETTINGS;

    const SERVO: ServoConfig = ServoConfig { id: 20, direction: 1, offset_rad: 0.0 };

    /// A servo from the factory, set up.
    fn sound() -> [u8; 48] {
        let mut block = [0; 48];
        #[rustfmt::skip]
        let words = [(3, 777u16), (11, 4095), (16, 1000), (24, 16), (28, 500)];
        for (address, word) in words {
            block[address..address + 2].copy_from_slice(&word.to_le_bytes());
        }
        #[rustfmt::skip]
        let bytes = [
            (0, 3), (1, 6), (8, 1), (13, 70), (14, 80), (15, 40), (18, 12), (19, 44), (21, 32), (26, 1), (27, 1), (30, 1),
            (34, 20), (35, 200), (36, 80), (38, 200),
        ];
        for (address, byte) in bytes {
            block[address] = byte;
        }
        block
    }

    #[test]
    fn a_sound_servo_has_nothing_to_report() {
        assert_eq!(judge(SETTINGS, &SERVO, [-1.5, 1.5], &sound()), []);
    }

    #[test]
    fn each_register_is_judged_on_its_own() {
        #[rustfmt::skip]
        let table: &[(usize, u8, Register, Severity, bool)] = &[
            (3, 1, registers::MODEL, Severity::Warning, false),
            (7, 250, registers::RETURN_DELAY, Severity::Grave, true),
            (8, 0, registers::RESPONSE_LEVEL, Severity::Warning, true),
            (10, 8, registers::MIN_ANGLE, Severity::Grave, true),
            (12, 4, registers::MAX_ANGLE, Severity::Grave, true),
            (13, 45, registers::MAX_TEMPERATURE, Severity::Grave, true),
            (13, 100, registers::MAX_TEMPERATURE, Severity::Warning, true),
            (14, 70, registers::MAX_VOLTAGE, Severity::Grave, true),
            (14, 140, registers::MAX_VOLTAGE, Severity::Warning, true),
            (15, 70, registers::MIN_VOLTAGE, Severity::Grave, true),
            (15, 10, registers::MIN_VOLTAGE, Severity::Warning, true),
            (17, 0, registers::MAX_TORQUE, Severity::Warning, true),
            (18, 8, registers::PHASE, Severity::Grave, true),
            (18, 28, registers::PHASE, Severity::Grave, true),
            (19, 12, registers::UNLOAD_CONDITION, Severity::Warning, true),
            (19, 45, registers::UNLOAD_CONDITION, Severity::Grave, true),
            (25, 3, registers::MIN_START_FORCE, Severity::Warning, true),
            (26, 20, registers::CW_DEAD_ZONE, Severity::Warning, true),
            (27, 20, registers::CCW_DEAD_ZONE, Severity::Warning, true),
            (29, 0, registers::PROTECTION_CURRENT, Severity::Grave, true),
            (29, 3, registers::PROTECTION_CURRENT, Severity::Warning, true),
            (30, 2, registers::ANGULAR_RESOLUTION, Severity::Grave, true),
            (31, 5, registers::POSITION_OFFSET, Severity::Note, false),
            (33, 1, registers::MODE, Severity::Grave, true),
            (34, 5, registers::PROTECTIVE_TORQUE, Severity::Warning, true),
            (34, 80, registers::PROTECTIVE_TORQUE, Severity::Warning, true),
            (35, 10, registers::PROTECTION_TIME, Severity::Grave, true),
            (36, 25, registers::OVERLOAD_TORQUE, Severity::Grave, true),
            (36, 100, registers::OVERLOAD_TORQUE, Severity::Warning, true),
            (38, 10, registers::OVER_CURRENT_TIME, Severity::Grave, true),
            (41, 10, registers::ACCELERATION, Severity::Note, true),
            (44, 10, registers::GOAL_TIME, Severity::Note, true),
            (46, 10, registers::GOAL_SPEED, Severity::Note, true),
        ];
        for &(address, byte, register, severity, fixable) in table {
            let mut block = sound();
            block[address] = byte;
            let found = judge(SETTINGS, &SERVO, [-1.5, 1.5], &block);
            assert_eq!(
                found.iter().map(|f| (f.register, f.severity, f.fixable)).collect::<Vec<_>>(),
                [(register, severity, fixable)]
            );
            assert!(found[0].consequence.len() > 20 && found[0].expected != found[0].found);
        }
    }

    #[test]
    fn what_is_put_right_has_nothing_to_report() {
        let mut block = sound();
        for address in [7, 13, 14, 15, 18, 19, 26, 27, 30, 33, 34, 35, 36, 38, 41, 44, 46] {
            block[address] = 255;
        }
        for finding in judge(SETTINGS, &SERVO, [-1.5, 1.5], &block) {
            let (from, end) = (usize::from(finding.register.address), usize::from(finding.register.end()));
            block[from..end].copy_from_slice(&finding.expected.to_le_bytes()[..end - from]);
        }
        assert_eq!(judge(SETTINGS, &SERVO, [-1.5, 1.5], &block), []);
    }

    #[test]
    fn one_firmware_among_others_is_noted_and_no_fault() {
        let (usual, mut old, mut newer) = (sound(), sound(), sound());
        (old[0], newer[1]) = (2, 9);
        let found = mixed_firmware(&[Some(&usual), Some(&old), None, Some(&usual), Some(&newer)]);
        let told = |place: usize| found[place].map(|note| (note.register.address, note.expected, note.found));
        assert_eq!([told(0), told(2), told(3)], [None; 3]);
        assert_eq!((told(1), told(4)), (Some((0, 3, 2)), Some((1, 6, 9))));
        assert!(found.iter().flatten().all(|note| note.severity == Severity::Note && !note.fixable));
        assert_eq!(mixed_firmware(&[None, Some(&old)]), [None, None], "one alone is like all");
    }

    #[test]
    fn nothing_of_another_model_can_be_written() {
        let mut block = sound();
        (block[3], block[7], block[33]) = (1, 250, 1);
        let found = judge(SETTINGS, &SERVO, [-1.5, 1.5], &block);
        assert!(found.len() == 3 && !found.iter().any(|finding| finding.fixable), "{found:?}");
    }

    #[test]
    fn a_turned_servo_is_judged_by_its_own_range() {
        let turned = ServoConfig { direction: -1, ..SERVO };
        let mut block = sound();
        block[9..11].copy_from_slice(&1024u16.to_le_bytes());
        assert!(judge(SETTINGS, &turned, [-0.2, 1.5], &block).is_empty(), "1.5 rad lies at 1070");
        assert_eq!(judge(SETTINGS, &turned, [-0.2, 1.7], &block).len(), 1);
    }

    #[test]
    fn a_block_cut_short_is_judged_as_far_as_it_goes() {
        assert_eq!(judge(SETTINGS, &SERVO, [-1.0, 1.0], &sound()[..9]), []);
    }
}
