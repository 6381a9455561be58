//! The loop's thread: tick after tick until it is told to end, and torque off on every way out.

use crate::pacer::Pacer;
use crate::robot::event::Stamped;
use crate::robot::tick::Robot;
use gaitway_control::supervisor::State;
use gaitway_platform::clock::Clock;
use gaitway_platform::port::Port;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

/// Ticks limp before the loop ends: so often the servos have been told.
const LIMP_TICKS: u32 = 3;

/// What others tell the loop beside the mailbox.
#[derive(Debug, Default)]
pub struct RunControl {
    end: AtomicBool,
}

impl RunControl {
    /// The loop shall end once the robot is limp.
    pub fn end_when_limp(&self) {
        self.end.store(true, Ordering::Relaxed);
    }
}

/// Ticks until it is told to end, and cuts the torque then. What there is to say goes to `events`, as far as there is
/// room; a port that takes the place of one that is gone comes through `ports`.
///
/// Returns false where a tick panicked: the torque was cut then, too.
pub fn run<P: Port, C: Clock + Clone>(
    robot: &mut Robot<P, C>,
    pacer: &mut Pacer<C>,
    control: &RunControl,
    events: &SyncSender<Stamped>,
    ports: &Receiver<P>,
) -> bool {
    let ticks = AssertUnwindSafe(|| tick_until_told(robot, pacer, control, events, ports));
    let is_sound = catch_unwind(ticks).is_ok();
    robot.cut();
    is_sound
}

fn tick_until_told<P: Port, C: Clock + Clone>(
    robot: &mut Robot<P, C>,
    pacer: &mut Pacer<C>,
    control: &RunControl,
    events: &SyncSender<Stamped>,
    ports: &Receiver<P>,
) {
    let mut limp_ticks = 0;
    while limp_ticks < LIMP_TICKS {
        let wake = pacer.wait();
        let state = robot.tick(&wake);
        // A full channel loses what nobody fetched; it must not keep the loop.
        robot.take_events(|event| _ = events.try_send(event));
        if robot.driver().error().is_some()
            && let Ok(port) = ports.try_recv()
        {
            robot.driver_mut().replace_port(port);
        }
        let is_over = control.end.load(Ordering::Relaxed) && !matches!(state, State::Off);
        limp_ticks = if is_over && !state.is_powered() { limp_ticks + 1 } else { 0 };
    }
}
