"""The command of a run, as it is written on the command line."""

import math
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

    The three velocities of a trunk may be given without the axes after them.
    """
    axes = list(robot.command_axes)
    counts = [3, len(axes)] if len(axes) > 3 and axes[:3] == list(VELOCITY_AXES) else [len(axes)]
    numbers_of = f"{' or '.join(map(str, counts))} numbers"
    expected = f"axis=value of {', '.join(axes)}, commas between, or {numbers_of} in that order"
    parts = [part.partition("=") for part in text.split(",")]
    if all(equals for _, equals, _ in parts):
        names, numbers = [name.strip() for name, _, _ in parts], [value for _, _, value in parts]
    else:
        names, numbers = axes[: len(parts)], text.split(",")
        if len(parts) not in counts:
            raise UsageError(f"--command: expected {expected}, found {text!r}")
    try:
        values = dict(zip(names, map(float, numbers), strict=True))
    except ValueError as error:
        raise UsageError(f"--command: expected {expected}, found {text!r}") from error
    if len(values) != len(names) or not all(map(math.isfinite, values.values())):
        raise UsageError(f"--command: expected finite numbers, each axis once, found {text!r}")
    return robot.command(**values)


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
