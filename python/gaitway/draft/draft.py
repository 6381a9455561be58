"""From an ONNX file and a robot to a contract with open questions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gaitway import _native
from gaitway.draft import microduck, mjlab
from gaitway.draft.parts import TODO, Network, Said, known_joints, questions
from gaitway.draft.terms import observation
from gaitway.errors import PolicyError, UsageError
from gaitway.onnx_metadata import row_length

if TYPE_CHECKING:
    from gaitway.robot import Robot

#: Whose metadata are understood; `none` leaves them out.
KINDS = ("mjlab", "microduck", "none")
#: Decimals that mjlab writes.
_ROUNDED = 3


@dataclass(frozen=True)
class Question:
    """What the file does not say: the place in the contract, and what to fill in there."""

    path: str
    text: str


@dataclass(frozen=True)
class Draft:
    """A contract with open questions."""

    contract: dict[str, Any]
    #: Whose metadata were read.
    kind: str
    warnings: list[str]

    @property
    def questions(self) -> list[Question]:
        """What is left to fill in."""
        return [Question(path, text) for path, text in questions(self.contract)]


def draft(data: bytes, robot: "Robot", *, name: str, kind: str | None = None, output: str | None = None) -> Draft:
    """The contract of the ONNX file `data` for `robot`, as far as the file says it; `kind` is found where left out.

    Raises PolicyError for a file that is no policy of this robot, or has an observation that no robot can sense.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"from: expected one of {', '.join(KINDS)}, found {kind!r}", hint="or leave it out")
    survey = _native.survey(data, output)
    network = _network(data, survey, output)
    said = _said(survey["metadata"], kind, network.action_len)
    return _assembled(said, network, robot, name)


def _network(data: bytes, survey: "_native.Survey", output: str | None) -> Network:
    """As the native engine has it, or as the file declares it where an operator is onnxruntime's alone."""
    try:
        plan = _native.Network(data, output)
    except PolicyError:
        declared = _declared(survey, output)
        if declared is None:
            raise
        return declared
    for what, ports in (("input", plan.inputs), ("output", plan.outputs)):
        if len(ports) != 1:
            names = ", ".join(port for port, _ in ports)
            hint = "name the action's output: --action; of several inputs write the contract by hand"
            raise PolicyError(f"expected one {what}, found {len(ports)}: {names}", hint=hint)
    ((observed, _),), ((acted, _),) = plan.inputs, plan.outputs
    return Network(observed, acted, plan.input_len, plan.output_len)


def _declared(survey: "_native.Survey", output: str | None) -> Network | None:
    inputs, outputs = survey["inputs"], [port for port in survey["outputs"] if output in (None, port["name"])]
    if len(inputs) != 1 or len(outputs) != 1:
        return None
    observation_len, action_len = (row_length(port["shape"]) for port in (*inputs, *outputs))
    if observation_len is None or action_len is None:
        return None
    return Network(inputs[0]["name"], outputs[0]["name"], observation_len, action_len)


def _said(metadata: Mapping[str, str], kind: str | None, action_len: int) -> Said:
    readers: dict[str, tuple[Callable[[Mapping[str, str]], bool], Callable[[], Said]]] = {
        "microduck": (microduck.is_of, lambda: microduck.read(metadata)),
        "mjlab": (mjlab.is_of, lambda: mjlab.read(metadata, action_len)),
    }
    if kind == "none":
        return Said("none")
    for known, (is_of, read) in readers.items():
        if is_of(metadata) and kind in (None, known):
            return read()
    if kind is not None:
        found = ", ".join(sorted(metadata)) or "no metadata"
        raise PolicyError(f"expected metadata of {kind}, found {found}", hint="leave --from out")
    return Said("none")


def _assembled(said: Said, network: Network, robot: "Robot", name: str) -> Draft:
    warnings = list(said.warnings)
    joints, driven = _joints(said, network, robot, warnings)
    axes = _axes(robot)
    if said.terms is None:
        terms: Any = f"{TODO}the terms of {network.observation_len} numbers, in order: docs/formats.md#policy-contract"
    else:
        terms, about = observation(said.terms, network.observation_len, len(axes), network.action_len)
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
        "action": {
            "kind": "joint_position",
            "joints": joints,
            "relative_to": "default_pose",
            "scale": _scale(said, driven),
            "fed_back": "after_velocity_limit",
        },
        "head_command": {"added_to_target": False, "joints": []},
        "command": axes,
        "gains": _gains(said, robot, driven),
        "reset": {"action": 0, "target": "default_pose", "sensors": "zero"},
        "provenance": {
            "source": said.source or f"{TODO}who trained it, with what",
            "licence": f"{TODO}SPDX licence of the weights, as Apache-2.0",
        },
    }
    if isinstance(terms, list) and any(term["source"] == "phase" for term in terms):
        contract["phase"] = f"{TODO}the gait clock: period_ticks, factor, advance, runs, first_value"
    return Draft(contract, said.kind, warnings)


def _joints(said: Said, network: Network, robot: "Robot", warnings: list[str]) -> tuple[Any, bool]:
    """The joints of the action with their pose, and whether those of the file are they."""
    if said.joint_names is None:
        named = f"the {network.action_len} joints of the action in order"
        return f"{TODO}{named}, of {', '.join(robot.joint_names)}, each with its default_rad", False
    names = known_joints(said.joint_names, robot)
    if len(names) != network.action_len:
        words = f"{TODO}the file lists {len(names)} joints, the action has {network.action_len} numbers"
        return f"{words}: which are they, in order, of {', '.join(names)}? Each with its default_rad", False
    if said.default_rad is None or len(said.default_rad) != len(names):
        pose: list[Any] = [f"{TODO}rad, exactly as in training"] * len(names)
    else:
        pose = _exact(said.default_rad, names, robot, warnings)
    return [{"name": joint, "default_rad": angle} for joint, angle in zip(names, pose, strict=True)], True


def _exact(rounded: list[float], names: list[str], robot: "Robot", warnings: list[str]) -> list[Any]:
    """The pose as the profile has it where that rounds to what the file says."""
    profile = dict(zip(robot.joint_names, robot.default_pose_rad, strict=True))
    same = [
        round(profile[name], _ROUNDED) == round(angle, _ROUNDED) for name, angle in zip(names, rounded, strict=True)
    ]
    if not all(same):
        differ = [name for name, is_same in zip(names, same, strict=True) if not is_same]
        words = f"the default pose of {', '.join(differ)} is not the profile's"
        warnings.append(f"{words}: the file may have rounded it, take it from the training")
    exact = zip(names, rounded, same, strict=True)
    # The profile keeps float32: as many digits as that has.
    return [float(f"{profile[name]:.7g}") if is_same else angle for name, angle, is_same in exact]


def _scale(said: Said, driven: bool) -> Any:
    if said.scale is None or (isinstance(said.scale, list) and not driven):
        return f"{TODO}radians for an action of one: a number, or one for each joint"
    return said.scale


def _axes(robot: "Robot") -> list[dict[str, Any]]:
    """The velocity that nearly all policies are commanded, where the robot has it; else all of its axes."""
    walks = robot.has_axes("vx", "vy", "wz")
    names = ("vx", "vy", "wz") if walks else tuple(robot.command_axes)
    low, high = f"{TODO}lowest value trained", f"{TODO}highest value trained"
    return [{"axis": axis, "unit": robot.command_axes[axis], "min": low, "max": high} for axis in names]


def _gains(said: Said, robot: "Robot", driven: bool) -> dict[str, Any]:
    per_kp = robot.stiffness_per_kp
    kp: Any = f"{TODO}proportional gain of the servos in training"
    kd: Any = f"{TODO}derivative gain of the servos in training"
    if said.kp is not None:
        kp = said.kp
    elif said.stiffness and driven and per_kp > 0.0:
        kp = [float(f"{stiffness / per_kp:.6g}") for stiffness in said.stiffness]
    if said.damping and driven and per_kp == 1.0:
        kd = said.damping
    elif said.stiffness and driven:
        kd = f"{TODO}derivative gain as the servos' register; the file says a damping of {said.damping} N·m·s/rad"
    return {"kp": kp, "kd": kd}
