"""What trainers call the terms of an observation, and what the contract calls them."""

from collections.abc import Iterator
from typing import Any

from gaitway.draft.parts import TODO, Said, SaidTerm
from gaitway.errors import PolicyError

#: Sources by the names of mjlab, Isaac Lab, legged_gym, Playground and the microduck.
_SOURCES = {
    "base_ang_vel": "gyro",
    "imu_ang_vel": "gyro",
    "ang_vel": "gyro",
    "gyro": "gyro",
    "projected_gravity": "projected_gravity",
    "gravity": "projected_gravity",
    "accelerometer": "accelerometer",
    "command": "command",
    "commands": "command",
    "velocity_commands": "command",
    "keyboard_velocity_commands": "command",
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
    "last_target": "target",
    "foot_contact": "foot_contact",
    "phase": "phase",
    "gait_phase": "phase",
}
_UNITS = {
    "gyro": "rad/s",
    "accelerometer": "m/s2",
    "joint_position": "rad",
    "joint_velocity": "rad/s",
    "target": "rad",
    "command": "command",
}
_IN_THE_TRUNK = ("gyro", "accelerometer", "projected_gravity")
_FEEDBACK = ("action", "target")
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
    each_joint = dict.fromkeys(("joint_position", "joint_velocity", "action", "target"), joints)
    return three | each_joint | {"command": axes, "phase": 2, "foot_contact": 2}


def term(said: SaidTerm, axes: int, joints: int) -> dict[str, Any]:
    """A term of the contract. Raises PolicyError for one that no robot can sense."""
    name, width = said.name, said.width
    if name in _IMPOSSIBLE:
        raise PolicyError(f"observation {name}: {_IMPOSSIBLE[name]}", hint=_TRAIN_WITHOUT)
    source = said.source or _SOURCES.get(name)
    if source is None or source.startswith(TODO):
        question = source or (
            f"{TODO}what is {name}? gyro, projected_gravity, command, joint_position, joint_velocity, action, phase, …"
        )
        return {"name": name, "source": question, "unit": f"{TODO}unit of {name}", "width": width or f"{TODO}numbers"}
    once = widths(axes, joints)[source]
    made: dict[str, Any] = {"name": name, "source": source, "unit": _UNITS.get(source, "1")}
    made["width"] = width or once * said.history
    if source in _IN_THE_TRUNK:
        made["frame"] = "trunk"
    if source == "joint_position":
        made["relative_to"] = said.relative_to or "default_pose"
    if source in _FEEDBACK or said.lag:
        made["lag"] = said.lag or 1
    made |= _scaled(said)
    ticks = said.history
    if ticks == 1 and made["width"] != once and made["width"] % once == 0:
        ticks = made["width"] // once
    if made["width"] != once * ticks:
        made["width"] = f"{TODO}the file says {width}, {source} has {once}"
    elif ticks > 1:
        made["history"] = ticks
    return made


def _scaled(said: SaidTerm) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if said.scale != 1.0:
        made["scale"] = said.scale
    if said.clip is not None:
        made["clip"] = list(said.clip)
    return made


def observation(said: Said, length: int, axes: int, joints: int) -> tuple[list[dict[str, Any]], list[str]]:
    """The terms, and what is suspicious about their sum."""
    made = list(_in_order(said, [term(each, axes, joints) for each in said.terms or ()]))
    if said.order_question is not None:
        made[0]["lag"] = f"{TODO}{said.order_question}"
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


def _in_order(said: Said, made: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The terms as they lie in the observation.

    A term of the contract has its newest tick first, and all of its ticks together. Any other order is a term for each
    tick.
    """
    ticks = max((entry.get("history", 1) for entry in made), default=1)
    if ticks == 1 or not (said.oldest_first or said.frame_by_frame):
        yield from made
        return
    ages = range(ticks - 1, -1, -1) if said.oldest_first else range(ticks)
    if said.frame_by_frame:
        yield from (_of_age(entry, age) for age in ages for entry in made if age < entry.get("history", 1))
    else:
        yield from (_of_age(entry, age) for entry in made for age in ages if age < entry.get("history", 1))


def _of_age(entry: dict[str, Any], age: int) -> dict[str, Any]:
    """One tick of a term."""
    ticks = entry.get("history", 1)
    if ticks == 1:
        return entry
    one = {key: value for key, value in entry.items() if key != "history"}
    one |= {"name": f"{entry['name']}_{age}", "width": entry["width"] // ticks}
    if lag := entry.get("lag", 0) + age:
        one["lag"] = lag
    return one
