"""What the robot is asked to do over time."""

import math
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gaitway import files, toml
from gaitway.command import VELOCITY_AXES, command
from gaitway.errors import UsageError

if TYPE_CHECKING:
    from gaitway.robot import Robot


@dataclass(frozen=True)
class Segment:
    """One command, held for a while."""

    name: str
    seconds: float
    command: "array[float]"


@dataclass(frozen=True)
class Script:
    """Segments one after the other; the last is held for as long as it takes."""

    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        if not self.segments:
            raise UsageError("a script needs at least one segment", hint="to stand still is a command, too: all zero")

    @property
    def seconds(self) -> float:
        """Length of all segments, s."""
        return sum(segment.seconds for segment in self.segments)

    def at(self, time_s: float) -> int:
        """Index of the segment that runs at `time_s`."""
        end_s = 0.0
        for index, segment in enumerate(self.segments):
            end_s += segment.seconds
            # Half a microsecond: virtual time is a sum of many steps.
            if time_s < end_s - 5e-7:
                return index
        return len(self.segments) - 1


def tour(robot: "Robot | None" = None) -> Script:
    """The small tour of 20 s: forward, turn, sideways, stand. A robot without such axes holds a command of zero.

    Without a robot the rows are along `gaitway.axes()`.
    """
    row = command if robot is None else robot.command
    if robot is not None and not robot.has_axes(*VELOCITY_AXES):
        return steady(row(), 20.0)
    return Script(
        (
            Segment("forward", 6.0, row(vx=0.15)),
            Segment("turn", 5.0, row(wz=0.8)),
            Segment("sideways", 5.0, row(vy=0.15)),
            Segment("stand", 4.0, row()),
        )
    )


def steady(row: "array[float]", seconds: float) -> Script:
    """One command for the whole run."""
    return Script((Segment("steady", seconds, row),))


def load_script(path: Path, robot: "Robot") -> Script:
    """Reads a TOML file of `[[segment]]` tables: `seconds`, optionally `name` and axes of the robot's command."""
    written = files.read_text(path, "script")
    try:
        content = toml.loads(written)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"script {path}: {error}", hint="a script is a TOML file of [[segment]] tables") from error
    tables = content.get("segment")
    if set(content) != {"segment"} or not isinstance(tables, list) or not tables:
        found = ", ".join(content) or "nothing"
        raise UsageError(f"script {path}: expected [[segment]] tables and nothing else, found {found}")
    return Script(tuple(_segment(path, index, table, robot) for index, table in enumerate(tables)))


def _segment(path: Path, index: int, table: object, robot: "Robot") -> Segment:
    where = f"script {path}: segment[{index}]"
    axes = list(robot.command_axes)
    known = ("name", "seconds", *axes)
    if not isinstance(table, dict) or not set(table) <= set(known):
        raise UsageError(f"{where}: expected only the keys {', '.join(known)}, found {table}")
    seconds = _number(f"{where}.seconds", table.get("seconds"))
    if not 0 < seconds <= 3600:
        raise UsageError(f"{where}.seconds: expected more than 0, at most 3600, found {seconds}")
    row = robot.command(**{axis: _number(f"{where}.{axis}", table[axis]) for axis in axes if axis in table})
    return Segment(str(table.get("name", f"segment {index + 1}")), seconds, row)


def _number(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{where}: expected a finite number, found {value!r}")
    return float(value)
