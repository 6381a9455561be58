"""Spaces of an environment, with the names and units of their numbers."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from gaitway._native import Record
from gaitway.contract import Contract
from gaitway.robot import Robot
from gaitway.sensors import Sensors

Floats = NDArray[np.float32]


def action_space(contract: Contract, robot: Robot) -> spaces.Box:
    """What the network may say: its own bounds, or what brings each joint to the ends of its range."""
    action, order = _action_of(contract, robot)
    if action.get("bounds") is not None:
        low, high = action["bounds"]
        return spaces.Box(low, high, (len(order),), np.float32)
    limits = np.array(robot.limits_rad)[order].T
    ends = np.sort([_action_at(row, action) for row in limits], axis=0)
    return spaces.Box(ends[0], ends[1], dtype=np.float32)


def pose_action(contract: Contract, robot: Robot) -> Floats:
    """The action [a] that asks for the robot's default pose."""
    action, order = _action_of(contract, robot)
    return _action_at(np.array(robot.default_pose_rad)[order], action)


def _action_of(contract: Contract, robot: Robot) -> tuple[dict[str, Any], list[int]]:
    """The action section, and the robot's columns of its joints."""
    action: dict[str, Any] = json.loads(contract.to_json())["action"]
    return action, [robot.joint_names.index(joint["name"]) for joint in action["joints"]]


def _action_at(goal_rad: NDArray[np.float64], action: dict[str, Any]) -> Floats:
    """The action [a] that asks for these goals [a], rad."""
    default_rad = np.array([joint["default_rad"] for joint in action["joints"]])
    reference = default_rad if action["relative_to"] == "default_pose" else 0.0
    asked: Floats = ((goal_rad - reference) / np.asarray(action["scale"])).astype(np.float32)
    return asked


def flat_space(contract: Contract) -> spaces.Box:
    """The contract's observation: nothing bounds what a sensor may say."""
    return spaces.Box(-np.inf, np.inf, (contract.observation_len,), np.float32)


@dataclass(frozen=True)
class Part:
    """One entry of an observation by names, or one term of a flat one."""

    #: Unit of its numbers; one for each where they differ.
    unit: str | tuple[str, ...]
    #: What each of its numbers is of.
    names: tuple[str, ...]
    low: float = -np.inf
    high: float = np.inf


def parts_of(robot: Robot) -> dict[str, Part]:
    """The entries of an observation by names; what the robot does not have is left out."""
    joints, axes = tuple(robot.joint_names), tuple("xyz")
    parts = {"joint_position": Part("rad", joints), "joint_velocity": Part("rad/s", joints)}
    if robot.native.imu_axes is not None:
        parts |= {"gyro": Part("rad/s", axes), "accelerometer": Part("m/s2", axes)}
    if robot.command_axes:
        parts["command"] = Part(tuple(robot.command_axes.values()), tuple(robot.command_axes))
    if robot.contact_names:
        parts["contact"] = Part("1", tuple(robot.contact_names), 0.0, 1.0)
    return parts


def terms_of(contract: Contract, robot: Robot) -> dict[str, Part]:
    """The terms of a flat observation, in order: what each of its numbers is, and in which unit.

    Numbers of the past have their age in ticks behind the name, those of a scaled term the factor behind the unit.
    """
    content = json.loads(contract.to_json())
    axes = {entry["axis"]: entry["unit"] for entry in content["command"]}
    joints = [joint["name"] for joint in content["action"]["joints"]]
    of_source = {
        **dict.fromkeys(("gyro", "accelerometer", "projected_gravity"), tuple("xyz")),
        **dict.fromkeys(("joint_position", "joint_velocity", "action", "target"), joints),
        "command": list(axes),
        "foot_contact": robot.contact_names,
        "phase": ["cosine", "sine"],
    }
    terms = {}
    for term in content["observation"]:
        lag, history, factor = term.get("lag", 0), term.get("history", 1), term.get("scale", 1)
        ages = [f"[-{age}]" if age else "" for age in range(lag, lag + history)]
        names = [name + age for age in ages for name in of_source.get(term["source"], [])]
        if len(names) != term["width"]:
            names = [str(number) for number in range(term["width"])]
        scaled = "" if factor == 1 else f" × {factor:g}" if isinstance(factor, int | float) else " × scale"
        units = tuple(f"{unit}{scaled}" for unit in axes.values())
        is_command = term["unit"] == "command" and len(units) == len(names)
        terms[term["name"]] = Part(units if is_command else f"{term['unit']}{scaled}", tuple(names))
    return terms


def dict_space(parts: dict[str, Part]) -> spaces.Dict:
    """A Box for each entry."""
    return spaces.Dict(
        {name: spaces.Box(part.low, part.high, (len(part.names),), np.float32) for name, part in parts.items()}
    )


def dict_of(parts: dict[str, Part], sensors: Sensors, record: Record) -> dict[str, Floats]:
    """The samples and the command the policy sees, as arrays of their own."""
    rows = {
        "joint_position": sensors.joint_position,
        "joint_velocity": sensors.joint_velocity,
        "gyro": sensors.gyro,
        "accelerometer": sensors.accelerometer,
        "command": record.command,
        "contact": sensors.foot_contact,
    }
    return {name: np.array(rows[name], dtype=np.float32) for name in parts}
