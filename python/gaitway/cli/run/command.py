"""The command of a run, as it is written on the command line."""

import math
import re
from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from gaitway.command import VELOCITY_AXES
from gaitway.errors import UsageError

if TYPE_CHECKING:
    from gaitway.contract import Contract
    from gaitway.robot import Robot


def parse_command(text: str, robot: "Robot") -> "array[float]":
    """A command row from `axis=value,axis=value`, or from a number for each of the robot's axes.

    The three velocities of a trunk may be given without the axes after them. Raises UsageError.
    """
    return robot.command(**parse_axes(text, robot.command_axes, "--command"))


def parse_axes(text: str, known: Mapping[str, str], what: str) -> dict[str, float]:
    """Values by axis, from what `parse_command` takes; `known` are the robot's axes and their units.

    Commas or spaces stand between, as for gaitwayd. `what` is what a person wrote it for. Raises UsageError; a name
    that is no axis is left to who uses it.
    """
    axes = list(known)
    counts = [3, len(axes)] if len(axes) > 3 and axes[:3] == list(VELOCITY_AXES) else [len(axes)]
    numbers_of = f"{' or '.join(map(str, counts))} numbers"
    expected = f"axis=value of {', '.join(axes)}, commas between, or {numbers_of} in that order"
    hint = f"as in {axes[0]}=0.1" if axes else "this robot has no command axes"
    words = re.split(r"\s*,\s*|\s+", text.strip())
    parts = [word.partition("=") for word in words]
    if all(equals for _, equals, _ in parts):
        names, numbers = [name for name, _, _ in parts], [value for _, _, value in parts]
    else:
        names, numbers = axes[: len(parts)], words
        if len(parts) not in counts:
            raise UsageError(f"{what}: expected {expected}, found {text!r}", hint=hint)
    try:
        values = dict(zip(names, map(float, numbers), strict=True))
    except ValueError as error:
        raise UsageError(f"{what}: expected {expected}, found {text!r}", hint=hint) from error
    if len(values) != len(names) or not all(map(math.isfinite, values.values())):
        raise UsageError(f"{what}: expected finite numbers, each axis once, found {text!r}", hint=hint)
    return values


def standing_command(robot: "Robot") -> "array[float]":
    """The command at which a robot stays where its start ends.

    A robot with a trunk stands at zero. One whose axes are its joints goes to the angles it is commanded: those of its
    default pose, and not zero, which may be the arm stretched out.
    """
    if robot.has_axes(*VELOCITY_AXES):
        return robot.command()
    pose_rad = dict(zip(robot.joint_names, robot.default_pose_rad, strict=True))
    return robot.command(**{axis: pose_rad[axis] for axis in robot.command_axes if axis in pose_rad})


def tell_clipped(contract: "Contract", robot: "Robot", rows: Mapping[str, "array[float] | None"]) -> None:
    """Says, where it is asked, what of commands by their names the policy is never given."""
    for name, row in rows.items():
        for clipped in contract.clipped(row, list(robot.command_axes)) if row is not None else ():
            typer.echo(f"{name}: {clipped}", err=True)
