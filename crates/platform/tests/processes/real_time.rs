//! Real-time set-up in a process of its own, with root's rights and without.

use crate::common::Bus;
use crate::victim::{Victim, say};
use gaitway_platform::real_time::{self, spawn_real_time};
use gaitway_platform::{Granted, Item, RealTimeRequest, SerialPort};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getuid, setrlimit};
use rustix::thread::{CapabilitySet, set_capabilities};

pub const TESTS: &[(&str, fn())] = &[
    ("real_time::all_is_granted_to_root", all_is_granted_to_root),
    ("real_time::locking_costs_no_memory", locking_costs_no_memory),
    ("real_time::a_refusal_is_a_line_with_a_remedy", a_refusal_is_a_line_with_a_remedy),
    ("real_time::a_lower_priority_is_better_than_none", a_lower_priority_is_better_than_none),
    ("real_time::nothing_asked_nothing_changed", nothing_asked_nothing_changed),
    ("real_time::the_report_is_json", the_report_is_json),
    ("real_time::a_pseudo_terminal_has_no_latency_timer", a_pseudo_terminal_has_no_latency_timer),
];

const EVERYTHING: RealTimeRequest =
    RealTimeRequest { priority: Some(80), lock_memory: true, cpu: Some(0), prefault_stack_kib: 64 };
const STACK_KIB: usize = 256;

/// Runs a real-time thread and says what it was granted, what the kernel says of it, and what memory it has cost.
pub fn victim(role: &str) {
    match role {
        "real-time" => {}
        "real-time-unprivileged" => {
            allow(Resource::Memlock, 8 << 20).unwrap();
            allow(Resource::Rtprio, 0).unwrap();
            lay_down_rights();
        }
        "real-time-limited" => {
            if allow(Resource::Rtprio, 20).is_err() {
                return;
            }
            lay_down_rights();
        }
        role => panic!("no role {role}"),
    }
    let before_kib = status_kib("VmRSS");
    let (thread, items) = spawn_real_time("loop", STACK_KIB, EVERYTHING, || {
        gaitway_platform::files::read_text("/proc/thread-self/stat").unwrap()
    })
    .unwrap();
    let stat = thread.join().unwrap();
    let after_kib = status_kib("VmRSS");
    // The last fields but a few: real-time priority and policy (proc(5) 40 and 41), after the name in brackets.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    for item in items {
        say(format!("{} {:?} {}", item.what, item.granted, item.remedy.is_empty()));
    }
    say(format!("priority {} policy {} cpu {}", fields[37], fields[38], fields[36]));
    say(format!("locked {}", status_kib("VmLck") > 0));
    say(before_kib);
    say(after_kib);
}

fn allow(resource: Resource, limit: u64) -> Result<(), Errno> {
    setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })
}

/// Limits count only for those who may not pass over them.
fn lay_down_rights() {
    let mut sets = rustix::thread::capabilities(None).unwrap();
    for set in [&mut sets.effective, &mut sets.permitted] {
        *set -= CapabilitySet::IPC_LOCK | CapabilitySet::SYS_NICE | CapabilitySet::SYS_RESOURCE;
    }
    set_capabilities(None, sets).unwrap();
}

fn status_kib(name: &str) -> u64 {
    let status = gaitway_platform::files::read_text("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The lines a victim says.
fn report(role: &str) -> Vec<String> {
    let mut victim = Victim::start(role, &[]);
    let lines = std::iter::from_fn(|| Some(victim.hear()).filter(|line| !line.is_empty())).collect();
    assert!(victim.wait().success());
    lines
}

/// What only root is granted is tested where root tests.
fn is_root() -> bool {
    if !getuid().is_root() {
        println!("skipped: not root");
    }
    getuid().is_root()
}

fn all_is_granted_to_root() {
    if !is_root() {
        return;
    }
    let lines = report("real-time");
    assert_eq!(lines[..4], ["memory lock Yes true", "priority Yes true", "cpu Yes true", "stack Yes true"]);
    // Policy 1 is SCHED_FIFO.
    assert_eq!(lines[4..6], ["priority 80 policy 1 cpu 0", "locked true"]);
}

fn locking_costs_no_memory() {
    if !is_root() {
        return;
    }
    let lines = report("real-time");
    let kib = |line: &str| line.parse::<u64>().unwrap();
    let (before, after) = (kib(&lines[6]), kib(&lines[7]));
    println!("real_time: VmRSS {before} kB, with memory locked and a thread of {STACK_KIB} KiB: {after} kB");
    assert!(after <= before + 1024, "{before} kB became {after} kB");
}

fn a_refusal_is_a_line_with_a_remedy() {
    let lines = report("real-time-unprivileged");
    assert_eq!(lines[..4], ["memory lock No false", "priority No false", "cpu Yes true", "stack Yes true"]);
    assert!(lines[4].starts_with("priority 0 policy 0"), "{}", lines[4]);
    assert_eq!(lines[5], "locked false");
}

fn a_lower_priority_is_better_than_none() {
    let lines = report("real-time-limited");
    if lines.is_empty() {
        println!("skipped: this system does not let its limit of priorities be raised");
        return;
    }
    assert_eq!(lines[1], "priority Partly false");
    assert_eq!(lines[4], "priority 20 policy 1 cpu 0");
}

fn nothing_asked_nothing_changed() {
    let (thread, items) = spawn_real_time("idle", STACK_KIB, RealTimeRequest::default(), || 42).unwrap();
    assert_eq!(thread.join().unwrap(), 42);
    assert_eq!(items.len(), 4);
    assert!(items.iter().all(|item| item.granted == Granted::NotAsked && item.asked.is_empty()), "{items:?}");
    assert_eq!(status_kib("VmLck"), 0);
    for wrong in [
        RealTimeRequest { cpu: Some(1 << 20), ..RealTimeRequest::default() },
        RealTimeRequest { priority: Some(100), ..RealTimeRequest::default() },
    ] {
        let items = real_time::make_this_thread_real_time(&wrong);
        assert_eq!(items.iter().filter(|item| item.granted == Granted::No).count(), 1, "{items:?}");
    }
}

fn the_report_is_json() {
    let items = real_time::machine(&RealTimeRequest { cpu: Some(0), ..RealTimeRequest::default() });
    assert_eq!(items.len(), 4);
    for item in &items {
        let json = serde_json::to_value(item).unwrap();
        let granted = json["granted"].as_str().unwrap();
        assert!(["yes", "no", "partly", "not_asked"].contains(&granted), "{json}");
        assert_eq!(json["what"], item.what);
    }
    let item = Item {
        what: "priority",
        asked: "SCHED_FIFO 80".to_owned(),
        granted: Granted::No,
        found: "Operation not permitted".to_owned(),
        remedy: String::new(),
    };
    assert_eq!(item.to_string(), "priority: refused; asked: SCHED_FIFO 80; found: Operation not permitted");
}

fn a_pseudo_terminal_has_no_latency_timer() {
    let bus = Bus::new();
    let port = SerialPort::open(&bus.path, 1_000_000).unwrap();
    assert_eq!(real_time::usb_latency(&port).granted, Granted::NotAsked);
}
