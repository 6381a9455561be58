//! A batch is many controllers: nothing else happens to a robot in it than to a robot alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use gaitway_batch::{Batch, BatchError, CommandSampling, Disturbance, Layout, Rows};
use gaitway_control::{Controller, Options, Policy};
use gaitway_model::{Command, Contract, RobotProfile, Sensors};

#[path = "../../../../tests/rust/random.rs"]
mod random;
#[path = "../../../../tests/rust/shipped.rs"]
mod shipped;
use random::Random;
use shipped::{SHIPPED, SHIPPED_CONTRACTS};

const JOINTS: usize = 14;
const QPOS: usize = 21;
const QVEL: usize = 20;
const SENSORS: usize = 10;

fn robot() -> RobotProfile {
    RobotProfile::from_toml(SHIPPED).unwrap()
}

fn contract() -> Contract {
    Contract::from_json(SHIPPED_CONTRACTS[1]).unwrap()
}

fn layout() -> Layout {
    Layout {
        qpos_len: QPOS,
        qvel_len: QVEL,
        sensor_len: SENSORS,
        joint_qpos: (7..QPOS).collect(),
        joint_qvel: (6..QVEL).collect(),
        play_qpos: vec![(3, 0)],
        gyro: 0,
        accelerometer: 3,
        contacts: vec![6, 8],
    }
}

fn calm() -> Disturbance {
    Disturbance {
        gyro_rps: 0.0,
        accel_mps2: 0.0,
        joint_position_rad: vec![0.0; JOINTS],
        joint_velocity_rps: 0.0,
        joint_zero_rad: 0.0,
        late_goals: vec![0.0],
        late_imu: 0.0,
        lost_answers: 0.0,
    }
}

fn rough() -> Disturbance {
    Disturbance {
        gyro_rps: 0.1,
        accel_mps2: 0.3,
        joint_position_rad: vec![0.03; JOINTS],
        joint_velocity_rps: 2.5,
        joint_zero_rad: 0.02,
        late_goals: vec![0.0, 0.5, 1.0],
        late_imu: 0.5,
        lost_answers: 0.05,
    }
}

fn sampling() -> CommandSampling {
    CommandSampling { still: 0.2, one_axis: 0.3, at_limit: 0.2, head_still: 0.3, hold_ticks: [3, 9] }
}

/// A batch with the rows of its simulator and its network.
struct Bench {
    batch: Batch,
    rows: [Vec<f64>; 3],
    observations: Vec<f32>,
    commands: Vec<f32>,
    ctrl: Vec<f64>,
}

impl Bench {
    fn new(count: usize, disturbance: Disturbance, commands: Option<CommandSampling>) -> Bench {
        let batch = Batch::new(&contract(), &robot(), count, 7, layout(), disturbance, commands).unwrap();
        Bench {
            rows: [QPOS, QVEL, SENSORS].map(|len| vec![0.0; count * len]),
            observations: vec![0.0; count * batch.observation_len()],
            commands: vec![0.0; count * 7],
            ctrl: vec![0.0; count * JOINTS],
            batch,
        }
    }

    /// Each robot meets the same world, wherever it stands in the batch.
    fn tick(&mut self, random: &mut Random) -> Result<(), BatchError> {
        for (row, len) in self.rows.iter_mut().zip([QPOS, QVEL, SENSORS]) {
            let world: Vec<f64> = (0..len).map(|_| f64::from(random.unit())).collect();
            row.chunks_exact_mut(len).for_each(|numbers| numbers.copy_from_slice(&world));
        }
        let [qpos, qvel, sensordata] = &self.rows;
        self.batch.observe(&Rows { qpos, qvel, sensordata }, &mut self.observations, &mut self.commands)?;
        let one: Vec<f32> = (0..self.batch.action_len()).map(|_| random.unit()).collect();
        let actions: Vec<f32> = std::iter::repeat_n(one, self.batch.count()).flatten().collect();
        self.batch.act(&actions, &mut self.ctrl)
    }
}

#[test]
fn without_disturbance_a_robot_sees_and_does_what_it_would_alone() {
    let mut bench = Bench::new(3, calm(), None);
    let policy = Policy::of_contract(contract()).unwrap();
    let mut alone = Controller::new(&policy, &robot(), &Options::default()).unwrap();
    let command = Command::velocity(0.1, -0.05, 0.3);
    bench.batch.set_commands(&command.values[..7].repeat(3)).unwrap();
    let (mut random, mut same) = (Random::new(1), Random::new(1));
    for _ in 0..50 {
        bench.tick(&mut random).unwrap();
        let mut world = |len: usize| -> Vec<f32> { (0..len).map(|_| same.unit()).collect() };
        let (qpos, qvel, sensed) = (world(QPOS), world(QVEL), world(SENSORS));
        let action = world(alone.record().action.len());
        let mut sensors = Sensors::still(JOINTS, 2);
        sensors.gyro_rps.copy_from_slice(&sensed[..3]);
        sensors.accel_mps2.copy_from_slice(&sensed[3..6]);
        sensors.contact = [sensed[6], sensed[8]].map(|touch| if touch > 0.0 { 1.0 } else { 0.0 }).to_vec();
        sensors.joint_position_rad.copy_from_slice(&qpos[7..]);
        sensors.joint_position_rad[3] += qpos[0];
        sensors.joint_velocity_rps.copy_from_slice(&qvel[6..]);
        assert!(alone.observe(&sensors, &command).unwrap());
        let width = alone.record().observation.len();
        for row in bench.observations.chunks_exact(width) {
            assert_eq!(row, alone.record().observation);
        }
        let goals = alone.act(&action).unwrap().rad();
        for row in bench.ctrl.chunks_exact(JOINTS) {
            assert!(row.iter().zip(goals).all(|(told, goal)| *told == f64::from(*goal)));
        }
    }
}

#[test]
fn what_happens_to_a_robot_does_not_depend_on_those_beside_it() {
    let (mut few, mut many) =
        (Bench::new(2, rough(), Some(sampling())), Bench::new(5, rough(), Some(sampling())));
    let (mut random, mut same) = (Random::new(3), Random::new(3));
    let width = few.batch.observation_len();
    for tick in 0..60 {
        if tick % 20 == 0 {
            let poses = robot().default_pose_rad();
            few.batch.reset(&[1], &poses).unwrap();
            many.batch.reset(&[1], &poses).unwrap();
        }
        few.tick(&mut random).unwrap();
        many.tick(&mut same).unwrap();
        assert_eq!(few.observations[..], many.observations[..2 * width]);
        assert_eq!(few.ctrl[..], many.ctrl[..2 * JOINTS]);
        assert_ne!(few.observations[..width], few.observations[width..], "each has its own chance");
    }
}

#[test]
fn a_restored_batch_goes_on_bit_for_bit() {
    let mut bench = Bench::new(3, rough(), Some(sampling()));
    let mut random = Random::new(5);
    (0..37).for_each(|_| bench.tick(&mut random).unwrap());
    let saved = bench.batch.save();
    let mut other = Bench::new(3, rough(), Some(sampling()));
    other.batch.restore(&saved).unwrap();
    assert_eq!(other.batch.save(), saved);
    let mut same = random.clone();
    for _ in 0..40 {
        bench.tick(&mut random).unwrap();
        other.tick(&mut same).unwrap();
        assert_eq!(bench.observations, other.observations);
        assert_eq!(bench.ctrl, other.ctrl);
    }
    let error = Bench::new(2, rough(), None).batch.restore(&saved).unwrap_err();
    assert!(matches!(error, BatchError::Saved { .. }) && error.hint().contains("as many robots"), "{error}");
}

#[test]
fn disturbances_have_the_size_they_were_given() {
    let mut bench = Bench::new(40, rough(), Some(sampling()));
    let poses = robot().default_pose_rad().repeat(40);
    bench.batch.reset(&(0..40).collect::<Vec<u32>>(), &poses).unwrap();
    // Goals follow from actions alone: a calm robot's are those that come in time.
    let mut in_time = Bench::new(1, calm(), None);
    in_time.batch.reset(&[0], &robot().default_pose_rad()).unwrap();
    let (mut random, mut same) = (Random::new(9), Random::new(9));
    let width = bench.batch.observation_len();
    let (mut widest, mut late, mut told) = (0.0_f32, 0, 0);
    for _ in 0..50 {
        bench.tick(&mut random).unwrap();
        in_time.tick(&mut same).unwrap();
        let truth = bench.rows[2][0] as f32;
        let errors = bench.observations.chunks_exact(width).map(|row| (row[0] - truth).abs());
        // An IMU that is late shows another sample.
        widest = errors.filter(|error| *error <= 0.1001).fold(widest, f32::max);
        told += 40;
        late += bench.ctrl.chunks_exact(JOINTS).filter(|row| **row != in_time.ctrl[..]).count();
    }
    assert!(widest > 0.09, "the gyro's noise reaches ±0.1: {widest}");
    assert!(late > told / 5 && late < told, "goals come late: {late} of {told}");
}

#[test]
fn commands_have_the_shares_they_were_given() {
    let always =
        CommandSampling { still: 0.25, one_axis: 0.0, at_limit: 0.0, head_still: 0.5, hold_ticks: [1, 1] };
    let mut bench = Bench::new(50, calm(), Some(always));
    let mut random = Random::new(2);
    let (mut still, mut head_still, mut count) = (0, 0, 0);
    for _ in 0..100 {
        bench.tick(&mut random).unwrap();
        for row in bench.commands.chunks_exact(7) {
            count += 1;
            still += usize::from(row[..3] == [0.0; 3]);
            head_still += usize::from(row[3..] == [0.0; 4]);
            assert!(row[0].abs() <= 0.15 && row[1].abs() <= 0.2 && row[2].abs() <= 1.0, "{row:?}");
        }
    }
    let share = |of: usize| of as f64 / f64::from(count);
    assert!((share(still) - 0.25).abs() < 0.03, "{}", share(still));
    assert!((share(head_still) - 0.5).abs() < 0.03, "{}", share(head_still));
}

#[test]
fn what_is_wrong_is_said() {
    let new = |layout: Layout, disturbance: Disturbance, commands: CommandSampling| {
        Batch::new(&contract(), &robot(), 2, 0, layout, disturbance, Some(commands)).unwrap_err().to_string()
    };
    #[rustfmt::skip]
    let table = [
        (new(Layout { contacts: vec![6, 10], ..layout() }, calm(), sampling()), "contacts: expected an index below 10, found 10"),
        (new(Layout { gyro: 8, ..layout() }, calm(), sampling()), "IMU: expected an index below 10, found 10"),
        (new(Layout { joint_qpos: vec![7], ..layout() }, calm(), sampling()), "joint positions: expected 14 numbers, found 1"),
        (new(Layout { play_qpos: vec![(14, 0)], ..layout() }, calm(), sampling()), "joints with play: expected an index below 14"),
        (new(layout(), Disturbance { gyro_rps: -1.0, ..calm() }, sampling()), "noise of the gyro: expected 0 or more"),
        (new(layout(), Disturbance { late_imu: f32::NAN, ..calm() }, sampling()), "share of late IMUs: expected 0 to 1, found NaN"),
        (new(layout(), Disturbance { joint_position_rad: vec![], ..calm() }, sampling()), "noise of joint positions: expected 14"),
        (new(layout(), calm(), CommandSampling { still: 1.5, ..sampling() }), "share of still commands: expected 0 to 1, found 1.5"),
        (new(layout(), calm(), CommandSampling { hold_ticks: [0, 1], ..sampling() }), "hold_ticks: expected 1 or more"),
    ];
    for (found, expected) in table {
        assert!(found.contains(expected), "{found}");
    }
    let mut bench = Bench::new(2, calm(), None);
    let error = bench.batch.reset(&[2], &robot().default_pose_rad()).unwrap_err();
    assert!(error.to_string().contains("robots: expected an index below 2, found 2"), "{error}");
    bench.tick(&mut Random::new(1)).unwrap();
    let error = bench.batch.act(&[0.0; 28], &mut bench.ctrl).unwrap_err();
    assert!(error.to_string().contains("observe"), "a tick has two halves: {error}");
    let mut actions = vec![0.0; 2 * bench.batch.action_len()];
    actions[20] = f32::NAN;
    let error = bench.batch.act(&actions, &mut bench.ctrl).unwrap_err();
    assert!(error.to_string().contains("action of robot 1: expected finite numbers, found NaN"), "{error}");
    bench.rows[0][QPOS + 9] = f64::INFINITY;
    let [qpos, qvel, sensordata] = &bench.rows;
    let rows = Rows { qpos, qvel, sensordata };
    let error = bench.batch.observe(&rows, &mut bench.observations, &mut bench.commands).unwrap_err();
    assert!(
        error.to_string().contains("observation of robot 1: expected finite numbers, found inf"),
        "{error}"
    );
    assert!(error.hint().contains("smaller time step"));
}
