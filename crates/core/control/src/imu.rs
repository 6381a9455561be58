//! Samples of the IMU: the newest counts, with its age, and a frozen one grows old.

use crate::error::ControlError;
use crate::state_bytes::{Reader, Writer};
use gaitway_model::profile::MAX_CONTACTS;

/// As many samples in a row that are alike to the bit are no measurement any more: noise alone moves the last bits.
const FROZEN_AFTER: u32 = 5;

/// No IMU measures so much, rad/s or m/s²; what is larger yet would overflow where it is turned and squared.
pub const LARGEST: f32 = 10_000.0;

/// One sample, in the trunk frame: x forward, y left, z up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ImuSample {
    /// When it was taken, ns of the monotonic clock.
    pub sampled_ns: u64,
    /// Angular velocity, rad/s.
    pub gyro_rps: [f32; 3],
    /// Specific force, m/s².
    pub accel_mps2: [f32; 3],
    /// Contacts in the order of the profile, zero behind the last: 1 on the ground, 0 in the air.
    pub contact: [f32; MAX_CONTACTS],
}

/// What was last sensed, and since when it has been true.
#[derive(Debug, Clone, Default)]
pub struct ImuReader {
    /// How many contacts the robot has.
    contacts: usize,
    last: Option<ImuSample>,
    /// Samples after the first of a row that were alike to the bit.
    alike: u32,
    /// When the first of that row was taken, ns.
    changed_ns: u64,
}

impl ImuReader {
    /// Of a robot with so many contacts.
    pub fn new(contacts: usize) -> ImuReader {
        ImuReader { contacts: contacts.min(MAX_CONTACTS), ..ImuReader::default() }
    }

    /// The sample that counts.
    pub(crate) fn last(&self) -> Option<ImuSample> {
        self.last
    }

    /// What counts after `newest` came, and its age, s: infinite where there is none, and counted from the last change where the
    /// values stand still. A sample from the future is refused: its clock is another one.
    pub fn read(&mut self, newest: Option<ImuSample>, now_ns: u64) -> (Option<ImuSample>, f32) {
        let newest = newest.filter(|sample| is_sound(sample) && sample.sampled_ns <= now_ns);
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

    pub(crate) fn save(&self, out: &mut Writer) {
        out.flag(self.last.is_some());
        let last = self.last.unwrap_or_default();
        out.u64(last.sampled_ns);
        for numbers in [&last.gyro_rps[..], &last.accel_mps2, &last.contact[..self.contacts]] {
            out.f32s(numbers);
        }
        out.u64(u64::from(self.alike));
        out.u64(self.changed_ns);
    }

    pub(crate) fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        let is_there = input.flag()?;
        let mut last = ImuSample { sampled_ns: input.u64()?, ..ImuSample::default() };
        for numbers in [&mut last.gyro_rps[..], &mut last.accel_mps2, &mut last.contact[..self.contacts]] {
            input.f32s(numbers)?;
        }
        self.last = is_there.then_some(last);
        self.alike = input.u32()?;
        self.changed_ns = input.u64()?;
        Ok(())
    }
}

fn is_sound(sample: &ImuSample) -> bool {
    let mut numbers = sample.gyro_rps.iter().chain(&sample.accel_mps2).chain(&sample.contact);
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
            ..ImuSample::default()
        }
    }

    #[test]
    fn the_newest_sample_with_its_age() {
        let mut reader = ImuReader::default();
        assert_eq!(reader.read(None, 0), (None, f32::INFINITY));
        let (found, age_s) = reader.read(Some(sample(10, 0.5)), 13 * MS);
        assert_eq!(found, Some(sample(10, 0.5)));
        assert!((age_s - 0.003).abs() < 1e-6);
        let (found, _) = reader.read(Some(sample(9, 0.6)), 13 * MS);
        assert_eq!(found, Some(sample(10, 0.5)), "one that was overtaken is not newer");
    }

    #[test]
    fn frozen_values_grow_old_although_their_stamps_are_new() {
        let mut reader = ImuReader::default();
        let ages: Vec<f32> =
            (1..=20).map(|tick| reader.read(Some(sample(tick * 10, 0.5)), tick * 10 * MS).1).collect();
        assert!(ages[..5].iter().all(|age| *age == 0.0), "{ages:?}");
        assert!((ages[19] - 0.19).abs() < 1e-6, "{ages:?}");
        assert_eq!(reader.read(Some(sample(210, 0.6)), 210 * MS).1, 0.0);
    }

    #[test]
    fn what_is_no_number_or_from_the_future_is_not_taken() {
        let mut reader = ImuReader::default();
        for bad in
            [sample(10, f32::NAN), sample(10, f32::INFINITY), sample(10, -f32::MAX), sample(1_000, 0.5)]
        {
            assert_eq!(reader.read(Some(bad), 20 * MS), (None, f32::INFINITY));
        }
    }
}
