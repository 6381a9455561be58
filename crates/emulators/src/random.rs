//! Chance by seed: xorshift64*, the twin's only source of it.

/// A sequence that its seed determines.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        // The state must never be 0; multiplying spreads seeds that differ in one bit.
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// In [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// In 0..limit; 0 where the limit is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        ((self.bits() >> 32) as usize).checked_rem(limit).unwrap_or(0)
    }

    /// Any byte but 0: what a garbled byte is combined with, so that it never comes out whole.
    pub fn mask(&mut self) -> u8 {
        self.below(255) as u8 + 1
    }
}
