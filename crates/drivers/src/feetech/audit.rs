//! Is a servo set up as the driver needs it? What an audit read, judged.

use crate::feetech::registers::{self, Register};
use crate::feetech::servo::ServoConfig;
use crate::feetech::units;

/// Model number of the STS3215.
const MODEL_STS3215: i32 = 777;
/// Phase bit: speeds are in steps a second, not in fifties of them.
const PHASE_FINE_SPEED: i32 = 1 << 2;
/// Phase bit: positions count on over several turns.
const PHASE_MULTI_TURN: i32 = 1 << 4;
/// Largest torque of a servo nobody has limited.
const FULL_TORQUE: i32 = 1000;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// The robot works worse than it could.
    Warning,
    /// The robot must not move before this is put right.
    Grave,
}

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

/// What is wrong with a servo whose joint has the range `range_rad` and whose registers from 0 on are `block`; a
/// register beyond its end is not judged.
pub fn judge(config: &ServoConfig, range_rad: [f64; 2], block: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What another model keeps where is not known: nothing of it is written.
    let is_known = value(block, registers::MODEL) == Some(MODEL_STS3215);
    let mut check = |register: Register, expected: i32, is_bad: bool, severity, can_write, consequence| {
        let fixable = can_write && is_known;
        if let Some(found) = value(block, register).filter(|_| is_bad) {
            findings.push(Finding { register, expected, found, severity, fixable, consequence });
        }
    };
    let now = |register| value(block, register).unwrap_or_default();
    use Severity::{Grave, Note, Warning};

    let (model, delay, level) =
        (now(registers::MODEL), now(registers::RETURN_DELAY), now(registers::RESPONSE_LEVEL));
    check(
        registers::MODEL,
        MODEL_STS3215,
        model != MODEL_STS3215,
        Warning,
        false,
        "another servo: its registers may lie elsewhere",
    );
    check(
        registers::RETURN_DELAY,
        0,
        delay != 0,
        Grave,
        true,
        "every answer comes late: fourteen such servos do not fit into a tick",
    );
    check(
        registers::RESPONSE_LEVEL,
        1,
        level != 1,
        Warning,
        true,
        "writes are not acknowledged, which other tools rely on",
    );
    check(registers::MODE, 0, now(registers::MODE) != 0, Grave, true, "it does not go to positions");

    let phase = now(registers::PHASE);
    let wanted = (phase | PHASE_FINE_SPEED) & !PHASE_MULTI_TURN;
    check(registers::PHASE, wanted, phase != wanted, Grave, true, "speeds or positions are in other units");

    // Both zero: no limits at all.
    let [low, high] = range_counts(config, range_rad);
    let (min, max) = (now(registers::MIN_ANGLE), now(registers::MAX_ANGLE));
    let has_limits = (min, max) != (0, 0);
    let cuts = "the servo stops its joint inside the range the policy uses";
    check(registers::MIN_ANGLE, 0, has_limits && min > low, Grave, true, cuts);
    check(registers::MAX_ANGLE, 4095, has_limits && max < high, Grave, true, cuts);

    let offset = now(registers::POSITION_OFFSET);
    check(
        registers::POSITION_OFFSET,
        0,
        offset != 0,
        Note,
        false,
        "its zero was moved inside the servo, beside the offsets of the configuration",
    );
    let torque = now(registers::MAX_TORQUE);
    check(
        registers::MAX_TORQUE,
        FULL_TORQUE,
        torque != FULL_TORQUE,
        Warning,
        true,
        "after a power cycle the servo is weaker",
    );
    findings
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

    const SERVO: ServoConfig = ServoConfig { id: 20, direction: 1, offset_rad: 0.0 };

    fn sound() -> [u8; 40] {
        let mut block = [0; 40];
        block[3..5].copy_from_slice(&777u16.to_le_bytes());
        block[8] = 1;
        block[11..13].copy_from_slice(&4095u16.to_le_bytes());
        block[16..18].copy_from_slice(&1000u16.to_le_bytes());
        block[18] = 12;
        block
    }

    #[test]
    fn a_sound_servo_has_nothing_to_report() {
        assert_eq!(judge(&SERVO, [-1.5, 1.5], &sound()), []);
    }

    #[test]
    fn each_register_is_judged_on_its_own() {
        #[rustfmt::skip]
        let table: &[(usize, u8, Register, Severity)] = &[
            (3, 1, registers::MODEL, Severity::Warning),
            (7, 250, registers::RETURN_DELAY, Severity::Grave),
            (8, 0, registers::RESPONSE_LEVEL, Severity::Warning),
            (10, 8, registers::MIN_ANGLE, Severity::Grave),
            (12, 4, registers::MAX_ANGLE, Severity::Grave),
            (17, 0, registers::MAX_TORQUE, Severity::Warning),
            (18, 8, registers::PHASE, Severity::Grave),
            (18, 28, registers::PHASE, Severity::Grave),
            (31, 5, registers::POSITION_OFFSET, Severity::Note),
            (33, 1, registers::MODE, Severity::Grave),
        ];
        for &(address, byte, register, severity) in table {
            let mut block = sound();
            block[address] = byte;
            let found = judge(&SERVO, [-1.5, 1.5], &block);
            assert_eq!(
                found.iter().map(|f| (f.register, f.severity)).collect::<Vec<_>>(),
                [(register, severity)]
            );
        }
    }

    #[test]
    fn nothing_of_another_model_can_be_written() {
        let mut block = sound();
        (block[3], block[7], block[33]) = (1, 250, 1);
        let found = judge(&SERVO, [-1.5, 1.5], &block);
        assert!(found.len() == 3 && !found.iter().any(|finding| finding.fixable), "{found:?}");
    }

    #[test]
    fn a_turned_servo_is_judged_by_its_own_range() {
        let turned = ServoConfig { direction: -1, ..SERVO };
        let mut block = sound();
        block[9..11].copy_from_slice(&1024u16.to_le_bytes());
        assert!(judge(&turned, [-0.2, 1.5], &block).is_empty(), "1.5 rad lies at 1070");
        assert_eq!(judge(&turned, [-0.2, 1.7], &block).len(), 1);
    }

    #[test]
    fn a_block_cut_short_is_judged_as_far_as_it_goes() {
        assert_eq!(judge(&SERVO, [-1.0, 1.0], &sound()[..9]), []);
    }
}
