"""`RecordedRun`: a recording, as states that can be drawn tick by tick."""

import math
from array import array
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from gaitway.errors import RecordingError
from gaitway.recording import Recording
from gaitway.robot import Robot
from gaitway.sim.shapes import base_pose
from gaitway.view.source import State

_POSITION_M = "tick.truth.position_m"
#: What stands for a fault where the controller takes the robot for fallen, and no fault of the profile is named.
_FALL = "fall"


class RecordedRun:
    """A recording of `robot`, the one that its notes name if None.

    Raises RecordingError for a recording without ticks, of a robot that does not ship, or of one with other joints.
    """

    def __init__(self, recording: Recording, robot: Robot | None) -> None:
        self.recording = recording
        self.robot = robot or _robot_of(recording)
        if recording.ticks == 0:
            raise RecordingError(f"{recording.path}: expected ticks to show, found none", hint="choose another one")
        if recording.joint_names != self.robot.joint_names:
            found = f"expected a recording of {self.robot.name}, found one with other joints"
            raise RecordingError(f"{recording.path}: {found}", hint="name its robot: --robot PATH")
        self._tilt = self._column("tick.truth.tilt_rad", "tick.policy.tilt_rad")
        self._states, self._faults = (
            [str(word) for word in recording.columns.get(name, [""] * recording.ticks)]
            for name in ("tick.state", "tick.fault")
        )
        fallen = recording.column("tick.policy.fallen")
        self._faults = [fault or _FALL * (_at(fallen, tick) == 1) for tick, fault in enumerate(self._faults)]
        self._rows = {
            name: self._row_columns(name)
            for name in (
                "tick.joint_position_rad",
                "tick.goal_rad",
                "tick.imu.foot_contact",
                "tick.command",
                "tick.policy.up",
                _POSITION_M,
            )
        }

    @property
    def times_s(self) -> list[float]:
        """When each tick was, s after the first."""
        return self.recording.seconds.tolist()

    def spans(self) -> dict[str, list[tuple[int, int, str]]]:
        """First and last tick of every state and of every fault, and its name."""
        return {"states": _spans(self._states), "faults": [span for span in _spans(self._faults) if span[2]]}

    def state(self, tick: int) -> State:
        """The state at a tick, counted from 0."""
        took_ns = _at(self.recording.column("tick.tick_ns"), tick)
        tilt_rad = _at(self._tilt, tick)
        return State(
            time_s=self.recording.seconds[tick],
            joint_rad=self._row("tick.joint_position_rad", tick),
            goal_rad=self._row("tick.goal_rad", tick),
            state=self._states[tick],
            base=self._base(tick),
            up=self._up(tick),
            contacts=[value == 1 for value in self._row("tick.imu.foot_contact", tick)],
            tilt_rad=None if math.isnan(tilt_rad) else tilt_rad,
            command=self._row("tick.command", tick),
            fault=self._faults[tick] or None,
            # A simulation's are not measured.
            tick_ms=took_ns / 1e6 if took_ns > 0 else None,
        )

    def _base(self, tick: int) -> list[float] | None:
        """The simulator's truth; a real robot does not know where it stands and heads."""
        position_m = self._row(_POSITION_M, tick)
        if not position_m or not all(map(math.isfinite, position_m)):
            return None
        return base_pose(position_m, _at(self.recording.column("tick.truth.yaw_rad"), tick), self._up(tick))

    def _up(self, tick: int) -> list[float] | None:
        """The direction up in the trunk frame [3]: which way is the controller's estimate, how far the truth where it
        is known."""
        up = self._row("tick.policy.up", tick)
        if len(up) != 3 or not all(map(math.isfinite, up)):
            return None
        tilt_rad, across = _at(self._tilt, tick), math.hypot(up[0], up[1])
        if not math.isfinite(tilt_rad) or across == 0:
            return up
        share = math.sin(tilt_rad) / across
        return [up[0] * share, up[1] * share, math.cos(tilt_rad)]

    def _row(self, name: str, tick: int) -> list[float]:
        return [column[tick] for column in self._rows[name]]

    def _row_columns(self, name: str) -> "list[array[float]]":
        columns: list[array[float]] = []
        while column := self.recording.column(f"{name}[{len(columns)}]"):
            columns.append(column)
        return columns

    def _column(self, *names: str) -> "array[float]":
        """The first column of these that the recording has."""
        return next((column for name in names if (column := self.recording.column(name))), array("d"))


def _robot_of(recording: Recording) -> Robot:
    name = recording.notes.get("robot", "")
    if name not in Robot.names():
        found = f"{recording.path}: expected a recording of {' or '.join(Robot.names())}, found one of {name or 'none'}"
        raise RecordingError(found, hint="name its robot: --robot PATH/profile.toml")
    return Robot.load(name)


def _at(column: "array[float]", tick: int) -> float:
    return column[tick] if column else math.nan


def _spans(words: Sequence[str]) -> list[tuple[int, int, str]]:
    """First and last index of each stretch of the same word, and the word."""
    starts = [tick for tick in range(len(words)) if tick == 0 or words[tick] != words[tick - 1]]
    return [(start, end - 1, words[start]) for start, end in pairwise([*starts, len(words)])]


def load_recorded(path: Path, robot: Robot | None) -> RecordedRun:
    """The recording at `path`, ready to be drawn. Raises RecordingError."""
    return RecordedRun(Recording.load(path), robot)
