"""Mistakes of joint order, sign, scale and normaliser, planted into golden ticks, and what `policy check` calls them.

`tests/python/test_golden.py` has those that need no joint names.
"""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

import gaitway
from gaitway import _native
from gaitway.golden import vectors

ROBOTS = Path(__file__).parent / "robots"
Row = NDArray[np.float32]
Distort = Callable[[Row], Row]
SIDES = ("left", "right")
#: As Isaac Lab numbers them: breadth-first through the tree of bodies.
BREADTH_FIRST = {
    "go2_like": [f"{leg}_{part}" for part in ("hip", "thigh", "calf") for leg in ("FL", "FR", "RL", "RR")],
    "g1_like": [
        *("left_hip_pitch", "right_hip_pitch", "waist_yaw", "left_hip_roll", "right_hip_roll", "waist_roll"),
        *("left_hip_yaw", "right_hip_yaw", "waist_pitch", "left_knee", "right_knee"),
        *(
            f"{side}_{part}"
            for part in ("shoulder_pitch", "ankle_pitch", "shoulder_roll", "ankle_roll")
            for side in SIDES
        ),
        *(f"{side}_{part}" for part in ("shoulder_yaw", "elbow") for side in SIDES),
        *(f"{side}_wrist_{part}" for part in ("roll", "pitch", "yaw") for side in SIDES),
    ],
}


class Bench:
    """A robot, a contract with usual terms, and the golden ticks of a trainer who made a mistake."""

    def __init__(self, name: str, joints: list[str] | None = None) -> None:
        self.robot = gaitway.Robot.load(ROBOTS / name / "profile.toml")
        self.joints = joints or self.robot.joint_names
        pose = dict(zip(self.robot.joint_names, self.robot.default_pose_rad, strict=True))
        self.contract = contract(self.robot, {joint: pose[joint] for joint in self.joints})
        width = sum(term["width"] for term in self.contract["observation"])
        self.weights = np.random.default_rng(5).normal(0, 0.2, (width, len(self.joints))).astype(np.float32)
        self.model = network(self.weights)
        self.contract["weights_sha256"] = hashlib.sha256(self.model).hexdigest()

    def act(self, observation: Row) -> Row:
        action: Row = np.tanh(observation @ self.weights)
        return action

    def places(self, order: list[str]) -> list[int]:
        return [self.joints.index(name) for name in order]

    def columns(self, name: str) -> slice:
        start = 0
        for term in self.contract["observation"]:
            if term["name"] == name:
                return slice(start, start + term["width"])
            start += term["width"]
        raise KeyError(name)

    def found(
        self, distort: Distort | None = None, act: Distort | None = None, theirs: dict[str, Any] | None = None
    ) -> dict[str, str]:
        golden = vectors.build(theirs or self.contract, act or self.act, distort=distort)
        embedded = _native.embed(self.model, gaitway.Contract.from_json(json.dumps(self.contract | {"golden": golden})))
        report = _native.check(_native.Policy.from_onnx(embedded, []), self.robot.native)
        assert report is not None
        return {finding["what"]: finding["pattern"] for finding in report["findings"]}


def contract(robot: gaitway.Robot, pose: dict[str, float]) -> dict[str, Any]:
    joints = len(pose)
    terms = [
        ("gyro", "gyro", "rad/s", 3, {"frame": "trunk"}),
        ("gravity", "projected_gravity", "1", 3, {"frame": "trunk"}),
        ("command", "command", "command", 3, {}),
        ("joint_pos", "joint_position", "rad", joints, {"relative_to": "default_pose"}),
        ("joint_vel", "joint_velocity", "rad/s", joints, {"scale": 0.05}),
        ("last_action", "action", "1", 2 * joints, {"lag": 1, "history": 2}),
    ]
    return {
        "schema": "gaitway.contract/2",
        "name": "diagnosed",
        "description": "A test.",
        "weights_sha256": "0" * 64,
        "robot": {"profile": robot.name, "profile_sha256": robot.native.policy_sha256},
        "policy_rate_hz": 50,
        "network": {"input": "obs", "output": "action"},
        "observation": [
            {"name": name, "source": source, "unit": unit, "width": width, **more}
            for name, source, unit, width, more in terms
        ],
        "action": {
            "kind": "joint_position",
            "joints": [{"name": name, "default_rad": angle} for name, angle in pose.items()],
            "relative_to": "default_pose",
            "scale": 0.25,
            "fed_back": "after_velocity_limit",
        },
        "head_command": {"added_to_target": False, "joints": []},
        "command": [{"axis": axis, "unit": unit, "min": -1, "max": 1} for axis, unit in robot.command_axes.items()],
        "gains": {"kp": 25, "kd": 0.5},
        "reset": {"action": 0, "target": "default_pose", "sensors": "zero"},
        "provenance": {"source": "tests", "licence": "MIT"},
    }


def network(weights: Row) -> bytes:
    observations, actions = weights.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["obs", "w"], ["h"]), helper.make_node("Tanh", ["h"], ["action"])],
        "policy",
        [helper.make_tensor_value_info("obs", onnx.TensorProto.FLOAT, [1, observations])],
        [helper.make_tensor_value_info("action", onnx.TensorProto.FLOAT, [1, actions])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    data: bytes = model.SerializeToString()
    return data


@pytest.fixture(params=["go2_like", "g1_like"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def reordered(bench: Bench, term: str, order: list[str], change: Distort = lambda row: row) -> Distort:
    """A trainer who has the numbers of `term` in another order."""
    columns, places = bench.columns(term), bench.places(order)

    def distort(observation: Row) -> Row:
        ticks = observation[columns].reshape(-1, len(places))
        observation[columns] = change(ticks[:, places]).ravel()
        return observation

    return distort


@pytest.mark.parametrize("term", ["joint_vel", "last_action"])
def test_breadth_first_joints_are_named_where_ours_go_limb_by_limb(name: str, term: str) -> None:
    bench, order = Bench(name), BREADTH_FIRST[name]
    found = bench.found(reordered(bench, term, order))
    assert list(found) == [term]
    assert found[term].startswith(
        f"joints in another order: the golden one goes {', '.join(order[:8])}, … (interleaved"
    )
    assert found[term].endswith("ours goes limb by limb)")


def test_limb_by_limb_is_named_where_ours_go_breadth_first(name: str) -> None:
    bench = Bench(name, BREADTH_FIRST[name])
    order = bench.robot.joint_names
    found = bench.found(reordered(bench, "joint_vel", order))["joint_vel"]
    assert f"the golden one goes {', '.join(order[:8])}, … (limb by limb; ours is interleaved" in found


def test_angles_in_the_order_of_motors_less_the_pose_of_the_policy_are_named(name: str) -> None:
    """The order is wrong, the default pose is not: every number is off by a constant of its own."""
    bench, order = Bench(name), BREADTH_FIRST[name]
    pose = np.array([joint["default_rad"] for joint in bench.contract["action"]["joints"]], dtype=np.float32)
    columns, places = bench.columns("joint_pos"), bench.places(order)

    def distort(observation: Row) -> Row:
        observation[columns] = (observation[columns] + pose)[places] - pose
        return observation

    found = bench.found(distort)
    assert list(found) == ["joint_pos"]
    assert "(interleaved" in found["joint_pos"] and "offset of its own, too: the default pose" in found["joint_pos"]


def test_sign_and_scale_are_told_beside_an_order(name: str) -> None:
    bench, order = Bench(name), BREADTH_FIRST[name]
    found = bench.found(reordered(bench, "joint_vel", order, lambda row: -row))["joint_vel"]
    assert "(interleaved" in found and found.endswith("; the sign is reversed, too")
    found = bench.found(reordered(bench, "joint_vel", order, lambda row: 20 * row))["joint_vel"]
    assert "(interleaved" in found and found.endswith("; ours is 0.05000 times the golden one, too")
    signs = np.where([joint.endswith(("FR_hip", "right_hip_roll")) for joint in order], -1, 1).astype(np.float32)
    found = bench.found(reordered(bench, "joint_vel", order, lambda row: row * signs))["joint_vel"]
    reversed_joint = "FR_hip" if name == "go2_like" else "right_hip_roll"
    assert "(interleaved" in found and found.endswith(f"; the sign of {reversed_joint} is reversed, too")


def test_left_and_right_exchanged_are_named(name: str) -> None:
    bench = Bench(name)
    other = {"left": "right", "right": "left", "FL": "FR", "FR": "FL", "RL": "RR", "RR": "RL"}
    order = ["_".join(other.get(part, part) for part in joint.split("_")) for joint in bench.joints]
    assert bench.found(reordered(bench, "joint_vel", order))["joint_vel"].endswith("(left and right are exchanged)")


def test_actions_in_another_order_are_named(name: str) -> None:
    """A network whose outputs are in the order of its trainer, under a contract in that of the motors."""
    bench, order = Bench(name), BREADTH_FIRST[name]
    places = bench.places(order)
    found = bench.found(act=lambda observation: bench.act(observation)[places])
    assert list(found) == ["action"] and "(interleaved" in found["action"]


@pytest.mark.parametrize("with_pose", [False, True])
def test_targets_in_another_order_are_named(name: str, with_pose: bool) -> None:
    """The trainer's action moves another joint: about that joint's pose, or about its own."""
    bench, order = Bench(name), BREADTH_FIRST[name]
    golden = vectors.build(bench.contract, bench.act)
    pose = np.array([joint["default_rad"] for joint in bench.contract["action"]["joints"]])
    places = bench.places(order)
    for tick in golden["ticks"]:
        swing = np.array(tick["target"]) - pose
        tick["target"] = tick["sent"] = ((swing + pose)[places] if with_pose else swing[places] + pose).tolist()
    embedded = _native.embed(bench.model, gaitway.Contract.from_json(json.dumps(bench.contract | {"golden": golden})))
    report = _native.check(_native.Policy.from_onnx(embedded, []), bench.robot.native)
    assert report is not None
    found = {finding["what"]: finding["pattern"] for finding in report["findings"]}
    assert list(found) == ["target"] and "(interleaved" in found["target"]


def test_a_missing_normaliser_is_named(name: str) -> None:
    """The network was trained on (observation − mean) / deviation, and the file has no such nodes."""
    bench = Bench(name)
    random = np.random.default_rng(7)
    mean = random.uniform(-0.5, 0.5, len(bench.weights)).astype(np.float32)
    deviation = random.uniform(0.2, 3.0, len(bench.weights)).astype(np.float32)
    found = bench.found(lambda observation: (observation - mean) / deviation)
    assert list(found) == [term["name"] for term in bench.contract["observation"]]
    for term, pattern in found.items():
        columns = bench.columns(term)
        assert pattern.startswith("observations look unnormalised by a mean of ")
        assert pattern.endswith("the trainer's normaliser belongs into the network")
        extents = [function(values[columns]) for values in (mean, deviation) for function in (np.min, np.max)]
        assert [float(number) for number in re.findall(r"-?\d+\.\d+", pattern)] == pytest.approx(extents, abs=2e-4)


def test_factors_of_each_number_are_named(name: str) -> None:
    """legged_gym scales the three numbers of a command by two factors."""
    bench = Bench(name)
    columns = bench.columns("command")

    def distort(observation: Row) -> Row:
        observation[columns] *= np.array([2.0, 2.0, 0.25], dtype=np.float32)
        return observation

    assert bench.found(distort) == {
        "command": "scaled: ours is the golden one 0.50000 times at 0, 0.50000 times at 1, 4.00000 times at 2"
    }
