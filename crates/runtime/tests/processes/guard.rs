//! The guard: what reaches the bus after the program has ended in one way or another.

use crate::common::Bus;
use crate::victim::{Victim, listen, say};
use gaitway_runtime::{Guard, GuardError, Port, SerialPort};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::path::Path;
use std::process::{Command, Stdio};

pub const TESTS: &[(&str, fn())] = &[
    ("guard::sigkill_cuts_the_torque", sigkill_cuts_the_torque),
    ("guard::half_a_frame_is_followed_by_whole_ones", half_a_frame_is_followed_by_whole_ones),
    ("guard::a_stuck_queue_is_thrown_away", a_stuck_queue_is_thrown_away),
    ("guard::a_panic_cuts_the_torque", a_panic_cuts_the_torque),
    ("guard::goodbye_writes_nothing", goodbye_writes_nothing),
    ("guard::signals_to_the_group_leave_it_at_work", signals_to_the_group_leave_it_at_work),
    ("guard::a_stopped_program_is_left_alone", a_stopped_program_is_left_alone),
    ("guard::it_leaves_when_the_port_is_gone", it_leaves_when_the_port_is_gone),
    ("guard::other_children_do_not_keep_it_waiting", other_children_do_not_keep_it_waiting),
    ("guard::a_restart_gets_the_port", a_restart_gets_the_port),
    ("guard::it_is_small", it_is_small),
    ("guard::its_death_is_noticed", its_death_is_noticed),
    ("guard::frames_have_a_limit", frames_have_a_limit),
];

const BAUD: u32 = 1_000_000;
/// Torque off for the duck's 14 servos: one SYNC WRITE of 0 to register 40.
const TORQUE_OFF: [u8; 36] = [
    0xff, 0xff, 0xfe, 0x20, 0x83, 0x28, 0x01, 0x14, 0, 0x15, 0, 0x16, 0, 0x17, 0, 0x18, 0, 0x1e, 0, 0x1f, 0,
    0x20, 0, 0x21, 0, 0x0a, 0, 0x0b, 0, 0x0c, 0, 0x0d, 0, 0x0e, 0, 0x0d,
];
/// A goal write that breaks off.
const HALF_A_FRAME: [u8; 9] = [0xff, 0xff, 0xfe, 0x2e, 0x83, 0x2a, 0x02, 0x14, 0x01];
const REPETITIONS: usize = 5;

/// Opens the port, starts a guard, and does what its role says.
pub fn victim(role: &str, arguments: &[String]) {
    for signal in [libc::SIGHUP, libc::SIGINT] {
        // SAFETY: the signal exists and SIG_DFL runs no code. Tests under nohup, or behind a shell's `&`, would hand
        // down an ignored one.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let mut port = SerialPort::open(Path::new(&arguments[0]), BAUD).unwrap();
    let mut guard = Guard::start(port.try_clone_fd().unwrap(), &TORQUE_OFF, None).unwrap();
    match role {
        "half" => assert_eq!(port.write(&HALF_A_FRAME), Ok(HALF_A_FRAME.len())),
        "stuck" => while port.write(&[0x55; 4096]).unwrap() > 0 {},
        _ => {}
    }
    say(guard.pid());
    if role == "parent" {
        say(Command::new("sleep").arg("600").stdout(Stdio::null()).spawn().unwrap().id());
    }
    listen();
    match role {
        "panic" => panic!("on purpose"),
        "goodbye" => guard.goodbye().unwrap(),
        "watch" => {
            say(guard.is_alive());
            listen();
            while guard.is_alive() {}
            say(format!("dead, and goodbye fails: {}", guard.goodbye().is_err()));
        }
        _ => {}
    }
}

/// Starts a victim on a bus; returns it and its guard's pid.
fn guarded(role: &str, bus: &Bus) -> (Victim, u32) {
    let mut victim = Victim::start(role, &[bus.path.to_str().unwrap()]);
    let guard = victim.hear().parse().unwrap();
    (victim, guard)
}

/// Everything that comes until nobody has the port open: program and guard have ended.
fn rest(bus: &Bus) -> Vec<u8> {
    std::iter::from_fn(|| bus.receive()).flatten().collect()
}

fn all_frames() -> Vec<u8> {
    TORQUE_OFF.repeat(REPETITIONS)
}

fn sigkill_cuts_the_torque() {
    let bus = Bus::new();
    let (mut victim, _) = guarded("idle", &bus);
    victim.kill();
    assert_eq!(rest(&bus), all_frames());
}

fn half_a_frame_is_followed_by_whole_ones() {
    let bus = Bus::new();
    let (mut victim, _) = guarded("half", &bus);
    victim.kill();
    assert_eq!(rest(&bus), [HALF_A_FRAME.to_vec(), all_frames()].concat());
}

fn a_stuck_queue_is_thrown_away() {
    let bus = Bus::new();
    let (mut victim, guard) = guarded("stuck", &bus);
    victim.kill();
    await_end(guard);
    let bytes = rest(&bus);
    assert!(bytes.ends_with(&all_frames()), "{} bytes, the last {:02x?}", bytes.len(), bytes.last());
}

fn a_panic_cuts_the_torque() {
    let bus = Bus::new();
    let (mut victim, _) = guarded("panic", &bus);
    victim.tell("now");
    assert!(!victim.wait().success());
    assert_eq!(rest(&bus), all_frames());
}

fn goodbye_writes_nothing() {
    let bus = Bus::new();
    let (mut victim, _) = guarded("goodbye", &bus);
    victim.tell("now");
    assert!(victim.wait().success());
    assert_eq!(rest(&bus), Vec::<u8>::new());
}

fn signals_to_the_group_leave_it_at_work() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
        let bus = Bus::new();
        let (mut victim, guard) = guarded("idle", &bus);
        if signal != Signal::KILL {
            kill_process(pid(guard), signal).unwrap();
        }
        kill_process_group(victim.pid(), signal).unwrap();
        assert!(!victim.wait().success());
        assert_eq!(rest(&bus), all_frames(), "{signal:?}");
    }
}

fn a_stopped_program_is_left_alone() {
    let bus = Bus::new();
    let (mut victim, guard) = guarded("idle", &bus);
    kill_process(victim.pid(), Signal::STOP).unwrap();
    assert!(is_running(guard));
    kill_process(victim.pid(), Signal::CONT).unwrap();
    victim.kill();
    assert_eq!(rest(&bus), all_frames(), "once, after the kill");
}

fn it_leaves_when_the_port_is_gone() {
    let bus = Bus::new();
    let (mut victim, guard) = guarded("idle", &bus);
    drop(bus);
    assert!(is_running(guard));
    victim.kill();
    await_end(guard);
}

fn other_children_do_not_keep_it_waiting() {
    let bus = Bus::new();
    let (mut victim, _) = guarded("parent", &bus);
    let child = victim.hear().parse().unwrap();
    victim.kill();
    assert_eq!(rest(&bus), all_frames());
    assert!(is_running(child), "the child outlived the torque");
    kill_process(pid(child), Signal::KILL).unwrap();
}

fn a_restart_gets_the_port() {
    let bus = Bus::new();
    let (mut victim, guard) = guarded("idle", &bus);
    victim.kill();
    SerialPort::open(&bus.path, BAUD).unwrap();
    assert!(!is_running(guard), "the port is free only when the guard has done its work");
}

fn it_is_small() {
    let bus = Bus::new();
    let (mut victim, guard) = guarded("idle", &bus);
    let status = std::fs::read_to_string(format!("/proc/{guard}/status")).unwrap();
    let number = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    println!("guard: VmRSS {} kB, of it its own {} kB", number("VmRSS"), number("RssAnon"));
    assert_eq!(number("Threads"), 1);
    assert!(number("RssAnon") < 512, "{status}");
    assert!(number("VmRSS") < 4096, "{status}");
    victim.kill();
}

fn its_death_is_noticed() {
    let bus = Bus::new();
    let (mut victim, guard) = guarded("watch", &bus);
    victim.tell("does it live?");
    assert_eq!(victim.hear(), "true");
    kill_process(pid(guard), Signal::KILL).unwrap();
    victim.tell("and now?");
    assert_eq!(victim.hear(), "dead, and goodbye fails: true");
    assert!(victim.wait().success());
}

fn frames_have_a_limit() {
    let bus = Bus::new();
    let port = SerialPort::open(&bus.path, BAUD).unwrap();
    for found in [0, 4097] {
        let refused = Guard::start(port.try_clone_fd().unwrap(), &vec![0; found], None).unwrap_err();
        assert!(matches!(refused, GuardError::Frames { found: count } if count == found), "{refused}");
    }
    Guard::start(port.try_clone_fd().unwrap(), &vec![0; 4096], None).unwrap().goodbye().unwrap();
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(number as i32).unwrap()
}

/// Whether a process runs: one that has ended and that nobody has asked about is still in the list.
fn is_running(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

fn await_end(pid: u32) {
    while is_running(pid) {
        std::thread::yield_now();
    }
}
