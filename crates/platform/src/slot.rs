//! A slot for one small value: one thread puts, others take the newest. Nobody ever waits.

use std::sync::atomic::{AtomicU32, Ordering, fence};

/// How often a reader that was overtaken by the writer looks again.
const LOOKS: usize = 8;

/// `N` words that are read as they were written together. One writer at a time.
#[derive(Debug)]
pub struct Slot<const N: usize> {
    /// Odd while somebody writes; 0 until something was written.
    version: AtomicU32,
    words: [AtomicU32; N],
}

impl<const N: usize> Slot<N> {
    /// An empty slot.
    pub const fn new() -> Slot<N> {
        Slot { version: AtomicU32::new(0), words: [const { AtomicU32::new(0) }; N] }
    }

    /// Replaces what is in it.
    pub fn put(&self, words: [u32; N]) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        for (slot, word) in self.words.iter().zip(words) {
            slot.store(word, Ordering::Relaxed);
        }
        // Never 0 again: that means empty.
        let next = version.wrapping_add(2);
        self.version.store(if next == 0 { 2 } else { next }, Ordering::Release);
    }

    /// What was put last; `None` where nothing was, or where the writer overtook every look.
    pub fn take(&self) -> Option<[u32; N]> {
        for _ in 0..LOOKS {
            let before = self.version.load(Ordering::Acquire);
            if before == 0 {
                return None;
            }
            let words = std::array::from_fn(|index| self.words[index].load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before {
                return Some(words);
            }
        }
        None
    }
}

impl<const N: usize> Default for Slot<N> {
    fn default() -> Self {
        Slot::new()
    }
}

/// A number of 64 bits as two words.
pub fn split(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

/// Two words as a number of 64 bits.
pub fn join(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn empty_until_something_is_put() {
        let slot = Slot::<3>::new();
        assert_eq!(slot.take(), None);
        slot.put([1, 2, 3]);
        assert_eq!((slot.take(), slot.take()), (Some([1, 2, 3]), Some([1, 2, 3])));
        assert_eq!(join(split(u64::MAX - 5)[0], split(u64::MAX - 5)[1]), u64::MAX - 5);
    }

    #[test]
    fn words_are_never_torn_apart() {
        let (slot, done) = (Slot::<8>::new(), AtomicBool::new(false));
        slot.put([0; 8]);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 1..=200_000 {
                    slot.put([number; 8]);
                }
                done.store(true, Ordering::Relaxed);
            });
            let mut last = 0;
            while !done.load(Ordering::Relaxed) {
                let Some(words) = slot.take() else { continue };
                assert!(words.iter().all(|word| *word == words[0]), "{words:?}");
                assert!(words[0] >= last, "the newest, never an older one again");
                last = words[0];
            }
        });
    }
}
