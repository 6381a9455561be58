//! The heartbeat between a program that drives servos and the guards that watch it: a page of memory that all of them
//! map, so that neither a beat nor a look at one is a system call.

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Guards of one program: one may die with it.
pub const GUARDS: usize = 2;
/// A control loop that makes no progress for so long is frozen, and its torque is cut; a guard that shows no progress
/// for so long guards nothing, ns. Declared in ARCHITECTURE.md. A machine that halts for 0.2 s is not frozen.
pub const LOOP_LIMIT_NS: u64 = 300_000_000;
/// The same for tools, which move joints slowly with somebody beside them, ns.
pub const TOOL_LIMIT_NS: u64 = 1_000_000_000;

/// What is in the page. All zeros is a page in which nothing has happened.
#[derive(Debug)]
#[repr(C)]
struct Page {
    /// Grows with the program's progress; 0 while no servo depends on it.
    program: AtomicU32,
    /// How often a guard cut the torque of a program that lived.
    cuts: AtomicU32,
    /// Grow while the guards live.
    guards: [AtomicU32; GUARDS],
}

/// The page, mapped.
#[derive(Debug)]
struct Mapping {
    page: NonNull<Page>,
    file: OwnedFd,
}

// SAFETY: the page holds atomics alone, and is unmapped when the last who uses it drops the mapping.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn of(file: OwnedFd) -> io::Result<Mapping> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping where the kernel finds room; the file has the length of a page of ours, set by who
        // made it, and nobody shortens it.
        let address = unsafe { mmap(null_mut(), size_of::<Page>(), access, MapFlags::SHARED, &file, 0) }?;
        let page = NonNull::new(address.cast::<Page>()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Mapping { page, file })
    }

    fn page(&self) -> &Page {
        // SAFETY: mapped until this is dropped, aligned to a page, and every state of its bytes is atomics.
        unsafe { self.page.as_ref() }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped with this length by `of`, and nobody refers to it any more.
        let _ = unsafe { munmap(self.page.as_ptr().cast(), size_of::<Page>()) };
    }
}

/// One end of the heartbeat. Clones are the same end.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    mapping: Arc<Mapping>,
    limit_ns: u64,
}

impl Heartbeat {
    /// A program's end, at rest. Without a beat for `limit_ns` it counts as frozen.
    #[cfg(target_os = "linux")]
    pub fn new(limit_ns: u64) -> io::Result<Heartbeat> {
        let file = rustix::fs::memfd_create("gaitway-heartbeat", rustix::fs::MemfdFlags::CLOEXEC)?;
        rustix::fs::ftruncate(&file, size_of::<Page>() as u64)?;
        Heartbeat::of(file, limit_ns)
    }

    /// A guard's end: the file is that of the program's.
    pub fn of(file: OwnedFd, limit_ns: u64) -> io::Result<Heartbeat> {
        Ok(Heartbeat { mapping: Arc::new(Mapping::of(file)?), limit_ns })
    }

    /// Without a beat for so long the program counts as frozen, ns.
    pub fn limit_ns(&self) -> u64 {
        self.limit_ns
    }

    /// The program has made progress: from now on it must go on doing so. One thread alone beats.
    pub fn beat(&self) {
        let program = &self.mapping.page().program;
        program.store(program.load(Ordering::Relaxed).wrapping_add(1).max(1), Ordering::Release);
    }

    /// No servo depends on the program: nobody expects progress.
    pub fn rest(&self) {
        self.mapping.page().program.store(0, Ordering::Release);
    }

    /// How often a guard cut the torque of the program while it lived.
    pub fn cuts(&self) -> u32 {
        self.mapping.page().cuts.load(Ordering::Acquire)
    }

    /// What changes while any guard lives.
    pub fn guards(&self) -> u32 {
        (0..GUARDS).fold(0, |sum: u32, slot| sum.wrapping_add(self.guard(slot)))
    }

    /// What changes while the guard `slot` lives.
    pub fn guard(&self, slot: usize) -> u32 {
        self.mapping.page().guards.get(slot).map_or(0, |beats| beats.load(Ordering::Acquire))
    }

    /// The guard `slot` lives.
    pub fn beat_as_guard(&self, slot: usize) {
        if let Some(beats) = self.mapping.page().guards.get(slot) {
            beats.fetch_add(1, Ordering::Release);
        }
    }

    /// The program's progress; 0 where none is expected.
    pub fn program(&self) -> u32 {
        self.mapping.page().program.load(Ordering::Acquire)
    }

    /// A guard is about to cut the torque of a program that lives.
    pub fn note_cut(&self) {
        self.mapping.page().cuts.fetch_add(1, Ordering::AcqRel);
    }

    /// What a guard needs for its end.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.mapping.file.as_fd()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn both_ends_see_the_same() {
        let program = Heartbeat::new(LOOP_LIMIT_NS).unwrap();
        let guard = Heartbeat::of(program.file().try_clone_to_owned().unwrap(), LOOP_LIMIT_NS).unwrap();
        assert_eq!((guard.program(), program.guards(), program.cuts()), (0, 0, 0));
        program.beat();
        guard.beat_as_guard(1);
        guard.note_cut();
        assert_eq!((guard.program(), program.guards(), program.cuts()), (1, 1, 1));
        program.rest();
        assert_eq!(guard.program(), 0);
        // There is no such guard.
        guard.beat_as_guard(GUARDS);
        assert_eq!(program.guard(GUARDS), 0);
    }

    #[test]
    fn a_beat_is_never_taken_for_a_rest() {
        let heartbeat = Heartbeat::new(LOOP_LIMIT_NS).unwrap();
        heartbeat.mapping.page().program.store(u32::MAX, Ordering::Relaxed);
        heartbeat.beat();
        assert_eq!(heartbeat.program(), 1);
    }
}
