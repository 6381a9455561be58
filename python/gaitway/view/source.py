"""`Source`: what a running robot must offer to be looked at, and steered, whoever it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gaitway.robot import Robot


@dataclass(frozen=True, slots=True)
class State:
    """How a robot with n joints and c contacts is at one moment. Rows are in the order of its profile."""

    #: On a clock of the robot's own, s; a state with the same time as the last is the same state.
    time_s: float
    #: Joint angles and goals [n], rad; not a number where unknown, or where a joint has no goal.
    joint_rad: Sequence[float]
    goal_rad: Sequence[float]
    #: What it does, in the profile's words: running, limp.
    state: str
    #: Position, m, and quaternion (w, x, y, z) of the base [7]; None where the robot does not know them.
    base: Sequence[float] | None = None
    #: The direction up in the frame of a base whose pose is not known [3]: it is drawn tilted so, and on the floor.
    up: Sequence[float] | None = None
    #: Which contacts touch [c]; None where unknown.
    contacts: Sequence[bool | None] = ()
    #: Angle between the trunk's z axis and the vertical, rad.
    tilt_rad: float | None = None
    #: The command along each axis, in the order of `Robot.command_axes`, in its unit.
    command: Sequence[float] = ()
    #: The fault the robot reacts to, in the profile's words, and what can be done about it.
    fault: str | None = None
    fault_hint: str = ""
    #: How long the last tick took, ms.
    tick_ms: float | None = None
    #: Who commands it; None where that is nobody.
    owner: str | None = None
    #: Who has control that the view cannot take over; None where the view may command.
    held_by: str | None = None
    #: Set while an emergency stop holds: how it is cleared.
    stopped_hint: str | None = None


@dataclass(frozen=True, slots=True)
class Steering:
    """What may be asked of a source. Each is called from a thread of the server, one at a time.

    What is refused is a GaitwayError.
    """

    #: Lowest and highest value of each command axis, in its unit.
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    #: Commands the named axes; called again and again while it shall hold. Returns why the robot does not follow, None
    #: where it does. None: the source takes no commands.
    command: Callable[[Mapping[str, float]], str | None] | None = None
    #: Stops the robot at once, and keeps it stopped.
    stop: Callable[[], None] | None = None
    #: Lets a stopped robot go on; None where only somebody at the robot may.
    clear: Callable[[], None] | None = None
    #: What the robot can be told to do, by name: run, stand, limp.
    modes: Mapping[str, Callable[[], None]] = field(default_factory=dict)


class Source(Protocol):
    """A robot that runs: a simulation, a twin, a robot behind the local API."""

    @property
    def robot(self) -> Robot:
        """The robot it is."""

    @property
    def steering(self) -> Steering:
        """What may be asked of it now."""

    def latest(self) -> State | None:
        """The newest state; None before the first. Returns at once, from any thread."""

    @property
    def lost(self) -> str | None:
        """Why nothing comes at the moment, though it may come again; None while all is well."""

    @property
    def ended(self) -> str | None:
        """Why nothing more will come; None while it runs."""
