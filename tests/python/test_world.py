"""What can be wrong in the simulated world: starts, lost answers, stuck switches, play, and the physics itself."""

import math
from collections.abc import Callable

import mujoco
import numpy as np
import pytest

import gaitway
from gaitway.errors import UsageError
from gaitway.sim import Noise, Physics, RobotSim, World
from gaitway.sim.loader import description_of

ROBOT = gaitway.Robot.load()
DESCRIPTION = description_of(ROBOT)


def stand(sim: RobotSim, ticks: int) -> None:
    for _ in range(ticks):
        sim.sense()
        sim.step(ROBOT.default_pose_rad)


@pytest.mark.parametrize("backlash", [True, False])
def test_a_disturbed_start_moves_every_joint_a_little_and_puts_no_sole_into_the_floor(backlash: bool) -> None:
    lifted = 0
    for seed in range(20):
        sim = RobotSim(ROBOT, backlash=backlash, seed=seed, world=World(start_joint_rad=0.05))
        moved = np.abs(sim.joint_position_rad - ROBOT.default_pose_rad)
        assert moved.min() > 0 and moved.max() <= 0.05
        assert sim.data.contact.dist.min(initial=0.0) > -1e-9
        lifted += sim.data.qpos[2] > 0.167
    assert lifted > 0, "some starts would have been in the floor"


def test_a_lost_answer_leaves_the_old_values_which_grow_older() -> None:
    sim = RobotSim(ROBOT, seed=3, world=World(noise=Noise(), lost_replies=0.3))
    lost = kept = 0
    values, ages = np.array(sim.sense().joint_position), np.zeros(14)
    for _ in range(100):
        sim.step(ROBOT.default_pose_rad)
        sensors = sim.sense()
        new, new_ages = np.array(sensors.joint_position), np.array(sensors.joint_age)
        silent = new_ages > 0
        np.testing.assert_allclose(new_ages[silent], ages[silent] + 0.02, atol=1e-6)
        assert (new[silent] == values[silent]).all()
        assert (new[~silent] != values[~silent]).all(), "noise is never the same twice"
        lost, kept = lost + int(silent.sum()), kept + int((~silent).sum())
        values, ages = new, new_ages
    assert 0.25 < lost / (lost + kept) < 0.35


def test_a_lost_read_silences_all_joints_at_once() -> None:
    sim = RobotSim(ROBOT, seed=3, world=World(lost_reads=0.5))
    silent = []
    for _ in range(100):
        silent.append((np.array(sim.sense().joint_age) > 0).sum())
        sim.step(ROBOT.default_pose_rad)
    assert set(silent) == {0, 14}
    assert silent[0] == 0, "the first read counts"


def test_what_is_lost_changes_neither_noise_nor_pushes_of_a_seed() -> None:
    whole, lossy = (RobotSim(ROBOT, seed=4, world=World(noise=Noise(), lost_replies=share)) for share in (0.0, 0.5))
    for _ in range(20):
        first, second = whole.sense(), lossy.sense()
        assert list(first.gyro) == list(second.gyro)
        answered = np.array(second.joint_age) == 0
        assert (np.array(first.joint_position)[answered] == np.array(second.joint_position)[answered]).all()
        whole.step(ROBOT.default_pose_rad)
        lossy.step(ROBOT.default_pose_rad)


def test_a_stuck_foot_switch_says_the_same_whatever_the_foot_does() -> None:
    sim = RobotSim(ROBOT, world=World(foot_switches=(False, None)))
    stand(sim, 50)
    assert list(sim.sense().foot_contact) == [0, 1]


def test_the_play_is_as_wide_as_asked_and_none_takes_it_out() -> None:
    wide = RobotSim(ROBOT, world=World(backlash_half_range_rad=0.015)).model
    np.testing.assert_allclose(wide.joint("left_knee_backlash").range, [-0.015, 0.015])
    assert RobotSim(ROBOT, world=World(backlash_half_range_rad=0.0)).model.nv == 20


def test_physics_reaches_the_model() -> None:
    physics = Physics(
        timestep_s=0.004, iterations=1, ls_iterations=5, cone="elliptic", solref=(0.005, 1.0), box_soles=True
    )
    sim = RobotSim(ROBOT, world=World(physics=physics))
    option = sim.model.opt
    assert (option.timestep, option.iterations, option.ls_iterations) == (0.004, 1, 5)
    assert option.cone == mujoco.mjtCone.mjCONE_ELLIPTIC
    assert sim.substeps == 5
    np.testing.assert_allclose(sim.model.geom("floor").solref, [0.005, 1.0])
    assert sim.model.geom("left_sole").type == mujoco.mjtGeom.mjGEOM_BOX


def test_it_stands_on_box_soles_as_high_as_on_its_own() -> None:
    box, own = (RobotSim(ROBOT, world=World(physics=Physics(box_soles=box))) for box in (True, False))
    for sim in (box, own):
        stand(sim, 100)
        assert not sim.fallen
    assert box.data.qpos[2] == pytest.approx(own.data.qpos[2], abs=0.002)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: World(start_joint_rad=-0.1),
        lambda: World(lost_replies=1.5),
        lambda: World(lost_reads=float("nan")),
        lambda: World(backlash_half_range_rad=1.0),
        lambda: World(foot_switches=(1, None)),  # type: ignore[arg-type]
        lambda: Physics(timestep_s=0.0),
        lambda: Physics(iterations=0),
        lambda: Physics(cone="round"),
        lambda: Physics(solref=(0.02, -1.0)),
    ],
)
def test_a_world_that_makes_no_sense_is_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(UsageError, match="expected"):
        wrong()


@pytest.mark.parametrize(
    ("height_m", "up_z", "fell"),
    [(0.164, 1.0, False), (0.09, 1.0, True), (0.164, 0.5, True), (math.nan, 1.0, True), (0.164, math.nan, True)],
)
def test_a_fall_is_a_low_or_a_tilted_trunk_and_what_is_no_number(height_m: float, up_z: float, fell: bool) -> None:
    lying = DESCRIPTION.fall
    assert lying is not None and bool(lying.passed(height_m, up_z)) == fell
    assert lying.passed(np.array([height_m, 0.164]), np.array([up_z, 1.0])).tolist() == [fell, False]


def test_the_trainer_ends_an_episode_before_the_judge_calls_it_a_fall() -> None:
    lying, training = DESCRIPTION.fall, DESCRIPTION.training
    assert lying is not None and training is not None
    assert training.fall.height_m > lying.height_m and training.fall.up_z > lying.up_z
