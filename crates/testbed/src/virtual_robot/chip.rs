//! The other way to the IMU's samples: an emulated BNO055 at register level, and the driver that reads it.

use gaitway_bno055::Mode;
use gaitway_control::imu::ImuSample;
use gaitway_emulators::{Bno055 as Chip, IMU_CONTACTS, ImuSample as Felt, Motion};
use gaitway_hal::imu::{Imu, Next};
use gaitway_model::RobotProfile;
use gaitway_runtime::devices::{self, DeviceError};
use gaitway_runtime::robot::ImuSlot;

/// An address byte that nobody acknowledges, at 400 kHz, ns.
const SILENCE_NS: u64 = 22_500;

/// A chip, its driver, and the contact switches beside it.
#[derive(Debug)]
pub struct ChipPath {
    driver: Box<dyn Imu>,
    /// Where the chip answers.
    address: u8,
    chip: Chip,
    /// All contacts count as on the ground where there are none.
    has_switches: bool,
    contact: [f32; IMU_CONTACTS],
    /// How far the driver has come, ns.
    now_ns: u64,
}

impl ChipPath {
    /// A chip that gets its supply at `now_ns`, mounted as `profile` says.
    pub fn new(
        profile: &RobotProfile,
        now_ns: u64,
        has_switches: bool,
        seed: u64,
    ) -> Result<ChipPath, DeviceError> {
        let axes = profile.imu_axes().ok_or(DeviceError::Imus(0))?;
        let driver = devices::imu(profile, axes, Mode::Ndof, None)?;
        Ok(ChipPath {
            address: driver.address(),
            driver,
            chip: Chip::new(now_ns, axes.each_ref().map(String::as_str), seed),
            has_switches,
            contact: [1.0; IMU_CONTACTS],
            now_ns,
        })
    }

    pub(super) fn feel(&mut self, felt: &Felt) {
        let Felt { gyro_rps, accel_mps2, contact, .. } = *felt;
        self.chip.set_motion(Motion { gyro_rps, accel_mps2, ..Motion::default() });
        if self.has_switches {
            self.contact = contact.map(|is_closed| f32::from(u8::from(is_closed)));
        }
    }

    /// Lets the driver do its work up to `until_ns`; its samples go into `slot`.
    pub(super) fn read_until(&mut self, until_ns: u64, slot: &ImuSlot) {
        while self.now_ns < until_ns {
            let is_asked = self.driver.address() == self.address;
            match self.driver.poll(self.now_ns) {
                Next::Wait { until_ns: due_ns } => self.now_ns = due_ns.clamp(self.now_ns + 1, until_ns),
                Next::Transfer { write, read } => {
                    let begun_ns = self.now_ns;
                    let (bytes, took_ns) = match is_asked {
                        true => self.chip.transfer(begun_ns, write, read),
                        // Nobody acknowledges.
                        false => (None, SILENCE_NS),
                    };
                    self.now_ns += took_ns;
                    self.driver.done(begun_ns, self.now_ns, bytes.as_deref());
                }
            }
            if let Some(sample) = self.driver.take_sample() {
                slot.put(&ImuSample {
                    sampled_ns: sample.sampled_ns,
                    gyro_rps: sample.gyro_rps,
                    accel_mps2: sample.accel_mps2,
                    contact: self.contact,
                });
            }
        }
    }
}
