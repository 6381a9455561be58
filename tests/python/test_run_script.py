"""`gaitway run --twin --script`: a script of commands over the wire, and how well each axis followed."""

import subprocess
import sys
import tomllib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from daemon_bench import ROOT
from program import parse, run_gaitway

from gaitway import Policy, Robot
from gaitway.sim import Script, Segment
from gaitway.sim.live import LiveRobot
from gaitway.twin import Tracking

ARM = Robot.load("so101")


@pytest.fixture(scope="module")
def follow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The policy of the examples, which goes where its command says."""
    path = tmp_path_factory.mktemp("script") / "follow.onnx"
    command = [sys.executable, ROOT / "examples/follow_policy.py", "so101", path]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    yield path


def test_an_arm_goes_through_its_poses_and_each_joint_tells_its_error(
    follow: Path, binary: None, tmp_path: Path
) -> None:
    script = ROOT / "examples/so101_poses.toml"
    arguments = ("--robot", "so101", "--policy", follow, "--twin", "--script", script, "--record", tmp_path)
    told = parse(run_gaitway("run", *arguments, "--json"))
    segments = tomllib.loads(script.read_text())["segment"]
    assert list(told["tracking"]) == ARM.joint_names and told["recording"].startswith(str(tmp_path))
    for joint, row in told["tracking"].items():
        assert row["unit"] == "rad" and 0 <= row["p50"] <= row["worst"] < 0.1, (joint, row)
        for segment, asked in zip(row["segments"], segments, strict=True):
            assert segment["name"] == asked["name"]
            assert segment["commanded"] == pytest.approx(asked.get(joint, 0.0)), (joint, segment)
            assert segment["measured"] == pytest.approx(segment["commanded"], abs=0.1), (joint, segment)


def test_a_walking_robot_follows_velocities_and_head(binary: None, tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text("[[segment]]\nname = 'ahead'\nseconds = 5\nvx = 0.12\nhead_yaw = 0.4\n")
    done = run_gaitway("run", "--twin", "--script", script, "--no-record", "--json")
    told = parse(done)
    if told.get("falls", 1):
        pytest.skip(f"this machine halted: {told.get('error') or told['gaitwayd']['lateness_ns']}")
    rows = told["tracking"]
    assert rows["vx"]["unit"] == "m/s" and rows["wz"]["unit"] == "rad/s" and told["recording"] is None
    (ahead,) = rows["vx"]["segments"]
    assert ahead["commanded"] == pytest.approx(0.12) and ahead["measured"] == pytest.approx(0.12, abs=0.08)
    assert rows["head_yaw"]["segments"][0]["measured"] == pytest.approx(0.4, abs=0.1)


def test_an_axis_is_judged_only_after_it_had_time_to_get_there(follow: Path) -> None:
    policy = Policy.load(follow, robot=ARM)
    reached, far = ARM.native.pose_rad("default") or [], [*ARM.default_pose_rad]
    far[0] += 1.5
    script = Script((Segment("here", 3.0, array("f", reached)), Segment("there", 4.0, array("f", far))))
    body = LiveRobot(ARM)
    tracking = Tracking(ARM, policy.contract, body, script)
    # It never moves: 1.5 rad at 1.5 rad/s is a second, and one to settle.
    for hundredth in range(300):
        tracking.watch(hundredth / 100, 0)
    for hundredth in range(300, 495):
        tracking.watch(hundredth / 100, 1)
    told: dict[str, Any] = tracking.summary()["shoulder_pan"]
    assert told["segments"][1]["worst"] is None and told["worst"] == pytest.approx(0.0, abs=1e-6)
    for hundredth in range(495, 700):
        tracking.watch(hundredth / 100, 1)
    told = tracking.summary()["shoulder_pan"]
    assert told["worst"] == pytest.approx(1.5, abs=1e-6) and np.isclose(told["segments"][1]["measured"], 0.0)
