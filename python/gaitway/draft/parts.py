"""Pieces of a contract, and questions in their place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gaitway.errors import PolicyError

if TYPE_CHECKING:
    from gaitway.robot import Robot

#: What begins every value that a person must fill in.
TODO = "TODO: "


@dataclass(frozen=True)
class Network:
    """What is known of the file without asking anybody."""

    input: str
    output: str
    #: Numbers of the observation and of the action.
    observation_len: int
    action_len: int


@dataclass
class Said:
    """What the file says of itself, in the words of the contract. What it does not say is None."""

    #: Whose words they are.
    kind: str
    joint_names: list[str] | None = None
    default_rad: list[float] | None = None
    #: Radians for an action of one: a number for all, or one a joint.
    scale: float | list[float] | None = None
    stiffness: list[float] | None = None
    damping: list[float] | None = None
    #: Stiffness as the register of the servos.
    kp: float | None = None
    rate_hz: int | None = None
    #: Terms in their order: name, and width where it is said.
    terms: list[tuple[str, int | None]] | None = None
    #: Where it came from.
    source: str | None = None
    warnings: list[str] = field(default_factory=list)


def questions(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value that a person must fill in: its place in the contract, and the question."""
    if isinstance(value, str) and value.startswith(TODO):
        yield path, value.removeprefix(TODO)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from questions(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            yield from questions(inner, f"{path}[{index}]")


def known_joints(names: Sequence[str], robot: "Robot") -> list[str]:
    """The robot's names of these joints, whatever their case. Raises PolicyError for joints the robot lacks."""
    own = {name.lower().replace("-", "_"): name for name in robot.joint_names}
    stripped = [name.lower().replace("-", "_").removesuffix("_joint") for name in names]
    found = [own.get(name, own.get(f"{name}_joint")) for name in stripped]
    unknown = [name for name, joint in zip(names, found, strict=True) if joint is None]
    if unknown:
        message = f"the file names joints that {robot.title} lacks: {', '.join(unknown)}"
        raise PolicyError(
            message, hint=f"name the robot it is for with --robot; this one has {', '.join(own.values())}"
        )
    return [joint for joint in found if joint is not None]
