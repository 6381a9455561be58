"""Rows that say what the robot shall do."""

import warnings
from array import array
from collections.abc import Mapping

from gaitway._native import axes
from gaitway.contract import Contract

#: Command axes of the trunk's velocity, forward, left and turning: the first of `axes()`.
VELOCITY_AXES = ("vx", "vy", "wz")


def by_unit(axes: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Columns of a command row by unit and axis, the trunk's velocities left out: what a picture shows together."""
    columns: dict[str, dict[str, int]] = {}
    for column, (axis, unit) in enumerate(axes.items()):
        if axis not in VELOCITY_AXES:
            columns.setdefault(unit, {})[axis] = column
    return columns


def command(
    vx: float = 0.0,
    vy: float = 0.0,
    wz: float = 0.0,
    neck_pitch: float = 0.0,
    head_pitch: float = 0.0,
    head_yaw: float = 0.0,
    head_roll: float = 0.0,
    *,
    contract: Contract | None = None,
) -> "array[float]":
    """A command row [7], float32, in the order of `gaitway.axes()`.

    Velocities of the trunk in m/s and rad/s, forward, left and to the left positive; the head's angles in rad. With
    the policy's `contract` a UserWarning says what of it the policy is never given: "vx: asked 1.00, allowed 0.15".
    """
    row = array("f", (vx, vy, wz, neck_pitch, head_pitch, head_yaw, head_roll))
    assert len(row) == len(axes())
    for clipped in contract.clipped(row) if contract is not None else ():
        warnings.warn(clipped, stacklevel=2)
    return row
