//! How many ticks were left out lately.

use crate::error::ControlError;
use crate::state_bytes::{Reader, Writer, mismatch};

/// So many count as many: their sum stays a number.
const MOST: u32 = 100_000;

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
        let skipped = u32::try_from(skipped).unwrap_or(u32::MAX).min(MOST);
        self.sum = self.sum + skipped - self.ticks[self.next];
        self.ticks[self.next] = skipped;
        self.next = (self.next + 1) % self.ticks.len();
    }

    pub fn save(&self, out: &mut Writer) {
        out.u64(self.next as u64);
        self.ticks.iter().for_each(|skipped| out.u64(u64::from(*skipped)));
    }

    pub fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        let next = input.u32()? as usize;
        if next >= self.ticks.len() {
            return Err(mismatch(
                "place among skipped ticks",
                format!("less than {}", self.ticks.len()),
                next,
            ));
        }
        self.next = next;
        for skipped in &mut self.ticks {
            *skipped = input.u32()?.min(MOST);
        }
        self.sum = self.ticks.iter().sum();
        Ok(())
    }
}
