//! The record of a tick as the loop writes it: of fixed size, so that writing it costs a copy and nothing else.

use crate::readings::ReadTimes;
use gaitway_control::arbiter::Decision;
use gaitway_control::control_stack::Asked;
use gaitway_control::imu::ImuSample;
use gaitway_control::readings::JointReading;
use gaitway_control::supervisor::{Obstacle, Orders, Reason, State};
use gaitway_control::watch::Alarm;
use gaitway_control::{ControlStack, Controller, TickRecord};

/// When a tick was due and when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wake {
    /// Number of the tick.
    pub tick: u64,
    /// When it was due, ns of the loop's clock.
    pub deadline_ns: u64,
    /// When the loop was woken, ns.
    pub woken_ns: u64,
    /// How long after its deadline, ns.
    pub lateness_ns: u64,
    /// Ticks left out since the tick before.
    pub skipped: u64,
    /// Ticks in which the last goals were repeated instead; 0 where this tick ran.
    pub held: u64,
}

/// What is known of a joint.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Joint {
    /// Angle, rad.
    pub position_rad: f32,
    /// Velocity, rad/s.
    pub velocity_rps: f32,
    /// Age of both, s.
    pub age_s: f32,
}

impl From<&JointReading> for Joint {
    fn from(vitals: &JointReading) -> Joint {
        let JointReading { position_rad, velocity_rps, age_s, .. } = *vitals;
        Joint { position_rad, velocity_rps, age_s }
    }
}

/// How long the parts of a tick took, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Durations {
    /// The common read.
    pub read_ns: u64,
    /// From its end to the goals.
    pub compute_ns: u64,
    /// Handing the goals to the port.
    pub write_ns: u64,
    /// The whole tick, slow read included.
    pub tick_ns: u64,
}

/// One tick, whole: what went in as it came over the wires, what was made of it, and what came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// When it was due.
    pub wake: Wake,
    /// When the servos were read.
    pub read: ReadTimes,
    /// What was last heard of the actuators, as their driver writes it down.
    pub device: Vec<u8>,
    /// What is known of each joint.
    pub joints: Vec<Joint>,
    /// Time since any servo answered, s.
    pub bus_silent_s: f32,
    /// The newest sample of the IMU, sound or not.
    pub imu: Option<ImuSample>,
    /// Age of the sample that counts, s.
    pub imu_age_s: f32,
    /// What operators wanted.
    pub asked: Asked,
    /// An observation took the place of the robot's own.
    pub is_replaced: bool,
    /// What the robot was doing.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// The command, and who had control.
    pub decision: Decision,
    /// The gravest fault there was.
    pub alarm: Option<Alarm>,
    /// Why a limp robot that should have got up did not.
    pub obstacle: Option<Obstacle>,
    /// True where the policy's controller took part; what follows is of this tick then.
    pub has_stepped: bool,
    /// Observation, action, targets, filter.
    pub controller: TickRecord,
    /// What the servos were told.
    pub orders: Orders,
    /// Their goals, rad.
    pub goal_rad: Vec<f32>,
    /// What the last filter changed of them: bits of [`gaitway_control::JointLimits`].
    pub joint_limits: Vec<u8>,
    /// How many axes and contacts the robot has: so many numbers of its commands and contacts count.
    pub axes: usize,
    /// See `axes`.
    pub contacts: usize,
    /// How long it took.
    pub durations: Durations,
    /// The control stack before this tick; empty in most ticks.
    pub keyframe: Vec<u8>,
}

impl Row {
    /// Room for the ticks of one robot, whose actuators leave so many bytes.
    pub fn of(stack: &ControlStack, device_len: usize) -> Row {
        let (controller, supervisor): (&Controller, _) = (stack.controller(), stack.supervisor());
        let joints = controller.joints();
        let mut keyframe = Vec::new();
        stack.save_into(&mut keyframe);
        keyframe.reserve(controller.room_for_state());
        keyframe.clear();
        Row {
            wake: Wake::default(),
            read: ReadTimes::default(),
            device: vec![0; device_len],
            joints: vec![Joint::default(); joints],
            bus_silent_s: 0.0,
            imu: None,
            imu_age_s: 0.0,
            asked: Asked::default(),
            is_replaced: false,
            state: State::default(),
            reason: Reason::default(),
            decision: Decision::default(),
            alarm: None,
            obstacle: None,
            has_stepped: false,
            controller: controller.record().clone_with_room(),
            orders: supervisor.orders().clone(),
            goal_rad: supervisor.goals().rad().to_vec(),
            joint_limits: supervisor.joint_limits().to_vec(),
            axes: controller.axes(),
            contacts: controller.contacts(),
            durations: Durations::default(),
            keyframe,
        }
    }

    /// Takes what is known of the joints, and what a control stack made of a tick. Allocates nothing.
    pub fn take(&mut self, joints: &[JointReading], stack: &ControlStack) {
        self.joints.iter_mut().zip(joints).for_each(|(joint, vitals)| *joint = vitals.into());
        let supervisor = stack.supervisor();
        self.imu_age_s = stack.sensors().imu_age_s;
        (self.state, self.reason) = (supervisor.state(), supervisor.reason());
        self.decision = stack.decision();
        self.alarm = stack.alarm();
        self.obstacle = stack.obstacle();
        self.has_stepped = stack.has_stepped();
        if self.has_stepped {
            self.controller.copy_from(stack.controller().record());
        }
        self.orders.copy_from(supervisor.orders());
        self.goal_rad.copy_from_slice(supervisor.goals().rad());
        self.joint_limits.copy_from_slice(supervisor.joint_limits());
    }
}
