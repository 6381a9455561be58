//! The twin behind a real pseudo-terminal, spoken to in the vendor's bytes as the published runtime sends them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use gaitway_emulators::{BusOptions, Fault, FaultPlan, JointState, ServoBus};
use gaitway_platform::{Clock, MonotonicClock};
use gaitway_testbed::i2c_host::I2cHost;
use gaitway_testbed::twin_host::{ServoView, TwinHost, TwinHostError};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use rustix::time::Timespec;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const IDS: [u8; 14] = [20, 21, 22, 23, 24, 30, 31, 32, 33, 10, 11, 12, 13, 14];
/// Longest wait for anything: a machine that is busy is slow, and not wrong.
const PATIENCE_NS: u64 = 20_000_000_000;

/// SYNC READ of 2 bytes from 56, as rustypot sends it.
const READ_POSITIONS: [u8; 22] = [
    0xff, 0xff, 0xfe, 0x12, 0x82, 0x38, 0x02, 0x14, 0x15, 0x16, 0x17, 0x18, 0x1e, 0x1f, 0x20, 0x21, 0x0a,
    0x0b, 0x0c, 0x0d, 0x0e, 0x0b,
];
/// SYNC WRITE of the default pose to 42, as rustypot sends it.
const WRITE_POSE: [u8; 50] = [
    0xff, 0xff, 0xfe, 0x2e, 0x83, 0x2a, 0x02, 0x14, 0x01, 0x08, 0x15, 0x22, 0x08, 0x16, 0x65, 0x06, 0x17,
    0x7b, 0x0b, 0x18, 0x00, 0x06, 0x1e, 0x00, 0x08, 0x1f, 0x00, 0x08, 0x20, 0x00, 0x08, 0x21, 0x00, 0x08,
    0x0a, 0xfe, 0x07, 0x0b, 0xd5, 0x07, 0x0c, 0x9d, 0x09, 0x0d, 0x82, 0x0b, 0x0e, 0xf9, 0x05, 0xa0,
];
const PING_20: [u8; 6] = [0xff, 0xff, 0x14, 0x02, 0x01, 0xe8];
const PONG_20: [u8; 6] = [0xff, 0xff, 0x14, 0x02, 0x00, 0xe9];

/// A program that opened the port.
struct Client(OwnedFd);

impl Client {
    fn open(path: &Path) -> Client {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Client(rustix::fs::open(path, flags, Mode::empty()).unwrap())
    }

    fn set_baud(&self, baud: u32) {
        let mut modes = tcgetattr(&self.0).unwrap();
        modes.set_speed(baud).unwrap();
        tcsetattr(&self.0, OptionalActions::Now, &modes).unwrap();
    }

    fn write(&self, bytes: &[u8]) {
        assert_eq!(rustix::io::write(&self.0, bytes).unwrap(), bytes.len());
    }

    /// Reads `len` bytes.
    fn read(&self, len: usize) -> Vec<u8> {
        let (mut bytes, start_ns) = (Vec::new(), MonotonicClock::default().now_ns());
        while bytes.len() < len {
            assert!(MonotonicClock::default().now_ns() < start_ns + PATIENCE_NS, "only {bytes:02x?} came");
            bytes.extend(self.read_within(10_000_000, len - bytes.len()));
        }
        bytes
    }

    /// What comes within this time, at most `len` bytes.
    fn read_within(&self, timeout_ns: i64, len: usize) -> Vec<u8> {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: timeout_ns as _ })).unwrap();
        let mut buffer = vec![0; len];
        let count = rustix::io::read(&self.0, &mut buffer).unwrap_or(0);
        buffer.truncate(count);
        buffer
    }

    fn exchange(&self, request: &[u8], answer_len: usize) -> Vec<u8> {
        self.write(request);
        self.read(answer_len)
    }

    /// Whether the other side has hung up.
    fn is_hung_up(&self) -> bool {
        rustix::io::write(&self.0, &PING_20) == Err(rustix::io::Errno::IO)
    }
}

/// A path that nothing stands at.
fn free_path() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("gaitway-twin-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}

fn configure(bus: &mut ServoBus) {
    bus.servos_mut().iter_mut().for_each(|servo| servo.configure());
}

fn start(link: Option<&Path>) -> TwinHost {
    TwinHost::start_with(BusOptions::default(), &IDS, FaultPlan::default(), link, configure).unwrap()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let start_ns = MonotonicClock::default().now_ns();
    while !is_so() {
        assert!(MonotonicClock::default().now_ns() < start_ns + PATIENCE_NS, "waited for {what} in vain");
        MonotonicClock::default().wait_until(MonotonicClock::default().now_ns() + 1_000_000);
    }
}

fn views(twin: &TwinHost) -> Vec<ServoView> {
    let stiffness = gaitway_emulators::Stiffness { p_gain: 0, d_gain: 0, i_gain: 0, torque_limit: 0.0 };
    let mut views = vec![ServoView { goal_rad: None, stiffness, error: 0 }; IDS.len()];
    twin.read_servos(&mut views).unwrap();
    views
}

#[test]
fn a_program_pings_reads_and_writes_in_the_vendors_bytes() {
    let twin = start(None);
    let client = Client::open(&twin.path());
    assert_eq!(client.exchange(&PING_20, 6), PONG_20);

    let joints: Vec<JointState> =
        (0..14).map(|at| JointState { position_rad: 0.1 * f64::from(at), ..JointState::default() }).collect();
    twin.set_joints(&joints).unwrap();
    let answer = client.exchange(&READ_POSITIONS, 14 * 8);
    for (at, frame) in answer.chunks(8).enumerate() {
        let position = u16::from_le_bytes([frame[5], frame[6]]);
        assert_eq!(frame[..5], [0xff, 0xff, IDS[at], 4, 0]);
        assert_eq!(f64::from(position), (2048.0 + 0.1 * at as f64 * 4096.0 / std::f64::consts::TAU).round());
    }

    assert!(views(&twin).iter().all(|view| view.goal_rad.is_none()), "limp");
    client.write(&WRITE_POSE);
    wait_for("goals", || views(&twin).iter().all(|view| view.goal_rad.is_some()));
    let views = views(&twin);
    assert!((views[3].goal_rad.unwrap() - 1.368).abs() < 0.002, "{views:?}");
    assert_eq!(views[0].stiffness.p_gain, 32);
}

#[test]
fn the_wires_time_is_counted_to_the_nanosecond() {
    let mut twin = start(None);
    let client = Client::open(&twin.path());
    let start_ns = MonotonicClock::default().now_ns();
    client.exchange(&READ_POSITIONS, 14 * 8);
    let took_ns = MonotonicClock::default().now_ns() - start_ns;
    assert!(took_ns >= 134 * 10_000, "nothing comes before its time: {took_ns} ns");
    client.write(&WRITE_POSE);
    wait_for("goals", || views(&twin)[13].goal_rad.is_some());
    twin.stop();
    let figures = twin.statistics();
    assert_eq!((figures.wire_bytes.to_servos, figures.wire_bytes.to_host), (22 + 50, 112));
    assert_eq!(figures.busy_ns, (22 + 112 + 50) * 10_000);
    assert_eq!((figures.transactions, figures.lost_bytes), (2, 0));
    assert!(figures.lateness.total() > 0);
}

#[test]
fn a_program_goes_and_the_next_finds_nothing_of_it() {
    let twin = start(None);
    let first = Client::open(&twin.path());
    first.write(&READ_POSITIONS);
    // All of it lies unread in the terminal.
    wait_for("answers", || twin.statistics().wire_bytes.to_host == 112);
    drop(first);
    wait_for("the hang-up", || twin.statistics().users == 0);
    for _ in 0..3 {
        let next = Client::open(&twin.path());
        assert_eq!(next.exchange(&PING_20, 6), PONG_20);
    }
}

#[test]
fn servos_understand_the_baud_rate_they_are_set_to_alone() {
    let twin = start(None);
    let client = Client::open(&twin.path());
    client.set_baud(500_000);
    client.write(&PING_20);
    assert!(client.read_within(300_000_000, 6).is_empty(), "nobody hears 500 kbaud");
    client.set_baud(1_000_000);
    assert_eq!(client.exchange(&PING_20, 6), PONG_20);
}

#[test]
fn the_link_is_there_as_long_as_the_twin() {
    let path = free_path();
    std::os::unix::fs::symlink("/nowhere/at/all", &path).unwrap();
    let mut twin = start(Some(&path));
    assert_eq!(twin.path(), path);
    assert_eq!(Client::open(&path).exchange(&PING_20, 6), PONG_20);
    twin.stop();
    assert!(std::fs::symlink_metadata(&path).is_err(), "removed");
}

#[test]
fn what_is_no_leftover_is_never_replaced() {
    let (file, link) = (free_path(), free_path());
    std::fs::write(&file, "mine").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for path in [&file, &link] {
        let error =
            TwinHost::start(BusOptions::default(), &IDS, FaultPlan::default(), Some(path)).unwrap_err();
        assert!(matches!(error, TwinHostError::LinkTaken { .. }), "{error}");
    }
    assert_eq!(gaitway_platform::files::read_text(&link).unwrap(), "mine");
    std::fs::remove_file(link).unwrap();
    std::fs::remove_file(file).unwrap();
}

#[test]
fn a_second_twin_does_not_take_a_live_link_and_names_who_has_it() {
    let path = free_path();
    let mut first = start(Some(&path));
    let second = || TwinHost::start(BusOptions::default(), &IDS, FaultPlan::default(), Some(&path));
    let error = second().unwrap_err();
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(error.hint().contains("end that program"));
    // Unplugged it has no link, and its place all the same.
    first.inject(Fault::Unplug).unwrap();
    wait_for("the link to go", || std::fs::symlink_metadata(&path).is_err());
    second().unwrap_err();
    first.stop();
    drop(first);
    assert_eq!(Client::open(&second().unwrap().path()).exchange(&PING_20, 6), PONG_20);
}

#[test]
fn a_second_chip_does_not_take_a_live_socket() {
    let path = free_path();
    let axes = ["+x", "+y", "+z"];
    let start = || I2cHost::start(&path, (0x28, None), axes, 0, Vec::new());
    let first = start().unwrap();
    let error = start().unwrap_err();
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(path.exists());
    drop(first);
    // One that was left behind is replaced, a file is not.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    drop(start().unwrap());
    std::fs::write(&path, "mine").unwrap();
    assert!(start().unwrap_err().to_string().contains("found a file"));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn unplugged_the_port_is_gone_and_plugged_in_again_it_serves() {
    let path = free_path();
    let twin = start(Some(&path));
    let client = Client::open(&path);
    assert_eq!(client.exchange(&PING_20, 6), PONG_20);
    twin.inject(Fault::Unplug).unwrap();
    wait_for("the hang-up", || client.is_hung_up());
    assert!(std::fs::symlink_metadata(&path).is_err(), "no device file");
    twin.inject(Fault::Replug).unwrap();
    wait_for("the device file", || path.exists());
    assert!(client.is_hung_up(), "the old one stays dead");
    assert_eq!(Client::open(&path).exchange(&PING_20, 6), PONG_20);
    wait_for("the figures", || twin.statistics().faults == 2);
}

#[test]
fn faults_come_by_the_clock_that_counts_from_the_start() {
    let silent = Fault::Silent { servo: 0, later: gaitway_emulators::LaterServos::Answer };
    let plan = FaultPlan { schedule: vec![(100_000_000, silent)], ..FaultPlan::default() };
    let before_ns = MonotonicClock::default().now_ns();
    let twin = TwinHost::start_with(BusOptions::default(), &IDS, plan, None, configure).unwrap();
    wait_for("the fault", || twin.statistics().faults == 1);
    let struck_ns = twin.statistics().fault_log[0].at_ns;
    assert!((before_ns + 100_000_000..MonotonicClock::default().now_ns()).contains(&struck_ns));
    let client = Client::open(&twin.path());
    client.write(&PING_20);
    assert!(client.read_within(100_000_000, 6).is_empty());
}

#[test]
fn what_makes_no_sense_is_refused_with_a_hint() {
    let twin = start(None);
    for error in [
        twin.inject(Fault::Reset { servo: 14 }).unwrap_err(),
        twin.set_joints(&[JointState::default()]).unwrap_err(),
        TwinHost::start(
            BusOptions::default(),
            &IDS,
            FaultPlan::default(),
            Some(Path::new("/no/such/folder")),
        )
        .unwrap_err(),
    ] {
        assert!(!error.to_string().is_empty() && !error.hint().is_empty());
    }
}

/// Run by hand: `cargo test --release -p gaitway-runtime --test twin_host -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement: prints how much longer than the wire a client that spins waits"]
fn a_cycle_beside_its_wire_time() {
    const CYCLES: usize = 500;
    let mut read_both = READ_POSITIONS;
    (read_both[6], read_both[21]) = (4, 9);
    for (period_ns, is_spinning) in [(0, true), (0, false), (20_000_000, true), (20_000_000, false)] {
        let twin = start(None);
        let client = Client::open(&twin.path());
        client.exchange(&PING_20, 6);
        let receive = |len: usize| {
            let (mut got, mut buffer) = (0, [0; 256]);
            while got < len {
                if !is_spinning {
                    poll(&mut [PollFd::new(&client.0, PollFlags::IN)], None).unwrap();
                }
                got += rustix::io::read(&client.0, &mut buffer).unwrap_or(0);
            }
        };
        let (mut reads_ns, mut cycles_ns) = (Vec::new(), Vec::new());
        for _ in 0..CYCLES {
            let start_ns = MonotonicClock::default().now_ns();
            client.write(&read_both);
            receive(140);
            reads_ns.push(MonotonicClock::default().now_ns() - start_ns - 1_620_000);
            // Nobody answers a SYNC WRITE: its end is that of the ping behind it, less the ping's own 120 us.
            client.write(&WRITE_POSE);
            client.write(&PING_20);
            receive(6);
            cycles_ns.push(MonotonicClock::default().now_ns() - start_ns - 2_240_000);
            MonotonicClock::default().wait_until(start_ns + period_ns);
        }
        let late = twin.statistics().lateness;
        let us = |ns: u64| ns as f64 / 1000.0;
        println!(
            "period {} ms, client {}: hand-over late by p50 {:.1} us, p99 {:.1} us",
            period_ns / 1_000_000,
            if is_spinning { "spins" } else { "polls" },
            us(late.quantile_ns(0.5)),
            us(late.quantile_ns(0.99))
        );
        for (name, times_ns) in
            [("SYNC READ over 1620 us", &mut reads_ns), ("with goals and ping over 2240 us", &mut cycles_ns)]
        {
            times_ns.sort_unstable();
            let at = |share: usize| us(times_ns[CYCLES * share / 100]);
            println!(
                "  {name}: p10 {:.1}, p50 {:.1}, p90 {:.1}, p99 {:.1} us",
                at(10),
                at(50),
                at(90),
                at(99)
            );
        }
    }
}
