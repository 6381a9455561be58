//! What recording costs the loop: a tick copied into the ring.

use gaitway_control::ControlStack;
use gaitway_control::control_stack::{Asked, ControlStackOptions, TickInputs};
use gaitway_control::readings::JointReading;
use gaitway_control::supervisor::RequestedMode;
use gaitway_platform::allocations;
use gaitway_platform::clock::{Clock, MonotonicClock};
use gaitway_platform::histogram::Histogram;
use gaitway_record::ReadTimes;
use gaitway_record::row::Durations;
use gaitway_runtime::pacer::Wake;
use gaitway_runtime::recorder::RING_TICKS;
use gaitway_runtime::robot::Setup;
use gaitway_runtime::robot::recorder::TickRecorder;

/// Times of many pushes.
#[derive(Debug, Clone, Default)]
pub struct PushTimes {
    /// Both copies of a tick, what goes in and what came out, less what reading the clock around them takes.
    pub push: Histogram,
    /// What was taken off for each copy, ns: the median of two readings with nothing between them.
    pub clock_ns: u64,
    /// Allocations in all of them; counted where the program uses the counting allocator.
    pub allocations: u64,
}

/// Records `ticks` ticks of a control stack in a dry run, and times what the loop would wait for; the first tenth only
/// warms up. The other end of the ring is emptied between them.
pub fn push_times(setup: Setup, ticks: u64) -> PushTimes {
    let clock = MonotonicClock::default();
    let Setup { profile, actuators, controller } = setup;
    let mut stack = ControlStack::new(&profile, controller);
    // So that the policy takes part in every tick.
    stack.set_options(ControlStackOptions { dry_run: true, ..ControlStackOptions::default() });
    let (mut recorder, mut source) = TickRecorder::new(&stack, actuators.row_len(), RING_TICKS);
    let joints = vec![JointReading::default(); profile.joints.len()];
    let clock_ns = clock_ns(&clock);
    let mut times = PushTimes { clock_ns, ..PushTimes::default() };
    for tick in 0..ticks + ticks / 10 {
        let now_ns = clock.now_ns();
        let asked = Asked { wish: RequestedMode::Walk, ..Asked::default() };
        let inputs = TickInputs {
            now_ns,
            hold: false,
            left_out: 0,
            joints: &joints,
            bus_silent_s: 0.0,
            imu: None,
            asked,
        };
        let wake =
            Wake { tick, deadline_ns: now_ns, now_ns, lateness_ns: 0, skipped: 0, held: 0, caught_up: false };
        let before = allocations::count();
        let begun_ns = clock.now_ns();
        recorder.begin(
            |row| actuators.write_row(row),
            ReadTimes { begun_ns: now_ns, ended_ns: now_ns },
            &inputs,
            false,
            &stack,
        );
        let mid_ns = clock.now_ns();
        stack.think(&inputs, None);
        let thought_ns = clock.now_ns();
        recorder.push(&wake, Durations::default(), &joints, &stack);
        let pushed_ns = clock.now_ns();
        if tick >= ticks / 10 {
            let both_ns = (mid_ns - begun_ns) + (pushed_ns - thought_ns);
            times.push.add(both_ns.saturating_sub(2 * clock_ns));
            times.allocations += allocations::count() - before;
        }
        while let Some(entry) = source.take() {
            source.give_back(entry);
        }
    }
    times
}

/// What a reading of the clock adds to what is timed with it.
fn clock_ns(clock: &MonotonicClock) -> u64 {
    let mut readings: Vec<u64> = (0..1001).map(|_| clock.now_ns().abs_diff(clock.now_ns())).collect();
    readings.sort_unstable();
    readings[readings.len() / 2]
}
