"""The duck in lockstep: it walks as its policies should, the same every time, and survives what breaks physics."""

import json
from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gaitway
from gaitway.errors import SimulationError, UsageError
from gaitway.script import steady
from gaitway.sim import Noise, Pushes, RobotSim, Run, Script, Variation, World, simulate, tour
from gaitway.sim.trace import path_length_m


@pytest.fixture(scope="module")
def robot() -> gaitway.Robot:
    return gaitway.Robot.load()


@pytest.fixture(scope="module")
def upstream(robot: gaitway.Robot, shared_data: Path) -> gaitway.Policy:
    return gaitway.Policy.load(shared_data / "BEST_WALK_ONNX_2.onnx", robot=robot)


def walk(
    robot: gaitway.Robot,
    script: Script,
    seconds: float,
    *,
    policy: gaitway.Policy | None = None,
    backlash: bool = True,
    seed: int = 0,
    world: World | None = None,
) -> Run:
    policy = policy or gaitway.Policy.load(robot.default_policy, robot=robot)
    sim = RobotSim(robot, backlash=backlash, seed=seed, world=world)
    return simulate(sim, gaitway.Controller(policy, robot), script, seconds)


@pytest.mark.parametrize("backlash", [True, False])
@pytest.mark.parametrize("noise", [None, Noise()])
def test_the_default_policy_walks_its_tour_without_a_fall(
    robot: gaitway.Robot, backlash: bool, noise: Noise | None
) -> None:
    run = walk(robot, tour(), 20, backlash=backlash, world=World(noise=noise))
    assert run.falls == 0
    assert run.figures()["refusals"] == 0
    trace = run.trace
    forward = trace["velocity"][(trace["time_s"] > 2) & (trace["time_s"] < 6)].mean(axis=0)
    # Between the two identifications of the drives: faster with play in the gears, slower without.
    assert forward[0] == pytest.approx(0.15, abs=0.04)


def test_the_communitys_policy_walks_forward_as_in_its_own_world(
    robot: gaitway.Robot, upstream: gaitway.Policy
) -> None:
    figures = walk(robot, steady(gaitway.command(vx=0.15), 15), 15, policy=upstream).figures()
    assert figures["velocity_mps"][0] >= 0.12
    assert figures["falls"] == 0


def test_the_communitys_policy_turns_as_in_its_own_world(robot: gaitway.Robot, upstream: gaitway.Policy) -> None:
    figures = walk(robot, steady(gaitway.command(wz=1.0), 15), 15, policy=upstream).figures()
    assert figures["yaw_rate_rps"] >= 0.8
    assert figures["falls"] == 0


def test_the_communitys_policy_stands_still_at_zero_command(robot: gaitway.Robot, upstream: gaitway.Policy) -> None:
    figures = walk(robot, steady(gaitway.command(), 15), 15, policy=upstream).figures()
    assert np.hypot(*figures["velocity_mps"]) < 0.005
    assert abs(figures["yaw_rate_rps"]) < 0.02


def test_the_communitys_policy_does_not_fall_in_18_noisy_runs(robot: gaitway.Robot, upstream: gaitway.Policy) -> None:
    commands = [(0.15, 0, 0), (0.1, 0, 0), (-0.1, 0, 0), (0, 0.1, 0), (0, -0.1, 0), (0, 0, 1), (0, 0, -1)]
    commands += [(0.1, 0.05, 0.5), (0, 0, 0)]
    runs = [
        walk(robot, steady(gaitway.command(*row), 15), 15, policy=upstream, seed=seed, world=World(noise=Noise()))
        for row in commands
        for seed in (1, 2)
    ]
    assert len(runs) == 18
    assert [run.falls for run in runs] == [0] * 18


def test_two_runs_with_a_seed_give_identical_bytes(robot: gaitway.Robot) -> None:
    world = World(noise=Noise(), pushes=Pushes((0.1, 0.3), (1, 2)), variation=Variation(), action_delay_ticks=1)
    first, second, other = (
        walk(robot, steady(gaitway.command(vx=0.1), 5), 5, seed=seed, world=world).trace for seed in (7, 7, 8)
    )
    assert first["qpos"].tobytes() == second["qpos"].tobytes()
    assert first["target"].tobytes() == second["target"].tobytes()
    assert first["qpos"].tobytes() != other["qpos"].tobytes()


def test_real_time_and_fast_give_the_same_run(robot: gaitway.Robot) -> None:
    script = steady(gaitway.command(vx=0.1), 1)
    policy = gaitway.Policy.load(robot.default_policy, robot=robot)
    fast, slow = (
        simulate(RobotSim(robot, seed=3), gaitway.Controller(policy, robot), script, 1, realtime=realtime)
        for realtime in (False, True)
    )
    assert fast.trace["qpos"].tobytes() == slow.trace["qpos"].tobytes()
    assert slow.pacer is not None
    assert slow.wall_s > 0.95, "real time cannot be faster than real"


def test_a_pushed_over_duck_counts_as_fallen_and_gets_up(robot: gaitway.Robot) -> None:
    sim = RobotSim(robot)
    controller = gaitway.Controller(gaitway.Policy.load(robot.default_policy, robot=robot), robot)

    def push_once(run: Run) -> bool:
        if run.ticks == 50:
            sim.push(0.0, 2.5)
        return True

    run = simulate(sim, controller, steady(gaitway.command(), 6), 6, watch=push_once)
    assert run.falls == 1
    assert run.figures()["falls"] == 1
    assert not sim.fallen, "it was put back on its feet and stands"
    lying = run.trace["position"][60:150, 2]
    assert lying.min() > 0.0, "it lay on the floor, not in it"


def test_the_cores_tilt_follows_the_true_one(robot: gaitway.Robot) -> None:
    sim = RobotSim(robot, world=World(noise=Noise(), pushes=Pushes((0.2, 0.3), (1, 2))))
    controller = gaitway.Controller(gaitway.Policy.load(robot.default_policy, robot=robot), robot)
    errors = []

    def compare(run: Run) -> bool:
        assert run.record is not None
        errors.append(abs(run.record.tilt_rad - run.trace["tilt"][-1]))
        return True

    run = simulate(sim, controller, tour(), 20, watch=compare)
    assert run.falls == 0
    assert max(errors) < 0.3, "far below the 0.8 rad at which the verdict is a fall"
    assert np.mean(errors) < 0.08


@pytest.mark.parametrize("goal", [float("nan"), 1e30])
def test_physics_that_breaks_down_counts_as_fallen(robot: gaitway.Robot, goal: float) -> None:
    sim = RobotSim(robot)
    sim.data.qvel[:] = goal
    sim.step(robot.default_pose_rad)
    assert sim.fallen
    sim.reset()
    assert not sim.fallen


def test_goals_reach_the_servos_late_by_the_delay(robot: gaitway.Robot) -> None:
    sim = RobotSim(robot, world=World(action_delay_ticks=2))
    home = np.array(robot.default_pose_rad)
    for goals in (home + 0.1, home + 0.2, home + 0.3):
        sim.step(goals)
    np.testing.assert_allclose(sim.data.ctrl, home + 0.1)


def test_the_imus_sample_is_old_by_the_delay_and_says_so(robot: gaitway.Robot) -> None:
    late, now = RobotSim(robot, world=World(imu_delay_ticks=1)), RobotSim(robot)
    seen_late, seen_now = [], []
    for _ in range(5):
        seen_late.append(list(late.sense().gyro))
        seen_now.append(list(now.sense().gyro))
        late.step(robot.default_pose_rad)
        now.step(robot.default_pose_rad)
    assert seen_late[1:] == seen_now[:-1]
    assert late.sense().imu_age[0] == pytest.approx(0.02)


def test_variation_draws_another_robot_for_another_seed(robot: gaitway.Robot) -> None:
    first, same, other = (RobotSim(robot, seed=seed, world=World(variation=Variation())).model for seed in (1, 1, 2))
    assert (first.body_mass == same.body_mass).all()
    assert (first.body_mass != other.body_mass).any()
    assert first.geom("floor").friction[0] != other.geom("floor").friction[0]
    assert 0.9 <= (first.body_mass.sum() / 2.10714) <= 1.1


def test_gains_of_the_contract_reach_the_actuators(robot: gaitway.Robot) -> None:
    sim = RobotSim(robot)
    policy = gaitway.Policy.load(robot.default_policy, robot=robot)
    sim.set_gains(gaitway.Controller(policy, robot, kp=16).gains)
    np.testing.assert_allclose(sim.model.actuator_gainprm[:, 0], 16 * robot.stiffness_per_kp)
    np.testing.assert_allclose(sim.model.actuator_biasprm[:, 1], -16 * robot.stiffness_per_kp)


@pytest.mark.parametrize("loop_hz", [60, 0, -50, 1001, 10**9])
def test_a_loop_rate_that_is_no_whole_number_of_steps_is_refused(robot: gaitway.Robot, loop_hz: int) -> None:
    with pytest.raises(UsageError, match="no whole number of physics steps"):
        RobotSim(robot, loop_hz=loop_hz)


def test_a_loop_of_100_hz_walks_as_one_of_50(robot: gaitway.Robot) -> None:
    policy = gaitway.Policy.load(robot.default_policy, robot=robot)
    controller = gaitway.Controller(policy, robot, loop_hz=100)
    sim = RobotSim(robot, loop_hz=100)
    run = simulate(sim, controller, steady(gaitway.command(vx=0.1), 6), 6)
    assert run.ticks == 600
    assert run.falls == 0
    assert run.figures()["velocity_mps"][0] == pytest.approx(0.1, abs=0.03)


def test_simulation_and_controller_at_different_rates_are_refused(robot: gaitway.Robot) -> None:
    policy = gaitway.Policy.load(robot.default_policy, robot=robot)
    with pytest.raises(SimulationError, match="100 Hz and the controller at 50 Hz"):
        simulate(RobotSim(robot, loop_hz=100), gaitway.Controller(policy, robot), tour(), 1)


def test_figures_of_a_run_whose_physics_broke_down_are_still_numbers(robot: gaitway.Robot) -> None:
    sim = RobotSim(robot)
    controller = gaitway.Controller(gaitway.Policy.load(robot.default_policy, robot=robot), robot)

    def break_once(run: Run) -> bool:
        if run.ticks == 50:
            sim.data.qvel[:] = np.nan
        return True

    run = simulate(sim, controller, steady(gaitway.command(vx=0.1), 4), 4, watch=break_once)
    assert run.falls == 1
    assert "NaN" not in json.dumps(run.figures())
    assert np.isfinite(path_length_m(run.trace))


@pytest.mark.parametrize("seconds", [0.3, 1.3, 3.0])
def test_the_way_walked_is_at_least_the_way_come(robot: gaitway.Robot, seconds: float) -> None:
    run = walk(robot, steady(gaitway.command(vx=0.15), seconds), seconds)
    assert path_length_m(run.trace) >= np.hypot(*run.figures()["distance_m"]) - 1e-9


@pytest.mark.parametrize(
    "wrong",
    [
        lambda robot: RobotSim(robot, seed=-1),
        lambda robot: RobotSim(robot).step([0.0] * 3),
        lambda robot: RobotSim(robot).step(1.0),
        lambda robot: RobotSim(robot).set_gains([]),
        lambda robot: World(imu_delay_ticks=1.5),  # type: ignore[arg-type]
        lambda robot: Pushes(speed_mps=(2, 1)),
        lambda robot: Variation(mass=(-2, -1)),
        lambda robot: Script(()),
        lambda robot: walk(robot, tour(), float("nan")),
    ],
)
def test_what_makes_no_sense_is_refused(robot: gaitway.Robot, wrong: Callable[[gaitway.Robot], object]) -> None:
    with pytest.raises(UsageError, match=r"expected|needs"):
        wrong(robot)


def test_sensors_are_views_into_one_row(robot: gaitway.Robot) -> None:
    sensors = RobotSim(robot).sense()
    assert isinstance(sensors.row, array)
    assert sensors.accelerometer.obj is sensors.row
    assert len(sensors.row) == 9 + 3 * 14
    assert list(sensors.joint_position) == pytest.approx(robot.default_pose_rad, abs=1e-6)
