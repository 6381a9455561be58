"""The page `docs/bring-a-policy.md`, run as it is written: public files, from bare ONNX to a check that passes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gaitway
from gaitway.golden.tick import Gravity
from gaitway.sim import RobotSim

pytest.importorskip("yaml", reason="PyYAML, of the extra draft, is not installed")
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "bring-a-policy.md"
ROBOTS = Path(__file__).parent / "robots"
QUADRUPED = gaitway.Robot.load(ROBOTS / "go2_like" / "profile.toml")
#: Section, files of the shared data and where the page has them, questions it leaves, largest joint count.
STORIES = {
    "go2": ("## Isaac Lab: a Go2", {"go2_unitree_rl_lab.onnx": "go2/exported/policy.onnx"}, 3, 12),
    "g1": (
        "## mjlab: a G1",
        {
            name: f"g1/exported/{Path(name).name}"
            for name in ("g1_external/policy.onnx", "g1_external/policy.onnx.data")
        },
        3,
        29,
    ),
    "duck": ("## MuJoCo Playground: an Open Duck", {"ros2_demo_duck.onnx": "duck/policy.onnx"}, 23, 14),
}


def played(story: str, shared_data: Path, folder: Path) -> tuple[list[str], Path]:
    """What the commands of a section say, and the policy they made."""
    heading, files, _, _ = STORIES[story]
    section = PAGE.read_text().partition(heading)[2].partition("\n## ")[0]
    for name, place in files.items():
        source = shared_data / "policies" / name
        if not source.is_file():
            pytest.skip(f"{source} is not there: a public policy that may not be part of this repository")
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / place)
    for text in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL):
        path = folder / story / "params" / "deploy.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (commands,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    program = folder / "gaitway"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m gaitway.cli "$@"\n')
    program.chmod(0o755)
    script = "set -e\n" + commands.replace("out/", f"{folder}/")
    run = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.splitlines(), folder / story / "walk.onnx"


@pytest.fixture(scope="module")
def go2(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> gaitway.Policy:
    """The Go2's policy with its drafted contract."""
    _, file = played("go2", shared_data, tmp_path_factory.mktemp("go2"))
    return gaitway.Policy.load(file, robot=QUADRUPED)


@pytest.mark.parametrize("story", STORIES)
def test_a_public_file_passes_its_check_by_the_commands_of_the_page(
    story: str, shared_data: Path, tmp_path: Path
) -> None:
    said, policy = played(story, shared_data, tmp_path)
    _, _, questions, joints = STORIES[story]
    assert f"{questions} questions open" in said[0]
    assert said[-1].startswith("all agrees: 40 golden ticks, largest action error ")
    robot = gaitway.Robot.load("open_duck_mini_v2" if story == "duck" else ROBOTS / f"{story}_like" / "profile.toml")
    loaded = gaitway.Policy.load(policy, robot=robot)
    assert (loaded.basis, loaded.engine, loaded.contract.action_len) == ("embedded", "native", joints)
    provenance = json.loads(loaded.contract.to_json())["provenance"]
    assert provenance["licence"] in ("Apache-2.0", "NOASSERTION") and provenance["source"]


@pytest.mark.parametrize(
    ("command", "axis", "expected"),
    [({"vx": 0.5}, 0, 0.476), ({"vy": 0.3}, 1, 0.196), ({"wz": 0.8}, 2, 0.733), ({}, 0, 0.0)],
)
def test_the_go2_walks_in_lockstep_with_its_drafted_contract(
    command: dict[str, float], axis: int, expected: float, go2: gaitway.Policy
) -> None:
    """As fast as in a model of somebody else's with the same figures, joint damping and friction 0.1: ten seconds."""
    robot = QUADRUPED
    controller, sim = gaitway.Controller(go2, robot), RobotSim(robot, seed=1)
    sim.set_gains(controller.gains)
    row, speeds = robot.command(**command), []
    for tick in range(500):
        sim.step(controller.step(sim.sense(), row))
        assert not sim.fallen, tick
        trunk = sim.trunk()
        speeds.append((*trunk.velocity_mps[:2], trunk.yaw_rate_rps))
    walked = float(np.mean(speeds[50:], axis=0)[axis])
    assert walked == pytest.approx(expected, abs=0.02), walked
    assert controller.record().counters[0] == 0, "no output was refused"


def test_the_go2s_observation_is_its_trainers_formula(go2: gaitway.Policy) -> None:
    """Over 600 ticks of a walk, beside a few lines of numpy that know nothing of contracts or of the engine."""
    robot = QUADRUPED
    controller, sim = gaitway.Controller(go2, robot), RobotSim(robot, seed=2)
    sim.set_gains(controller.gains)
    names = [f"{leg}_{part}" for part in ("hip", "thigh", "calf") for leg in ("FL", "FR", "RL", "RR")]
    motors = [robot.joint_names.index(name) for name in names]
    default = np.array([0.1, -0.1, 0.1, -0.1, 0.8, 0.8, 1.0, 1.0, -1.5, -1.5, -1.5, -1.5])
    action, command, gravity, worst = np.zeros(12), np.zeros(3), Gravity(50), 0.0
    for tick in range(600):
        asked = np.array([0.5, 0.2, -0.4]) * np.sin(tick / 40)
        command = np.clip(asked, [-1.0, -0.4, -1.0], [1.0, 0.4, 1.0])
        sensed = sim.sense()
        goals = controller.step(sensed, robot.command(vx=asked[0], vy=asked[1], wz=asked[2]))
        record = controller.record()
        observation = np.asarray(record.observation, dtype=np.float64)
        position = np.asarray(sensed.joint_position, dtype=np.float64)[motors]
        velocity = np.asarray(sensed.joint_velocity, dtype=np.float64)[motors]
        gyro, accelerometer = (np.array(row, dtype=np.float32) for row in (sensed.gyro, sensed.accelerometer))
        gravity.update(gyro, accelerometer)
        formula = np.concatenate([gyro * 0.2, gravity.down(), command, position - default, velocity * 0.05, action])
        worst = max(worst, float(np.abs(formula - observation).max()))
        action = np.asarray(go2.infer(observation[None].astype(np.float32))[0], dtype=np.float64)
        worst = max(worst, float(np.abs(np.asarray(record.action) - action).max()))
        target = default + 0.25 * action
        inside = np.clip(target, *np.array(robot.limits_rad)[motors].T)
        free = np.abs(inside - target) < 1e-9
        worst = max(worst, float(np.abs(np.asarray(goals)[motors] - target)[free].max(initial=0.0)))
        sim.step(goals)
    assert worst < 1e-6, worst
