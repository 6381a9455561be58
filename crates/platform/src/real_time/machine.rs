//! What the machine brings along: read, never changed.

use super::{Item, RealTimeRequest};
use crate::files;
use std::collections::BTreeSet;
use std::path::Path;

/// Looks at frequency scaling, the share of real-time threads, isolated CPUs and the kernel, in this order.
pub fn machine(request: &RealTimeRequest) -> Vec<Item> {
    machine_at(Path::new("/"), request)
}

fn machine_at(root: &Path, request: &RealTimeRequest) -> Vec<Item> {
    vec![governor(root), share(root), isolation(root, request.cpu), kernel(root)]
}

/// A file of a few characters; `None` where the kernel has it not.
fn read(root: &Path, path: &str) -> Option<String> {
    files::read_text(root.join(path)).ok().map(|text| text.trim().to_owned())
}

/// A CPU that sleeps at a low frequency is late by the time it takes to speed up.
fn governor(root: &Path) -> Item {
    const WHAT: &str = "cpu governor";
    const ASKED: &str = "performance";
    let cpus = std::fs::read_dir(root.join("sys/devices/system/cpu"));
    let governors: BTreeSet<String> = cpus
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|cpu| read(&cpu.path(), "cpufreq/scaling_governor"))
        .collect();
    let found = governors.iter().cloned().collect::<Vec<_>>().join(", ");
    match found.as_str() {
        "" => Item::not_asked(WHAT, "no frequency scaling"),
        ASKED => Item::granted(WHAT, ASKED, found),
        _ => Item::refused(WHAT, ASKED, found, "sudo cpupower frequency-set --governor performance"),
    }
}

/// Real-time threads are stopped for the rest of each second when they have used their share.
fn share(root: &Path) -> Item {
    const WHAT: &str = "real-time share";
    const ASKED: &str = "at least half of the time";
    let number = |name: &str| read(root, &format!("proc/sys/kernel/{name}"))?.parse::<i64>().ok();
    let (Some(runtime_us), Some(period_us)) = (number("sched_rt_runtime_us"), number("sched_rt_period_us"))
    else {
        return Item::not_asked(WHAT, "the kernel does not tell");
    };
    if runtime_us < 0 {
        return Item::granted(WHAT, ASKED, "no limit");
    }
    let found = format!("{runtime_us} of {period_us} us");
    if runtime_us >= period_us / 2 {
        return Item::granted(WHAT, ASKED, found);
    }
    Item::refused(WHAT, ASKED, found, "sudo sysctl kernel.sched_rt_runtime_us=950000")
}

/// On an isolated CPU the scheduler places nothing else.
fn isolation(root: &Path, cpu: Option<usize>) -> Item {
    const WHAT: &str = "isolated cpu";
    let list = read(root, "sys/devices/system/cpu/isolated").unwrap_or_default();
    let found = if list.is_empty() { "none".to_owned() } else { list.clone() };
    let Some(cpu) = cpu else { return Item::not_asked(WHAT, found) };
    let asked = format!("cpu {cpu}");
    if contains(&list, cpu) {
        return Item::granted(WHAT, asked, found);
    }
    Item::refused(WHAT, asked, found, format!("add isolcpus={cpu} to the kernel's command line"))
}

/// Whether a list such as `1-3,6` holds a CPU.
fn contains(list: &str, cpu: usize) -> bool {
    list.split(',').any(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        matches!((first.parse(), last.parse()), (Ok(first), Ok(last)) if (first..=last).contains(&cpu))
    })
}

/// A fully preemptible kernel is late by microseconds where an ordinary one may be by milliseconds.
fn kernel(root: &Path) -> Item {
    const WHAT: &str = "kernel";
    const ASKED: &str = "PREEMPT_RT";
    let version = read(root, "proc/sys/kernel/version").unwrap_or_default();
    if version.split_whitespace().any(|word| word == ASKED) {
        return Item::granted(WHAT, ASKED, version);
    }
    Item::refused(WHAT, ASKED, version, "install a PREEMPT_RT kernel where the lateness reported is too long")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_time::Granted;

    /// A folder with the files of a machine.
    fn verdicts(name: &str, files: &[(&str, &str)], request: &RealTimeRequest) -> Vec<Granted> {
        let root = std::env::temp_dir().join(format!("gaitway-{}-{name}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let items = machine_at(&root, request);
        for item in &items {
            assert_eq!(item.remedy.is_empty(), item.granted != Granted::No, "{item}");
        }
        std::fs::remove_dir_all(root).unwrap();
        items.iter().map(|item| item.granted).collect()
    }

    const GOVERNOR_0: &str = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
    const GOVERNOR_1: &str = "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor";
    const ISOLATED: &str = "sys/devices/system/cpu/isolated";
    const RUNTIME: &str = "proc/sys/kernel/sched_rt_runtime_us";
    const PERIOD: &str = "proc/sys/kernel/sched_rt_period_us";
    const VERSION: &str = "proc/sys/kernel/version";

    #[test]
    fn a_machine_made_for_it() {
        let files = [
            (GOVERNOR_0, "performance\n"),
            (ISOLATED, "2-3\n"),
            (RUNTIME, "-1\n"),
            (PERIOD, "1000000\n"),
            (VERSION, "#1 SMP PREEMPT_RT Debian 6.12\n"),
        ];
        let request = RealTimeRequest { cpu: Some(3), ..RealTimeRequest::default() };
        assert_eq!(verdicts("made", &files, &request), [Granted::Yes; 4]);
    }

    #[test]
    fn a_machine_out_of_the_box() {
        let files = [
            (GOVERNOR_0, "ondemand\n"),
            (GOVERNOR_1, "performance\n"),
            (ISOLATED, "\n"),
            (RUNTIME, "100000\n"),
            (PERIOD, "1000000\n"),
            (VERSION, "#1 SMP PREEMPT_DYNAMIC\n"),
        ];
        let request = RealTimeRequest { cpu: Some(3), ..RealTimeRequest::default() };
        assert_eq!(verdicts("box", &files, &request), [Granted::No; 4]);
    }

    #[test]
    fn a_machine_that_tells_nothing() {
        let verdicts = verdicts("silent", &[("empty", "")], &RealTimeRequest::default());
        assert_eq!(verdicts, [Granted::NotAsked, Granted::NotAsked, Granted::NotAsked, Granted::No]);
    }

    #[test]
    fn lists_of_cpus() {
        for (list, cpu, expected) in
            [("1-3,6", 2, true), ("1-3,6", 6, true), ("1-3,6", 4, false), ("", 0, false), ("0", 0, true)]
        {
            assert_eq!(contains(list, cpu), expected, "{list:?} {cpu}");
        }
    }
}
