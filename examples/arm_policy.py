"""A policy for the arm of docs/another-robot.md: a network that turns two commands into joint angles.

    python examples/arm_policy.py tests/python/robots/arm/profile.toml out/arm

Writes `model.onnx` and `contract.json` into the folder: a network of one matrix, which nobody trained, and what it must
be fed and what its numbers mean. The contract has no golden ticks yet; `gaitway policy embed` adds them.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

import gaitway

#: How far a command of one moves each joint, rad.
MOVES = {"reach": {"shoulder_lift": 1.0, "elbow_flex": -1.0}, "sweep": {"shoulder_pan": 0.5}}


def matrix(robot: gaitway.Robot) -> NDArray[np.float32]:
    """[joint positions and commands, joints]; the positions are observed and change nothing."""
    joints, axes = robot.joint_names, list(robot.command_axes)
    weights = np.zeros((len(joints) + len(axes), len(joints)), np.float32)
    for axis, moved in MOVES.items():
        for joint, rad in moved.items():
            weights[len(joints) + axes.index(axis), joints.index(joint)] = rad
    return weights


def network(weights: NDArray[np.float32]) -> bytes:
    """action = observation · weights, as an ONNX file."""
    rows, columns = weights.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["obs", "weights"], ["action"])],
        "arm",
        [helper.make_tensor_value_info("obs", onnx.TensorProto.FLOAT, [1, rows])],
        [helper.make_tensor_value_info("action", onnx.TensorProto.FLOAT, [1, columns])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    data: bytes = model.SerializeToString()
    return data


def contract(robot: gaitway.Robot, data: bytes) -> dict[str, Any]:
    """What the network must be fed, and what its numbers mean."""
    poses = zip(robot.joint_names, robot.default_pose_rad, strict=True)
    sources = [("joint_position", "rad", len(robot.joint_names)), ("command", "command", len(robot.command_axes))]
    return {
        "schema": "gaitway.contract/2",
        "name": "arm_reach",
        "description": "Reaches and sweeps with the arm of the tests.",
        "weights_sha256": hashlib.sha256(data).hexdigest(),
        "robot": {"profile": robot.name, "profile_sha256": robot.native.policy_sha256},
        "policy_rate_hz": 50,
        "network": {"input": "obs", "output": "action"},
        "observation": [{"name": name, "source": name, "unit": unit, "width": width} for name, unit, width in sources],
        "action": {
            "kind": "joint_position",
            "joints": [{"name": name, "default_rad": rad} for name, rad in poses],
            "relative_to": "default_pose",
            "scale": 1.0,
            "velocity_limit_rps": 1.0,
            "fed_back": "after_velocity_limit",
        },
        "head_command": {"added_to_target": False, "joints": []},
        "command": [{"axis": axis, "unit": unit, "min": -1, "max": 1} for axis, unit in robot.command_axes.items()],
        "gains": {"kp": 30, "kd": 0},
        "reset": {"action": 0, "target": "default_pose", "sensors": "zero"},
        "provenance": {"source": "examples/arm_policy.py", "licence": "MIT"},
    }


def main() -> None:
    """Writes model and contract as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profile", type=Path, help="the arm's profile.toml")
    parser.add_argument("folder", type=Path, help="folder for model.onnx and contract.json")
    told = parser.parse_args()
    robot = gaitway.Robot.load(told.profile)
    data = network(matrix(robot))
    told.folder.mkdir(parents=True, exist_ok=True)
    (told.folder / "model.onnx").write_bytes(data)
    (told.folder / "contract.json").write_text(json.dumps(contract(robot, data), indent=2))


if __name__ == "__main__":
    main()
