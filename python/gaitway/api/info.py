"""Which robot it is that a program holds, and what it has at hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaitway.errors import DaemonError, UsageError


@dataclass(frozen=True)
class PolicyInfo:
    """A policy that a robot has at hand."""

    name: str
    #: Its file on the robot; None for one that `gaitwayd` carries.
    file: Path | None
    #: Whether it is the one that runs.
    runs: bool


@dataclass(frozen=True)
class RobotInfo:
    """Which robot it is."""

    name: str
    #: Its name for people.
    title: str
    #: Name of the contract of the policy that runs.
    contract: str
    #: Joints and contacts, in the robot's order.
    joint_names: list[str]
    contact_names: list[str]
    #: Unit of each command axis by name.
    command_axes: dict[str, str]
    #: Least and most of each axis that the policy was trained for, in its unit; none of an axis it is never told.
    command_ranges: dict[str, tuple[float, float]]

    def check(self, axes: Iterable[str]) -> None:
        """Raises UsageError for an axis the robot lacks."""
        for axis in axes:
            if axis not in self.command_axes:
                known = ", ".join(f"{name} ({unit})" for name, unit in self.command_axes.items()) or "none"
                raise UsageError(f"{self.name} has no command axis {axis!r}", hint=f"its axes: {known}")


def info_of(hello: dict[str, Any]) -> RobotInfo:
    """From a robot's hello. Raises DaemonError where it lacks something."""
    try:
        axes = hello["axes"]
        ranges = {str(axis["name"]): (axis.get("min"), axis.get("max")) for axis in axes}
        return RobotInfo(
            name=str(hello["robot"]),
            title=str(hello["title"]),
            contract=str(hello["contract"]),
            joint_names=[str(name) for name in hello["joints"]],
            contact_names=[str(name) for name in hello["contacts"]],
            command_axes={str(axis["name"]): str(axis["unit"]) for axis in axes},
            command_ranges={
                name: (float(low), float(high)) for name, (low, high) in ranges.items() if None not in (low, high)
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"expected the hello of a robot, found one without a usable {error}"
        raise DaemonError(message, hint="update the older of the two, gaitwayd or this package") from error
