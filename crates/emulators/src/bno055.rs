//! A BNO055 at register level: what its I²C pins say, when it is deaf, and what can go wrong with it.
//!
//! From the data sheet (BST-BNO055-DS000): 400 ms from power to the first answer, 650 ms from reset; a change of mode
//! takes 7 ms, and 19 ms into configuration, where every measurement reads zero; axes, units and offsets can be
//! written in configuration only; a new measurement every 10 ms.

use crate::random::Random;

const POWER_ON_NS: u64 = 400_000_000;
const RESET_NS: u64 = 650_000_000;
const TO_CONFIG_NS: u64 = 19_000_000;
const FROM_CONFIG_NS: u64 = 7_000_000;
const MEASURES_EVERY_NS: u64 = 10_000_000;
/// A byte with its acknowledge at 400 kHz.
const BYTE_NS: u64 = 22_500;

const REGISTERS: usize = 128;
const ID: usize = 0x00;
/// What the id register of a chip of the maker's own says.
const OWN_ID: u8 = 0xa0;
const PAGE: usize = 0x07;
const ACCEL: usize = 0x08;
const GYRO: usize = 0x14;
const QUATERNION: usize = 0x20;
const GRAVITY: usize = 0x2e;
const TEMPERATURE: usize = 0x34;
const CALIBRATION: usize = 0x35;
const UNITS: usize = 0x3b;
const MODE: usize = 0x3d;
const TRIGGER: usize = 0x3f;
const AXIS_MAP: usize = 0x41;
const AXIS_SIGN: usize = 0x42;
const OFFSETS: std::ops::RangeInclusive<usize> = 0x55..=0x6a;

/// What the chip is moved by, in the frame of what it is mounted on: x forward, y left, z up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// Angular velocity, rad/s.
    pub gyro_rps: [f32; 3],
    /// Specific force, m/s².
    pub accel_mps2: [f32; 3],
    /// Attitude: w, x, y, z.
    pub quaternion: [f32; 4],
    /// Temperature, °C.
    pub temperature_c: i8,
}

impl Default for Motion {
    fn default() -> Motion {
        let (gyro_rps, accel_mps2) = ([0.0; 3], [0.0, 0.0, 9.81]);
        Motion { gyro_rps, accel_mps2, quaternion: [1.0, 0.0, 0.0, 0.0], temperature_c: 25 }
    }
}

/// Something that goes wrong with the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bno055Fault {
    /// It does not acknowledge.
    Silent {
        /// How long, ns.
        for_ns: u64,
    },
    /// It answers, and measures nothing new.
    Frozen {
        /// How long, ns.
        for_ns: u64,
    },
    /// Every sensor is at the end of its range.
    Saturated {
        /// How long, ns.
        for_ns: u64,
    },
    /// It stretches the clock: a transfer takes so much longer.
    Slow {
        /// By how much, ns.
        by_ns: u64,
        /// How long, ns.
        for_ns: u64,
    },
    /// Bits of what is read are flipped.
    Garbled {
        /// How long, ns.
        for_ns: u64,
    },
    /// Now and then one bit of a measurement is read as another one, as on a bus that does not bear its stretched clock.
    Flipped {
        /// How often, ns; 0: in every read.
        every_ns: u64,
        /// How long, ns.
        for_ns: u64,
    },
    /// Its supply dips: it starts like new.
    BrownOut,
}

/// The chip.
#[derive(Debug, Clone)]
pub struct Bno055 {
    registers: [u8; REGISTERS],
    id: u8,
    /// Row by row, which axis of what it is mounted on each of its own is, and its sign.
    mount: [(usize, f32); 3],
    motion: Motion,
    /// Deaf until then.
    deaf_until_ns: u64,
    /// Measures nothing until then.
    settled_ns: u64,
    measured_ns: u64,
    /// When its fusion began, for what it learns with time.
    fusing_since_ns: u64,
    silent_until_ns: u64,
    frozen_until_ns: u64,
    saturated_until_ns: u64,
    garbled_until_ns: u64,
    slow: (u64, u64),
    /// When the next bit flips, how often one does, and until when, ns.
    flips: (u64, u64, u64),
    /// What is to come, the next at the end.
    schedule: Vec<(u64, Bno055Fault)>,
    /// How often it was told to reset.
    resets: u64,
    random: Random,
}

impl Bno055 {
    /// A chip that gets its supply at `now_ns`. `trunk_axes` says which of its axes are forward, left and up, as a
    /// profile does: `-y`.
    pub fn new(now_ns: u64, trunk_axes: [&str; 3], seed: u64) -> Bno055 {
        let mut mount = [(0, 1.0); 3];
        for (place, axis) in trunk_axes.iter().enumerate() {
            let own = usize::from(axis.as_bytes().last().map_or(0, |letter| letter.saturating_sub(b'x')));
            mount[own.min(2)] = (place, if axis.starts_with('-') { -1.0 } else { 1.0 });
        }
        let mut chip = Bno055 {
            registers: [0; REGISTERS],
            id: OWN_ID,
            mount,
            motion: Motion::default(),
            deaf_until_ns: 0,
            settled_ns: 0,
            measured_ns: 0,
            fusing_since_ns: 0,
            silent_until_ns: 0,
            frozen_until_ns: 0,
            saturated_until_ns: 0,
            garbled_until_ns: 0,
            slow: (0, 0),
            flips: (0, 0, 0),
            schedule: Vec::new(),
            resets: 0,
            random: Random::new(seed),
        };
        chip.start(now_ns, POWER_ON_NS);
        chip
    }

    /// Makes it a clone: its id register says something else.
    pub fn set_id(&mut self, id: u8) {
        self.id = id;
        self.registers[ID] = id;
    }

    /// Moves it.
    pub fn set_motion(&mut self, motion: Motion) {
        self.motion = motion;
    }

    /// What goes wrong by the clock: when, ns, and what; in any order.
    pub fn plan(&mut self, mut schedule: Vec<(u64, Bno055Fault)>) {
        schedule.sort_by_key(|&(at_ns, _)| std::cmp::Reverse(at_ns));
        self.schedule = schedule;
    }

    /// Something goes wrong from now on.
    pub fn inject(&mut self, now_ns: u64, fault: Bno055Fault) {
        let until = |for_ns: u64| now_ns.saturating_add(for_ns);
        match fault {
            Bno055Fault::Silent { for_ns } => self.silent_until_ns = until(for_ns),
            Bno055Fault::Frozen { for_ns } => self.frozen_until_ns = until(for_ns),
            Bno055Fault::Saturated { for_ns } => self.saturated_until_ns = until(for_ns),
            Bno055Fault::Garbled { for_ns } => self.garbled_until_ns = until(for_ns),
            Bno055Fault::Slow { by_ns, for_ns } => self.slow = (by_ns, until(for_ns)),
            Bno055Fault::Flipped { every_ns, for_ns } => self.flips = (now_ns, every_ns, until(for_ns)),
            Bno055Fault::BrownOut => self.start(now_ns, POWER_ON_NS),
        }
    }

    /// One transfer that begins at `now_ns`: a register and what is written to it, then so many bytes read from there.
    /// What was read, `None` where the chip did not acknowledge, and how long it took, ns.
    pub fn transfer(&mut self, now_ns: u64, write: &[u8], read: usize) -> (Option<Vec<u8>>, u64) {
        while let Some((at_ns, fault)) = self.schedule.pop_if(|(at_ns, _)| *at_ns <= now_ns) {
            self.inject(at_ns, fault);
        }
        let slow_ns = if now_ns < self.slow.1 { self.slow.0 } else { 0 };
        if now_ns < self.deaf_until_ns.max(self.silent_until_ns) {
            return (None, BYTE_NS + slow_ns);
        }
        let took_ns = BYTE_NS * (2 + write.len() + read) as u64 + slow_ns;
        let Some((&register, values)) = write.split_first() else { return (Some(Vec::new()), took_ns) };
        let resets = self.resets;
        for (at, &value) in values.iter().enumerate() {
            self.write(now_ns, usize::from(register) + at, value);
        }
        // It may be gone before it has acknowledged: here every other time.
        if self.resets > resets && resets.is_multiple_of(2) {
            return (None, took_ns);
        }
        self.measure(now_ns);
        let is_elsewhere = |at: usize| self.registers[PAGE] != 0 && at != PAGE;
        let mut bytes: Vec<u8> = (usize::from(register)..usize::from(register) + read)
            .map(|at| if is_elsewhere(at) { 0 } else { self.registers.get(at).copied().unwrap_or(0) })
            .collect();
        if now_ns < self.garbled_until_ns {
            bytes.iter_mut().for_each(|byte| *byte ^= self.random.mask());
        }
        self.flip(now_ns, usize::from(register), &mut bytes);
        (Some(bytes), took_ns)
    }

    /// A register's value, as a test may want to know it.
    pub fn register(&self, address: u8) -> u8 {
        self.registers.get(usize::from(address)).copied().unwrap_or(0)
    }

    /// Flips a bit of a measurement, where one is read and it is time.
    fn flip(&mut self, now_ns: u64, first: usize, bytes: &mut [u8]) {
        let (next_ns, every_ns, until_ns) = self.flips;
        if first != ACCEL || bytes.len() < GYRO + 6 - ACCEL || !(next_ns..until_ns).contains(&now_ns) {
            return;
        }
        self.flips.0 = now_ns.saturating_add(every_ns);
        let byte = self.random.below(12);
        // Between the two stands the magnetic field.
        let at = if byte < 6 { byte } else { byte - 6 + GYRO - ACCEL };
        bytes[at] ^= 1 << self.random.below(8);
    }

    fn start(&mut self, now_ns: u64, deaf_ns: u64) {
        self.registers = [0; REGISTERS];
        self.registers[ID] = self.id;
        self.registers[UNITS] = 0x80;
        self.registers[AXIS_MAP] = 0x24;
        self.deaf_until_ns = now_ns.saturating_add(deaf_ns);
    }

    fn write(&mut self, now_ns: u64, at: usize, value: u8) {
        let configuring = self.registers[MODE] == 0;
        match at {
            // The other page, of which nothing here is known.
            at if self.registers[PAGE] != 0 && at != PAGE => {}
            TRIGGER if value & 0x20 != 0 => {
                self.resets += 1;
                self.start(now_ns, RESET_NS);
            }
            MODE if value != self.registers[MODE] => {
                self.registers[MODE] = value & 0x0f;
                self.settled_ns = now_ns + if value == 0 { TO_CONFIG_NS } else { FROM_CONFIG_NS };
                self.fusing_since_ns = self.settled_ns;
                // Nothing is measured while it changes.
                self.registers[ACCEL..=CALIBRATION].fill(0);
                self.measured_ns = 0;
            }
            UNITS | AXIS_MAP | AXIS_SIGN if configuring => self.registers[at] = value,
            at if OFFSETS.contains(&at) && configuring => self.registers[at] = value,
            PAGE | 0x3e => self.registers[at] = value,
            // Read only, or not now.
            _ => {}
        }
    }

    fn measure(&mut self, now_ns: u64) {
        let measured_ns = now_ns / MEASURES_EVERY_NS * MEASURES_EVERY_NS;
        let is_new = measured_ns > self.measured_ns && now_ns >= self.settled_ns.max(self.frozen_until_ns);
        if self.registers[MODE] == 0 || !is_new {
            return;
        }
        self.measured_ns = measured_ns;
        let units = self.registers[UNITS];
        let accel_unit = if units & 1 == 0 { 100.0 } else { 1000.0 / 9.80665 };
        let gyro_unit = if units & 2 == 0 { 16.0 * 180.0 / std::f32::consts::PI } else { 900.0 };
        let saturated = now_ns < self.saturated_until_ns;
        let reach =
            |row: [f32; 3], most: f32| if saturated { row.map(|value| most.copysign(value)) } else { row };
        let noise = |random: &mut Random| (random.unit() - 0.5) as f32;
        let accel = reach(self.motion.accel_mps2, 39.24)
            .map(|value| value * accel_unit + 2.0 * noise(&mut self.random));
        let gyro =
            reach(self.motion.gyro_rps, 35.0).map(|value| value * gyro_unit + 2.0 * noise(&mut self.random));
        self.put(ACCEL, self.mapped(accel), 3923.0);
        self.put(GYRO, self.mapped(gyro), 32_000.0);
        self.put(GRAVITY, self.mapped(self.motion.accel_mps2.map(|value| value * 100.0)), 981.0);
        self.put(QUATERNION, self.motion.quaternion.map(|value| value * 16384.0), 16384.0);
        self.registers[TEMPERATURE] = self.motion.temperature_c.to_le_bytes()[0];
        self.registers[CALIBRATION] = self.learned(now_ns);
    }

    /// From the trunk's axes through the chip's own to those its registers ask for.
    fn mapped(&self, trunk: [f32; 3]) -> [f32; 3] {
        let own = self.mount.map(|(place, sign)| sign * trunk[place]);
        let (map, signs) = (self.registers[AXIS_MAP], self.registers[AXIS_SIGN]);
        std::array::from_fn(|axis| {
            let value = own[usize::from(map >> (2 * axis) & 3).min(2)];
            if signs >> (2 - axis) & 1 == 1 { -value } else { value }
        })
    }

    fn put<const N: usize>(&mut self, first: usize, values: [f32; N], most: f32) {
        for (index, value) in values.into_iter().enumerate() {
            let word = value.clamp(-most, most).round() as i16;
            self.registers[first + 2 * index..first + 2 * index + 2].copy_from_slice(&word.to_le_bytes());
        }
    }

    /// It knows its gyroscope after two seconds, and the rest after eight, or at once with offsets.
    fn learned(&self, now_ns: u64) -> u8 {
        let for_s = now_ns.saturating_sub(self.fusing_since_ns) / 1_000_000_000;
        let knows = self.registers[OFFSETS].iter().any(|byte| *byte != 0);
        let level = |after_s: u64| if knows { 3 } else { (3 * for_s / after_s).min(3) as u8 };
        level(8) << 6 | level(2) << 4 | level(6) << 2 | level(8)
    }
}
