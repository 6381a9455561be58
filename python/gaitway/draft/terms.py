"""What trainers call the terms of an observation, and what the contract calls them."""

from collections.abc import Sequence
from typing import Any

from gaitway.draft.parts import TODO
from gaitway.errors import PolicyError

#: Sources by the names of mjlab, Isaac Lab, legged_gym and the microduck.
_SOURCES = {
    "base_ang_vel": "gyro",
    "imu_ang_vel": "gyro",
    "gyro": "gyro",
    "projected_gravity": "projected_gravity",
    "gravity": "projected_gravity",
    "accelerometer": "accelerometer",
    "command": "command",
    "commands": "command",
    "velocity_commands": "command",
    "head_command": "command",
    "joint_pos": "joint_position",
    "joint_pos_rel": "joint_position",
    "dof_pos": "joint_position",
    "joint_vel": "joint_velocity",
    "joint_vel_rel": "joint_velocity",
    "dof_vel": "joint_velocity",
    "action": "action",
    "actions": "action",
    "last_action": "action",
    "foot_contact": "foot_contact",
    "phase": "phase",
    "gait_phase": "phase",
}
_UNITS = {
    "gyro": "rad/s",
    "accelerometer": "m/s2",
    "joint_position": "rad",
    "joint_velocity": "rad/s",
    "command": "command",
}
_IN_THE_TRUNK = ("gyro", "accelerometer", "projected_gravity")
#: What no sensor of a robot gives.
_IMPOSSIBLE = {
    "base_lin_vel": "the velocity of the trunk: no sensor measures it",
    "height_scan": "the heights of the ground around the robot: no sensor measures them",
    "base_height": "the height of the trunk: no sensor measures it",
}
_TRAIN_WITHOUT = "train without it, for the critic alone (asymmetric actor-critic)"


def widths(axes: int, joints: int) -> dict[str, int]:
    """Numbers of each source in a tick."""
    three = dict.fromkeys(_IN_THE_TRUNK, 3)
    each_joint = dict.fromkeys(("joint_position", "joint_velocity", "action"), joints)
    return three | each_joint | {"command": axes, "phase": 2, "foot_contact": 2}


def term(name: str, width: int | None, axes: int, joints: int) -> dict[str, Any]:
    """A term of the contract. Raises PolicyError for one that no robot can sense."""
    if name in _IMPOSSIBLE:
        raise PolicyError(f"observation {name}: {_IMPOSSIBLE[name]}", hint=_TRAIN_WITHOUT)
    source = _SOURCES.get(name)
    if source is None:
        question = (
            f"{TODO}what is {name}? gyro, projected_gravity, command, joint_position, joint_velocity, action, phase, …"
        )
        return {"name": name, "source": question, "unit": f"{TODO}unit of {name}", "width": width or f"{TODO}numbers"}
    once = widths(axes, joints)[source]
    made: dict[str, Any] = {"name": name, "source": source, "unit": _UNITS.get(source, "1"), "width": width or once}
    if source in _IN_THE_TRUNK:
        made["frame"] = "trunk"
    if source == "joint_position":
        made["relative_to"] = "default_pose"
    if source == "action":
        made["lag"] = 1
    if width is not None and width != once:
        if width % once == 0:
            made["history"] = width // once
        else:
            made["width"] = f"{TODO}the file says {width}, {source} has {once}"
    return made


def observation(
    terms: Sequence[tuple[str, int | None]], length: int, axes: int, joints: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """The terms, and what is suspicious about their sum."""
    made = [term(name, width, axes, joints) for name, width in terms]
    found = [entry["width"] for entry in made]
    if any(isinstance(width, str) for width in found) or sum(found) == length:
        return made, []
    if length % sum(found) == 0:
        history = length // sum(found)
        words = f"the observation has {length} numbers, its terms {sum(found)}: are there {history} ticks of each?"
        return made, [f"{words} Then set history and width of each term, and find out which comes first"]
    return made, [
        f"the observation has {length} numbers, its terms {sum(found)}: a term is missing, or has another width"
    ]
