//! Real-time set-up as a report: what was asked for, what was granted, and what to do about the rest.
//!
//! A refusal never fails the start: a robot on the table walks without any of this, only less evenly.

mod latency;
mod machine;

pub use latency::usb_latency;
pub use machine::machine;

use rustix::mm::MlockAllFlags;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CapabilitySet, CpuSet};
use serde::Serialize;
use std::fmt;
use std::hint::black_box;
use std::io;
use std::sync::mpsc;
use std::thread::JoinHandle;

/// Priority of a thread that plays a device: no device is late because a machine is busy. Below every loop's.
const DEVICE_PRIORITY: u8 = 70;

/// Priority of a guard: above all that is ordinary, below every loop.
const GUARD_PRIORITY: u8 = 5;

/// What a thread that keeps time would like to have. The default asks for nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RealTimeRequest {
    /// SCHED_FIFO priority, 1 to 99.
    pub priority: Option<u8>,
    /// All memory stays in RAM once it is touched.
    pub lock_memory: bool,
    /// The only CPU the thread runs on.
    pub cpu: Option<usize>,
    /// How much of its stack the thread touches before it starts, KiB; less than the stack has.
    pub prefault_stack_kib: usize,
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Granted {
    /// As asked.
    Yes,
    /// Not at all.
    No,
    /// Less than was asked.
    Partly,
    /// Nobody asked, or there is nothing to ask for; what was found is told all the same.
    NotAsked,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it is about.
    pub what: &'static str,
    /// What was asked for; empty where nothing was.
    pub asked: String,
    /// Whether it was granted.
    pub granted: Granted,
    /// What is the case now.
    pub found: String,
    /// What the person can do; empty where nothing is to be done.
    pub remedy: String,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let granted = match self.granted {
            Granted::Yes => "granted",
            Granted::No => "refused",
            Granted::Partly => "granted in part",
            Granted::NotAsked => "not asked",
        };
        write!(f, "{}: {granted}", self.what)?;
        for (name, value) in [("asked", &self.asked), ("found", &self.found), ("remedy", &self.remedy)] {
            if !value.is_empty() {
                write!(f, "; {name}: {value}")?;
            }
        }
        Ok(())
    }
}

impl Item {
    fn granted(what: &'static str, asked: impl Into<String>, found: impl Into<String>) -> Item {
        Item { what, asked: asked.into(), granted: Granted::Yes, found: found.into(), remedy: String::new() }
    }

    fn not_asked(what: &'static str, found: impl Into<String>) -> Item {
        let nothing = String::new();
        Item {
            what,
            asked: nothing.clone(),
            granted: Granted::NotAsked,
            found: found.into(),
            remedy: nothing,
        }
    }

    fn refused(
        what: &'static str,
        asked: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Item {
        let (asked, found, remedy) = (asked.into(), found.into(), remedy.into());
        Item { what, asked, granted: Granted::No, found, remedy }
    }
}

/// Locks all memory of the process, what is mapped later included, page by page as it is touched: nothing is loaded
/// only to be locked.
///
/// Where the limit of locked memory is finite nothing is locked, since a later allocation could then fail.
pub fn lock_memory(asked: bool) -> Item {
    const WHAT: &str = "memory lock";
    const ASKED: &str = "all memory, as it is touched";
    if !asked {
        return Item::not_asked(WHAT, "");
    }
    let remedy = "LimitMEMLOCK=infinity in the service, or a line `* - memlock unlimited` in /etc/security/limits.conf";
    if let Some(limit) = lock_limit_bytes() {
        return Item::refused(WHAT, ASKED, format!("a limit of {} KiB", limit / 1024), remedy);
    }
    match rustix::mm::mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT) {
        Ok(()) => Item::granted(WHAT, ASKED, "locked"),
        Err(errno) => Item::refused(WHAT, ASKED, errno.to_string(), remedy),
    }
}

/// How much may be locked; `None` is everything. A limit that the process may lift itself is lifted.
fn lock_limit_bytes() -> Option<u64> {
    let may_all =
        rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    if may_all {
        return None;
    }
    let Rlimit { current, maximum } = getrlimit(Resource::Memlock);
    match setrlimit(Resource::Memlock, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

/// Gives the calling thread priority, its CPU and its stack, in this order.
pub fn make_this_thread_real_time(request: &RealTimeRequest) -> Vec<Item> {
    vec![take_priority(request.priority), take_cpu(request.cpu), touch_stack(request.prefault_stack_kib)]
}

/// Gives the calling thread, which plays a device, real-time priority; false where it has to do without.
///
/// Such a thread must sleep wherever it waits: the kernel's own threads, which pass bytes on, are ordinary ones.
pub fn play_device() -> bool {
    take_priority(Some(DEVICE_PRIORITY)).granted != Granted::No
}

/// Gives the calling thread, a guard's, a priority above all that is ordinary, where the system allows one: its checks
/// take microseconds, and a busy machine must not delay them.
pub fn play_guard() {
    let _ = take_priority(Some(GUARD_PRIORITY));
}

fn take_priority(asked: Option<u8>) -> Item {
    const WHAT: &str = "priority";
    let Some(priority) = asked else { return Item::not_asked(WHAT, "the ordinary scheduler") };
    let asked = format!("SCHED_FIFO {priority}");
    let refusal = match set_fifo(priority) {
        Ok(()) => return Item::granted(WHAT, asked.clone(), asked),
        Err(refusal) => refusal,
    };
    if refusal.raw_os_error() == Some(libc::EINVAL) {
        return Item::refused(WHAT, asked, refusal.to_string(), "choose a priority from 1 to 99");
    }
    let remedy = format!(
        "LimitRTPRIO={priority} in the service, or a line `* - rtprio {priority}` in /etc/security/limits.conf"
    );
    let allowed = getrlimit(Resource::Rtprio).current.unwrap_or(0).min(u64::from(priority)) as u8;
    if allowed > 0 && set_fifo(allowed).is_ok() {
        let found = format!("SCHED_FIFO {allowed}");
        return Item { granted: Granted::Partly, ..Item::refused(WHAT, asked, found, remedy) };
    }
    Item::refused(WHAT, asked, refusal.to_string(), remedy)
}

/// SCHED_FIFO for the calling thread; threads and processes it starts later are ordinary ones.
fn set_fifo(priority: u8) -> io::Result<()> {
    const THIS_THREAD: libc::c_long = 0;
    let policy = libc::c_long::from(libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK);
    let parameter = libc::c_int::from(priority);
    // SAFETY: the kernel reads one `int` behind the pointer, which lives until the call returns. The system call is
    // made directly because musl's function of this name only says that there is none.
    let result =
        unsafe { libc::syscall(libc::SYS_sched_setscheduler, THIS_THREAD, policy, &raw const parameter) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn take_cpu(asked: Option<usize>) -> Item {
    const WHAT: &str = "cpu";
    let Some(cpu) = asked else { return Item::not_asked(WHAT, "any") };
    let asked = format!("cpu {cpu} alone");
    let taken = if cpu < CpuSet::MAX_CPU {
        let mut only = CpuSet::new();
        only.set(cpu);
        rustix::thread::sched_setaffinity(None, &only)
    } else {
        Err(rustix::io::Errno::INVAL)
    };
    match taken {
        Ok(()) => Item::granted(WHAT, asked, format!("cpu {cpu}")),
        Err(errno) => Item::refused(
            WHAT,
            asked,
            errno.to_string(),
            "`cat /sys/devices/system/cpu/online` lists the CPUs",
        ),
    }
}

fn touch_stack(kib: usize) -> Item {
    const WHAT: &str = "stack";
    if kib == 0 {
        return Item::not_asked(WHAT, "");
    }
    touch_pages(kib.div_ceil(PAGE_KIB));
    Item::granted(WHAT, format!("{kib} KiB touched"), format!("{kib} KiB"))
}

const PAGE_KIB: usize = 4;

/// Touches so many pages of the stack: each call a page deeper.
#[inline(never)]
fn touch_pages(pages: usize) {
    let page = black_box([0u8; PAGE_KIB * 1024]);
    if pages > 1 {
        touch_pages(pages - 1);
    }
    // Used after the call too, so that the call cannot become a loop over one page.
    black_box(&page);
}

/// Starts a thread with a stack of `stack_kib` KiB that sets itself up and then runs `work`. Returns once it is set
/// up, with its report: memory, priority, CPU, stack. At most half of the stack is touched.
pub fn spawn_real_time<T: Send + 'static>(
    name: &str,
    stack_kib: usize,
    request: RealTimeRequest,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<(JoinHandle<T>, Vec<Item>)> {
    let request =
        RealTimeRequest { prefault_stack_kib: request.prefault_stack_kib.min(stack_kib / 2), ..request };
    let memory = lock_memory(request.lock_memory);
    let (tell, told) = mpsc::channel();
    let thread =
        std::thread::Builder::new().name(name.to_owned()).stack_size(stack_kib * 1024).spawn(move || {
            // Nobody listens any more only where the starter's thread has ended; the work is done all the same.
            let _ = tell.send(make_this_thread_real_time(&request));
            drop(tell);
            work()
        })?;
    let mut report = vec![memory];
    report.extend(told.recv().unwrap_or_default());
    Ok((thread, report))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Page faults of this thread that took no disk (proc(5): field 10, after the name in brackets).
    fn faults() -> usize {
        let stat = crate::files::read_text("/proc/thread-self/stat").unwrap();
        stat.rsplit(") ").next().unwrap().split(' ').nth(7).unwrap().parse().unwrap()
    }

    #[test]
    fn a_stack_that_was_touched_faults_no_more() {
        let request = RealTimeRequest { prefault_stack_kib: 512, ..RealTimeRequest::default() };
        let deep = move || {
            let before = faults();
            make_this_thread_real_time(&request);
            let touched = faults();
            touch_pages(400 / PAGE_KIB);
            (touched - before, faults() - touched)
        };
        let (first, second) =
            std::thread::Builder::new().stack_size(1 << 20).spawn(deep).unwrap().join().unwrap();
        assert!(second < 10 && first > second, "{first} faults, then {second}");
    }
}
