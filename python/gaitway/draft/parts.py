"""Pieces of a contract, and questions in their place."""

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gaitway.errors import PolicyError

if TYPE_CHECKING:
    from gaitway.robot import Robot

#: Three decimals, or three significant digits.
_ROUNDED = 6e-3
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
    #: How many nodes of each operator there are.
    operators: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SaidTerm:
    """A term of an observation, in the words of a trainer."""

    name: str
    #: Numbers it has in the observation, all its ticks.
    width: int | None = None
    #: Factor of all its numbers, or of each.
    scale: float | list[float] = 1.0
    #: After the factor, as in the contract.
    clip: tuple[float, float] | None = None
    #: Ticks of it.
    history: int = 1
    #: How many ticks old the newest of them is, where that is not what its source has anyway.
    lag: int | None = None
    #: Source in the contract, where it does not follow from the name; or a question.
    source: str | None = None
    #: What its angles are measured from, where it does not follow from the name: a value, or a question.
    relative_to: str | None = None


@dataclass
class Said:
    """What the files say, in the words of the contract. What they do not say is None."""

    #: Whose words they are.
    kind: str
    joint_names: list[str] | None = None
    default_rad: list[float] | None = None
    #: What is asked for where the joints' order is not known.
    joints_question: str | None = None
    #: The joints are the profile's in their order, if the person says so.
    as_profile: bool = False
    #: Radians for an action of one: a number for all, or one a joint; or a question.
    scale: float | list[float] | str | None = None
    #: What the action is added to: a value, or a question.
    relative_to: str = "default_pose"
    #: Lowest and highest action, or a question.
    bounds: tuple[float, float] | str | None = None
    velocity_limit_rps: float | None = None
    fed_back: str = "after_velocity_limit"
    #: N·m/rad and N·m·s/rad, in the order of the joints.
    stiffness: list[float] | None = None
    damping: list[float] | None = None
    #: The same, and the pose, by the robot's names: for joints whose order another file says.
    stiffness_of: dict[str, float] = field(default_factory=dict)
    damping_of: dict[str, float] = field(default_factory=dict)
    pose_of: dict[str, float] = field(default_factory=dict)
    #: The file they are from.
    by_name_in: str = ""
    #: The file that says that observations are normalised.
    normalised_by: str | None = None
    #: Stiffness as the register of the servos.
    kp: float | None = None
    rate_hz: int | None = None
    #: Terms in their order.
    terms: list[SaidTerm] | None = None
    #: Of terms with a history: all terms of a tick follow each other, or all ticks of a term.
    frame_by_frame: bool = False
    #: The oldest tick comes first.
    oldest_first: bool = False
    #: What is asked where nobody says which does.
    order_question: str | None = None
    #: Lowest and highest command trained, by axis.
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    #: Whether the command has all axes of the robot, or the three of its velocity.
    every_axis: bool = False
    #: The runtime may add a command to these joints: joint by axis.
    head_axes: tuple[str, ...] = ()
    #: The gait clock, as far as it is known.
    phase: dict[str, Any] | None = None
    #: How the memory of sensors begins.
    sensors_reset: str = "zero"
    #: Where it came from.
    source: str | None = None
    #: Where each value is from, by its place in the contract.
    origins: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def set_rate(self, period_s: float, origin: str) -> None:
        """The rate of this period, where it is a whole number."""
        rate = round(1.0 / period_s) if period_s > 0 else 0
        if rate < 1 or abs(rate * period_s - 1.0) > 1e-6:
            self.warnings.append(f"{origin}: {period_s:g} s is no whole number of ticks in a second")
            return
        self.rate_hz = rate
        self.origins["policy_rate_hz"] = f"{origin}, {period_s:g} s"

    def completed_by(self, other: "Said") -> "Said":
        """This, and what only the other says; where both say something else, a warning."""
        for name, what in (("scale", "the scale of the action"), ("default_rad", "the default pose")):
            if _differ(getattr(self, name), getattr(other, name)):
                self.warnings.append(
                    f"{what} in the file is not that of the configuration beside it: which was trained?"
                )
        single = ("joint_names", "default_rad", "scale", "stiffness", "damping", "rate_hz", "terms", "source")
        for name in single:
            if getattr(self, name) is None:
                setattr(self, name, getattr(other, name))
        self.bounds = self.bounds or other.bounds
        self.ranges = other.ranges | self.ranges
        for name in ("stiffness_of", "damping_of", "pose_of", "by_name_in", "normalised_by"):
            setattr(self, name, getattr(other, name))
        if other.terms is not None and len(self.terms or ()) == len(other.terms):
            # Metadata have names alone; a configuration has scales, clips and histories, too.
            self.terms, self.frame_by_frame, self.oldest_first = other.terms, other.frame_by_frame, other.oldest_first
        self.sensors_reset = other.sensors_reset
        self.origins = other.origins | self.origins
        self.warnings += other.warnings
        return self


def _differ(one: Any, other: Any) -> bool:
    """Whether two numbers or lists differ by more than the digits that exporters leave out."""
    if one is None or other is None or isinstance(one, str) or isinstance(other, str):
        return False
    count = max(len(each) if isinstance(each, list) else 1 for each in (one, other))
    rows = [each if isinstance(each, list) else [each] * count for each in (one, other)]
    lengths_differ = len(rows[0]) != len(rows[1])
    return lengths_differ or any(abs(a - b) > _ROUNDED * (1 + abs(b)) for a, b in zip(*rows, strict=True))


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
    own = {plain(name): name for name in robot.joint_names}
    found = [own.get(plain(name)) for name in names]
    unknown = [name for name, joint in zip(names, found, strict=True) if joint is None]
    if unknown:
        message = f"the file names joints that {robot.title} lacks: {', '.join(unknown)}"
        raise PolicyError(
            message, hint=f"name the robot it is for with --robot; this one has {', '.join(own.values())}"
        )
    return [joint for joint in found if joint is not None]


def plain(name: str) -> str:
    """A joint's name without what trainers write differently."""
    return name.lower().replace("-", "_").removesuffix("_joint")


def one_or_each(values: float | list[float]) -> float | list[float]:
    """One number where all are the same."""
    if isinstance(values, list) and values and all(value == values[0] for value in values):
        return values[0]
    return values


def shown(value: object) -> str:
    """A value of a file for an error, short whatever it is."""
    return _SHOWN.repr(value)


_SHOWN = reprlib.Repr()
_SHOWN.maxlevel = 2
