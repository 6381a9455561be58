//! Chance by seed: splitmix64, one sequence for each robot.

/// A sequence that its seed determines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Random {
    pub state: u64,
}

impl Random {
    /// The sequence of one robot: seeds and robots that differ in one bit have nothing in common.
    pub fn new(seed: u64, robot: u64) -> Random {
        let mut of_seed = Random { state: seed };
        let state = of_seed.bits() ^ robot.wrapping_mul(0xd6e8_feb8_6659_fd93);
        let mut random = Random { state };
        random.bits();
        random
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// In [0, 1).
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// In [low, high).
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// From `low` to `high`, both included.
    pub fn whole(&mut self, low: u32, high: u32) -> u32 {
        let count = u64::from(high.saturating_sub(low)) + 1;
        low + (((self.bits() >> 32) * count) >> 32) as u32
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }
}
