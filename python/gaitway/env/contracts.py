"""Which contract an environment has, and the core's two halves of a tick without a network between them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gaitway import _native, files
from gaitway.contract import Contract
from gaitway.errors import UsageError
from gaitway.policy import Policy
from gaitway.robot import Robot
from gaitway.train.tasks import NO_WEIGHTS, task_contract, task_names

#: Asks for the contract that is made from the profile alone.
JOINTS = "joints"
#: An ONNX file without a network: nothing but its version. The network is whoever steps the environment.
_NO_NETWORK = b"\x08\x08"


def contract_of(robot: Robot, asked: Contract | Policy | str | Path, kp: Sequence[float]) -> Contract:
    """The contract that is asked for: itself, a policy's, or by name.

    A name is `joints`, a task, a contract or a policy of the robot's folder, or a path to a .json or an .onnx. `kp` [n]
    are the gains of `joints`. Raises UsageError for anything else.
    """
    if isinstance(asked, Contract):
        return asked
    if isinstance(asked, Policy):
        return asked.contract
    if not isinstance(asked, str | Path):
        raise UsageError(
            f"contract: expected a name, a path, a Contract or a Policy, found {asked!r}", hint=_hint(robot)
        )
    if asked == JOINTS:
        return joint_contract(robot, kp)
    if asked in task_names(robot):
        return task_contract(robot, str(asked))
    named = {contract.name: contract for contract in robot.known_contracts}
    if asked in named:
        return named[str(asked)]
    path = robot.folder / f"{asked}.onnx"
    path = path if path.is_file() else Path(asked)
    if path.suffix == ".onnx":
        return Policy.load(path, robot=robot, engine="native").contract
    if path.suffix == ".json":
        return Contract.from_json(files.read_text(path, "contract"))
    raise UsageError(f"contract: {asked}: no such contract of {robot.name}", hint=_hint(robot))


def _hint(robot: Robot) -> str:
    named = {*task_names(robot), *(contract.name for contract in robot.known_contracts)}
    return f"known are {', '.join([JOINTS, *sorted(named)])}; or a path to a .json or an .onnx"


def joint_contract(robot: Robot, kp: Sequence[float]) -> Contract:
    """The contract of an action that is a goal for every joint, rad, and of an observation in SI units.

    `kp` [n] are gains in the servos' register units. Commands range as the robot's other contracts say, or from -1 to
    1 where there is none.
    """
    joints, contacts = robot.joint_names, robot.contact_names
    poses = zip(joints, robot.default_pose_rad, strict=True)
    description: dict[str, Any] = {
        "schema": "gaitway.contract/2",
        "name": f"{robot.name}_{JOINTS}",
        "description": "An action is a goal for every joint, rad; the observation is what the robot senses, in SI.",
        "weights_sha256": NO_WEIGHTS,
        "robot": {"profile": robot.name, "profile_sha256": robot.native.policy_sha256},
        "policy_rate_hz": robot.control_hz,
        "network": {"input": "observation", "output": "action"},
        "observation": _terms(robot),
        "action": {
            "kind": "joint_position",
            "joints": [{"name": name, "default_rad": rad} for name, rad in poses],
            "relative_to": "zero",
            "scale": 1,
            "fed_back": "after_velocity_limit",
        },
        "head_command": {"added_to_target": False, "joints": []},
        "command": _commands(robot),
        "gains": {"kp": list(kp), "kd": 0},
        "reset": {"action": 0, "target": "default_pose", "sensors": "zero"},
        "provenance": {"source": "gaitway.env, from the profile", "licence": "MIT"},
    }
    return Contract.from_json(json.dumps(description | ({"contacts": contacts} if contacts else {})))


def _terms(robot: Robot) -> list[dict[str, Any]]:
    joints = len(robot.joint_names)
    imu = [("gyro", "rad/s", 3), ("accelerometer", "m/s2", 3)] if robot.native.imu_axes is not None else []
    terms = [
        *imu,
        ("command", "command", len(robot.command_axes)),
        ("joint_position", "rad", joints),
        ("joint_velocity", "rad/s", joints),
        ("foot_contact", "1", len(robot.contact_names)),
    ]
    of_imu = {"frame": "trunk"}
    return [
        {"name": name, "source": name, "unit": unit, "width": width, **(of_imu if (name, unit, width) in imu else {})}
        for name, unit, width in terms
        if width > 0
    ]


def _commands(robot: Robot) -> list[dict[str, Any]]:
    contracts = [*(task_contract(robot, task) for task in task_names(robot)), *robot.known_contracts]
    ranges = {axis: ends for contract in reversed(contracts) for axis, ends in contract.envelope.items()}
    return [
        {"axis": axis, "unit": unit, "min": low, "max": high}
        for axis, unit in robot.command_axes.items()
        for low, high in [ranges.get(axis, (-1.0, 1.0))]
    ]


def controller_of(contract: Contract, robot: Robot) -> _native.Controller:
    """Observation program, action map and safety filter of `contract`, without a network, at the robot's rate.

    Raises ContractError where the contract does not fit the robot, ControlError where the rates do not.
    """
    policy = _native.Policy.from_onnx(_NO_NETWORK, [contract], contract.name, native=False)
    return _native.Controller(policy, robot.native, loop_hz=robot.control_hz)
