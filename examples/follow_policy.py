"""A policy that goes where its command says: for a robot whose command axes are its joints, as the SO-101's are.

    python examples/follow_policy.py so101 out/so101/follow.onnx
    gaitway run --robot so101 --policy out/so101/follow.onnx --script examples/so101_poses.toml

The SO-101 ships with one that this has written, for teleoperation:

    python examples/follow_policy.py so101 python/gaitway/robots/so101/follow.onnx --speed 3

Nobody trained it: its network hands every number on. What makes it safe to use is around it: the contract bounds each
command by the joint's range and limits how fast goals move, and the safety filter looks at them once more.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

import gaitway
from gaitway import _native
from gaitway.errors import UsageError
from gaitway.golden import vectors

#: Fastest goal, rad/s: an arm that somebody stands beside.
SPEED_RPS = 1.5


def network(joints: int) -> bytes:
    """action = observation, as an ONNX file."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["obs", "one"], ["action"])],
        "follow",
        [helper.make_tensor_value_info("obs", onnx.TensorProto.FLOAT, [1, joints])],
        [helper.make_tensor_value_info("action", onnx.TensorProto.FLOAT, [1, joints])],
        [numpy_helper.from_array(np.eye(joints, dtype=np.float32), "one")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    data: bytes = model.SerializeToString()
    return data


def contract(robot: gaitway.Robot, data: bytes, speed_rps: float) -> dict[str, Any]:
    """What the network must be fed, and what its numbers mean. Without golden ticks yet."""
    joints, limits = robot.joint_names, robot.limits_rad
    if list(robot.command_axes.items()) != [(name, "rad") for name in joints]:
        raise UsageError(f"{robot.name}: expected a command axis in rad for each joint", hint="try so101")
    poses = zip(joints, robot.default_pose_rad, strict=True)
    return {
        "schema": "gaitway.contract/2",
        "name": "follow",
        "description": "Goes where the command says, joint by joint.",
        "weights_sha256": hashlib.sha256(data).hexdigest(),
        "robot": {"profile": robot.name, "profile_sha256": robot.native.policy_sha256},
        "policy_rate_hz": robot.control_hz,
        "network": {"input": "obs", "output": "action"},
        "observation": [{"name": "command", "source": "command", "unit": "command", "width": len(joints)}],
        "action": {
            "kind": "joint_position",
            "joints": [{"name": name, "default_rad": rad} for name, rad in poses],
            "relative_to": "zero",
            "scale": 1.0,
            "velocity_limit_rps": speed_rps,
            "fed_back": "after_velocity_limit",
        },
        "head_command": {"added_to_target": False, "joints": []},
        "command": [
            {"axis": name, "unit": "rad", "min": low, "max": high}
            for name, (low, high) in zip(joints, limits, strict=True)
        ],
        # P and D as LeRobot runs the arm; the profile has them, too.
        "gains": {"kp": 16, "kd": 32},
        "reset": {"action": 0, "target": "default_pose", "sensors": "zero"},
        "provenance": {"source": "examples/follow_policy.py", "licence": "MIT"},
    }


def main() -> None:
    """Writes the policy, contract and golden ticks inside."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("robot", help="robot by name, or path to a profile")
    parser.add_argument("file", type=Path, help="ONNX file to write")
    parser.add_argument("--speed", type=float, default=SPEED_RPS, help="fastest goal, rad/s (default: %(default)s)")
    told = parser.parse_args()
    robot = gaitway.Robot.load(told.robot)
    data = network(len(robot.joint_names))
    described = contract(robot, data, told.speed)
    described["golden"] = vectors.build(described, lambda row: row, seed=1)
    told.file.parent.mkdir(parents=True, exist_ok=True)
    told.file.write_bytes(_native.embed(data, _native.Contract.from_json(json.dumps(described))))
    print(f"{told.file}: {described['name']} for {robot.title}")


if __name__ == "__main__":
    main()
