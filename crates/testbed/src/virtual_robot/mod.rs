//! A robot on a virtual clock: the real loop, driver, supervisor and policy against the emulated servos and IMU, in
//! one thread, with nothing but the joints left to whoever hosts the physics.
//!
//! ```text
//!  wait ─► take_steps … move the joints … set_joints, sample_imu ─► tick ─► wait ─► …
//! ```
//!
//! Time goes by in `wait` and inside `tick`, where the robot waits for its wire. The physics follows: each of its
//! steps comes with what drove the joints when it began, to 2 ms where its steps are that long. Joints are set between
//! ticks only, so what the servos show in a tick is at most a tick old.

mod chip;
mod torque;
mod watch;
mod wire;

pub use chip::ChipPath;
pub use watch::Watched;
pub use wire::{MAX_STARVED_NS, Trouble, Wire};

use crate::servo_view::ServoView;
use gaitway_control::supervisor::State;
use gaitway_emulators::{ImuSample, JointState, ServoBus, TwinError};
use gaitway_platform::allocations;
use gaitway_platform::clock::Clock;
use gaitway_runtime::pacer::{Overrun, Pacer, PacerError, Wake};
use gaitway_runtime::robot::event::Stamped;
use gaitway_runtime::robot::{ImuSlot, Mailbox, Robot, Setup};
use std::ops::RangeInclusive;
use std::sync::Arc;
use watch::Watch;

/// When the first tick is due, ns: by then the servos have booted.
pub const START_NS: u64 = 100_000_000;

/// Shortest and longest step of the physics, ns.
pub const STEP_NS: RangeInclusive<u64> = 100_000..=100_000_000;

/// Robot, wire, servos and IMU.
#[derive(Debug)]
pub struct VirtualRobot {
    robot: Robot<Wire, Wire>,
    wire: Wire,
    mailbox: Arc<Mailbox>,
    pacer: Pacer<Wire>,
    wake: Option<Wake>,
    watch: Watch,
    events: Vec<Stamped>,
}

impl VirtualRobot {
    /// A robot of `setup`, off, whose servos are those of `twin`, in the order of its joints. `step_ns` is the length
    /// of a step of the physics; one outside [`STEP_NS`] is taken for the nearest within.
    pub fn new(setup: Setup, twin: ServoBus, step_ns: u64) -> Result<VirtualRobot, PacerError> {
        let (mailbox, imu) = (Arc::new(Mailbox::new()), Arc::new(ImuSlot::new()));
        let period_ns = 1_000_000_000 / u64::from(setup.controller.loop_hz());
        let wire =
            Wire::new(twin, START_NS, step_ns.clamp(*STEP_NS.start(), *STEP_NS.end()), Arc::clone(&imu));
        let watch = Watch::new(&setup.profile);
        let pacer = Pacer::new(wire.clone(), period_ns, Overrun::Skip)?;
        let robot = Robot::new(setup, wire.clone(), wire.clone(), Arc::clone(&mailbox), imu);
        Ok(VirtualRobot { robot, wire, mailbox, pacer, wake: None, watch, events: Vec::new() })
    }

    /// Waits for the next tick; returns the time, ns. The physics is then to be brought up to it.
    pub fn wait(&mut self) -> u64 {
        let wake = self.pacer.wait();
        self.wake = Some(wake);
        wake.now_ns
    }

    /// Steps of the physics that are over and were driven alike, and in `views` by what, servo by servo; 0 where the
    /// next step is not over. `views` must be as long as the robot has joints.
    pub fn take_steps(&mut self, views: &mut [ServoView]) -> usize {
        self.wire.act(|shared| shared.take_steps(views))
    }

    /// What the joints do now, angles as the servos count them.
    pub fn set_joints(&mut self, joints: &[JointState]) {
        self.wire.act(|shared| shared.twin.set_joints(shared.now_ns, joints));
    }

    /// What the IMU felt at the sample's time, which must not be before the last one's.
    pub fn sample_imu(&mut self, sample: ImuSample) {
        self.watch.imu_felt(sample);
        self.wire.act(|shared| match &mut shared.chip {
            Some(chip) => chip.feel(&sample),
            None => shared.imu.sample(sample),
        });
    }

    /// From now on the samples come from a chip on an I²C bus, read by its driver.
    pub fn read_chip(&mut self, chip: ChipPath) {
        self.wire.act(|shared| shared.chip = Some(chip));
    }

    /// The robot's tick, which [`VirtualRobot::wait`] waited for.
    pub fn tick(&mut self) -> State {
        let wake = self.wake.take().unwrap_or_else(|| self.pacer.wait());
        self.open_again();
        // Samples of this moment are there before the tick begins.
        self.wire.wait_until(0);
        let (all, outside) = (allocations::count(), self.wire.act(|shared| shared.allocations));
        let state = self.robot.tick(&wake);
        let outside = self.wire.act(|shared| shared.allocations) - outside;
        self.watch.sums.allocations += allocations::count() - all - outside;
        let events = &mut self.events;
        self.robot.take_events(|event| events.push(event));
        self.look(&wake, state);
        state
    }

    /// Something goes wrong so long from now. Refuses a servo there is not.
    pub fn plan(&mut self, after_ns: u64, trouble: Trouble) -> Result<(), TwinError> {
        self.wire.act(|shared| {
            let at_ns = shared.now_ns.saturating_add(after_ns);
            shared.plan(at_ns, trouble)
        })
    }

    /// The time, ns.
    pub fn now_ns(&self) -> u64 {
        self.wire.now_ns()
    }

    /// Since when no servo has had torque, to a step of the physics, ns; `None` while one has.
    pub fn torque_off_since_ns(&self) -> Option<u64> {
        self.wire.act(|shared| shared.torque.off_since_ns)
    }

    /// What was counted, whatever happened.
    pub fn watched(&self) -> Watched {
        let torque = self.wire.act(|shared| shared.torque);
        Watched {
            longest_limp_ns: torque.longest_limp_ns,
            longest_replugged_ns: torque.longest_replugged_ns,
            ..self.watch.sums
        }
    }

    /// The robot.
    pub fn robot(&self) -> &Robot<Wire, Wire> {
        &self.robot
    }

    /// The robot, to prepare it.
    pub fn robot_mut(&mut self) -> &mut Robot<Wire, Wire> {
        &mut self.robot
    }

    /// What operators want of it.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Its wire, and the emulated servos on it.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// What it has said since this was last asked.
    pub fn take_events(&mut self) -> Vec<Stamped> {
        std::mem::take(&mut self.events)
    }

    /// A bus that is plugged in again is opened again, as the daemon does.
    fn open_again(&mut self) {
        if self.robot.driver().error().is_some() && self.wire.with_twin(|twin| twin.is_plugged()) {
            self.robot.driver_mut().replace_port(self.wire.clone());
        }
    }

    fn look(&mut self, wake: &Wake, state: State) {
        let (watch, robot) = (&mut self.watch, &self.robot);
        watch.judge_finite(robot.supervisor().goals().rad());
        watch.judge_finite(robot.controller().goals().rad());
        watch.judge_imu(robot.imu_sample(), wake.now_ns, robot.record().imu_age_s);
        watch.judge_impossible(robot.imu_sample(), robot.believed());
        self.wire.act(|shared| {
            shared.torque.tell(wake.now_ns, state == State::Limp);
            watch.wrote(shared.written.drain(..));
            watch.judge_steps(&shared.twin);
            watch.judge_vitals(robot.believed(), &shared.twin);
        });
    }
}
