//! How many ticks were left out lately.

/// Ticks left out in the last second; `sum` is how many.
#[derive(Debug)]
pub(crate) struct Skips {
    ticks: Vec<u32>,
    next: usize,
    pub sum: u32,
}

impl Skips {
    pub fn new(loop_hz: u32) -> Skips {
        Skips { ticks: vec![0; loop_hz.max(1) as usize], next: 0, sum: 0 }
    }

    pub fn add(&mut self, skipped: u64) {
        let skipped = u32::try_from(skipped).unwrap_or(u32::MAX).min(1_000_000);
        self.sum = self.sum + skipped - self.ticks[self.next];
        self.ticks[self.next] = skipped;
        self.next = (self.next + 1) % self.ticks.len();
    }
}
