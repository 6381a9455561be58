"""What a control step was worth. Any callable will do; these need nothing but the simulation."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaitway._native import Record
from gaitway.command import VELOCITY_AXES
from gaitway.robot import Robot
from gaitway.sim.robot_sim import RobotSim
from gaitway.sim.trunk import TrunkState

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Moment:
    """What a reward may look at: the robot as it truly is after a control step, and what led there."""

    sim: RobotSim
    trunk: TrunkState
    #: The record of the tick that gave the new observation: observation and command as the policy sees them.
    record: Record
    #: The command that was followed in the step [c], m/s, rad/s, rad, in the order of `Robot.command_axes`.
    command: Floats
    #: The observation the action was an answer to [w], the action [a], and the one before; zeros before the first.
    observation: Floats
    action: Floats
    last_action: Floats
    #: True in the step in which the robot falls.
    has_fallen: bool
    #: Length of the step, s.
    period_s: float


class Reward(Protocol):
    """A reward: the step's worth, or its terms by name, whose sum it is."""

    def __call__(self, moment: Moment) -> float | dict[str, float]:
        """Judges a step."""


class TrackReward:
    """Of a robot that walks: follow the commanded velocity, stay on the feet, be calm.

    Per second: 2 exp(-(|v - v*| / 0.15 m/s)²) + exp(-((w - w*) / 0.5 rad/s)²) + 0.5 - 0.005 |joint velocities|²;
    and -1 for a fall. v and w are the trunk's, in its own frame.
    """

    def __init__(self, robot: Robot) -> None:
        axes = list(robot.command_axes)
        self._columns = [axes.index(axis) if axis in axes else None for axis in VELOCITY_AXES]

    def __call__(self, moment: Moment) -> dict[str, float]:
        """The terms of a step."""
        vx, vy, wz = (0.0 if at is None else float(moment.command[at]) for at in self._columns)
        trunk, period_s = moment.trunk, moment.period_s
        error_mps = float(np.hypot(trunk.velocity_mps[0] - vx, trunk.velocity_mps[1] - vy))
        return {
            "track_linear": 2.0 * period_s * float(np.exp(-((error_mps / 0.15) ** 2))),
            "track_turn": period_s * float(np.exp(-(((trunk.yaw_rate_rps - wz) / 0.5) ** 2))),
            "alive": 0.5 * period_s,
            "calm": -0.005 * period_s * float(np.square(_joint_speed(moment)).sum()),
            "fall": -1.0 if moment.has_fallen else 0.0,
        }


class PoseReward:
    """Of a robot that does not walk: hold the default pose, be calm.

    Per second: exp(-(root mean square of the distance / 0.3 rad)²) - 0.005 |joint velocities|².
    """

    def __init__(self, robot: Robot) -> None:
        self._pose_rad = np.array(robot.default_pose_rad)

    def __call__(self, moment: Moment) -> dict[str, float]:
        """The terms of a step."""
        off_rad = moment.sim.joint_position_rad - self._pose_rad
        near = float(np.exp(-np.square(off_rad).mean() / 0.3**2))
        effort = float(np.square(_joint_speed(moment)).sum())
        return {"pose": moment.period_s * near, "calm": -0.005 * moment.period_s * effort}


def _joint_speed(moment: Moment) -> NDArray[np.float64]:
    speed: NDArray[np.float64] = moment.sim.data.qvel[moment.sim.layout.qvel]
    return speed


def simple_reward(robot: Robot, sim: RobotSim) -> Reward:
    """The reward of a robot without a task."""
    walks = sim.description.trunk is not None and any(axis in robot.command_axes for axis in VELOCITY_AXES)
    return TrackReward(robot) if walks else PoseReward(robot)
