"""Robots that nothing in the code was written for: an arm of six joints, and a quadruped with four contacts.

What is theirs is in `tests/python/robots`: profile, model, sizes. Each goes the whole way of the robot that ships.
"""

import hashlib
import json
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from daemon_bench import Bench
from daemon_session import Session
from onnx import helper, numpy_helper
from PIL import Image
from program import parse, run_gaitway

import gaitway
from gaitway import _native
from gaitway.errors import ContractError, UsageError
from gaitway.golden import vectors
from gaitway.sim import RobotSim
from gaitway.sim.virtual import SimulatedLoop

ROBOTS = Path(__file__).parent / "robots"
#: Terms of an observation: source, unit and frame; the widths follow from the robot.
TERMS = {
    "arm": [("joint_position", "rad", None), ("command", "command", None)],
    "quadruped": [
        ("gyro", "rad/s", "trunk"),
        ("accelerometer", "m/s2", "trunk"),
        ("command", "command", None),
        ("joint_position", "rad", None),
        ("foot_contact", "1", None),
    ],
}


@dataclass(frozen=True)
class Other:
    """A robot, where its profile is, a command it understands, and a policy of its own."""

    robot: gaitway.Robot
    profile: Path
    command: dict[str, float]
    policy: gaitway.Policy


def contract_of(robot: gaitway.Robot, terms: list[tuple[str, str, str | None]]) -> dict[str, Any]:
    """The contract of a policy that moves every joint of a robot, by names alone."""
    joints = len(robot.joint_names)
    widths = {"command": len(robot.command_axes), "foot_contact": len(robot.contact_names)}
    widths |= dict.fromkeys(("joint_position", "joint_velocity"), joints) | dict.fromkeys(("gyro", "accelerometer"), 3)
    observation = [
        {"name": source, "source": source, "unit": unit, "width": widths[source], **({"frame": frame} if frame else {})}
        for source, unit, frame in terms
    ]
    contacts = {"contacts": robot.contact_names} if robot.contact_names else {}
    poses = zip(robot.joint_names, robot.default_pose_rad, strict=True)
    return {
        "schema": "gaitway.contract/2",
        "name": f"{robot.name}_policy",
        "description": "Moves every joint a little.",
        "weights_sha256": "0" * 64,
        "robot": {"profile": robot.name, "profile_sha256": robot.native.policy_sha256},
        "policy_rate_hz": 50,
        "network": {"input": "obs", "output": "action"},
        "observation": observation,
        "action": {
            "kind": "joint_position",
            "joints": [{"name": name, "default_rad": rad} for name, rad in poses],
            "relative_to": "default_pose",
            "scale": 0.05,
            "fed_back": "after_velocity_limit",
        },
        "head_command": {"added_to_target": False, "joints": []},
        "command": [{"axis": axis, "unit": unit, "min": -1, "max": 1} for axis, unit in robot.command_axes.items()],
        **contacts,
        "gains": {"kp": 60, "kd": 0},
        "reset": {"action": 0, "target": "default_pose", "sensors": "zero"},
        "provenance": {"source": "tests", "licence": "MIT"},
    }


def policy_of(robot: gaitway.Robot, contract: dict[str, Any], folder: Path) -> gaitway.Policy:
    """tanh(weights · observation), with golden ticks by somebody else's arithmetic."""
    width = sum(term["width"] for term in contract["observation"])
    random = np.random.default_rng(3)
    weights = (0.3 * random.standard_normal((width, len(robot.joint_names)))).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["obs", "w"], ["h"]), helper.make_node("Tanh", ["h"], ["action"])],
        "policy",
        [helper.make_tensor_value_info("obs", onnx.TensorProto.FLOAT, [1, width])],
        [helper.make_tensor_value_info("action", onnx.TensorProto.FLOAT, [1, weights.shape[1]])],
        [numpy_helper.from_array(weights, "w")],
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    described = {**contract, "weights_sha256": hashlib.sha256(data).hexdigest()}
    golden = vectors.build(described, lambda row: np.tanh(row @ weights), seed=1)
    embedded = _native.embed(data, _native.Contract.from_json(json.dumps({**described, "golden": golden})))
    path = folder / f"{robot.name}.onnx"
    path.write_bytes(embedded)
    return gaitway.Policy.load(path, robot=robot)


@pytest.fixture(scope="module", params=["arm", "quadruped"])
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Other:
    profile = ROBOTS / request.param / "profile.toml"
    robot = gaitway.Robot.load(profile)
    policy = policy_of(robot, contract_of(robot, TERMS[request.param]), tmp_path_factory.mktemp(request.param))
    first = next(iter(robot.command_axes))
    return Other(robot, profile, {first: 0.5}, policy)


def replayed(path: Path) -> dict[str, Any]:
    (found,) = parse(run_gaitway("replay", path, "--json"))["recordings"]
    return dict(found)


def test_its_profile_says_what_it_has(other: Other) -> None:
    told = parse(run_gaitway("robot", "show", other.profile, "--json"))
    is_arm = other.robot.name == "test_arm"
    assert (told["outputs"], told["imu_bus"] is None, len(told["joints"])) == ([], is_arm, 6 if is_arm else 12)
    assert told["contacts"] == ([] if is_arm else ["front_left", "front_right", "rear_left", "rear_right"])
    assert told["command_axes"] == (
        {"reach": "rad", "sweep": "rad/s"} if is_arm else {"vx": "m/s", "vy": "m/s", "wz": "rad/s"}
    )


def test_its_policy_passes_its_golden_ticks(other: Other) -> None:
    assert other.policy.path is not None
    told = parse(run_gaitway("policy", "check", other.policy.path, "--robot", other.profile, "--json"))
    assert told["golden"]["findings"] == [] and told["golden"]["ticks"] >= 32


def test_a_command_is_given_by_the_names_of_its_axes(other: Other) -> None:
    assert next(iter(other.robot.command(**other.command))) == 0.5
    with pytest.raises(UsageError, match="has no command axis 'head_yaw'"):
        other.robot.command(head_yaw=0.1)


def test_it_moves_in_lockstep_and_is_replayed_to_the_bit(other: Other, tmp_path: Path) -> None:
    controller, sim = gaitway.Controller(other.policy, other.robot), RobotSim(other.robot, seed=1)
    sim.set_gains(controller.gains)
    command = other.robot.command(**other.command)
    with gaitway.Recorder(controller, tmp_path) as recorder:
        for _ in range(100):
            sim.step(recorder.step(sim.sense(), command, sim.trunk().row()))
    assert len(controller.record().command) == len(command)
    found = replayed(recorder.path)
    assert (found["same"], found["different"]) == (100, 0)
    moved = np.abs(np.array(sim.sense().joint_position) - np.array(other.robot.default_pose_rad))
    assert moved.max() > 0.02, "its policy moves it"


def test_the_real_loop_brings_it_up_and_runs_its_policy_on_the_virtual_clock(other: Other, tmp_path: Path) -> None:
    loop = SimulatedLoop(other.robot, other.policy, seed=2)
    loop.record(tmp_path)
    loop.walk(0.2, 0.0, 0.0)
    states = {loop.tick() for _ in range(100)}
    loop.loop.end_recording()
    assert states == {"running"}
    (path,) = tmp_path.glob("*.mcap")
    found = replayed(path)
    assert found["different"] == 0 and found["same"] > 100


def test_gaitwayd_drives_it_over_the_wire_and_its_run_is_plotted(other: Other, tmp_path: Path) -> None:
    bench = Bench(tmp_path, robot=other.robot)
    try:
        axis, value = next(iter(other.command.items()))
        arguments = ("--robot", str(other.profile), "--policy", str(other.policy.path), "--command", f"{axis}={value}")
        with Session(bench.start(*arguments, "--record", str(tmp_path / "runs"))) as session:
            session.until("state", to="running")
            bench.wait_writes(200)
            session.stop()
    finally:
        bench.close()
    (path,) = (tmp_path / "runs").glob("*.mcap")
    found = replayed(path)
    assert found["different"] == 0 and found["same"] > 50
    recording = gaitway.Recording.load(path)
    asked = recording.column("tick.command[0]")
    assert max(asked) == value and f"tick.command[{len(other.robot.command_axes)}]" not in recording.columns
    picture = tmp_path / "run.png"
    plotted = run_gaitway("plot", path, "-o", picture)
    assert plotted.returncode == 0, plotted.stderr
    assert Image.open(picture).size[0] > 500


@pytest.mark.parametrize("way", ["default", "command", "script"])
def test_gaitway_run_simulates_it_along_its_own_axes(other: Other, tmp_path: Path, way: str) -> None:
    axis, value = next(iter(other.command.items()))
    script = tmp_path / "script.toml"
    script.write_text(f'[[segment]]\nname = "first"\nseconds = 1\n{axis} = {value}\n')
    options = {"default": [], "command": ["--command", f"{axis}={value}"], "script": ["--script", script]}[way]
    arguments = ["--robot", other.profile, "--policy", other.policy.path, "--fast", "--seconds", 1.5, *options]
    done = run_gaitway("run", *arguments, "--record", tmp_path / "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    is_arm = other.robot.name == "test_arm"
    assert ("ran 1.5 s" in done.stdout) == is_arm and ("walked" in done.stdout) == (not is_arm)
    (path,) = (tmp_path / "runs").glob("*.mcap")
    recording = gaitway.Recording.load(path)
    assert recording.command_axes == other.robot.command_axes
    asked = 0.15 if way == "default" and not is_arm else 0.0 if way == "default" else value
    assert recording.column("tick.command[0]")[10] == pytest.approx(asked)
    assert Image.open(tmp_path / "out/run.png").size[0] > 500


def test_gaitway_run_drives_its_twin(other: Other, tmp_path: Path) -> None:
    arguments = ["--robot", other.profile, "--policy", other.policy.path, "--seconds", 2, "--no-record", "--json"]
    told = parse(run_gaitway("run", "--twin", *arguments, cwd=tmp_path))
    assert told["robot"] == other.robot.name and told["gaitwayd"]["ticks"] > 50
    assert [event["to"] for event in told["log"] if event["event"] == "state"][:4] == [
        "limp",
        "aligning",
        "ready",
        "running",
    ]


def test_without_a_policy_it_is_said_how_to_name_one(other: Other, tmp_path: Path) -> None:
    bench = Bench(tmp_path, robot=other.robot)
    try:
        started = bench.start("--robot", str(other.profile))
        _, said = started.communicate(timeout=60)
    finally:
        bench.close()
    assert started.returncode != 0 and "name a policy of this robot: --policy FILE" in said


def test_an_axis_it_lacks_is_refused_with_those_it_has(other: Other, tmp_path: Path) -> None:
    bench = Bench(tmp_path, robot=other.robot)
    try:
        started = bench.start(
            "--robot", str(other.profile), "--policy", str(other.policy.path), "--command", "head_yaw=0.1"
        )
        _, said = started.communicate(timeout=60)
    finally:
        bench.close()
    axes = ", ".join(other.robot.command_axes)
    assert f'--command: expected one of the axes {axes}, found "head_yaw"' in said and started.returncode != 0


def test_a_contract_that_names_what_a_robot_lacks_does_not_fit_it(other: Other, tmp_path: Path) -> None:
    terms = TERMS["arm" if other.robot.name == "test_arm" else "quadruped"]
    lacking = contract_of(other.robot, terms)
    lacking["contacts"] = ["tail"]
    lacking["observation"] = [term for term in lacking["observation"] if term["source"] != "foot_contact"]
    policy = policy_of(other.robot, lacking, tmp_path)
    with pytest.raises(ContractError, match="contact tail: expected a contact of the robot, found none of that name"):
        gaitway.Controller(policy, other.robot)
    if other.robot.native.imu_bus is None:
        blind = contract_of(other.robot, [*terms, ("gyro", "rad/s", "trunk")])
        with pytest.raises(ContractError, match="observation term gyro: expected an IMU, found none"):
            gaitway.Controller(policy_of(other.robot, blind, tmp_path), other.robot)


def test_a_row_of_another_robots_length_is_refused(other: Other) -> None:
    controller, sim = gaitway.Controller(other.policy, other.robot), RobotSim(other.robot)
    with pytest.raises(UsageError, match=f"command: expected {len(other.robot.command_axes)} numbers"):
        controller.step(sim.sense(), array("f", [0.0] * 7))


def test_a_file_that_its_folder_lacks_is_named_with_what_says_how_to_write_it(other: Other) -> None:
    for asked, name in (((), "evaluation.toml"), (("--acceptance",), "acceptance.toml")):
        told = parse(run_gaitway("eval", other.policy.path, "--robot", other.profile, *asked, "--json"))
        assert str(other.profile.with_name(name)) in told["error"], told
        assert told["hint"] == f"add {name} beside the robot's profile: docs/another-robot.md says what is in it"


def test_tools_for_what_it_lacks_say_so(other: Other) -> None:
    checked = parse(run_gaitway("doctor", "--robot", other.profile, "--json"))
    found = {finding["what"]: finding["found"] for finding in checked["findings"]}
    assert found["sound"] == f"{other.robot.title} has no output of that kind"
    assert found["configuration"] == "no configuration: every offset counts as zero; name one with --config"
    told = run_gaitway("doctor", "--robot", other.profile, "--policy", other.policy.path).stdout
    assert "it should not run yet" in told and not any(word in told for word in (" walk", "feet", "duck_config"))
    if other.robot.imu_bus is None:
        assert found["IMU"] == "Arm of the tests has none" and found["contacts"] == "Arm of the tests has no contacts"
        refused = run_gaitway("imu", "watch", "--robot", other.profile)
        assert refused.returncode != 0 and "Arm of the tests has no IMU" in refused.stderr
    else:
        assert "has none" not in found["IMU"]
