"""What happened in a run, tick by tick, and the figures people ask about it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitway._native import Record
from gaitway.command import VELOCITY_AXES
from gaitway.robot import Robot
from gaitway.script import Script
from gaitway.sim.robot_sim import RobotSim
from gaitway.sim.trunk import TrunkState

Floats = NDArray[np.float64]

#: Seconds at the start of a run that are left out of its mean velocity.
SETTLE_S = 2.0
#: Seconds at the start of a segment that are left out of its mean velocity: the robot has to turn its gait round.
SEGMENT_SETTLE_S = 1.0
_SCALARS = ("time_s", "segment", "yaw", "tilt")


class Trace:
    """Rows of a run, allocated in growing blocks."""

    def __init__(self, robot: Robot, nq: int) -> None:
        axes, joints = list(robot.command_axes), len(robot.joint_names)
        #: Where in a command row the trunk's velocities are; none of an axis the robot lacks.
        self._velocity = {index: axes.index(axis) for index, axis in enumerate(VELOCITY_AXES) if axis in axes}
        self._columns = {
            "time_s": 1,
            "segment": 1,
            "command": len(axes),
            "velocity": 3,
            "position": 3,
            "yaw": 1,
            "tilt": 1,
            "target": joints,
            "joint": joints,
            "qpos": nq,
        }
        self._rows = np.empty((1024, sum(self._columns.values())))
        self._len = 0

    def add(self, segment: int, record: Record, sim: RobotSim, trunk: TrunkState) -> None:
        """Adds the tick that has just been simulated."""
        if self._len == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        velocity = (trunk.velocity_mps[0], trunk.velocity_mps[1], trunk.yaw_rate_rps)
        self._rows[self._len] = np.concatenate(
            [
                (sim.time_s, segment),
                record.command,
                velocity,
                trunk.position_m,
                (trunk.yaw_rad, trunk.tilt_rad),
                record.goal_rad,
                sim.joint_position_rad,
                sim.data.qpos,
            ]
        )
        self._len += 1

    def __len__(self) -> int:
        return self._len

    def __getitem__(self, column: str) -> Floats:
        """A column, [ticks], or [ticks, width] of what is a row."""
        start = 0
        for name, width in self._columns.items():
            if name == column:
                rows = self._rows[: self._len, start : start + width]
                return rows[:, 0] if name in _SCALARS else rows
            start += width
        raise KeyError(column)

    def asked_velocity(self, last_ticks: int | None = None) -> Floats:
        """Velocity the trunk was asked for in the last ticks, all of them if None [ticks, 3].

        It is zero along an axis the robot lacks.
        """
        rows = self["command"] if last_ticks is None else self["command"][-last_ticks:]
        asked = np.zeros((len(rows), len(VELOCITY_AXES)))
        for index, column in self._velocity.items():
            asked[:, index] = rows[:, column]
        return asked

    def mean_velocity(self, last_ticks: int) -> Floats:
        """Mean of vx, vy (m/s, trunk frame) and turning rate (rad/s) over the last ticks."""
        rows = self["velocity"][-last_ticks:]
        mean: Floats = rows.mean(axis=0) if len(rows) else np.zeros(3)
        return mean


@dataclass(frozen=True)
class Tracking:
    """How well one segment was tracked: vx, vy in m/s, turning rate in rad/s."""

    name: str
    seconds: float
    commanded: tuple[float, float, float]
    measured: tuple[float, float, float]


def tracking(trace: Trace, script: Script) -> list[Tracking]:
    """Commanded and mean measured velocity of each segment, its first second left out."""
    result = []
    segments, time_s, asked = trace["segment"], trace["time_s"], trace.asked_velocity()
    for index, segment in enumerate(script.segments):
        rows = np.flatnonzero(segments == index)
        if len(rows) == 0:
            continue
        settled = rows[time_s[rows] > time_s[rows[0]] + SEGMENT_SETTLE_S]
        settled = settled if len(settled) else rows
        commanded, measured = asked[settled[-1]], trace["velocity"][settled].mean(axis=0)
        seconds = float(time_s[rows[-1]] - time_s[rows[0]])
        result.append(Tracking(segment.name, seconds, _triple(commanded), _triple(measured)))
    return result


def summary(trace: Trace) -> dict[str, Any]:
    """Distance, turn and mean velocity of a run, as `gaitway run --json` prints them."""
    # Where the physics broke down there are rows without numbers.
    sound = np.isfinite(trace["velocity"]).all(axis=1) & np.isfinite(trace["position"]).all(axis=1)
    if not sound.any():
        return {"distance_m": [0.0, 0.0], "yaw_rad": 0.0, "velocity_mps": [0.0, 0.0], "yaw_rate_rps": 0.0}
    position, yaw = trace["position"][sound], np.unwrap(trace["yaw"][sound])
    settled = sound & (trace["time_s"] > SETTLE_S)
    velocity = trace["velocity"][settled if settled.any() else sound].mean(axis=0)
    return {
        "distance_m": [float(x) for x in position[-1, :2] - position[0, :2]],
        "yaw_rad": float(yaw[-1] - yaw[0]),
        "velocity_mps": [float(x) for x in velocity[:2]],
        "yaw_rate_rps": float(velocity[2]),
    }


def path_length_m(trace: Trace) -> float:
    """Length of the way the trunk went over the ground, smoothed over half a second so that its sway is left out."""
    position = trace["position"][np.isfinite(trace["position"]).all(axis=1), :2]
    if len(position) < 2:
        return 0.0
    sampled = position[:: max(1, round(0.5 / _period_s(trace)))]
    steps = np.diff(sampled, axis=0, append=position[-1:])
    return float(np.linalg.norm(steps, axis=1).sum())


def _period_s(trace: Trace) -> float:
    return float(trace["time_s"][1] - trace["time_s"][0])


def _triple(row: Floats) -> tuple[float, float, float]:
    return (float(row[0]), float(row[1]), float(row[2]))
