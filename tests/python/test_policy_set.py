"""Policies of a set take turns: in simulation, in recordings, by name; and what is wrong with a set is told."""

import json
import shutil
from array import array
from pathlib import Path

import pytest
from program import run_gaitway

import gaitway
from gaitway.controller import Controller
from gaitway.errors import GaitwayError, UsageError
from gaitway.policy import Policy
from gaitway.recorder import Recorder
from gaitway.recording import Recording
from gaitway.robot import Robot
from gaitway.sim import Noise, RobotSim, World

ROBOT = Robot.load()
WALK, STAND = 0, 1


def walked(
    controller: Controller, sim: RobotSim, ticks: int, recorder: Recorder | None = None, **axes: float
) -> list[int]:
    """So many ticks with this command; which policy ran in each."""
    row, ran = ROBOT.command(**axes), []
    for _ in range(ticks):
        step = controller.step if recorder is None else recorder.step
        sim.step(step(sim.sense(), row))
        ran.append(controller.record().policy)
    return ran


def a_set(folder: Path, old: str = "", new: str = "") -> Path:
    """A copy of the shipped set, with one thing changed."""
    for name in ("walk.onnx", "stand.onnx"):
        shutil.copy(ROBOT.folder / name, folder / name)
    path = folder / "policies.toml"
    path.write_text((ROBOT.folder / "policies.toml").read_text().replace(old, new, 1))
    return path


def test_the_duck_stands_by_one_policy_and_walks_by_another_and_a_recording_replays_that(tmp_path: Path) -> None:
    controller = Controller(Policy.default(ROBOT), ROBOT)
    sim = RobotSim(ROBOT, seed=3, world=World(noise=Noise()))
    sim.set_gains(controller.gains)
    with Recorder(controller, tmp_path) as recorder:
        assert walked(controller, sim, 60, recorder)[-1] == STAND
        assert controller.active == "stand"
        assert walked(controller, sim, 60, recorder, vx=0.1)[-1] == WALK
        assert walked(controller, sim, 60, recorder)[-1] == STAND
        assert not sim.fallen
    recording = Recording.load(recorder.path)
    assert recording.notes["policies"] == "walk stand"
    ran = list(map(int, recording.column("tick.policy.policy")))
    assert {WALK, STAND} == set(ran)
    found = recording.verify()
    assert (found.same, found.different) == (180, 0)


def test_a_policy_that_is_named_runs_alone() -> None:
    for policy in (Policy.load(ROBOT.default_policy), Policy.load(ROBOT.policy_file("stand"))):
        assert policy.native.set_names == []
    assert Policy.default(ROBOT).native.set_names == ["walk", "stand"]
    controller = Controller(Policy.load(ROBOT.default_policy), ROBOT)
    sim = RobotSim(ROBOT, seed=1)
    assert set(walked(controller, sim, 40)) == {WALK} and controller.active == "gaitway_walk"
    with pytest.raises(UsageError, match="the policy runs alone"):
        controller.ask("stand")


def test_a_policy_of_the_set_is_asked_for_by_name(tmp_path: Path) -> None:
    rules = a_set(tmp_path, 'when = "no_velocity"', 'when = "asked"')
    controller = Controller(Policy.load_set(rules), ROBOT)
    sim = RobotSim(ROBOT, seed=1)
    assert set(walked(controller, sim, 40)) == {WALK}
    controller.ask("stand")
    assert walked(controller, sim, 40)[-1] == STAND
    with pytest.raises(UsageError, match=r"one of the set \(walk, stand\), found 'fly'"):
        controller.ask("fly")


def test_a_controller_takes_over_in_the_middle_of_a_stride() -> None:
    walks = Controller(Policy.load(ROBOT.default_policy), ROBOT)
    sim = RobotSim(ROBOT, seed=2, world=World(noise=Noise()))
    sim.set_gains(walks.gains)
    walked(walks, sim, 87, vx=0.1)
    stands = Controller(Policy.load(ROBOT.policy_file("stand")), ROBOT)
    stands.take_over(walks, 3)
    assert stands.record().tick == 0
    before = array("f", walks.goals)
    after = stands.step(sim.sense(), ROBOT.command())
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) <= max(ROBOT.velocity_limits_rps) / 50 + 1e-6
    assert stands.record().tick == 87, "it goes on where the other was"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("gaitway.policies/1", "gaitway.policies/7", "at schema: expected gaitway.policies/1"),
        ('default = "walk"', 'default = "run"', "at default: expected one of walk, stand"),
        ('file = "stand.onnx"', 'file = "sit.onnx"', "sit.onnx"),
        ("blend_ticks = 3", "blend = 3", "unknown field `blend`"),
    ],
)
def test_a_mistake_in_a_set_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    rules = a_set(tmp_path, old, new)
    with pytest.raises(GaitwayError, match=None) as error:
        Policy.load_set(rules)
    assert told in error.value.message and error.value.hint
    found = run_gaitway("policy", "check", str(rules))
    assert found.returncode in (1, 2) and told in found.stderr


def test_a_set_is_checked_with_every_policy_of_it(tmp_path: Path) -> None:
    found = run_gaitway("policy", "check", str(a_set(tmp_path)), "--json")
    answer = json.loads(found.stdout)
    assert answer["passed"] and {name: each["passed"] for name, each in answer["policies"].items()} == {
        "walk": True,
        "stand": True,
    }


def test_switches_are_counted_the_same_for_the_same_seed() -> None:
    command = ("bench", "switches", "--count", "20", "--seed", "4", "--json")
    first, again = (run_gaitway(*command, "--jobs", jobs) for jobs in ("1", "2"))
    assert first.stdout == again.stdout
    found = json.loads(first.stdout)
    for model in found["models"].values():
        assert model["switches"] == 20 and model["falls"] == 0
        alone, together = model["still"]["alone"], model["still"]["set"]
        assert together["joint_speed_rps"] < alone["joint_speed_rps"] / 2
        assert together["tilt_deg"] < alone["tilt_deg"] / 2


def test_another_robot_names_what_its_set_lacks() -> None:
    found = run_gaitway("bench", "switches", "--robot", "so101")
    assert found.returncode == 2 and "expected a policy set, found none" in found.stderr


def test_a_simulated_robot_goes_over_to_another_policy() -> None:
    with gaitway.connect("sim:", fast=True) as robot:
        robot.walk(vx=0.1, seconds=2)
        robot.switch("stand")
        robot.walk(seconds=2)
        state = robot.status.state
        assert state == "running" and robot.contract != "gaitway_walk"
