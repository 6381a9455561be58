"""What a control step was worth. Any callable will do; these need nothing but the simulation."""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaitway._native import Record
from gaitway.command import VELOCITY_AXES
from gaitway.contract import Contract
from gaitway.robot import Robot
from gaitway.sim.robot_sim import RobotSim
from gaitway.sim.trunk import TrunkState

Floats = NDArray[np.float32]

#: What a squared joint velocity of 1 rad²/s² costs in a second.
_CALM = 0.005
#: A trunk sways within a step; over so long a gait is over, s.
_MEAN_S = 0.5


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

    Per second: 2 exp(-(|v - v*| / V)²) + exp(-((w - w*) / W)²) + 0.5 - 0.005 |joint velocities|²; and -1 for a fall.
    v and w are the trunk's in its own frame, means of the last half second, as a trunk sways within a step; V and W
    are half of the fastest the contract commands, m/s and rad/s.
    """

    def __init__(self, robot: Robot, contract: Contract) -> None:
        axes, fastest = list(robot.command_axes), contract.envelope
        self._columns = [axes.index(axis) if axis in axes else None for axis in VELOCITY_AXES]
        x, y, turn = (max(map(abs, fastest.get(axis, (0.0, 0.0)))) for axis in VELOCITY_AXES)
        self._width_mps, self._width_rps = 0.5 * max(x, y, 0.1), 0.5 * max(turn, 0.1)
        self._velocities: deque[NDArray[np.float64]] = deque(maxlen=round(_MEAN_S * contract.policy_rate_hz))

    def reset(self) -> None:
        """Forgets the episode before."""
        self._velocities.clear()

    def __call__(self, moment: Moment) -> dict[str, float]:
        """The terms of a step."""
        vx, vy, wz = (0.0 if at is None else float(moment.command[at]) for at in self._columns)
        trunk, period_s = moment.trunk, moment.period_s
        self._velocities.append(np.array([*trunk.velocity_mps[:2], trunk.yaw_rate_rps]))
        off = np.mean(self._velocities, axis=0) - (vx, vy, wz)
        return {
            "track_linear": 2.0 * period_s * float(np.exp(-np.square(off[:2] / self._width_mps).sum())),
            "track_turn": period_s * float(np.exp(-np.square(off[2] / self._width_rps))),
            "alive": 0.5 * period_s,
            "calm": -_CALM * period_s * _joint_speeds(moment),
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
        return {"pose": moment.period_s * near, "calm": -_CALM * moment.period_s * _joint_speeds(moment)}


def _joint_speeds(moment: Moment) -> float:
    """Squared joint velocities, rad²/s²."""
    return float(np.square(moment.sim.data.qvel[moment.sim.layout.qvel]).sum())


def simple_reward(robot: Robot, contract: Contract, sim: RobotSim) -> Reward:
    """The reward of a robot without a task."""
    walks = sim.description.trunk is not None and any(axis in robot.command_axes for axis in VELOCITY_AXES)
    return TrackReward(robot, contract) if walks else PoseReward(robot)
