//! One servo's memory: the live image, and what its EEPROM will give back after a power cycle.

use crate::registers::{Access, Area, ID, LOCK, MAX_TORQUE, REGISTERS, RETURN_DELAY, Register, TORQUE_LIMIT};

/// Addresses of a servo.
const IMAGE_BYTES: usize = 256;

/// What the host may do with each address, from the table.
const WRITABLE: [Option<Area>; IMAGE_BYTES] = writable();

const fn writable() -> [Option<Area>; IMAGE_BYTES] {
    let mut areas = [None; IMAGE_BYTES];
    let mut index = 0;
    while index < REGISTERS.len() {
        let register = REGISTERS[index];
        if matches!(register.access, Access::ReadWrite) {
            let mut byte = 0;
            while byte < register.width as usize {
                areas[register.address as usize + byte] = Some(register.area);
                byte += 1;
            }
        }
        index += 1;
    }
    areas
}

/// 256 bytes that the bus sees, 256 bytes of EEPROM behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterFile {
    live: [u8; IMAGE_BYTES],
    saved: [u8; IMAGE_BYTES],
    return_delay: u8,
    saves: u64,
}

impl RegisterFile {
    /// A new servo with the factory's values; `return_delay` is the one whose factory value sources dispute.
    pub fn new(id: u8, return_delay: u8) -> RegisterFile {
        let empty = [0; IMAGE_BYTES];
        let mut file = RegisterFile { live: empty, saved: empty, return_delay, saves: 0 };
        file.put_factory_values();
        file.store(ID, u16::from(id));
        file.power_cycle();
        file
    }

    /// A register's raw value.
    pub fn raw(&self, register: Register) -> u16 {
        Self::get(&self.live, register)
    }

    /// A register's value, its sign decoded.
    pub fn value(&self, register: Register) -> i32 {
        register.decode(self.raw(register))
    }

    /// A register's raw value in EEPROM: what a power cycle brings back.
    pub fn saved_raw(&self, register: Register) -> u16 {
        Self::get(&self.saved, register)
    }

    /// Write instructions that were saved in the EEPROM: its wear.
    pub fn saves(&self) -> u64 {
        self.saves
    }

    /// `len` bytes from `address`; beyond the last address, zeros.
    pub fn read(&self, address: u8, len: u8) -> Vec<u8> {
        let from = usize::from(address);
        (from..from + usize::from(len)).map(|at| self.live.get(at).copied().unwrap_or(0)).collect()
    }

    /// The host's write. Addresses it may not write keep their bytes. The lock as it was before the write decides
    /// whether EEPROM bytes are saved; a saved byte wears the EEPROM even where it is the same.
    pub fn write(&mut self, address: u8, data: &[u8]) {
        let is_saving = self.raw(LOCK) == 0;
        let mut has_saved = false;
        for (at, &byte) in (usize::from(address)..IMAGE_BYTES).zip(data) {
            let Some(area) = WRITABLE[at] else { continue };
            self.live[at] = byte;
            if area == Area::Eeprom && is_saving {
                self.saved[at] = byte;
                has_saved = true;
            }
        }
        self.saves += u64::from(has_saved);
    }

    /// The servo's own write, of any register, without wear.
    pub fn set(&mut self, register: Register, value: i32) {
        Self::put(&mut self.live, register, register.encode(value));
    }

    /// Live and in EEPROM, without wear: how a servo is prepared before it comes on the bus.
    pub fn store(&mut self, register: Register, raw: u16) {
        Self::put(&mut self.live, register, raw);
        if register.area == Area::Eeprom {
            Self::put(&mut self.saved, register, raw);
        }
    }

    /// Power off and on: EEPROM registers as they were saved, RAM registers at their defaults (torque off).
    pub fn power_cycle(&mut self) {
        for register in REGISTERS {
            let raw = match register.area {
                Area::Eeprom => self.saved_raw(*register),
                Area::Ram => register.factory,
            };
            Self::put(&mut self.live, *register, raw);
        }
        self.set(TORQUE_LIMIT, self.value(MAX_TORQUE));
    }

    /// EEPROM registers back to factory values, saved. RAM stays.
    pub fn factory_reset(&mut self, keeps_id: bool) {
        let id = self.saved_raw(ID);
        self.put_factory_values();
        if keeps_id {
            self.store(ID, id);
        }
        self.saves += 1;
    }

    fn put_factory_values(&mut self) {
        for register in REGISTERS.iter().filter(|register| register.area == Area::Eeprom) {
            self.store(*register, register.factory);
        }
        self.store(RETURN_DELAY, u16::from(self.return_delay));
    }

    fn get(image: &[u8; IMAGE_BYTES], register: Register) -> u16 {
        let at = usize::from(register.address);
        let high = if register.width == 2 { image[at + 1] } else { 0 };
        u16::from_le_bytes([image[at], high])
    }

    fn put(image: &mut [u8; IMAGE_BYTES], register: Register, raw: u16) {
        let at = usize::from(register.address);
        let width = usize::from(register.width);
        image[at..at + width].copy_from_slice(&raw.to_le_bytes()[..width]);
    }
}
