//! Memory that the kernel is asked to keep in huge pages.
//!
//! Not from the allocator: it may hand out memory that lies in small pages already, and those stay.

use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

use crate::pack::Line;

/// A huge page of x86, and of ARM where small pages have 4 KiB. Where huge ones have another size, or are switched
/// off, this is ordinary memory.
const PAGE: usize = 2 << 20;

/// Lines in whole huge pages of their own.
#[derive(Debug)]
pub struct HugePages {
    first: NonNull<Line>,
    len: usize,
}

// SAFETY: the memory is this value's own, and is not written once the value is made.
unsafe impl Send for HugePages {}
// SAFETY: as above.
unsafe impl Sync for HugePages {}

impl HugePages {
    /// Copies the lines; none where the system has no more memory.
    pub fn holding(lines: &[Line]) -> Option<HugePages> {
        let pages = HugePages { first: map(mapped_len(lines.len()))?.cast(), len: lines.len() };
        // SAFETY: the mapping is new, as long as the lines at least, and aligned to more than a line.
        unsafe { pages.first.copy_from_nonoverlapping(NonNull::from(lines).cast(), lines.len()) };
        Some(pages)
    }

    pub fn lines(&self) -> &[Line] {
        // SAFETY: `holding` wrote as many, and the mapping is unmapped by `drop` alone.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.len) }
    }
}

impl Drop for HugePages {
    fn drop(&mut self) {
        unmap(self.first.as_ptr().cast(), mapped_len(self.len));
    }
}

fn mapped_len(lines: usize) -> usize {
    (lines * size_of::<Line>()).next_multiple_of(PAGE)
}

/// `len` bytes of zeros, `len` being whole huge pages, that begin where a huge page can.
fn map(len: usize) -> Option<NonNull<c_void>> {
    let (reserved, access) = (len + PAGE, ProtFlags::READ | ProtFlags::WRITE);
    // SAFETY: a private mapping at an address of the kernel's choice touches no memory that anybody has.
    let start = unsafe { mmap_anonymous(null_mut(), reserved, access, MapFlags::PRIVATE) }.ok()?;
    let before = start.addr().next_multiple_of(PAGE) - start.addr();
    let first = start.wrapping_byte_add(before);
    unmap(start, before);
    unmap(first.wrapping_byte_add(len), PAGE - before);
    // Nothing is lost where the kernel does not follow.
    // SAFETY: this advice changes what nobody can read.
    let _ = unsafe { madvise(first, len, Advice::LinuxHugepage) };
    NonNull::new(first)
}

/// Gives a part of a mapping back; an empty one is none.
fn unmap(start: *mut c_void, len: usize) {
    if len > 0 {
        // SAFETY: callers give up what they mapped, in whole pages. It cannot fail for such a part.
        let _ = unsafe { munmap(start, len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::LANES;

    fn counted(len: usize) -> Vec<Line> {
        (0..len).map(|index| Line([index as f32; LANES])).collect()
    }

    #[test]
    fn holds_the_lines_it_was_given() {
        let one_page = PAGE / size_of::<Line>();
        for len in [1, one_page, one_page + 1] {
            let (lines, pages) = (counted(len), HugePages::holding(&counted(len)).unwrap());
            assert_eq!(pages.first.addr().get() % PAGE, 0);
            assert!(pages.lines().iter().map(|line| line.0).eq(lines.iter().map(|line| line.0)), "{len}");
        }
    }

    /// "hg" among a mapping's flags: the kernel was advised. Kernels without huge pages know no such flag, and an emulator
    /// of another CPU makes up a mapping's flags itself.
    #[test]
    #[cfg(target_arch = "x86_64")]
    #[expect(clippy::disallowed_methods, reason = "the kernel's own file, as long as it is")]
    fn the_kernel_is_asked_for_huge_pages() {
        if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            return;
        }
        let pages = HugePages::holding(&counted(3000)).unwrap();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let (_, mapping) = maps.split_once(&line_of_mapping(&maps, pages.first.addr().get())).unwrap();
        let flags = mapping.lines().find(|line| line.starts_with("VmFlags:")).unwrap();
        assert!(flags.split_whitespace().any(|flag| flag == "hg"), "{flags}");
    }

    /// The line that begins the description of the mapping with this address.
    #[cfg(target_arch = "x86_64")]
    fn line_of_mapping(maps: &str, address: usize) -> String {
        let holds = |line: &&str| {
            let range = line.split_once(' ').and_then(|(range, _)| range.split_once('-'));
            let ends = range.map(|(start, end)| [start, end].map(|end| usize::from_str_radix(end, 16)));
            matches!(ends, Some([Ok(start), Ok(end)]) if (start..end).contains(&address))
        };
        maps.lines().find(holds).unwrap().to_owned()
    }
}
