//! The guards: what reaches the bus after the program has ended, or halted, in one way or another.

use crate::common::Bus;
use crate::victim::{Victim, listen, say};
use gaitway_platform::heartbeat::{GUARDS, LOOP_LIMIT_NS};
use gaitway_platform::{Clock, Guard, GuardError, Heartbeat, MonotonicClock, Port, SerialPort};
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
    ("guard::a_program_and_a_guard_die_together", a_program_and_a_guard_die_together),
    ("guard::a_program_dies_beside_a_stopped_guard", a_program_dies_beside_a_stopped_guard),
    ("guard::a_frozen_program_is_cut", a_frozen_program_is_cut),
    ("guard::a_program_at_rest_may_stop", a_program_at_rest_may_stop),
    ("guard::it_leaves_when_the_port_is_gone", it_leaves_when_the_port_is_gone),
    ("guard::other_children_do_not_keep_it_waiting", other_children_do_not_keep_it_waiting),
    ("guard::a_restart_gets_the_port", a_restart_gets_the_port),
    ("guard::it_is_small", it_is_small),
    ("guard::a_dead_or_stopped_one_is_replaced", a_dead_or_stopped_one_is_replaced),
    ("guard::frames_have_a_limit", frames_have_a_limit),
];

const BAUD: u32 = 1_000_000;
/// Torque off for 14 servos: one SYNC WRITE of 0 to register 40.
const TORQUE_OFF: [u8; 36] = [
    0xff, 0xff, 0xfe, 0x20, 0x83, 0x28, 0x01, 0x14, 0, 0x15, 0, 0x16, 0, 0x17, 0, 0x18, 0, 0x1e, 0, 0x1f, 0,
    0x20, 0, 0x21, 0, 0x0a, 0, 0x0b, 0, 0x0c, 0, 0x0d, 0, 0x0e, 0, 0x0d,
];
/// A goal write that breaks off.
const HALF_A_FRAME: [u8; 9] = [0xff, 0xff, 0xfe, 0x2e, 0x83, 0x2a, 0x02, 0x14, 0x01];
const REPETITIONS: usize = 5;

/// Opens the port, starts the guards, and does what its role says.
pub fn victim(role: &str, arguments: &[String]) {
    for signal in [libc::SIGHUP, libc::SIGINT] {
        // SAFETY: the signal exists and SIG_DFL runs no code. Tests under nohup, or behind a shell's `&`, would hand
        // down an ignored one.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let mut port = SerialPort::open(Path::new(&arguments[0]), BAUD).unwrap();
    let heartbeat = Heartbeat::new(LOOP_LIMIT_NS).unwrap();
    let mut guard = Guard::start(port.try_clone_fd().unwrap(), &TORQUE_OFF, None, &heartbeat).unwrap();
    match role {
        "half" => assert_eq!(port.write(&HALF_A_FRAME), Ok(HALF_A_FRAME.len())),
        "stuck" => while port.write(&[0x55; 4096]).unwrap() > 0 {},
        "loop" => {
            heartbeat.beat();
            std::thread::spawn(move || beat(&heartbeat));
        }
        _ => {}
    }
    say_pids(&guard);
    if role == "parent" {
        say(Command::new("sleep").arg("600").stdout(Stdio::null()).spawn().unwrap().id());
    }
    match role {
        "panic" => {
            listen();
            panic!("on purpose")
        }
        "goodbye" => {
            listen();
            guard.goodbye().unwrap()
        }
        "watch" => {
            while !listen().is_empty() {
                while guard.alive() == GUARDS {}
                say(guard.alive());
                guard.complete().unwrap();
                say_pids(&guard);
            }
            guard.goodbye().unwrap();
        }
        _ => _ = listen(),
    }
}

fn beat(heartbeat: &Heartbeat) {
    let clock = MonotonicClock::default();
    loop {
        heartbeat.beat();
        clock.wait_until(clock.now_ns() + 10_000_000);
    }
}

fn say_pids(guard: &Guard) {
    say(guard.pids().iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
}

/// Starts a victim on a bus; returns it and its guards' pids.
fn guarded(role: &str, bus: &Bus) -> (Victim, [u32; GUARDS]) {
    let mut victim = Victim::start(role, &[bus.path.to_str().unwrap()]);
    let guards = hear_pids(&mut victim);
    (victim, guards)
}

fn hear_pids(victim: &mut Victim) -> [u32; GUARDS] {
    let pids: Vec<u32> = victim.hear().split(' ').map(|pid| pid.parse().unwrap()).collect();
    pids.try_into().unwrap()
}

/// Everything that comes until nobody has the port open: program and guard have ended.
fn rest(bus: &Bus) -> Vec<u8> {
    std::iter::from_fn(|| bus.receive()).flatten().collect()
}

/// What one guard writes, and what both do.
fn frames() -> Vec<u8> {
    TORQUE_OFF.repeat(REPETITIONS)
}

fn all_frames() -> Vec<u8> {
    frames().repeat(GUARDS)
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
    let (mut victim, guards) = guarded("stuck", &bus);
    victim.kill();
    guards.into_iter().for_each(await_end);
    let bytes = rest(&bus);
    assert!(bytes.ends_with(&frames()), "{} bytes, the last {:02x?}", bytes.len(), bytes.last());
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
        let (mut victim, guards) = guarded("idle", &bus);
        if signal != Signal::KILL {
            guards.iter().for_each(|guard| kill_process(pid(*guard), signal).unwrap());
        }
        kill_process_group(victim.pid(), signal).unwrap();
        assert!(!victim.wait().success());
        assert_eq!(rest(&bus), all_frames(), "{signal:?}");
    }
}

fn a_program_and_a_guard_die_together() {
    for which in 0..GUARDS {
        for program_first in [true, false] {
            let bus = Bus::new();
            let (mut victim, guards) = guarded("loop", &bus);
            let mut order = [victim.pid(), pid(guards[which])];
            if !program_first {
                order.reverse();
            }
            order.iter().for_each(|process| kill_process(*process, Signal::KILL).unwrap());
            victim.wait();
            assert_eq!(rest(&bus), frames(), "the other guard");
        }
    }
}

fn a_program_dies_beside_a_stopped_guard() {
    let bus = Bus::new();
    let (mut victim, guards) = guarded("loop", &bus);
    kill_process(pid(guards[0]), Signal::STOP).unwrap();
    victim.kill();
    await_end(guards[1]);
    assert_eq!(received(&bus, frames().len()), frames());
    // It looks once it may, and does its work as well.
    kill_process(pid(guards[0]), Signal::CONT).unwrap();
    assert_eq!(rest(&bus), frames());
}

fn a_frozen_program_is_cut() {
    let bus = Bus::new();
    let (mut victim, guards) = guarded("loop", &bus);
    for _ in 0..2 {
        let clock = MonotonicClock::default();
        let begun_ns = clock.now_ns();
        kill_process(victim.pid(), Signal::STOP).unwrap();
        assert_eq!(received(&bus, TORQUE_OFF.len()), TORQUE_OFF);
        let took_ns = clock.now_ns() - begun_ns;
        println!("guard: torque off {} ms after the program froze", took_ns / 1_000_000);
        assert!(took_ns >= LOOP_LIMIT_NS - 10_000_000, "a machine that halts for so long is not frozen");
        let rest = all_frames()[TORQUE_OFF.len()..].to_vec();
        assert_eq!(received(&bus, rest.len()), rest, "once from each guard");
        assert!(guards.iter().all(|guard| is_running(*guard)), "they watch on");
        kill_process(victim.pid(), Signal::CONT).unwrap();
        // Beats are seen again before the next halt.
        clock.wait_until(clock.now_ns() + LOOP_LIMIT_NS);
    }
    victim.kill();
    assert_eq!(rest(&bus), all_frames());
}

fn a_program_at_rest_may_stop() {
    let bus = Bus::new();
    let (mut victim, guards) = guarded("idle", &bus);
    kill_process(victim.pid(), Signal::STOP).unwrap();
    let clock = MonotonicClock::default();
    clock.wait_until(clock.now_ns() + 2 * LOOP_LIMIT_NS);
    assert!(guards.iter().all(|guard| is_running(*guard)));
    kill_process(victim.pid(), Signal::CONT).unwrap();
    victim.kill();
    assert_eq!(rest(&bus), all_frames(), "once, after the kill");
}

/// The next so many bytes.
fn received(bus: &Bus, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < count {
        bytes.extend(bus.receive_at_most(count - bytes.len()).unwrap());
    }
    bytes
}

fn it_leaves_when_the_port_is_gone() {
    let bus = Bus::new();
    let (mut victim, guards) = guarded("idle", &bus);
    drop(bus);
    assert!(guards.iter().all(|guard| is_running(*guard)));
    victim.kill();
    guards.into_iter().for_each(await_end);
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
    let (mut victim, guards) = guarded("idle", &bus);
    victim.kill();
    SerialPort::open(&bus.path, BAUD).unwrap();
    let is_free = guards.iter().all(|guard| !is_running(*guard));
    assert!(is_free, "the port is free only when the guards have done their work");
}

fn it_is_small() {
    let bus = Bus::new();
    let (mut victim, [guard, _]) = guarded("idle", &bus);
    let status = gaitway_platform::files::read_text(format!("/proc/{guard}/status")).unwrap();
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

fn a_dead_or_stopped_one_is_replaced() {
    let bus = Bus::new();
    let (mut victim, mut guards) = guarded("watch", &bus);
    for signal in [Signal::KILL, Signal::STOP] {
        kill_process(pid(guards[0]), signal).unwrap();
        victim.tell("who is left?");
        assert_eq!(victim.hear(), "1");
        let now = hear_pids(&mut victim);
        assert!(now[0] != guards[0] && now[1] == guards[1] && !is_running(guards[0]), "{signal:?}");
        guards = now;
    }
    guards.iter().for_each(|guard| kill_process(pid(*guard), Signal::KILL).unwrap());
    guards.into_iter().for_each(await_end);
    victim.tell("and now?");
    assert_eq!(victim.hear(), "0");
    hear_pids(&mut victim);
    victim.tell("");
    assert!(victim.wait().success());
    assert_eq!(rest(&bus), Vec::<u8>::new());
}

fn frames_have_a_limit() {
    let bus = Bus::new();
    let port = SerialPort::open(&bus.path, BAUD).unwrap();
    let heartbeat = Heartbeat::new(LOOP_LIMIT_NS).unwrap();
    let start = |len: usize| Guard::start(port.try_clone_fd().unwrap(), &vec![0; len], None, &heartbeat);
    for found in [0, 4097] {
        let refused = start(found).unwrap_err();
        assert!(matches!(refused, GuardError::Frames { found: count } if count == found), "{refused}");
    }
    start(4096).unwrap().goodbye().unwrap();
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(number as i32).unwrap()
}

/// Whether a process runs: one that has ended and that nobody has asked about is still in the list.
fn is_running(pid: u32) -> bool {
    let state = gaitway_platform::files::read_text(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

fn await_end(pid: u32) {
    while is_running(pid) {
        std::thread::yield_now();
    }
}
