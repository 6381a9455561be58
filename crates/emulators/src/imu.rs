//! The IMU emulated: samples with their time in, datagrams with theirs out, and what can go wrong between.
//!
//! Until the drivers of the real chip exist, an IMU reaches the robot's program as datagrams (docs/formats.md).

use crate::random::Random;
use std::collections::VecDeque;

/// Bytes of one datagram.
pub const IMU_DATAGRAM_BYTES: usize = 44;
/// The same of a robot with more than four contacts.
pub const LONG_IMU_DATAGRAM_BYTES: usize = 48;
/// Most contacts in a datagram.
pub const IMU_CONTACTS: usize = 8;

/// First bytes of every datagram.
const MAGIC: [u8; 4] = *b"GWI1";
/// Most datagrams that wait; further ones are lost.
const WAITING: usize = 4_096;

/// What IMU and foot switches see at one time. Trunk frame: x forward, y left, z up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ImuSample {
    /// When, ns of the monotonic clock.
    pub sampled_ns: u64,
    /// Turning rates, rad/s.
    pub gyro_rps: [f32; 3],
    /// Specific force, m/s²: +9.81 on z when standing.
    pub accel_mps2: [f32; 3],
    /// Contacts, true on the ground, and how many of them there are.
    pub contact: [bool; IMU_CONTACTS],
    /// See `contact`.
    pub contacts: usize,
}

/// Something that goes wrong with an IMU, for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImuFault {
    /// Times and sequence numbers go on, the values stay as they are.
    Frozen {
        /// How long, ns.
        for_ns: u64,
    },
    /// Samples arrive late, with their true times. Later ones do not overtake them.
    Late {
        /// By how much, ns.
        by_ns: u64,
        /// How long, ns.
        for_ns: u64,
    },
    /// Samples are not delivered; their sequence numbers are used up.
    Lost {
        /// How long, ns.
        for_ns: u64,
    },
    /// Now and then one bit of one number is another one, as on the I²C of a chip that stretches the clock.
    Flipped {
        /// How often, ns; 0: in every sample.
        every_ns: u64,
        /// How long, ns.
        for_ns: u64,
        /// Decides which bits.
        seed: u64,
    },
}

/// Units of the chip's words in rad/s and m/s².
const GYRO_WORDS: f32 = 16.0 * 180.0 / std::f32::consts::PI;
const ACCEL_WORDS: f32 = 100.0;

/// Bits that flip: the next one when, how often, until when.
#[derive(Debug, Clone)]
struct Flips {
    next_ns: u64,
    every_ns: u64,
    until_ns: u64,
    random: Random,
}

/// An IMU without clock and socket.
#[derive(Debug, Clone, Default)]
pub struct Imu {
    schedule: VecDeque<(u64, ImuFault)>,
    sequence: u32,
    last: Option<ImuSample>,
    frozen_until_ns: u64,
    late_until_ns: u64,
    late_by_ns: u64,
    lost_until_ns: u64,
    flips: Option<Flips>,
    /// When each is due; the times never fall.
    waiting: VecDeque<(u64, Vec<u8>)>,
    faults: u64,
}

impl Imu {
    /// An IMU with faults by the clock: when, ns, and what; in any order.
    pub fn new(mut schedule: Vec<(u64, ImuFault)>) -> Imu {
        schedule.sort_by_key(|&(at_ns, _)| at_ns);
        Imu { schedule: schedule.into(), ..Imu::default() }
    }

    /// Something goes wrong from now on.
    pub fn inject(&mut self, now_ns: u64, fault: ImuFault) {
        self.faults += 1;
        match fault {
            ImuFault::Frozen { for_ns } => self.frozen_until_ns = now_ns.saturating_add(for_ns),
            ImuFault::Lost { for_ns } => self.lost_until_ns = now_ns.saturating_add(for_ns),
            ImuFault::Flipped { every_ns, for_ns, seed } => {
                let (until_ns, random) = (now_ns.saturating_add(for_ns), Random::new(seed));
                self.flips = Some(Flips { next_ns: now_ns, every_ns, until_ns, random });
            }
            ImuFault::Late { by_ns, for_ns } => {
                self.late_by_ns = by_ns;
                self.late_until_ns = now_ns.saturating_add(for_ns);
            }
        }
    }

    /// A sample was taken, at a time not before the last one's.
    pub fn sample(&mut self, sample: ImuSample) {
        let now_ns = sample.sampled_ns;
        while let Some(&(at_ns, fault)) = self.schedule.front().filter(|(at_ns, _)| *at_ns <= now_ns) {
            self.schedule.pop_front();
            self.inject(at_ns, fault);
        }
        let shown = match self.last {
            Some(last) if now_ns < self.frozen_until_ns => ImuSample { sampled_ns: now_ns, ..last },
            _ => sample,
        };
        self.last = Some(shown);
        let read = self.flips.as_mut().map_or(shown, |flips| flips.strike(shown));
        let datagram = read.datagram(self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        if now_ns < self.lost_until_ns || self.waiting.len() >= WAITING {
            return;
        }
        let late_ns = if now_ns < self.late_until_ns { self.late_by_ns } else { 0 };
        let before_ns = self.waiting.back().map_or(0, |&(due_ns, _)| due_ns);
        self.waiting.push_back((now_ns.saturating_add(late_ns).max(before_ns), datagram));
    }

    /// The next datagram that is due by now.
    pub fn take_due(&mut self, now_ns: u64) -> Option<Vec<u8>> {
        let is_due = self.waiting.front().is_some_and(|&(due_ns, _)| due_ns <= now_ns);
        if is_due { self.waiting.pop_front().map(|(_, datagram)| datagram) } else { None }
    }

    /// Faults that struck.
    pub fn fault_count(&self) -> u64 {
        self.faults
    }
}

impl Flips {
    fn strike(&mut self, mut sample: ImuSample) -> ImuSample {
        if !(self.next_ns..self.until_ns).contains(&sample.sampled_ns) {
            return sample;
        }
        self.next_ns = sample.sampled_ns.saturating_add(self.every_ns);
        let (number, bit) = (self.random.below(6), self.random.below(16));
        let (value, words) = match number {
            0..3 => (&mut sample.gyro_rps[number], GYRO_WORDS),
            _ => (&mut sample.accel_mps2[number - 3], ACCEL_WORDS),
        };
        let word = (*value * words).round() as i16 ^ (1_u16 << bit) as i16;
        *value = f32::from(word) / words;
        sample
    }
}

impl ImuSample {
    /// The sample as it is sent.
    fn datagram(&self, sequence: u32) -> Vec<u8> {
        let len = if self.contacts > 4 { LONG_IMU_DATAGRAM_BYTES } else { IMU_DATAGRAM_BYTES };
        let mut bytes = vec![0; len];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&sequence.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sampled_ns.to_le_bytes());
        let values = self.gyro_rps.iter().chain(&self.accel_mps2);
        for (slot, value) in bytes[16..40].chunks_exact_mut(4).zip(values) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        for (slot, &is_down) in bytes[40..].iter_mut().zip(&self.contact) {
            *slot = u8::from(is_down);
        }
        bytes
    }
}
