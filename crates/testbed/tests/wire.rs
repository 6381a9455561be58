//! The servo driver against the emulated servos, byte by byte on a virtual clock.
//!
//! Driver and emulator share no code. What must hold whatever the wire does: a position the driver calls sampled in
//! this tick is the joint's position of this tick, and what it could not read grows older.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;

use fuzz_iterations::iterations;
use gaitway_emulators::registers::{GOAL_POSITION, RETURN_DELAY};
use gaitway_emulators::{
    BusOptions, Fault, FaultPlan, FaultRates, JointState, LaterServos, ServoBus as Twin,
};
use gaitway_feetech::bus::ServoBus as Driver;
use gaitway_feetech::servo::ServoConfig;
use gaitway_hal::actuators::Poll;
use gaitway_hal::link::Link;

const IDS: [u8; 14] = [20, 21, 22, 23, 24, 30, 31, 32, 33, 10, 11, 12, 13, 14];
/// The servos have to boot first.
const START_NS: u64 = 100_000_000;
const TICK_NS: u64 = 20_000_000;
/// How often the host looks at its port.
const LOOK_NS: u64 = 20_000;
/// A count of the encoder, and a little.
const COUNT_RAD: f64 = 0.0016;

/// Driver, wire and emulator.
struct Bench {
    driver: Driver,
    twin: Twin,
    now_ns: u64,
    /// Samples that were not what the joint did.
    wrong: usize,
}

impl Bench {
    fn new(plan: FaultPlan) -> Bench {
        let servos = IDS.map(|id| ServoConfig { id, direction: 1, offset_rad: 0.0 });
        let link = Link { baud: 1_000_000, turnaround_ns: 50_000, latency_ns: 0 };
        let mut twin = Twin::new(BusOptions::default(), &IDS, plan).unwrap();
        for servo in twin.servos_mut() {
            servo.registers_mut().store(RETURN_DELAY, 0);
        }
        Bench { driver: Driver::new(&servos, link).unwrap(), twin, now_ns: START_NS, wrong: 0 }
    }

    /// One common read, polled until it is over.
    fn read(&mut self, deadline_ns: u64) {
        let request = self.driver.begin_read(self.now_ns, deadline_ns).to_vec();
        self.twin.host_writes(self.now_ns, &request);
        loop {
            let received = self.twin.host_reads(self.now_ns);
            match self.driver.poll(self.now_ns, &received) {
                Poll::Done => return,
                Poll::Send(bytes) => {
                    self.twin.host_writes(self.now_ns, bytes);
                }
                Poll::Wait { until_ns } => self.now_ns = (self.now_ns + LOOK_NS).min(until_ns),
            }
        }
    }

    /// A tick: joints where `joint_at` says, a read, and the goals. Returns how many samples are fresh.
    fn tick(&mut self, tick: u64) -> usize {
        self.now_ns = tick_start_ns(tick);
        let joints: Vec<JointState> = (0..IDS.len()).map(|joint| joint_at(tick, joint)).collect();
        self.twin.set_joints(self.now_ns, &joints);
        self.read(self.now_ns + 8_000_000);
        let goals: Vec<f32> = (0..IDS.len()).map(|joint| angle_rad(tick, joint) as f32).collect();
        let frame = self.driver.write_goals(&goals, &[true; 14]).unwrap().to_vec();
        self.twin.host_writes(self.now_ns, &frame);
        self.now_ns += 2_000_000;
        self.twin.host_reads(self.now_ns);
        self.count_fresh(tick)
    }

    /// Samples of this tick; those that are not what the joint did are counted.
    fn count_fresh(&mut self, tick: u64) -> usize {
        let start_ns = tick_start_ns(tick);
        let states = self.driver.states().iter().enumerate();
        let fresh = states.filter(|(_, state)| state.sampled_ns.is_some_and(|ns| ns >= start_ns));
        let errors_rad = fresh.map(|(joint, state)| {
            let truth = joint_at(tick, joint);
            let position = f64::from(state.position_rad) - truth.position_rad;
            let velocity = f64::from(state.velocity_rps) - truth.velocity_rps;
            position.abs().max(velocity.abs())
        });
        let (mut count, mut wrong) = (0, 0);
        for error in errors_rad {
            count += 1;
            wrong += usize::from(error > COUNT_RAD);
        }
        self.wrong += wrong;
        count
    }
}

fn tick_start_ns(tick: u64) -> u64 {
    START_NS + tick * TICK_NS
}

/// Another angle in every tick and for every joint, so that a stale or foreign sample shows: up and down, 0.5 rad/s.
fn angle_rad(tick: u64, joint: usize) -> f64 {
    let swing = (tick % 194) as f64 - 97.0;
    swing.abs() * 0.01 - 0.5 + joint as f64 * 0.073
}

fn joint_at(tick: u64, joint: usize) -> JointState {
    let velocity_rps = -0.3 + 0.05 * joint as f64;
    JointState { position_rad: angle_rad(tick, joint), velocity_rps, drive_nm: 0.0 }
}

#[test]
fn every_joint_is_read_and_every_goal_arrives() {
    let mut bench = Bench::new(FaultPlan::default());
    for tick in 0..200 {
        assert_eq!(bench.tick(tick), IDS.len());
        for (joint, servo) in bench.twin.servos().iter().enumerate() {
            let goal = servo.goal_rad().unwrap();
            assert!((goal - angle_rad(tick, joint)).abs() < COUNT_RAD, "goal {goal} of joint {joint}");
        }
    }
    let counters = bench.driver.counters();
    assert_eq!(
        (counters.retries, counters.strays, counters.garbage_bytes, counters.implausible),
        (0, 0, 0, 0)
    );
    assert_eq!(bench.wrong, 0);
}

#[test]
fn read_and_write_take_no_longer_than_their_bytes() {
    let mut bench = Bench::new(FaultPlan::default());
    bench.read(START_NS + 10_000_000);
    let read_ns = bench.now_ns - START_NS;
    // 22 bytes out and 140 back, and the host's last look.
    assert!((1_620_000..=1_620_000 + LOOK_NS).contains(&read_ns), "{read_ns} ns");
    let frame = bench.driver.write_goals(&[0.1; 14], &[true; 14]).unwrap().to_vec();
    bench.twin.host_writes(bench.now_ns, &frame);
    bench.twin.advance(bench.now_ns + 500_000);
    assert_eq!(bench.twin.servos()[13].registers().raw(GOAL_POSITION), 2113, "there when the last byte is");
    assert!(read_ns + 500_000 < 1_000_000_000 / 400, "400 Hz fit");
}

#[test]
fn a_silent_servo_grows_old_and_the_others_stay_fresh() {
    for later in [LaterServos::Answer, LaterServos::Wait] {
        let silent = Fault::Silent { servo: 4, later };
        let plan = FaultPlan { schedule: vec![(500_000_000, silent)], ..FaultPlan::default() };
        let mut bench = Bench::new(plan);
        let fresh: Vec<usize> = (0..60).map(|tick| bench.tick(tick)).collect();
        assert_eq!(fresh[10], 14, "before");
        // A probe every ten ticks asks the silent one last, where nobody waits for it.
        assert_eq!(fresh[40..].iter().min(), Some(&13), "{later:?}");
        assert!(bench.driver.states()[4].is_dropped());
        assert!(bench.driver.states()[4].age_s(bench.now_ns) > 0.5);
    }
}

#[test]
fn a_servo_that_speaks_again_is_found_again() {
    let silent = Fault::Silent { servo: 4, later: LaterServos::Wait };
    let schedule = vec![(300_000_000, silent), (900_000_000, Fault::Speaks { servo: 4 })];
    let mut bench = Bench::new(FaultPlan { schedule, ..FaultPlan::default() });
    let fresh: Vec<usize> = (0..80).map(|tick| bench.tick(tick)).collect();
    assert_eq!((fresh[35], fresh[79]), (13, 14));
}

#[test]
fn a_bus_unplugged_is_all_silence_and_comes_back() {
    let schedule = vec![(300_000_000, Fault::Unplug), (900_000_000, Fault::Replug)];
    let mut bench = Bench::new(FaultPlan { schedule, ..FaultPlan::default() });
    let fresh: Vec<usize> = (0..250).map(|tick| bench.tick(tick)).collect();
    assert!(fresh[12..38].iter().all(|&count| count == 0), "nothing can be fresh: {:?}", &fresh[12..38]);
    assert_eq!(fresh[249], 14, "each of the dropped has been probed by now");
}

#[test]
fn whatever_the_wire_does_samples_are_right_and_nothing_is_stale_in_silence() {
    let rates = FaultRates {
        lost: 0.02,
        cut: 0.02,
        corrupted: 0.02,
        late: 0.02,
        duplicated: 0.02,
        request_lost: 0.01,
        request_corrupted: 0.01,
        ..FaultRates::default()
    };
    let ticks = iterations(5_000) as u64;
    let mut bench = Bench::new(FaultPlan { seed: 7, rates, schedule: Vec::new() });
    let fresh: usize = (0..ticks).map(|tick| bench.tick(tick)).sum();
    assert!(bench.twin.fault_count() > ticks, "the wire was bad: {} faults", bench.twin.fault_count());
    let share = fresh as f64 / (ticks * 14) as f64;
    assert!(share > 0.97, "retries in the same tick bring most of it back: {share}");
    // A sum of eight bits passes one in 256 of the frames that were damaged twice: rare, and never by far.
    assert!(bench.wrong * 10_000 <= fresh, "{} of {fresh} samples were wrong", bench.wrong);
}

#[test]
fn the_soonest_end_follows_what_is_still_to_come_and_is_never_too_late() {
    let slow = BusOptions { min_turnaround_ns: 50_000, ..BusOptions::default() };
    let usb = BusOptions { usb_frame_ns: 1_000_000, ..BusOptions::default() };
    for (options, look_ns, closest_ns) in [
        (BusOptions::default(), 3_000, 0),
        (slow, 3_000, 210_000),
        (slow, 100_000, 400_000),
        (usb, 3_000, 1_000_000),
        (usb, 100_000, 1_000_000),
    ] {
        let mut bench = Bench::new(FaultPlan::default());
        let mut twin = Twin::new(options, &IDS, FaultPlan::default()).unwrap();
        for servo in twin.servos_mut() {
            servo.registers_mut().store(RETURN_DELAY, 0);
        }
        bench.twin = twin;
        let servos = IDS.map(|id| ServoConfig { id, direction: 1, offset_rad: 0.0 });
        let link = Link { baud: 1_000_000, turnaround_ns: 50_000, latency_ns: 1_000_000 };
        bench.driver = Driver::new(&servos, link).unwrap();
        for phase_ns in (0..1_000_000).step_by(37_000) {
            bench.now_ns += 20_000_000 - bench.now_ns % 1_000_000 + phase_ns;
            let soonest_ns = read_looking_every(&mut bench, look_ns);
            let end_ns = bench.now_ns;
            assert!(soonest_ns <= end_ns, "{options:?}: {soonest_ns} after {end_ns}");
            assert!(soonest_ns + closest_ns + look_ns >= end_ns, "{options:?}: {}", end_ns - soonest_ns);
        }
    }
}

/// One common read; returns the last soonest end that the driver named while it waited.
fn read_looking_every(bench: &mut Bench, look_ns: u64) -> u64 {
    let request = bench.driver.begin_read(bench.now_ns, u64::MAX).to_vec();
    bench.twin.host_writes(bench.now_ns, &request);
    loop {
        let soonest_ns = bench.driver.soonest_end_ns();
        let received = bench.twin.host_reads(bench.now_ns);
        match bench.driver.poll(bench.now_ns, &received) {
            Poll::Done => {
                assert!(bench.driver.states().iter().all(|state| state.sampled_ns.is_some()));
                return soonest_ns;
            }
            Poll::Send(_) => panic!("nobody is silent"),
            Poll::Wait { .. } => bench.now_ns += look_ns,
        }
    }
}
