//! The slot by which samples of the IMU come to the loop.

use gaitway_control::imu::ImuSample;
use gaitway_hal::imu_datagram::Datagram;
use gaitway_model::profile::MAX_CONTACTS;
use gaitway_platform::slot::{Slot, join, split};

const NUMBERS: usize = 6 + MAX_CONTACTS;

/// A datagram's sample.
pub fn sample_of(datagram: Datagram) -> ImuSample {
    ImuSample {
        sampled_ns: datagram.sampled_ns,
        gyro_rps: datagram.gyro_rps,
        accel_mps2: datagram.accel_mps2,
        contact: datagram.contact.map(|is_down| f32::from(u8::from(is_down))),
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
        let numbers = sample.gyro_rps.iter().chain(&sample.accel_mps2).chain(&sample.contact);
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
            contact: std::array::from_fn(|index| number(6 + index)),
        })
    }
}
