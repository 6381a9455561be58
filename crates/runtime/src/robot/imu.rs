//! Samples of the IMU on their way to the loop: the newest counts, with its age, and a frozen one grows old.

use crate::slot::{Slot, join, split};
use gaitway_drivers::imu_datagram::Datagram;

/// As many samples in a row that are alike to the bit are no measurement any more: noise alone moves the last bits.
const FROZEN_AFTER: u32 = 5;

/// No IMU measures so much, rad/s or m/s²; what is larger yet would overflow where it is turned and squared.
pub const LARGEST: f32 = 10_000.0;

const NUMBERS: usize = 8;

/// One sample, in the trunk frame: x forward, y left, z up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImuSample {
    /// When it was taken, ns of the monotonic clock.
    pub sampled_ns: u64,
    /// Angular velocity, rad/s.
    pub gyro_rps: [f32; 3],
    /// Specific force, m/s².
    pub accel_mps2: [f32; 3],
    /// Foot contact, left then right: 1 on the ground, 0 in the air.
    pub foot_contact: [f32; 2],
}

impl From<Datagram> for ImuSample {
    fn from(datagram: Datagram) -> ImuSample {
        ImuSample {
            sampled_ns: datagram.sampled_ns,
            gyro_rps: datagram.gyro_rps,
            accel_mps2: datagram.accel_mps2,
            foot_contact: datagram.foot_contact.map(|is_down| f32::from(u8::from(is_down))),
        }
    }
}

/// Where the IMU's thread puts samples and the loop takes the newest.
#[derive(Debug, Default)]
pub struct ImuSlot {
    slot: Slot<{ 2 + NUMBERS }>,
}

impl ImuSlot {
    /// An empty slot.
    pub fn new() -> ImuSlot {
        ImuSlot::default()
    }

    /// Puts a sample.
    pub fn put(&self, sample: &ImuSample) {
        let mut words = [0; 2 + NUMBERS];
        words[..2].copy_from_slice(&split(sample.sampled_ns));
        let numbers = sample.gyro_rps.iter().chain(&sample.accel_mps2).chain(&sample.foot_contact);
        for (word, number) in words[2..].iter_mut().zip(numbers) {
            *word = number.to_bits();
        }
        self.slot.put(words);
    }

    /// The newest sample.
    pub fn take(&self) -> Option<ImuSample> {
        let words = self.slot.take()?;
        let number = |index: usize| f32::from_bits(words[2 + index]);
        Some(ImuSample {
            sampled_ns: join(words[0], words[1]),
            gyro_rps: std::array::from_fn(number),
            accel_mps2: std::array::from_fn(|index| number(3 + index)),
            foot_contact: std::array::from_fn(|index| number(6 + index)),
        })
    }
}

/// The loop's side: what was last sensed, and since when it has been true.
#[derive(Debug, Default)]
pub struct ImuReader {
    last: Option<ImuSample>,
    /// Samples after the first of a row that were alike to the bit.
    alike: u32,
    /// When the first of that row was taken, ns.
    changed_ns: u64,
}

impl ImuReader {
    /// The newest sample and its age, s: infinite where there is none, and counted from the last change where the
    /// values stand still. A sample from the future is refused: its clock is another one.
    pub fn read(&mut self, slot: &ImuSlot, now_ns: u64) -> (Option<ImuSample>, f32) {
        let newest = slot.take().filter(|sample| is_sound(sample) && sample.sampled_ns <= now_ns);
        if let Some(sample) = newest {
            self.accept(sample);
        }
        let Some(sample) = self.last else { return (None, f32::INFINITY) };
        let since_ns = if self.alike >= FROZEN_AFTER { self.changed_ns } else { sample.sampled_ns };
        (Some(sample), now_ns.saturating_sub(since_ns) as f32 * 1e-9)
    }

    fn accept(&mut self, sample: ImuSample) {
        match self.last {
            // The same sample, or one that was overtaken.
            Some(last) if sample.sampled_ns <= last.sampled_ns => return,
            Some(last) if last.gyro_rps == sample.gyro_rps && last.accel_mps2 == sample.accel_mps2 => {
                self.alike = self.alike.saturating_add(1);
            }
            _ => {
                self.alike = 0;
                self.changed_ns = sample.sampled_ns;
            }
        }
        self.last = Some(sample);
    }
}

fn is_sound(sample: &ImuSample) -> bool {
    let mut numbers = sample.gyro_rps.iter().chain(&sample.accel_mps2).chain(&sample.foot_contact);
    // What is not a number is not smaller either.
    numbers.all(|number| number.abs() <= LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn sample(at_ms: u64, x: f32) -> ImuSample {
        ImuSample {
            sampled_ns: at_ms * MS,
            gyro_rps: [x, 0.0, 0.0],
            accel_mps2: [0.0, 0.0, 9.81],
            foot_contact: [1.0, 0.0],
        }
    }

    #[test]
    fn the_newest_sample_with_its_age() {
        let (slot, mut reader) = (ImuSlot::new(), ImuReader::default());
        assert_eq!(reader.read(&slot, 0), (None, f32::INFINITY));
        slot.put(&sample(10, 0.5));
        let (found, age_s) = reader.read(&slot, 13 * MS);
        assert_eq!(found, Some(sample(10, 0.5)));
        assert!((age_s - 0.003).abs() < 1e-6);
        slot.put(&sample(9, 0.6));
        assert_eq!(
            reader.read(&slot, 13 * MS).0,
            Some(sample(10, 0.5)),
            "one that was overtaken is not newer"
        );
    }

    #[test]
    fn frozen_values_grow_old_although_their_stamps_are_new() {
        let (slot, mut reader) = (ImuSlot::new(), ImuReader::default());
        let ages: Vec<f32> = (1..=20)
            .map(|tick| {
                slot.put(&sample(tick * 10, 0.5));
                reader.read(&slot, tick * 10 * MS).1
            })
            .collect();
        assert!(ages[..5].iter().all(|age| *age == 0.0), "{ages:?}");
        assert!((ages[19] - 0.19).abs() < 1e-6, "{ages:?}");
        slot.put(&sample(210, 0.6));
        assert_eq!(reader.read(&slot, 210 * MS).1, 0.0);
    }

    #[test]
    fn what_is_no_number_or_from_the_future_is_not_taken() {
        let (slot, mut reader) = (ImuSlot::new(), ImuReader::default());
        for bad in
            [sample(10, f32::NAN), sample(10, f32::INFINITY), sample(10, -f32::MAX), sample(1_000, 0.5)]
        {
            slot.put(&bad);
            assert_eq!(reader.read(&slot, 20 * MS), (None, f32::INFINITY));
        }
    }
}
