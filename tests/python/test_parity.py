"""The engine against onnxruntime, and against itself on every CPU path: the same numbers, the same bits."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

import gaitway

OBSERVATIONS = 2000
TOLERANCE = 1e-5
Rows = NDArray[np.float32]


@pytest.fixture(params=["own", "community"])
def policy_path(request: pytest.FixtureRequest) -> Path:
    """The policy that ships, and the community's where it lies beside the checkout."""
    if request.param == "own":
        return gaitway.Robot.load().default_policy
    shared: Path = request.getfixturevalue("shared_data")
    return shared / "BEST_WALK_ONNX_2.onnx"


def normaliser(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean and standard deviation the policy was trained with: its graph begins (observation - mean) * (1 / std)."""
    graph = onnx.load(path).graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights |= {
        node.output[0]: numpy_helper.to_array(node.attribute[0].t) for node in graph.node if node.op_type == "Constant"
    }
    subtract, multiply = [node for node in graph.node if node.op_type in ("Sub", "Mul")][:2]
    assert (subtract.op_type, multiply.op_type) == ("Sub", "Mul")
    return weights[subtract.input[1]].ravel(), 1.0 / weights[multiply.input[1]].ravel()


def observations(path: Path) -> Rows:
    """Observations as in training, and as many again three times as far from the mean."""
    mean, std = normaliser(path)
    random = np.random.default_rng(2026)
    rows = random.normal(0.0, 1.0, (OBSERVATIONS, len(mean)))
    rows[OBSERVATIONS // 2 :] *= 3.0
    return (mean + std * rows).astype(np.float32)


def by_onnxruntime(path: Path, rows: Rows) -> Rows:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"obs": row[None]})[0] for row in rows])


def test_actions_are_onnxruntimes(policy_path: Path) -> None:
    rows = observations(policy_path)
    ours = gaitway.Policy.load(policy_path).infer(rows)
    theirs = by_onnxruntime(policy_path, rows)
    assert ours.shape == theirs.shape == (OBSERVATIONS, 14)
    assert theirs.std(axis=0).min() > 0.05, "observations that move no action show nothing"
    error = (np.abs(ours - theirs) / (1.0 + np.abs(theirs))).max()
    print(f"{policy_path.name}: largest error {error:.3g} of {TOLERANCE:g}")
    assert error <= TOLERANCE


def test_many_rows_give_the_bits_of_each_alone(policy_path: Path) -> None:
    policy = gaitway.Policy.load(policy_path)
    rows = observations(policy_path)[:50]
    alone = np.concatenate([policy.infer(row[None]) for row in rows])
    assert policy.infer(rows).tobytes() == alone.tobytes()


# --- Bits on every CPU path ---

HASH_ACTIONS = """
import hashlib, sys
import numpy as np
import gaitway
policy = gaitway.Policy.load(sys.argv[1])
actions = policy.infer(np.load(sys.argv[2]))
assert actions.shape == (2000, 14) and np.isfinite(actions).all()
print(policy.native.cpu_path, hashlib.sha256(actions.tobytes()).hexdigest())
"""

# 300 ticks at twice the policy's rate, of sensors and commands from a seed.
HASH_RUN = """
import hashlib, sys
import numpy as np
import gaitway
robot = gaitway.Robot.load()
policy = gaitway.Policy.load(sys.argv[1])
controller = gaitway.Controller(policy, robot, loop_hz=100)
sensors = gaitway.Sensors(robot)
random = np.random.default_rng(7)
digest = hashlib.sha256()
goals = set()
for tick in range(300):
    sensors.gyro[:] = np.float32(random.normal(0, 0.7, 3))
    sensors.accelerometer[:] = np.float32(random.normal((0, 0, 9.81), 1.5))
    sensors.foot_contact[:] = np.float32(random.integers(0, 2, 2))
    sensors.joint_position[:] = np.float32(random.normal(robot.default_pose_rad, 0.08))
    sensors.joint_velocity[:] = np.float32(random.normal(0, 2, 14))
    command = gaitway.command(*random.uniform(-0.2, 0.2, 7))
    row = controller.step(sensors, command)
    goals.add(bytes(row))
    digest.update(row)
    digest.update(controller.record().observation)
    digest.update(np.float32(controller.record().tilt_rad))
digest.update(controller.save())
assert len(goals) > 250 and not controller.record().fallen, "a robot that stands still shows nothing"
print(policy.native.cpu_path, digest.hexdigest())
"""


def on_every_path(script: str, *arguments: Path) -> dict[str, str]:
    """Hash by CPU path: each in a process of its own that is forced to it."""
    hashes = {}
    for path in gaitway.build_info()["cpu_paths"]:
        command = [sys.executable, "-c", script, *map(str, arguments)]
        environment = os.environ | {"GAITWAY_CPU": path}
        result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
        assert result.returncode == 0, result.stderr
        used, found = result.stdout.split()
        assert used == path
        hashes[path] = found
    return hashes


def test_there_is_a_path_beside_the_fastest() -> None:
    """With one path alone, the tests below would compare nothing."""
    paths = gaitway.build_info()["cpu_paths"]
    assert len(paths) >= 2 and "scalar" in paths
    assert gaitway.build_info()["cpu_path"] == os.environ.get("GAITWAY_CPU", paths[0])


def test_every_path_gives_the_same_bits(policy_path: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", observations(policy_path))
    hashes = on_every_path(HASH_ACTIONS, policy_path, tmp_path / "rows.npy")
    print(policy_path.name, hashes)
    assert len(set(hashes.values())) == 1, hashes


def test_every_path_runs_the_robot_with_the_same_bits(policy_path: Path) -> None:
    hashes = on_every_path(HASH_RUN, policy_path)
    print(policy_path.name, hashes)
    assert len(set(hashes.values())) == 1, hashes


@pytest.mark.parametrize("name", ["avx1024", "", "AVX2", "sse2 "])
@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("gaitway.build_info()", "UsageError"),
        ("gaitway.Policy.load(gaitway.Robot.load().default_policy)", "PolicyError"),
    ],
)
def test_path_nobody_knows_is_an_error_that_lists_those_there_are(name: str, what: str, error: str) -> None:
    script = f"""
import gaitway
try:
    {what}
except gaitway.GaitwayError as error:
    print(type(error).__name__, error.message, "|", error.hint)
"""
    environment = os.environ | {"GAITWAY_CPU": name}
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f'{error} "{name}" is no CPU path; this CPU can run: ')
    assert "scalar" in result.stdout and "GAITWAY_CPU" in result.stdout
