//! The memory of all packed weights: one stretch, which every run of a plan reads once, from front to back.
//!
//! A tick later much of it has left the caches, and what the CPU then waits for is less the weights than where they
//! lie: a page table of 4 KiB pages has an entry for every 64 lines, and these have left the caches, too. In huge pages
//! one entry finds all.

use std::ops::Deref;

use crate::pack::Line;

#[cfg(target_os = "linux")]
mod huge;

/// Below this, in bytes, few pages are asked for, and a huge one would be nearly empty.
const WORTH_A_HUGE_PAGE: usize = 128 << 10;

/// Packed weights, in huge pages where they are many and the system has such pages.
#[derive(Debug)]
pub enum Weights {
    /// From the allocator.
    Heap(Vec<Line>),
    /// In pages of their own.
    #[cfg(target_os = "linux")]
    Huge(huge::HugePages),
}

impl Weights {
    /// Moves the lines to where they stay.
    pub fn new(mut lines: Vec<Line>) -> Weights {
        #[cfg(target_os = "linux")]
        if size_of_val(lines.as_slice()) >= WORTH_A_HUGE_PAGE
            && let Some(pages) = huge::HugePages::holding(&lines)
        {
            return Weights::Huge(pages);
        }
        lines.shrink_to_fit();
        Weights::Heap(lines)
    }
}

impl Deref for Weights {
    type Target = [Line];

    fn deref(&self) -> &[Line] {
        match self {
            Weights::Heap(lines) => lines,
            #[cfg(target_os = "linux")]
            Weights::Huge(pages) => pages.lines(),
        }
    }
}
