"""The contract of what was said, with a question wherever nothing was."""

from typing import TYPE_CHECKING, Any

from gaitway.draft.parts import TODO, Network, Said, known_joints
from gaitway.draft.terms import observation

if TYPE_CHECKING:
    from gaitway.robot import Robot

#: Decimals that mjlab writes, and digits that Isaac Lab's deploy.yaml keeps.
_ROUNDED = 3
_LOW, _HIGH = f"{TODO}lowest value trained", f"{TODO}highest value trained"


def assembled(said: Said, network: Network, robot: "Robot", name: str) -> tuple[dict[str, Any], list[str]]:
    """The contract, and what is suspicious about it. Raises PolicyError for what this robot cannot be."""
    warnings = list(said.warnings)
    joints, driven = _joints(said, network, robot, warnings)
    axes = _axes(said, robot)
    if not said.terms:
        terms: Any = f"{TODO}the terms of {network.observation_len} numbers, in order: docs/formats.md#policy-contract"
    else:
        terms, about = observation(said, network.observation_len, len(axes), network.action_len)
        warnings += about
    if said.kind == "none":
        warnings.append(
            "assumed, for the file says nothing: angles and actions relative to the default pose, histories that begin "
            "at zero, no head command of the runtime's, no gait phase"
        )
    contract = {
        "schema": "gaitway.contract/2",
        "name": name,
        "description": f"{TODO}one sentence: what it does",
        "weights_sha256": "0" * 64,
        "robot": {"profile": robot.name, "profile_sha256": robot.native.policy_sha256},
        "policy_rate_hz": said.rate_hz or f"{TODO}ticks of the policy in a second (the physics' step times decimation)",
        "network": {"input": network.input, "output": network.output},
        "observation": terms,
        "action": _action(said, joints, driven),
        "head_command": _head(said),
        "command": axes,
        "gains": _gains(said, robot, driven),
        "reset": {"action": 0, "target": "default_pose", "sensors": said.sensors_reset},
        "provenance": {
            "source": said.source or f"{TODO}who trained it, with what",
            "licence": f"{TODO}SPDX licence of the weights, as Apache-2.0",
        },
    }
    if isinstance(terms, list) and any(term["source"] == "phase" for term in terms):
        contract["phase"] = said.phase or f"{TODO}the gait clock: period_ticks, factor, advance, runs, first_value"
    return contract, warnings


def _joints(said: Said, network: Network, robot: "Robot", warnings: list[str]) -> tuple[Any, bool]:
    """The joints of the action with their pose, and whether those of the file are they."""
    if said.joint_names is None:
        if said.as_profile:
            return _as_profile(said, robot), False
        named = said.joints_question or f"the {network.action_len} joints of the action in order"
        return f"{TODO}{named}, of {', '.join(robot.joint_names)}, each with its default_rad", False
    names = known_joints(said.joint_names, robot)
    if len(names) != network.action_len:
        words = f"{TODO}the file lists {len(names)} joints, the action has {network.action_len} numbers"
        return f"{words}: which are they, in order, of {', '.join(names)}? Each with its default_rad", False
    pose = _pose(said, names, robot, warnings)
    return [{"name": joint, "default_rad": angle} for joint, angle in zip(names, pose, strict=True)], True


def _pose(said: Said, names: list[str], robot: "Robot", warnings: list[str]) -> list[Any]:
    """The most exact that any file has."""
    own = [said.pose_of[name] for name in names] if said.pose_of else None
    listed = said.default_rad if said.default_rad is not None and len(said.default_rad) == len(names) else None
    if own is not None and (listed is None or all(map(_rounds_to, own, listed))):
        said.origins["action.joints.default_rad"] = said.by_name_in
        return _exact(own, names, robot, warnings)
    if listed is None:
        return [f"{TODO}rad, exactly as in training"] * len(names)
    if own is not None:
        warnings.append(f"{said.by_name_in} has another default pose: which was trained?")
    return _exact(listed, names, robot, warnings)


def _as_profile(said: Said, robot: "Robot") -> list[dict[str, Any]]:
    """The profile's joints in their order, with one question about all of them."""
    names = [f"{TODO}{said.joints_question}", *robot.joint_names[1:]]
    pose = zip(names, robot.default_pose_rad, strict=True)
    return [{"name": name, "default_rad": _seven(angle)} for name, angle in pose]


def _seven(angle: float) -> float:
    # The profile keeps float32: as many digits as that has.
    return float(f"{angle:.7g}")


def _exact(rounded: list[float], names: list[str], robot: "Robot", warnings: list[str]) -> list[Any]:
    """The pose as the profile has it where that rounds to what the file says."""
    profile = dict(zip(robot.joint_names, robot.default_pose_rad, strict=True))
    same = [_rounds_to(profile[name], angle) for name, angle in zip(names, rounded, strict=True)]
    if not all(same):
        differ = [
            f"{name} ({angle:g} rad, {profile[name]:g} in the profile)"
            for name, angle, is_same in zip(names, rounded, same, strict=True)
            if not is_same
        ]
        words = f"the default pose of {', '.join(differ)} is not the profile's"
        remedy = "the file may have rounded it, take it from the training; a pose of its own needs a profile with it"
        warnings.append(f"{words}: {remedy}")
    exact = zip(names, rounded, same, strict=True)
    return [_seven(profile[name]) if is_same else angle for name, angle, is_same in exact]


def _rounds_to(angle: float, rounded: float) -> bool:
    return round(angle, _ROUNDED) == round(rounded, _ROUNDED) or float(f"{angle:.{_ROUNDED}g}") == rounded


def _action(said: Said, joints: Any, driven: bool) -> dict[str, Any]:
    action = {
        "kind": "joint_position",
        "joints": joints,
        "relative_to": said.relative_to,
        "scale": _scale(said, driven),
        "fed_back": said.fed_back,
    }
    if said.bounds is not None:
        action["bounds"] = said.bounds if isinstance(said.bounds, str) else list(said.bounds)
    if said.velocity_limit_rps is not None:
        action["velocity_limit_rps"] = said.velocity_limit_rps
    return action


def _scale(said: Said, driven: bool) -> Any:
    if said.scale is None or (isinstance(said.scale, list) and not driven):
        return f"{TODO}radians for an action of one: a number, or one for each joint"
    return said.scale


def _head(said: Said) -> dict[str, Any]:
    """Which axes are joints' angles, where the runtime may add them."""
    added: Any = f"{TODO}true where the runtime adds the head command to the targets, false where the policy does"
    return {
        "added_to_target": added if said.head_axes else False,
        "joints": [{"axis": axis, "joint": axis} for axis in said.head_axes],
    }


def _axes(said: Said, robot: "Robot") -> list[dict[str, Any]]:
    """The velocity that nearly all policies are commanded, where the robot has it; else all of its axes."""
    walks = robot.has_axes("vx", "vy", "wz") and not said.every_axis
    names = ("vx", "vy", "wz") if walks else tuple(robot.command_axes)
    limits = {axis: said.ranges.get(axis, (_LOW, _HIGH)) for axis in names}
    return [
        {"axis": axis, "unit": robot.command_axes[axis], "min": low, "max": high}
        for axis, (low, high) in limits.items()
    ]


def _gains(said: Said, robot: "Robot", driven: bool) -> dict[str, Any]:
    """In the units of the servos' registers, by the profile's stiffness_per_kp and damping_per_kd."""
    if driven:
        _gains_by_name(said, robot)
    kp: Any = f"{TODO}proportional gain of the servos in training"
    kd: Any = f"{TODO}derivative gain of the servos in training"
    if said.kp is not None:
        kp = said.kp
    elif said.stiffness and driven:
        kp = _registers(said.stiffness, robot.stiffness_per_kp)
    if said.damping and driven and robot.damping_per_kd is not None:
        kd = _registers(said.damping, robot.damping_per_kd)
    elif said.stiffness and driven:
        kd = f"{TODO}derivative gain as the servos' register; the file says a damping of {said.damping} N·m·s/rad"
    return {"kp": kp, "kd": kd}


def _gains_by_name(said: Said, robot: "Robot") -> None:
    """Where no file lists them in order: those of the actuators, if every joint has one."""
    names = known_joints(said.joint_names or [], robot)
    for listed, by_name, key in (("stiffness", said.stiffness_of, "kp"), ("damping", said.damping_of, "kd")):
        if getattr(said, listed) is None and names and all(name in by_name for name in names):
            setattr(said, listed, [by_name[name] for name in names])
            said.origins[f"gains.{key}"] = f"{said.by_name_in}: actuators"


def _registers(values: list[float], per_unit: float) -> list[float]:
    return [float(f"{value / per_unit:.6g}") for value in values]
