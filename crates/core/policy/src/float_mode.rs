//! The floating-point control word, set to its default for a while.

use std::marker::PhantomData;

/// While it lives, this thread rounds to nearest, keeps denormals and masks every exception.
///
/// Another library in the process may have set flush-to-zero or another rounding, which would change bits.
/// [`Plan::run`](crate::Plan::run) does not set the mode itself: whoever runs a whole tick sets it once around
/// everything that must be exact. On x86 it holds MXCSR, on aarch64 FPCR; elsewhere it does nothing (32-bit ARM
/// starts every process in the default mode).
#[derive(Debug)]
#[must_use = "the mode lasts only as long as the guard"]
pub struct FloatMode {
    previous: control::Word,
    // The control word belongs to the thread, so the guard must not leave it.
    _thread: PhantomData<*const ()>,
}

impl FloatMode {
    /// Sets the default mode and remembers the one before.
    pub fn set() -> FloatMode {
        let previous = control::read();
        control::write(control::DEFAULT);
        FloatMode { previous, _thread: PhantomData }
    }
}

impl Drop for FloatMode {
    /// Puts back the mode from before; exception flags raised meanwhile are dropped with the guard.
    fn drop(&mut self) {
        control::write(self.previous);
    }
}

#[cfg(any(target_arch = "x86_64", all(target_arch = "x86", target_feature = "sse2")))]
mod control {
    use std::arch::asm;

    pub type Word = u32;

    /// MXCSR at reset: round to nearest, exceptions masked, no flush-to-zero, no denormals-are-zero.
    pub const DEFAULT: Word = 0x1f80;

    pub fn read() -> Word {
        let mut word: Word = 0;
        // SAFETY: stores four bytes at the address of a live, aligned u32.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    pub fn write(word: Word) {
        // SAFETY: loads four bytes from a live u32 that holds a word with no reserved bit set (the default, or one
        // that the CPU itself stored).
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod control {
    use std::arch::asm;

    pub type Word = u64;

    /// Round to nearest, exceptions not trapped, no flush-to-zero, NaN payloads kept.
    pub const DEFAULT: Word = 0;

    pub fn read() -> Word {
        let word: Word;
        // SAFETY: reads a control register that user code may read.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nostack, preserves_flags)) };
        word
    }

    pub fn write(word: Word) {
        // SAFETY: writes zero or a word read before to a control register that user code may write.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "x86", target_feature = "sse2"),
    target_arch = "aarch64"
)))]
mod control {
    pub type Word = ();

    pub const DEFAULT: Word = ();

    pub fn read() -> Word {}

    pub fn write(_: Word) {}
}
