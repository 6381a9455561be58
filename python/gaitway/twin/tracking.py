"""`Tracking`: how well a robot that is commanded over its wire follows, axis by axis."""

import json
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from gaitway.command import VELOCITY_AXES

if TYPE_CHECKING:
    from gaitway.contract import Contract
    from gaitway.robot import Robot
    from gaitway.script import Script
    from gaitway.sim.live import LiveRobot

#: How often the robot is looked at, s of its own time.
_EVERY_S = 0.01
#: A trunk sways with every step: its velocity is the mean of so many looks, one gait of 0.54 s.
_GAIT_LOOKS = 54


@dataclass(frozen=True)
class TrackedAxis:
    """One axis of the command, and what of the robot follows it."""

    name: str
    unit: str
    #: Its place in a command row.
    column: int
    #: Its place among `VELOCITY_AXES`; None for a joint.
    velocity: int | None
    #: The joint that follows it; None for a velocity.
    joint: int | None
    #: Angle of that joint at a command of zero, rad.
    zero_rad: float
    #: Lowest and highest value that the policy is given.
    bounds: tuple[float, float]
    #: Fastest goal of the policy, rad/s.
    speed_rps: float


def tracked_axes(robot: "Robot", contract: "Contract") -> list[TrackedAxis]:
    """The axes that something measurable follows: velocities of the trunk, and joints by their name.

    A joint whose command is added to a pose follows it from there.
    """
    described: dict[str, Any] = json.loads(contract.to_json())
    added = {each["axis"]: each["joint"] for each in described.get("head_command", {}).get("joints", [])}
    speed_rps = float(described["action"].get("velocity_limit_rps") or math.inf)
    found = []
    for column, (name, unit) in enumerate(robot.command_axes.items()):
        joint = robot.joint_names.index(name) if unit == "rad" and name in robot.joint_names else None
        velocity = VELOCITY_AXES.index(name) if name in VELOCITY_AXES else None
        if joint is None and velocity is None:
            continue
        zero_rad = robot.default_pose_rad[joint] if joint is not None and name in added else 0.0
        bounds = contract.envelope.get(name, (-math.inf, math.inf))
        found.append(TrackedAxis(name, unit, column, velocity, joint, zero_rad, bounds, speed_rps))
    return found


class Tracking:
    """Errors of each axis, commanded less measured, once it had time to settle in a segment.

    An axis settles within a second of its change, and within the time the policy's own speed limit takes for it. What
    is measured is what truly happens to the robot; what is commanded is what the policy is given, within its bounds.
    """

    def __init__(self, robot: "Robot", contract: "Contract", body: "LiveRobot", script: "Script") -> None:
        self.axes = tracked_axes(robot, contract)
        self._body, self._script = body, script
        self._looked_s = -math.inf
        self._recent: deque[tuple[float, float, float]] = deque(maxlen=_GAIT_LOOKS)
        #: By segment and axis: commanded, measured.
        self._rows: dict[tuple[int, str], list[tuple[float, float]]] = {}
        #: What each axis was commanded before the segment, and when that began.
        self._segment, self._begun_s = -1, 0.0
        self._before: dict[str, float] = {}

    def watch(self, now_s: float, segment: int) -> None:
        """Looks at the robot, where it is time; `segment` of the script runs."""
        if now_s < self._looked_s + _EVERY_S:
            return
        self._looked_s = now_s
        if segment != self._segment:
            # The first one comes from wherever the joints are.
            joints = self._body.sim.joint_position_rad
            begins_at = {
                axis.name: 0.0 if axis.joint is None else float(joints[axis.joint]) - axis.zero_rad
                for axis in self.axes
            }
            before = self._segment
            self._before = begins_at if before < 0 else {axis.name: self._asked(axis, before) for axis in self.axes}
            self._segment, self._begun_s = segment, now_s
        trunk, joints = self._body.trunk(), self._body.sim.joint_position_rad
        self._recent.append((float(trunk.velocity_mps[0]), float(trunk.velocity_mps[1]), trunk.yaw_rate_rps))
        for axis in self.axes:
            asked = self._asked(axis, segment)
            if now_s < self._begun_s + self._settle_s(axis, asked):
                continue
            is_at = self._mean_velocity(axis.velocity) if axis.joint is None else float(joints[axis.joint])
            self._rows.setdefault((segment, axis.name), []).append((asked, is_at - axis.zero_rad))

    def summary(self) -> dict[str, Any]:
        """By axis its unit, the median and the worst error, and both of each segment with what was commanded and the
        mean that was measured; null where it had no time to settle."""
        return {
            axis.name: {
                "unit": axis.unit,
                **_errors(row for (_, name), rows in self._rows.items() if name == axis.name for row in rows),
                "segments": [
                    {
                        "name": segment.name,
                        "commanded": self._asked(axis, index),
                        "measured": fmean(row[1] for row in rows) if rows else None,
                        **_errors(rows),
                    }
                    for index, segment in enumerate(self._script.segments)
                    for rows in [self._rows.get((index, axis.name), [])]
                ],
            }
            for axis in self.axes
        }

    def _asked(self, axis: TrackedAxis, segment: int) -> float:
        low, high = axis.bounds
        return min(max(float(self._script.segments[segment].command[axis.column]), low), high)

    def _settle_s(self, axis: TrackedAxis, asked: float) -> float:
        from gaitway.sim.trace import SEGMENT_SETTLE_S

        if axis.joint is None:
            return SEGMENT_SETTLE_S + _GAIT_LOOKS * _EVERY_S
        return SEGMENT_SETTLE_S + abs(asked - self._before[axis.name]) / axis.speed_rps

    def _mean_velocity(self, velocity: int | None) -> float:
        assert velocity is not None, "an axis is a joint or a velocity"
        return fmean(row[velocity] for row in self._recent)


def _errors(rows: Iterable[tuple[float, float]]) -> dict[str, float | None]:
    errors = [abs(asked - is_at) for asked, is_at in rows]
    return {"p50": median(errors) if errors else None, "worst": max(errors, default=None)}
