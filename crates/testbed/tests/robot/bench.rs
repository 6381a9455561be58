//! A robot on a virtual clock: the real loop, driver and controller against emulated servos whose joints follow their
//! goals at the speed of a servo without load. No physics: what is tested is the loop, not the gait.

use gaitway_control::arbiter::Source;
use gaitway_control::control_stack::ControlStackOptions;
use gaitway_control::supervisor::{RequestedMode, State};
use gaitway_control::{Options, Policy};
use gaitway_emulators::registers::{LOCK, RETURN_DELAY, TORQUE_ENABLE};
use gaitway_emulators::{BusOptions, Fault, FaultPlan, ImuFault, ImuSample, JointState, ServoBus as Twin};
use gaitway_model::{Command, RobotProfile};
use gaitway_runtime::robot::event::Stamped;
use gaitway_runtime::robot::{Mailbox, Robot, Setup};
use gaitway_testbed::virtual_robot::{Trouble, Watched, Wire};
use gaitway_testbed::{ServoView, VirtualRobot};

pub const DUCK: &str = include_str!("../../../../python/gaitway/robots/open_duck_mini_v2/profile.toml");
const WALK: &[u8] = include_bytes!("../../../../python/gaitway/robots/open_duck_mini_v2/walk.onnx");

const STAND: &[u8] = include_bytes!("../../../../python/gaitway/robots/open_duck_mini_v2/stand.onnx");

/// Places of the knees among the joints.
const KNEES: [usize; 2] = [3, 12];

const STEP_NS: u64 = 2_000_000;
/// A servo without load, rad/s.
const SPEED_RPS: f64 = 5.6;

/// The file of the duck's own policy.
pub fn onnx() -> &'static [u8] {
    WALK
}

/// The duck's own policy.
pub fn policy() -> Policy {
    Policy::from_onnx(WALK, &[], None).unwrap()
}

/// The duck's own policies: one walks, the other stands.
pub fn pair() -> Policy {
    policy().with_standing(STAND).unwrap()
}

pub struct Bench {
    pub room: VirtualRobot,
    pub imu_is_frozen: bool,
    pub imu_is_silent: bool,
    /// What an accelerometer says of the attitude, m/s².
    pub accel_mps2: [f32; 3],
    pub feet: [bool; 2],
    /// How far the weight bends the knees beyond their goals, rad.
    pub knees_sag_rad: f64,
    /// What the IMU turns at.
    pub gyro_rps: f32,
    pub events: Vec<Stamped>,
    views: Vec<ServoView>,
    joints: Vec<JointState>,
    count: u64,
}

impl Bench {
    pub fn new(plan: FaultPlan) -> Bench {
        Bench::of(RobotProfile::from_toml(DUCK).unwrap(), plan)
    }

    pub fn of(profile: RobotProfile, plan: FaultPlan) -> Bench {
        Bench::with(profile, &policy(), plan)
    }

    pub fn with(profile: RobotProfile, policy: &Policy, plan: FaultPlan) -> Bench {
        let ids: Vec<u8> = profile.joints.iter().map(|joint| joint.id).collect();
        let mut twin = Twin::new(BusOptions::default(), &ids, plan).unwrap();
        for servo in twin.servos_mut() {
            servo.registers_mut().store(RETURN_DELAY, 0);
        }
        let setup = Setup::new(policy, &profile, &Options::default()).unwrap();
        let mut room = VirtualRobot::new(setup, twin, STEP_NS).unwrap();
        // Its joints bear nothing.
        room.robot_mut()
            .set_options(ControlStackOptions { on_stand: true, ..ControlStackOptions::default() });
        room.mailbox().request_mode(RequestedMode::Walk, false);
        room.mailbox().offer(Source::Program, &Command::velocity(0.1, 0.0, 0.0), u64::MAX);
        // Crouched somewhere: not the default pose, not zero.
        let at = |index: usize| 0.7 * profile.default_rad(index) + 0.05;
        let joints: Vec<JointState> = (0..ids.len())
            .map(|index| JointState { position_rad: at(index), ..JointState::default() })
            .collect();
        Bench {
            room,
            imu_is_frozen: false,
            imu_is_silent: false,
            accel_mps2: [0.0, 0.0, 9.81],
            feet: [true, true],
            knees_sag_rad: 0.0,
            gyro_rps: 0.0,
            events: Vec::new(),
            views: vec![ServoView::LIMP; ids.len()],
            joints,
            count: 0,
        }
    }

    pub fn robot(&self) -> &Robot<Wire, Wire> {
        self.room.robot()
    }

    pub fn mailbox(&self) -> &Mailbox {
        self.room.mailbox()
    }

    pub fn watched(&self) -> Watched {
        self.room.watched()
    }

    /// One tick of robot and joints.
    pub fn tick(&mut self) -> State {
        let now_ns = self.room.wait();
        self.joints.iter_mut().for_each(|joint| joint.velocity_rps = 0.0);
        while let count @ 1.. = self.room.take_steps(&mut self.views) {
            (0..count).for_each(|_| self.move_joints());
        }
        self.room.set_joints(&self.joints);
        self.sample_imu(now_ns);
        let state = self.room.tick();
        self.events.extend(self.room.take_events());
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
            self.robot().record(),
            self.robot().obstacle()
        )
    }

    pub fn inject(&mut self, fault: Fault) {
        self.room.plan(0, Trouble::Bus(fault)).unwrap();
    }

    pub fn inject_imu(&mut self, fault: ImuFault) {
        self.room.plan(0, Trouble::Imu(fault)).unwrap();
    }

    pub fn starve(&mut self, for_ns: u64) {
        self.room.plan(0, Trouble::Starved(for_ns)).unwrap();
    }

    /// Servos whose motor is driven.
    pub fn driven(&self) -> usize {
        self.room.wire().with_twin(|twin| {
            twin.servos().iter().filter(|servo| servo.registers().raw(TORQUE_ENABLE) != 0).count()
        })
    }

    pub fn locked(&self) -> usize {
        self.room
            .wire()
            .with_twin(|twin| twin.servos().iter().filter(|servo| servo.registers().raw(LOCK) == 1).count())
    }

    /// Joints go towards their goals; a limp one stays where it is.
    fn move_joints(&mut self) {
        let (step_s, largest_rad) = (STEP_NS as f64 * 1e-9, SPEED_RPS * STEP_NS as f64 * 1e-9);
        for (index, (joint, view)) in self.joints.iter_mut().zip(&self.views).enumerate() {
            let sag_rad = if KNEES.contains(&index) { self.knees_sag_rad } else { 0.0 };
            let way_rad = view.goal_rad.map_or(0.0, |goal| goal + sag_rad - joint.position_rad);
            let moved_rad = way_rad.clamp(-largest_rad, largest_rad);
            joint.position_rad += moved_rad;
            joint.velocity_rps = moved_rad / step_s;
        }
    }

    fn sample_imu(&mut self, now_ns: u64) {
        self.count += 1;
        if self.imu_is_silent {
            return;
        }
        let noise = if self.imu_is_frozen { 0.0 } else { (self.count % 7) as f32 * 1e-3 };
        self.room.sample_imu(ImuSample {
            sampled_ns: now_ns,
            gyro_rps: [noise + self.gyro_rps, 0.0, 0.0],
            accel_mps2: [self.accel_mps2[0], self.accel_mps2[1] + noise, self.accel_mps2[2]],
            contact: [self.feet[0], self.feet[1], false, false, false, false, false, false],
            contacts: 2,
        });
    }
}
