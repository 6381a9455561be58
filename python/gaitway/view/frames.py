"""What the page is sent, as JSON: the scene once, then a frame a state."""

import json
import math
import threading
from collections.abc import Sequence
from typing import Any

from gaitway.errors import UsageError
from gaitway.sim.shapes import RobotShapes
from gaitway.view.recorded import RecordedRun
from gaitway.view.source import Source, State

#: Most frames of a recording in one answer.
MOST_FRAMES = 500
_DIGITS = 4
#: How the unit of a velocity ends, which is zero while nobody commands.
_A_SECOND = "/s"


class Stage:
    """A source or a recording, and the shapes of its robot. Its methods may be called from any thread."""

    def __init__(self, shown: Source | RecordedRun) -> None:
        self.shown = shown
        self._shapes = RobotShapes(shown.robot)
        self._lock = threading.Lock()

    def scene(self) -> dict[str, Any]:
        """What does not change: shapes, joints and their limits, contacts, command axes."""
        robot, shown = self.shown.robot, self.shown
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
                {"name": name, "unit": unit, "is_velocity": unit.endswith(_A_SECOND)}
                for name, unit in robot.command_axes.items()
            ],
        }
        return scene | (self._recorded(shown) if isinstance(shown, RecordedRun) else {"mode": "live"})

    def frame(self, state: State) -> dict[str, Any]:
        """A state, with the pose of every body, and where the bodies were with the joints at their goals.

        What is not a number is null; so are the goals of a robot of which one has none.
        """
        has_goals = len(state.goal_rad) > 0 and all(map(math.isfinite, state.goal_rad))
        with self._lock:
            base = self._shapes.on_floor(state.joint_rad, state.up) if state.base is None else state.base
            bodies = self._shapes.poses(state.joint_rad, base)
            goal_bodies = self._shapes.poses(state.goal_rad, base) if has_goals else None
        return {
            "time_s": _number(state.time_s),
            "bodies": bodies,
            "goal_bodies": goal_bodies,
            "joint_rad": _numbers(state.joint_rad),
            "goal_rad": _numbers(state.goal_rad),
            "state": state.state,
            "contacts": list(state.contacts),
            "tilt_rad": _number(state.tilt_rad),
            "command": _numbers(state.command),
            "fault": state.fault,
            "fault_hint": state.fault_hint,
            "tick_ms": _number(state.tick_ms),
            "owner": state.owner,
            "held_by": state.held_by,
            "stopped_hint": state.stopped_hint,
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
        return about | {"times_s": times_s, **shown.spans()}


def may_be_asked(shown: Source | RecordedRun) -> dict[str, Any]:
    """What may be asked at the moment: ranges of the axes, modes, and whether there are a command, a stop, its end."""
    if isinstance(shown, RecordedRun):
        return {"ranges": {}, "modes": [], "command": False, "stop": False, "clear": False}
    steering = shown.steering
    may = {name: getattr(steering, name) is not None for name in ("command", "stop", "clear")}
    return {"ranges": dict(steering.ranges), "modes": list(steering.modes), **may}


def text(value: Any) -> bytes:
    """As JSON. Raises ValueError for what no browser could read."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, _DIGITS)


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [_number(value) for value in values]
