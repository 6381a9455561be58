//! The IMU's thread where the chip itself is read: the newest sample goes into the slot.

use crate::robot::contacts::ContactSlot;
use crate::robot::imu::ImuSlot;
use gaitway_bno055::{Bno055, Calibration, Fusion, Health};
use gaitway_control::imu::ImuSample;
use gaitway_hal::imu::{Imu, Next};
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::i2c::{I2c, I2cError, MAX_BYTES, open};
use gaitway_platform::worker::{End, Worker};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

const STACK_BYTES: usize = 64 * 1024;
/// It looks whether it shall end at least so often, ns.
const PATIENCE_NS: u64 = 50_000_000;

/// An IMU that cannot be read.
#[derive(Debug, Error)]
pub enum ImuChipError {
    /// Its bus.
    #[error(transparent)]
    Bus(#[from] I2cError),
    /// Its thread.
    #[error("thread of the IMU: {0}")]
    Thread(io::Error),
}

impl ImuChipError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            ImuChipError::Bus(error) => error.hint(),
            ImuChipError::Thread(_) => {
                "the machine is out of memory or threads: end other programs".to_owned()
            }
        }
    }
}

/// How the chip is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ImuState {
    /// True where it measures.
    pub is_up: bool,
    /// Samples taken.
    pub samples: u64,
    /// Of these, with a sensor at the end of its range.
    pub saturated: u64,
    /// Where it answers, or is looked for.
    pub address: u8,
    /// What it has been through.
    pub health: Health,
    /// What it has fused, as last read.
    pub fusion: Option<Fusion>,
}

/// The thread that reads the chip; it ends when this is dropped.
#[derive(Debug)]
pub struct ImuChip {
    shared: Arc<Shared>,
    _worker: Worker,
}

#[derive(Debug, Default)]
struct Shared {
    /// Somebody wants to know what the chip has learned.
    is_asked: AtomicBool,
    /// Never seen by the loop.
    state: Mutex<ImuState>,
    learned: Mutex<Option<Calibration>>,
}

impl ImuChip {
    /// Reads the chip `imu` on the bus `path`, and puts its samples into `slot`, with what the contacts say. One that does not
    /// answer yet is waited for.
    pub fn start(
        path: &Path,
        imu: Box<dyn Imu>,
        contacts: Arc<ContactSlot>,
        slot: Arc<ImuSlot>,
    ) -> Result<ImuChip, ImuChipError> {
        let wire = open(path)?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let work = move |end: &End| read(wire, imu, &contacts, &slot, &theirs, end);
        let worker = Worker::start("imu", STACK_BYTES, work).map_err(ImuChipError::Thread)?;
        Ok(ImuChip { shared, _worker: worker })
    }

    /// From now on what it has learned is to be had: it measures nothing for 40 ms.
    pub fn ask_for_calibration(&self) {
        self.shared.is_asked.store(true, Ordering::Relaxed);
    }

    /// What it has learned, once, where that was asked for.
    pub fn take_calibration(&self) -> Option<Calibration> {
        self.shared.learned.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// How the chip is.
    pub fn state(&self) -> ImuState {
        *self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(
    mut wire: Box<dyn I2c>,
    mut imu: Box<dyn Imu>,
    contacts: &ContactSlot,
    slot: &ImuSlot,
    shared: &Shared,
    end: &End,
) {
    let clock = MonotonicClock::default();
    let mut state = ImuState::default();
    let mut bytes = [0; MAX_BYTES];
    while !end.has_come() {
        if shared.is_asked.swap(false, Ordering::Relaxed)
            && let Some(chip) = bno055(&mut *imu)
        {
            chip.ask_for_calibration();
        }
        let begun_ns = clock.now_ns();
        let address = imu.address();
        let (done, len) = match imu.poll(begun_ns) {
            Next::Wait { until_ns } => {
                clock.wait_until(until_ns.min(begun_ns + PATIENCE_NS));
                continue;
            }
            Next::Transfer { write, read } => {
                let into = bytes.get_mut(..read).unwrap_or_default();
                (wire.transfer(address, write, into), read)
            }
        };
        imu.done(begun_ns, clock.now_ns(), done.is_ok().then(|| &bytes[..len.min(MAX_BYTES)]));
        if let Some(sample) = imu.take_sample() {
            state.samples += 1;
            state.saturated += u64::from(sample.is_saturated);
            slot.put(&ImuSample {
                sampled_ns: sample.sampled_ns,
                gyro_rps: sample.gyro_rps,
                accel_mps2: sample.accel_mps2,
                contact: contacts.take(),
            });
        }
        (state.is_up, state.address) = (imu.is_up(), imu.address());
        if let Some(chip) = bno055(&mut *imu) {
            if let Some(learned) = chip.take_calibration() {
                *shared.learned.lock().unwrap_or_else(PoisonError::into_inner) = Some(learned);
            }
            (state.health, state.fusion) = (*chip.health(), chip.fusion());
        }
        *shared.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// The chip that tools know, where it is one.
fn bno055(imu: &mut dyn Imu) -> Option<&mut Bno055> {
    imu.as_any_mut().downcast_mut()
}
