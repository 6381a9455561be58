"""What the page is sent, as JSON: the scene once, then a frame a state."""

import json
import math
import threading
from collections.abc import Sequence
from typing import Any

from gaitway.command import VELOCITY_AXES
from gaitway.errors import UsageError
from gaitway.sim.shapes import RobotShapes
from gaitway.view.recorded import RecordedRun
from gaitway.view.source import Source, State

#: Most frames of a recording in one answer.
MOST_FRAMES = 500
_DIGITS = 4


class Stage:
    """A source or a recording, and the shapes of its robot. Its methods may be called from any thread."""

    def __init__(self, shown: Source | RecordedRun) -> None:
        self.shown = shown
        self._shapes = RobotShapes(shown.robot)
        self._lock = threading.Lock()
        if isinstance(shown, RecordedRun) and shown.standing_base is None:
            shown.standing_base = self._shapes.standing_base

    def scene(self) -> dict[str, Any]:
        """What does not change: shapes, joints and their limits, contacts, command axes, and what may be asked."""
        robot, shown = self.shown.robot, self.shown
        ranges: Any = {} if isinstance(shown, RecordedRun) else shown.steering.ranges
        scene: dict[str, Any] = {
            "title": robot.title,
            "bodies": self._shapes.bodies,
            "base_body": min(1, self._shapes.bodies - 1),
            "centre_m": self._shapes.centre_m,
            "extent_m": self._shapes.extent_m,
            "shapes": self._shapes.shapes(),
            "joints": [
                {"name": name, "low_rad": low, "high_rad": high}
                for name, (low, high) in zip(robot.joint_names, robot.limits_rad, strict=True)
            ],
            "contacts": robot.contact_names,
            "axes": [
                {"name": name, "unit": unit, "range": ranges.get(name), "is_velocity": name in VELOCITY_AXES}
                for name, unit in robot.command_axes.items()
            ],
        }
        return scene | (self._recorded(shown) if isinstance(shown, RecordedRun) else _live(shown))

    def frame(self, state: State) -> dict[str, Any]:
        """A state, with the pose of every body; what is not a number is null."""
        with self._lock:
            bodies = self._shapes.poses(state.joint_rad, state.base)
        return {
            "time_s": _number(state.time_s),
            "bodies": bodies,
            "joint_rad": _numbers(state.joint_rad),
            "goal_rad": _numbers(state.goal_rad),
            "state": state.state,
            "contacts": list(state.contacts),
            "tilt_rad": _number(state.tilt_rad),
            "command": _numbers(state.command),
            "fault": state.fault,
            "tick_ms": _number(state.tick_ms),
        }

    def frames(self, first: int, count: int) -> list[dict[str, Any]]:
        """Frames of a recording from tick `first` on; fewer at its end. Raises UsageError outside it."""
        if not isinstance(self.shown, RecordedRun):
            raise UsageError("frames: this is no recording", hint="ask for live")
        ticks = self.shown.recording.ticks
        if not 0 <= first < ticks or not 1 <= count <= MOST_FRAMES:
            found = f"first {first}, count {count}"
            expected = f"first 0 to {ticks - 1} and count 1 to {MOST_FRAMES}"
            raise UsageError(f"frames: expected {expected}, found {found}", hint="scene says how many there are")
        return [self.frame(self.shown.state(tick)) for tick in range(first, min(first + count, ticks))]

    @staticmethod
    def _recorded(shown: RecordedRun) -> dict[str, Any]:
        times_s = [round(time_s, 3) for time_s in shown.times_s]
        about = {"mode": "recording", "name": shown.recording.path.name, "cut": shown.recording.cut}
        return about | {"times_s": times_s, "may": {}, **shown.spans()}


def _live(shown: Source) -> dict[str, Any]:
    steering = shown.steering
    may = {name: getattr(steering, name) is not None for name in ("command", "stop", "clear")}
    return {"mode": "live", "may": may}


def text(value: Any) -> bytes:
    """As JSON. Raises ValueError for what no browser could read."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, _DIGITS)


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [_number(value) for value in values]
