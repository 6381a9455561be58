//! A robot on a virtual clock: the real loop, driver and controller against emulated servos whose joints follow their
//! goals at the speed of a servo without load. No physics: what is tested is the loop, not the gait.

use gaitway_contract::{Command, RobotProfile};
use gaitway_control::arbiter::Source;
use gaitway_control::supervisor::{State, Wish};
use gaitway_control::{Options, Policy};
use gaitway_runtime::allocations;
use gaitway_runtime::clock::Clock;
use gaitway_runtime::pacer::{Overrun, Pacer};
use gaitway_runtime::port::{Port, PortError};
use gaitway_runtime::robot::event::Stamped;
use gaitway_runtime::robot::{ImuSample, ImuSlot, Mailbox, Robot, Setup};
use gaitway_twin::registers::{LOCK, RETURN_DELAY, TORQUE_ENABLE};
use gaitway_twin::{BusOptions, Fault, FaultPlan, JointState, ServoBus as Twin};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

pub const DUCK: &str = include_str!("../../../../python/gaitway/robots/open_duck_mini_v2/profile.toml");
const WALK: &[u8] = include_bytes!("../../../../python/gaitway/robots/open_duck_mini_v2/walk.onnx");

/// The servos have booted.
const START_NS: u64 = 100_000_000;
pub const TICK_NS: u64 = 20_000_000;
/// A servo without load, rad/s.
const SPEED_RPS: f64 = 5.6;

/// Wire and clock in one: to wait is to let the wire work.
#[derive(Clone)]
pub struct Wire {
    pub twin: Rc<RefCell<Twin>>,
    now_ns: Rc<Cell<u64>>,
    /// A loop that is starved loses so much at its next wait, ns.
    pub starve_ns: Rc<Cell<u64>>,
    /// Allocations of the emulated servos, which are not the robot's.
    allocations: Rc<Cell<u64>>,
}

impl Wire {
    /// Lets the servos do something, and counts what they allocate.
    fn with_twin<T>(&self, act: impl FnOnce(&mut Twin) -> T) -> T {
        let before = allocations::count();
        let result = act(&mut self.twin.borrow_mut());
        self.allocations.set(self.allocations.get() + allocations::count() - before);
        result
    }
}

impl Clock for Wire {
    fn now_ns(&self) -> u64 {
        self.now_ns.get()
    }

    fn wait_until(&self, deadline_ns: u64) {
        let starved_ns = self.starve_ns.take();
        self.now_ns.set(self.now_ns.get().max(deadline_ns) + starved_ns);
    }
}

impl Port for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        let now_ns = self.now_ns.get();
        self.with_twin(|twin| {
            twin.advance(now_ns);
            if twin.is_plugged() { Ok(twin.host_writes(now_ns, bytes)) } else { Err(PortError::Gone) }
        })
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        let now_ns = self.now_ns.get();
        Ok(self.with_twin(|twin| {
            let arrived = twin.host_reads(now_ns);
            buffer[..arrived.len()].copy_from_slice(&arrived);
            arrived.len()
        }))
    }
}

/// What the bench keeps an eye on, whatever happens.
#[derive(Default, Debug)]
pub struct Watched {
    /// Goals on the wire that were no angle of the joint's range.
    pub goals_out_of_range: u64,
    /// The largest step of a goal from one tick to the next, of a servo that is driven, rad.
    pub largest_step_rad: f64,
    /// The farthest a goal was from its joint in the tick its torque came on, rad.
    pub largest_jerk_rad: f64,
    /// Writes that wore an EEPROM.
    pub worn: u64,
    /// Allocations of the robot's own ticks.
    pub allocations: u64,
}

pub struct Bench {
    pub robot: Robot<Wire, Wire>,
    pub wire: Wire,
    pub mailbox: Arc<Mailbox>,
    pub imu: Arc<ImuSlot>,
    pub imu_is_frozen: bool,
    pub imu_is_silent: bool,
    pub watched: Watched,
    pub events: Vec<Stamped>,
    profile: RobotProfile,
    pacer: Pacer<Wire>,
    joints: Vec<JointState>,
    goals_before: Vec<Option<f64>>,
    count: u64,
}

impl Bench {
    pub fn new(plan: FaultPlan) -> Bench {
        Bench::of(RobotProfile::from_toml(DUCK).unwrap(), plan)
    }

    pub fn of(profile: RobotProfile, plan: FaultPlan) -> Bench {
        let ids: Vec<u8> = profile.joints.iter().map(|joint| joint.servo_id).collect();
        let mut twin = Twin::new(BusOptions::default(), &ids, plan).unwrap();
        for servo in twin.servos_mut() {
            servo.registers_mut().store(RETURN_DELAY, 0);
        }
        let wire = Wire {
            twin: Rc::new(RefCell::new(twin)),
            now_ns: Rc::new(Cell::new(START_NS)),
            starve_ns: Rc::default(),
            allocations: Rc::default(),
        };
        let policy = Policy::from_onnx(WALK, &[], None).unwrap();
        let setup = Setup::new(&policy, &profile, &Options::default()).unwrap();
        let (mailbox, imu) = (Arc::new(Mailbox::new()), Arc::new(ImuSlot::new()));
        mailbox.set_wish(Wish::Walk, false);
        mailbox.offer(Source::Program, &Command::velocity(0.1, 0.0, 0.0), u64::MAX);
        let robot = Robot::new(setup, wire.clone(), wire.clone(), mailbox.clone(), imu.clone());
        // Crouched somewhere: not the default pose, not zero.
        let at = |index: usize| 0.7 * profile.joints[index].default_rad + 0.05;
        let joints: Vec<JointState> = (0..ids.len())
            .map(|index| JointState { position_rad: at(index), ..JointState::default() })
            .collect();
        Bench {
            pacer: Pacer::new(wire.clone(), TICK_NS, Overrun::Skip).unwrap(),
            goals_before: vec![None; ids.len()],
            robot,
            wire,
            mailbox,
            imu,
            imu_is_frozen: false,
            imu_is_silent: false,
            watched: Watched::default(),
            events: Vec::new(),
            profile,
            joints,
            count: 0,
        }
    }

    /// One tick of robot and joints.
    pub fn tick(&mut self) -> State {
        let wake = self.pacer.wait();
        self.move_joints(wake.now_ns);
        self.sample_imu(wake.now_ns);
        let (all, twins) = (allocations::count(), self.wire.allocations.get());
        let state = self.robot.tick(&wake);
        self.watched.allocations += (allocations::count() - all) - (self.wire.allocations.get() - twins);
        let events = &mut self.events;
        self.robot.take_events(|event| events.push(event));
        self.keep_watch();
        state
    }

    pub fn ticks(&mut self, count: usize) -> Vec<State> {
        (0..count).map(|_| self.tick()).collect()
    }

    /// Ticks until the robot is in `state`, `limit` at most; how many it took.
    pub fn until(&mut self, state: State, limit: usize) -> usize {
        for count in 1..=limit {
            if self.tick() == state {
                return count;
            }
        }
        panic!(
            "not {} within {limit} ticks: {:?} {:?}",
            state.name(),
            self.robot.record(),
            self.robot.obstacle()
        )
    }

    pub fn inject(&mut self, fault: Fault) {
        let now_ns = self.wire.now_ns();
        self.wire.twin.borrow_mut().inject(now_ns, fault).unwrap();
    }

    /// Servos whose motor is driven.
    pub fn driven(&self) -> usize {
        let twin = self.wire.twin.borrow();
        twin.servos().iter().filter(|servo| servo.registers().raw(TORQUE_ENABLE) != 0).count()
    }

    pub fn locked(&self) -> usize {
        let twin = self.wire.twin.borrow();
        twin.servos().iter().filter(|servo| servo.registers().raw(LOCK) == 1).count()
    }

    /// Joints go towards their goals; a limp one stays where it is.
    fn move_joints(&mut self, now_ns: u64) {
        let mut twin = self.wire.twin.borrow_mut();
        twin.advance(now_ns);
        for (joint, servo) in self.joints.iter_mut().zip(twin.servos()) {
            let step_rad = SPEED_RPS * TICK_NS as f64 * 1e-9;
            let way_rad = servo.goal_rad().map_or(0.0, |goal| goal - joint.position_rad);
            let moved_rad = way_rad.clamp(-step_rad, step_rad);
            joint.position_rad += moved_rad;
            joint.velocity_rps = moved_rad / (TICK_NS as f64 * 1e-9);
        }
        twin.set_joints(now_ns, &self.joints);
    }

    fn sample_imu(&mut self, now_ns: u64) {
        self.count += 1;
        if self.imu_is_silent {
            return;
        }
        let noise = if self.imu_is_frozen { 0.0 } else { (self.count % 7) as f32 * 1e-3 };
        self.imu.put(&ImuSample {
            sampled_ns: now_ns,
            gyro_rps: [noise, 0.0, 0.0],
            accel_mps2: [0.0, noise, 9.81],
            foot_contact: [1.0, 1.0],
        });
    }

    fn keep_watch(&mut self) {
        let twin = self.wire.twin.borrow();
        for (index, servo) in twin.servos().iter().enumerate() {
            let goal = servo.goal_rad();
            // By its id, since a fault may swap two.
            let joint = self.profile.joints.iter().find(|joint| joint.servo_id == servo.id()).unwrap();
            if let Some(goal) = goal {
                let range = joint.min_rad - 0.002..=joint.max_rad + 0.002;
                self.watched.goals_out_of_range += u64::from(!range.contains(&goal));
                let way_rad = match self.goals_before[index] {
                    Some(before) => {
                        let step_rad = (goal - before).abs();
                        self.watched.largest_step_rad = self.watched.largest_step_rad.max(step_rad);
                        0.0
                    }
                    None => (goal - self.joints[index].position_rad).abs(),
                };
                self.watched.largest_jerk_rad = self.watched.largest_jerk_rad.max(way_rad);
            }
            self.goals_before[index] = goal;
        }
        self.watched.worn = twin.servos().iter().map(|servo| servo.registers().saves()).sum();
    }
}
