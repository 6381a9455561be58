//! What the servos said, for recordings: as their registers held it, so that every number is decoded anew.
//!
//! ```text
//!  loop: ServoState ─► row ─► recorder: message ─► file ─► message ─► Heard ─► what is known of each joint
//! ```

use crate::config::ServoConfig;
use crate::faults::ServoFaults;
use crate::heard::{Heard, MotionRegisters, SlowRegisters};
use crate::servo::ServoState;
use gaitway_control::readings::{JointReading, ServoReading};
use gaitway_record::message;
use gaitway_record::message::{Columns, DecodeError, Schema, decode, encode};
use gaitway_record::{DeviceLog, ReadTimes};

/// Bytes of a servo in a row.
const SERVO_BYTES: usize = 5 * WORD_BYTES;
const WORD_BYTES: usize = 8;

message! {
    /// What was last heard of all servos. The numbers of the fields are those they had among a tick's own.
    Servos as "FeetechServos" {
        9 u32s servo_position: Vec<u32>, "Register of the present position of each servo, as last heard.";
        10 u32s servo_speed: Vec<u32>, "Register of its present speed.";
        11 u32s servo_faults: Vec<u32>, "Error byte these came with.";
        12 u64s servo_sampled_ns: Vec<u64>, "When they were asked for, ns; 0 where the servo never answered.";
        13 u32s servo_misses: Vec<u32>, "Reads in a row it has not answered.";
        14 messages slow: Vec<Slow>, "Slow registers that came since the tick before; those of all servos where there is a keyframe.";
    }
}

message! {
    /// Slow registers of one servo.
    Slow as "FeetechSlow" {
        1 u32 servo: u32, "Which, from 0.";
        2 u64 sampled_ns: u64, "When they were asked for, ns.";
        3 u32 load: u32, "Register of the present load.";
        4 u32 voltage: u32, "Of the present voltage, 0.1 V.";
        5 u32 temperature: u32, "Of the present temperature, °C.";
        6 u32 current: u32, "Of the present current, 6.5 mA.";
        7 u32s gains: Vec<u32>, "Of the proportional, derivative and integral gain.";
        8 u32 torque_enable: u32, "Of torque enable.";
        9 u32 torque_limit: u32, "Of the torque limit.";
        10 u32 lock: u32, "Of the lock.";
        11 f32 voltage_v: f32, "Voltage, V.";
        12 f32 temperature_c: f32, "Temperature, °C.";
        13 f32 current_a: f32, "Current, A.";
        14 f32 load_share: f32, "Load, share of the largest torque.";
    }
}

/// The log of the servos of one robot.
#[derive(Debug, Clone)]
pub struct ServoLog {
    servos: Vec<ServoConfig>,
    /// P, D and I of each servo as it was told, in the order of their registers.
    gains: Vec<[u8; 3]>,
    heard: Vec<Heard>,
    /// When the slow registers that were last written were sampled, servo by servo.
    written_ns: Vec<Option<u64>>,
}

impl ServoLog {
    /// Of servos that were given `gains` (P, I, D, register units).
    pub fn new(servos: Vec<ServoConfig>, gains: &[[u8; 3]]) -> ServoLog {
        let count = servos.len();
        ServoLog {
            gains: gains.iter().map(|[p, i, d]| [*p, *d, *i]).collect(),
            heard: vec![Heard::default(); count],
            written_ns: vec![None; count],
            servos,
        }
    }

    /// Slow registers that have not been written yet.
    fn new_slow(&mut self, heard: &[Heard]) -> Vec<Slow> {
        let mut fresh = Vec::new();
        for (servo, (heard, written_ns)) in heard.iter().zip(&mut self.written_ns).enumerate() {
            let Some((registers, sampled_ns)) = heard.slow else { continue };
            if *written_ns != Some(sampled_ns) {
                *written_ns = Some(sampled_ns);
                fresh.push(slow_of(servo, &registers, sampled_ns));
            }
        }
        fresh
    }
}

impl DeviceLog for ServoLog {
    fn row_len(&self) -> usize {
        row_len(self.servos.len())
    }

    fn pack(&mut self, row: &[u8], with_all: bool) -> Vec<u8> {
        let (servos, _) = row.as_chunks::<SERVO_BYTES>();
        let heard: Vec<Heard> = servos.iter().map(unpacked).collect();
        if with_all {
            self.written_ns.fill(None);
        }
        let mut message = Servos {
            servo_position: heard.iter().map(|heard| u32::from(heard.motion.position)).collect(),
            servo_speed: heard.iter().map(|heard| u32::from(heard.motion.speed)).collect(),
            servo_faults: heard.iter().map(|heard| u32::from(heard.motion.faults)).collect(),
            servo_sampled_ns: heard.iter().map(|heard| heard.sampled_ns.unwrap_or(0)).collect(),
            servo_misses: heard.iter().map(|heard| heard.misses_in_a_row).collect(),
            slow: self.new_slow(&heard),
        };
        let mut bytes = Vec::new();
        encode(&mut message, &mut bytes);
        bytes
    }

    fn take(&mut self, message: &[u8]) -> Result<(), DecodeError> {
        let message: Servos = decode(message)?;
        for (servo, heard) in self.heard.iter_mut().enumerate() {
            let at = |row: &[u32]| row.get(servo).copied().unwrap_or(0);
            heard.motion = MotionRegisters {
                position: at(&message.servo_position) as u16,
                speed: at(&message.servo_speed) as u16,
                faults: at(&message.servo_faults) as u8,
            };
            let sampled_ns = message.servo_sampled_ns.get(servo).copied();
            heard.sampled_ns = sampled_ns.filter(|sampled_ns| *sampled_ns > 0);
            heard.misses_in_a_row = at(&message.servo_misses);
        }
        for slow in &message.slow {
            if let Some(heard) = self.heard.get_mut(slow.servo as usize) {
                heard.slow = Some((registers_of(slow), slow.sampled_ns));
            }
        }
        Ok(())
    }

    fn read(&self, read: ReadTimes, joints: &mut [JointReading]) {
        let servos = self.heard.iter().zip(&self.servos).zip(&self.gains);
        for (joint, ((heard, servo), gains)) in joints.iter_mut().zip(servos) {
            *joint = joint_reading(&heard.state(servo), *gains, read);
        }
    }

    fn tabulate(&self, message: &[u8], columns: &mut Columns) {
        // What is no message has no values.
        if let Ok(message) = decode::<Servos>(message) {
            columns.add_actuators(&mut Servos { slow: Vec::new(), ..message });
        }
    }

    fn describe(&self, schema: &mut Schema) {
        schema.set_actuators::<Servos>();
    }
}

/// What is known of a joint whose servo was given `gains` (P, D, I, register units).
pub fn joint_reading(state: &ServoState, gains: [u8; 3], read: ReadTimes) -> JointReading {
    JointReading {
        position_rad: state.position_rad,
        velocity_rps: state.velocity_rps,
        age_s: state.age_s(read.ended_ns),
        is_fresh: state.sampled_ns.is_some_and(|sampled_ns| sampled_ns >= read.begun_ns),
        silent_ticks: state.health.misses_in_a_row,
        is_refused: false,
        overload: state.faults.contains(ServoFaults::OVERLOAD | ServoFaults::CURRENT),
        servo: state.slow.map(|slow| ServoReading {
            at_ns: slow.sampled_ns,
            voltage_v: slow.voltage_v,
            temperature_c: slow.temperature_c,
            current_a: slow.current_a,
            torque_on: slow.torque_on,
            settings_kept: slow.locked && slow.gains == gains,
        }),
    }
}

/// Bytes of the row of so many servos.
pub fn row_len(servos: usize) -> usize {
    SERVO_BYTES * servos
}

/// Leaves what was last heard of the servos in a row of [`DeviceLog::row_len`] bytes. Allocates nothing.
pub fn write_row(states: &[ServoState], row: &mut [u8]) {
    for (bytes, state) in row.as_chunks_mut::<SERVO_BYTES>().0.iter_mut().zip(states) {
        *bytes = packed(&state.heard());
    }
}

/// A servo in five words: a tick packs all of them, and twelve small stores take it twice as long. Times are 0 where
/// there was none.
fn packed(heard: &Heard) -> [u8; SERVO_BYTES] {
    let (slow, slow_ns) = heard.slow.unwrap_or_default();
    let byte = |value: u8, at: u32| u64::from(value) << (8 * at);
    let short = |value: u16, at: u32| u64::from(value) << (8 * at);
    let [p, i, d] = slow.gains;
    let words = [
        short(heard.motion.position, 0)
            | short(heard.motion.speed, 2)
            | byte(heard.motion.faults, 4)
            | byte(u8::from(heard.slow.is_some()), 5)
            | byte(slow.torque_enable, 6)
            | byte(slow.lock, 7),
        heard.sampled_ns.unwrap_or(0),
        slow_ns,
        u64::from(heard.misses_in_a_row) | short(slow.load, 4) | short(slow.current, 6),
        byte(slow.voltage, 0)
            | byte(slow.temperature, 1)
            | byte(p, 2)
            | byte(i, 3)
            | byte(d, 4)
            | short(slow.torque_limit, 5),
    ];
    let mut bytes = [0; SERVO_BYTES];
    let places = bytes.as_chunks_mut::<WORD_BYTES>().0;
    places.iter_mut().zip(words).for_each(|(place, word)| *place = word.to_le_bytes());
    bytes
}

fn unpacked(bytes: &[u8; SERVO_BYTES]) -> Heard {
    let [motion, sampled_ns, slow_ns, counts, slow] = words_of(bytes);
    let byte = |word: u64, at: u32| (word >> (8 * at)) as u8;
    let short = |word: u64, at: u32| (word >> (8 * at)) as u16;
    let registers = SlowRegisters {
        load: short(counts, 4),
        voltage: byte(slow, 0),
        temperature: byte(slow, 1),
        current: short(counts, 6),
        gains: [byte(slow, 2), byte(slow, 3), byte(slow, 4)],
        torque_enable: byte(motion, 6),
        torque_limit: short(slow, 5),
        lock: byte(motion, 7),
    };
    Heard {
        motion: MotionRegisters {
            position: short(motion, 0),
            speed: short(motion, 2),
            faults: byte(motion, 4),
        },
        sampled_ns: Some(sampled_ns).filter(|sampled_ns| *sampled_ns > 0),
        misses_in_a_row: counts as u32,
        slow: (byte(motion, 5) != 0).then_some((registers, slow_ns)),
    }
}

fn words_of(bytes: &[u8; SERVO_BYTES]) -> [u64; SERVO_BYTES / WORD_BYTES] {
    let (words, _) = bytes.as_chunks::<WORD_BYTES>();
    std::array::from_fn(|index| words.get(index).copied().map_or(0, u64::from_le_bytes))
}

fn slow_of(servo: usize, registers: &SlowRegisters, sampled_ns: u64) -> Slow {
    let state = registers.state(sampled_ns);
    Slow {
        servo: servo as u32,
        sampled_ns,
        load: u32::from(registers.load),
        voltage: u32::from(registers.voltage),
        temperature: u32::from(registers.temperature),
        current: u32::from(registers.current),
        gains: registers.gains.map(u32::from).to_vec(),
        torque_enable: u32::from(registers.torque_enable),
        torque_limit: u32::from(registers.torque_limit),
        lock: u32::from(registers.lock),
        voltage_v: state.voltage_v,
        temperature_c: state.temperature_c,
        current_a: state.current_a,
        load_share: state.load,
    }
}

fn registers_of(slow: &Slow) -> SlowRegisters {
    let mut gains = [0; 3];
    gains.iter_mut().zip(&slow.gains).for_each(|(gain, found)| *gain = *found as u8);
    SlowRegisters {
        load: slow.load as u16,
        voltage: slow.voltage as u8,
        temperature: slow.temperature as u8,
        current: slow.current as u16,
        gains,
        torque_enable: slow.torque_enable as u8,
        torque_limit: slow.torque_limit as u16,
        lock: slow.lock as u8,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn heard(has_slow: bool) -> Heard {
        let slow = SlowRegisters {
            load: 0xa1b2,
            voltage: 0xc3,
            temperature: 0xd4,
            current: 0xe5f6,
            gains: [1, 2, 3],
            torque_enable: 1,
            torque_limit: 0x0387,
            lock: 1,
        };
        Heard {
            motion: MotionRegisters { position: 0x0123, speed: 0x8456, faults: 0x20 },
            sampled_ns: Some(0x0102_0304_0506_0708),
            misses_in_a_row: 0x0908_0706,
            slow: has_slow.then_some((slow, 0x1112_1314_1516_1718)),
        }
    }

    #[test]
    fn a_row_holds_everything_that_was_heard() {
        for heard in [heard(true), heard(false), Heard::default()] {
            assert_eq!(unpacked(&packed(&heard)), heard);
        }
    }

    #[test]
    fn slow_registers_are_written_once_and_all_of_them_where_all_is_asked_for() {
        let servo = ServoConfig { id: 1, direction: 1, offset_rad: 0.0 };
        let mut log = ServoLog::new(vec![servo; 2], &[[30, 0, 0]; 2]);
        let row = [packed(&heard(true)), packed(&heard(false))].concat();
        assert_eq!(row.len(), log.row_len());
        let slow = |bytes: &[u8]| decode::<Servos>(bytes).unwrap().slow.len();
        let messages: Vec<usize> =
            [true, false, true].into_iter().map(|with_all| slow(&log.pack(&row, with_all))).collect();
        assert_eq!(messages, [1, 0, 1]);
    }

    #[test]
    fn what_was_heard_comes_back_out_of_the_message() {
        let servo = ServoConfig { id: 1, direction: -1, offset_rad: 0.25 };
        let mut log = ServoLog::new(vec![servo], &[[1, 3, 2]]);
        let message = log.pack(&packed(&heard(true)), true);
        log.take(&message).unwrap();
        let read = ReadTimes { begun_ns: 0, ended_ns: u64::MAX };
        let mut joints = [JointReading::default()];
        log.read(read, &mut joints);
        assert_eq!(joints[0], joint_reading(&heard(true).state(&servo), [1, 2, 3], read));
        assert!(joints[0].servo.is_some_and(|servo| servo.settings_kept));
        // A message without slow registers leaves them as they were.
        let later = log.pack(&packed(&heard(true)), false);
        log.take(&later).unwrap();
        assert!(log.heard[0].slow.is_some());
        assert!(log.take(&[0x4a, 9]).is_err(), "half a field");
    }
}
